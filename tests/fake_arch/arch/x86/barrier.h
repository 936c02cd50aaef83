/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' arch/x86/barrier.h: the real one, but a thread that spins for another gives
 *           its CPU away, since there may be more threads than CPUs.
 * Callers:  arch/x86/spinlock.h and hv/ under test. Context: user space. Locking: none.
 * Lifetime: none. Errors: none.
 */
#ifndef TESTS_FAKE_BARRIER_H
#define TESTS_FAKE_BARRIER_H

#include <sched.h>

#include "../../../../arch/x86/barrier.h"

#define cpu_relax() ((void)sched_yield())

#endif
