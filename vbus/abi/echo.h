/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  device class "echo": the smallest one, to copy for a new class and to test the bus.
 * Callers:  vbus/dev_echo.c, guest-linux/vecho.c.    Context: process (calls), any (ring).
 * Locking, lifetime: as ring.h.    Errors: a malformed request breaks the queue.
 *
 * Region 0 is a queue of VB_ECHO_RING descriptors. A request is a chain of exactly two: a buffer
 * south reads, then one (IOQ_F_WRITE) south writes. South copies min(len, len) bytes; the
 * completion's len says how many.
 */
#ifndef VBUS_ABI_ECHO_H
#define VBUS_ABI_ECHO_H

#include "ring.h"

#define VB_ECHO_TYPE "echo"
#define VB_ECHO_VERSION 1u
#define VB_ECHO_SHM_QUEUE 0u
#define VB_ECHO_RING 64u

#define VB_ECHO_CALL_PING 1u /* data comes back with every bit inverted */

#endif
