/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the few kernel interfaces that differ between Linux 6.1 and 6.12, under one name.
 * Callers:  modules of the guest (guest-linux/).
 * Context, locking, lifetime, errors: as the real ones.
 */
#ifndef GUEST_COMPAT_H
#define GUEST_COMPAT_H

#include <linux/version.h>

/* bus_type.uevent() and .match() take const pointers later. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define COMPAT_UEVENT_DEVICE const struct device
#else
#define COMPAT_UEVENT_DEVICE struct device
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define COMPAT_MATCH_DRIVER const struct device_driver
#else
#define COMPAT_MATCH_DRIVER struct device_driver
#endif

#endif
