/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  atomic operations on plain u32/u64 words and on bit maps of u64 words.
 * Callers:  everybody. Context: any CPU, also NMI. Locking: none needed. Lifetime: none.
 * Errors:   none. Every operation is a full barrier (LOCK prefix), except the plain loads.
 */
#ifndef MINIBUS_ARCH_ATOMIC_H
#define MINIBUS_ARCH_ATOMIC_H

#include "arch/x86/types.h"

/* Return the value before the operation. */
#define atomic_fetch_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_sub(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_exchange(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_load(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* True if *p was old and is now new. */
#define atomic_cmpxchg(p, old, new) \
	({ \
		__typeof__(*(p)) expected_ = (old); \
		__atomic_compare_exchange_n((p), &expected_, (new), false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_SEQ_CST); \
	})

static inline void atomic_set_bit(u64 *map, unsigned int bit)
{
	__atomic_fetch_or(&map[bit / 64], BIT(bit % 64), __ATOMIC_SEQ_CST);
}

static inline void atomic_clear_bit(u64 *map, unsigned int bit)
{
	__atomic_fetch_and(&map[bit / 64], ~BIT(bit % 64), __ATOMIC_SEQ_CST);
}

/* Both return the bit's previous value. */
static inline bool atomic_test_and_set_bit(u64 *map, unsigned int bit)
{
	return __atomic_fetch_or(&map[bit / 64], BIT(bit % 64), __ATOMIC_SEQ_CST) & BIT(bit % 64);
}

static inline bool atomic_test_and_clear_bit(u64 *map, unsigned int bit)
{
	return __atomic_fetch_and(&map[bit / 64], ~BIT(bit % 64), __ATOMIC_SEQ_CST) &
	       BIT(bit % 64);
}

#endif
