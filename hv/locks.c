/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checked lock: ticket lock plus the level rule of hv/locks.h, whose state is per CPU: the
 * innermost level held. Unlocking in another order than the reverse one is refused too: the code
 * here has no need of it, and the check stays one comparison.
 */
#include "hv/locks.h"

#include "hv/percpu.h"

static void check_level(const struct spinlock *lock)
{
	const struct percpu *cpu = this_cpu();

	if (lock->level <= cpu->lock_level)
		panic("lock order: CPU %u wants \"%s\" (level %u) and holds level %u", cpu->arch.id,
		      lock->name, lock->level, cpu->lock_level);
}

static void note_taken(struct spinlock *lock)
{
	struct percpu *cpu = this_cpu();

	lock->owner = (u16)cpu->arch.id;
	lock->outer = cpu->lock_level;
	cpu->lock_level = lock->level;
	cpu->lock_count++;
}

void spin_init(struct spinlock *lock, const char *name, enum lock_level level)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name, (u8)level);
}

void spin_lock(struct spinlock *lock)
{
	check_level(lock);
	ticket_lock_take(&lock->ticket);
	note_taken(lock);
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
	struct spinlock *first = a < b ? a : b;
	struct spinlock *second = a < b ? b : a;

	spin_lock(first);
	if (first == second)
		return;
	BUG_ON(first->level != second->level);
	ticket_lock_take(&second->ticket);
	note_taken(second);
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
	if (a != b)
		spin_unlock(a < b ? b : a);
	spin_unlock(a < b ? a : b);
}

bool spin_trylock(struct spinlock *lock)
{
	check_level(lock);
	if (!ticket_lock_try(&lock->ticket))
		return false;
	note_taken(lock);
	return true;
}

void spin_unlock(struct spinlock *lock)
{
	struct percpu *cpu = this_cpu();

	BUG_ON(!spin_is_mine(lock));
	if (cpu->lock_level != lock->level)
		panic("lock order: CPU %u drops \"%s\" (level %u) while inside level %u",
		      cpu->arch.id, lock->name, lock->level, cpu->lock_level);
	cpu->lock_level = lock->outer;
	cpu->lock_count--;
	lock->owner = LOCK_NO_OWNER;
	ticket_lock_drop(&lock->ticket);
}

bool spin_is_mine(const struct spinlock *lock)
{
	return READ_ONCE(lock->owner) == smp_cpu_id() && ticket_lock_is_held(&lock->ticket);
}

void locks_assert_none(void)
{
	const struct percpu *cpu = this_cpu();

	if (cpu->lock_count)
		panic("CPU %u holds %u locks, innermost level %u, where it may hold none",
		      cpu->arch.id, cpu->lock_count, cpu->lock_level);
}
