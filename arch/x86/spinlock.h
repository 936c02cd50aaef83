/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the bare ticket lock. hv/locks.h wraps it with levels and checks; use that one in hv/.
 * Callers:  hv/locks.h, hv/printk.c (which must work where the checked lock cannot).
 * Context:  any CPU; not re-entrant. Whoever takes it in an interrupt handler must keep interrupts
 *           off elsewhere. Locking: is one. Lifetime: zero-initialised is unlocked. Errors: none.
 */
#ifndef MINIBUS_ARCH_SPINLOCK_H
#define MINIBUS_ARCH_SPINLOCK_H

#include "arch/x86/barrier.h"
#include "arch/x86/types.h"

struct ticket_lock {
	u32 next;    /* next ticket to hand out; every contender increments it */
	u32 serving; /* ticket that holds the lock; written by the holder only */
};

static inline void ticket_lock_take(struct ticket_lock *lock)
{
	u32 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);

	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

/* Takes the lock only if it is free now. */
static inline bool ticket_lock_try(struct ticket_lock *lock)
{
	u32 ticket = __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE);
	u32 expected = ticket;

	return __atomic_compare_exchange_n(&lock->next, &expected, ticket + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void ticket_lock_drop(struct ticket_lock *lock)
{
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

static inline bool ticket_lock_is_held(const struct ticket_lock *lock)
{
	return READ_ONCE(lock->next) != READ_ONCE(lock->serving);
}

#endif
