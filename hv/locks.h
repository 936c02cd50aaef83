/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  every lock of the hypervisor: its level, its card, and the checked lock itself.
 * Callers:  hv/, svm/, vmx/. Context: interrupts off, or in a place where no handler takes a lock
 *           (the hypervisor runs with interrupts off outside its windows). Never from an NMI.
 * Locking:  levels grow inward: a CPU may take a lock only if its level is above all levels it
 *           holds. Checked always; a violation is a panic that names both locks.
 * Lifetime: a lock lives in its object. Errors: none.
 *
 * Waiting for another CPU (rendezvous, TLB flush) is never done with a lock held.
 *
 *   level name       protects / taken in / comment
 *   ----- ---------- --------------------------------------------------------------------------
 *   10    domains    list of domains; create, destroy, lookup by walk
 *   20    domain     one domain's life cycle, vCPU table, port table
 *   30    gpm        one domain's guest-physical map
 *   35    tunnel     one domain's queues and routes; one lock of all ports' peers, never both
 *   36    uart       one guest's serial port; raises its line inside
 *   38    ioapic     one guest's IOAPIC; posts vectors inside
 *   40    event      one vCPU's pending events
 *   50    sched      one CPU's run queue
 *   60    timer      one CPU's timer list
 *   70    extent     page_alloc.c: extent owner table and counters
 *   80    page       page_alloc.c: 4 KiB heap bitmap and counters
 *   90    leaf       anything that takes no other lock and calls nothing
 *   The printk lock is outside this table: it is a bare ticket lock that any context may take.
 */
#ifndef MINIBUS_HV_LOCKS_H
#define MINIBUS_HV_LOCKS_H

#include "arch/x86/spinlock.h"
#include "arch/x86/types.h"
#include "hv/assert.h"

enum lock_level {
	LOCK_DOMAINS = 10,
	LOCK_DOMAIN = 20,
	LOCK_GPM = 30,
	LOCK_TUNNEL = 35,
	LOCK_UART = 36,
	LOCK_IOAPIC = 38,
	LOCK_EVENT = 40,
	LOCK_SCHED = 50,
	LOCK_TIMER = 60,
	LOCK_EXTENT = 70,
	LOCK_PAGE = 80,
	LOCK_LEAF = 90,
};

#define LOCK_NO_OWNER 0xffffu

struct spinlock {
	struct ticket_lock ticket;
	u16 owner; /* CPU that holds it; LOCK_NO_OWNER when free; written by the holder */
	u8 level;
	u8 outer; /* level that was innermost before; restored at unlock */
	const char *name;
};

#define SPINLOCK_INIT(lock_name, lock_level) \
	{.owner = LOCK_NO_OWNER, .level = (lock_level), .name = (lock_name)}

void spin_init(struct spinlock *lock, const char *name, enum lock_level level);
void spin_lock(struct spinlock *lock);
/* Two locks of one level, in address order; a may equal b. */
void spin_lock_pair(struct spinlock *a, struct spinlock *b);
void spin_unlock_pair(struct spinlock *a, struct spinlock *b);
/* False if somebody else holds it. Same level rule. */
MUST_CHECK bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
bool spin_is_mine(const struct spinlock *lock);

#define ASSERT_HELD(lock) BUG_ON(!spin_is_mine(lock))

/* Panics if this CPU holds any lock; before waiting for others and before entering a guest. */
void locks_assert_none(void);

#endif
