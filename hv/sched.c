/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Round robin with wake-up preference. Each vCPU is pinned to one CPU. A vCPU that had nothing to
 * do and now has (an interrupt, an answer) goes before those that merely use up their slices: that
 * is what makes a disk interrupt quick, and it cannot starve others, since it must have waited
 * before. Only a doorbell rung on this very CPU does not preempt at once (sched_after_doorbell()).
 */
#include "hv/sched.h"

#include "arch/x86/atomic.h"
#include "arch/x86/tsc.h"
#include "hv/domain.h"
#include "hv/irq.h"
#include "hv/percpu.h"
#include "hv/vcpu.h"

void sched_init_cpu(void)
{
	struct percpu *pc = this_cpu();

	list_init(&pc->run_queue);
	spin_init(&pc->run_lock, "run queue", LOCK_SCHED);
}

void sched_attach(struct vcpu *v)
{
	struct percpu *pc = percpu(v->cpu);

	spin_lock(&pc->run_lock);
	list_add_tail(&pc->run_queue, &v->run_link);
	pc->run_count++;
	spin_unlock(&pc->run_lock);
	vcpu_kick(v);
}

int sched_detach(struct vcpu *v)
{
	struct percpu *pc = percpu(v->cpu);
	int ret = 0;

	spin_lock(&pc->run_lock);
	if (pc->current == v) {
		ret = -MB_EAGAIN;
	} else if (!list_empty(&v->run_link)) {
		list_del(&v->run_link);
		pc->run_count--;
	}
	spin_unlock(&pc->run_lock);
	if (ret)
		vcpu_kick(v); /* its CPU sees that it is not runnable and puts it */
	return ret;
}

u32 sched_choose_cpu(void)
{
	u32 best = 0;

	for (u32 i = 1; i < cpu_count; i++)
		if (READ_ONCE(percpu(i)->run_count) < READ_ONCE(percpu(best)->run_count))
			best = i;
	return best;
}

bool sched_shared(void)
{
	return READ_ONCE(this_cpu()->run_count) > 1;
}

/* Queue order; a waiting one that has work now beats all. */
static struct vcpu *pick(struct percpu *pc)
{
	struct vcpu *v, *found = NULL;

	list_for_each(v, &pc->run_queue, run_link) {
		if (!vcpu_has_work(v))
			continue;
		if (v->waiting)
			return v;
		if (!found)
			found = v;
	}
	return found;
}

struct vcpu *sched_switch(u64 now)
{
	struct percpu *pc = this_cpu();
	struct vcpu *old, *next;

	/* Before the look at the queue: who wakes one later sets it again. */
	atomic_exchange(&pc->pub.resched, 0);
	pc->wake_due = 0;
	spin_lock(&pc->run_lock);
	old = pc->current;
	if (old && !vcpu_has_work(old))
		old->waiting = true;
	next = pick(pc);
	if (old && old != next && (next || !READ_ONCE(old->pub.runnable))) {
		vcpu_put(old);
		pc->current = NULL;
	}
	if (next) {
		if (pc->current != next) {
			vcpu_load(next);
			pc->current = next;
			vcpu_count(next, SWITCH);
		}
		next->waiting = false;
		next->slice_end = now + SCHED_SLICE_US * tsc_khz / 1000;
		list_del(&next->run_link);
		list_add_tail(&pc->run_queue, &next->run_link);
	}
	spin_unlock(&pc->run_lock);
	return next;
}

void sched_after_doorbell(bool before, u64 now)
{
	struct percpu *pc = this_cpu();

	/* A kick from another CPU that comes just now waits as well: late, but not lost. */
	if (before || !atomic_exchange(&pc->pub.resched, 0))
		return;
	if (!pc->wake_due)
		pc->wake_due = now + SCHED_DOORBELL_US * tsc_khz / 1000;
}

bool sched_need_switch(struct vcpu *cur, u64 now)
{
	struct percpu *pc = this_cpu();
	bool slice_over = now >= cur->slice_end;
	bool due = pc->wake_due && now >= pc->wake_due;
	bool ret = false;
	struct vcpu *v;

	if (READ_ONCE(pc->run_count) < 2) {
		WRITE_ONCE(pc->pub.resched, 0);
		pc->wake_due = 0;
		return false;
	}
	if (!atomic_exchange(&pc->pub.resched, 0) && !slice_over && !due)
		return false;
	pc->wake_due = 0;
	spin_lock(&pc->run_lock);
	list_for_each(v, &pc->run_queue, run_link)
		if (v != cur && (slice_over || v->waiting) && vcpu_has_work(v))
			ret = true;
	spin_unlock(&pc->run_lock);
	if (slice_over && !ret)
		cur->slice_end = now + SCHED_SLICE_US * tsc_khz / 1000;
	return ret;
}

u64 sched_timers(struct vcpu *cur, u64 now)
{
	struct percpu *pc = this_cpu();
	u64 next = ~0ul;
	struct vcpu *v;

	if (cur && READ_ONCE(pc->run_count) < 2)
		return next;
	if (cur && pc->wake_due)
		next = pc->wake_due;
	spin_lock(&pc->run_lock);
	list_for_each(v, &pc->run_queue, run_link) {
		u64 t;

		if (v == cur)
			continue;
		t = vcpu_timers(v, now);
		next = MIN(next, t);
		if (cur && vcpu_has_work(v))
			next = MIN(next, cur->slice_end);
	}
	spin_unlock(&pc->run_lock);
	return next;
}
