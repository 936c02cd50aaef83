/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the few kernel interfaces that differ between Linux 6.1 and 6.12, under one name.
 * Callers:  modules of dom0 (vbus/).    Context, locking, lifetime, errors: as the real ones.
 */
#ifndef VBUS_COMPAT_H
#define VBUS_COMPAT_H

#include <linux/device/class.h>
#include <linux/module.h>
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

#endif
