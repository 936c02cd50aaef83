/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the few kernel interfaces that differ between Linux 6.1 and 6.12, under one name.
 * Callers:  modules of dom0 (vbus/).    Context, locking, lifetime, errors: as the real ones.
 */
#ifndef VBUS_COMPAT_H
#define VBUS_COMPAT_H

#include <linux/device/class.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define compat_class_create(name) class_create(name)
#else
#define compat_class_create(name) class_create(THIS_MODULE, name)
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define COMPAT_CONST_DEVICE const struct device
#else
#define COMPAT_CONST_DEVICE struct device
#endif

/* One reference; fn(skb, ubuf, untouched) is called for each skb that let go of it. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define compat_ubuf_init(ubuf, fn) \
	do { \
		static const struct ubuf_info_ops fn##_ops = { .complete = fn }; \
		(ubuf)->ops = &fn##_ops; \
		(ubuf)->flags = SKBFL_ZEROCOPY_FRAG; \
		refcount_set(&(ubuf)->refcnt, 1); \
	} while (0)
#else
#define compat_ubuf_init(ubuf, fn) \
	do { \
		(ubuf)->callback = fn; \
		(ubuf)->flags = SKBFL_ZEROCOPY_FRAG; \
		refcount_set(&(ubuf)->refcnt, 1); \
	} while (0)
#endif

/* Later it takes the protection against freezing of the file system itself. */
static inline ssize_t compat_vfs_iter_write(struct file *file, struct iov_iter *iter, loff_t *pos,
					    rwf_t flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return vfs_iter_write(file, iter, pos, flags);
#else
	ssize_t n;

	file_start_write(file);
	n = vfs_iter_write(file, iter, pos, flags);
	file_end_write(file);
	return n;
#endif
}

#endif
