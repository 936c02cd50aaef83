/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' arch/x86/atomic.h: the real one, and on demand a thread is interrupted
 * right before an atomic operation now and then, so that races of a few instructions happen.
 * Callers:  hv/ under test; a test sets fake_races = 1 in N. Context: user space. Locking: none.
 * Lifetime: the process. Errors: none.
 */
#ifndef TESTS_FAKE_ATOMIC_H
#define TESTS_FAKE_ATOMIC_H

#include <sched.h>

#include "../../../../arch/x86/atomic.h"

__attribute__((weak)) u32 fake_races;

static inline void fake_race(void)
{
	static __thread u32 seed;

	if (!fake_races)
		return;
	if (!seed)
		seed = (u32)(u64)&seed;
	seed = seed * 1103515245u + 12345u;
	if ((seed >> 16) % fake_races == 0)
		sched_yield();
}

#undef atomic_fetch_or
#undef atomic_exchange
#undef atomic_load
#undef atomic_store
#define atomic_fetch_or(p, v) (fake_race(), __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define atomic_exchange(p, v) (fake_race(), __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define atomic_load(p) (fake_race(), __atomic_load_n((p), __ATOMIC_ACQUIRE))
#define atomic_store(p, v) (fake_race(), __atomic_store_n((p), (v), __ATOMIC_RELEASE))

#endif
