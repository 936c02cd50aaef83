/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  device class "rng": random bytes from the device side.
 * Callers:  vbus/dev_rng.c, guest-linux/vrng.c.    Context: process, any (ring).
 * Locking, lifetime: as ring.h.    Errors: a malformed request breaks the queue.
 *
 * Region 0 is a queue of VB_RNG_RING descriptors. A request is one buffer of 1..VB_RNG_MAX_LEN
 * bytes that south writes (IOQ_F_WRITE). South fills the first bytes of it and completes with their
 * number, which is at least 1. It does so when its administrator's rate allows and when its own
 * generator has been seeded, so an answer may take any time; requests are answered in order.
 */
#ifndef VBUS_ABI_RNG_H
#define VBUS_ABI_RNG_H

#include "ring.h"

#define VB_RNG_TYPE "rng"
#define VB_RNG_VERSION 1u
#define VB_RNG_SHM_QUEUE 0u
#define VB_RNG_RING 8u
#define VB_RNG_MAX_LEN 512u

#endif
