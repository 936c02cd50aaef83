/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  adaptive polling of an idle CPU: for how long it looks for work before it halts.
 * Callers:  run.c, with a CPU that has nothing to run.
 * Context:  own CPU.    Locking, errors: none.
 * Lifetime: the window is a private field of the CPU, 0 at the start.
 *
 * A halted CPU costs whoever wakes it an IPI and itself the way out of HLT, which is dear when the
 * hypervisor is a guest itself. The window grows when work came soon after the halt, so that
 * polling would have caught it, and shrinks when it came late; idle_poll_us= bounds it, 0 switches
 * it off.
 */
#ifndef MINIBUS_HV_IDLE_H
#define MINIBUS_HV_IDLE_H

#include "arch/x86/types.h"

/* In TSC ticks: the longest window on this machine; 0: never poll. */
u64 idle_window_max(void);
/* The next window, after a halt of so long. */
u64 idle_window_next(u64 window, u64 halted, u64 max);

#endif
