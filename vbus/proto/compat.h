/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the kernel interfaces of a tty that differ between Linux 6.1 and 6.12, under one name.
 * Callers:  vbus/proto/vtty.c.    Context, locking, lifetime, errors: as the real ones.
 */
#ifndef VBUS_PROTO_COMPAT_H
#define VBUS_PROTO_COMPAT_H

#include <linux/types.h>
#include <linux/version.h>

/* tty_port_operations.carrier_raised() and .dtr_rts() */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define COMPAT_TTY_BOOL bool
#else
#define COMPAT_TTY_BOOL int
#endif

/* tty_operations.write() */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define COMPAT_TTY_SSIZE ssize_t
#define COMPAT_TTY_SIZE size_t
#else
#define COMPAT_TTY_SSIZE int
#define COMPAT_TTY_SIZE int
#endif

#endif
