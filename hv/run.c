/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The run loop. One exit is one round of enter(): arm events, last look, run, settle, dispatch.
 *
 * Last look: in_guest and outside are published, then requests and resched are read once more, with
 * a full fence between; vcpu_kick() writes those, fences, and reads outside. So a sender either is
 * seen here or sees that it must send an IPI, and an IPI that arrives before VMRUN ends the run at
 * once.
 */
#include "hv/run.h"

#include "arch/x86/atomic.h"
#include "arch/x86/cr.h"
#include "arch/x86/tsc.h"
#include "hv/assert.h"
#include "hv/domain.h"
#include "hv/idle.h"
#include "hv/irq.h"
#include "hv/percpu.h"
#include "hv/sched.h"
#include "hv/vcpu.h"

/* A vCPU that has a CPU for itself may halt and spin there; a shared one is for who has work. */
static void set_idle_exiting(struct vcpu *v)
{
	bool shared = sched_shared();

	if (shared == v->shares_cpu)
		return;
	vops->set_exiting(v, EXITING_HLT, shared);
	vops->set_exiting(v, EXITING_PAUSE, shared);
	v->shares_cpu = shared;
}

/* The world switch, unless somebody wants attention. Returns whether the guest ran. */
static bool run_guest(struct vcpu *v, struct percpu *pc)
{
	u64 start;
	bool go;

	WRITE_ONCE(v->pub.in_guest, 1);
	/* Full fence, pairs with vcpu_kick(): either it sees outside, or we see its request. */
	atomic_exchange(&pc->pub.outside, 1);
	go = !READ_ONCE(v->pub.requests) && !READ_ONCE(pc->pub.resched);
	if (go) {
		locks_assert_none();
		start = tsc_now();
		vops->run(v);
		v->run_tsc += tsc_now() - start;
	}
	WRITE_ONCE(pc->pub.outside, 0);
	/* Release, pairs with gpm_flushed(): the guest's last access is over. */
	atomic_store(&v->pub.in_guest, 0);
	return go;
}

/* One entry and exit. False: the vCPU cannot go on for now. */
static bool enter(struct vcpu *v, u64 now)
{
	u64 deadline = vcpu_timers(v, now);
	u64 others = sched_timers(v, now);
	bool ran;

	set_idle_exiting(v);
	vcpu_arm_events(v);
	vlapic_pv_eoi_entry(v);
	irq_set_deadline(MIN(deadline, others));
	ran = run_guest(v, this_cpu());
	vcpu_settle_events(v);
	vlapic_pv_eoi_exit(v);
	if (!ran)
		return true;

	switch (exit_dispatch(v)) {
	case EXIT_RESUME:
		v->rip += v->exit.insn_len;
		if (v->rflags & RFLAGS_TF)
			vcpu_inject_step(v);
		return true;
	case EXIT_RETRY:
		return true;
	case EXIT_BLOCK:
		v->blocked = true;
		return true;
	case EXIT_KILL:
		return false;
	}
	BUG("run: exit handler of %s returned no action", v->dom->name);
}

static void run_vcpu(struct vcpu *v)
{
	u64 now;

	do {
		now = tsc_now();
		vcpu_take_requests(v);
		if (!vcpu_has_work(v) || sched_need_switch(v, now))
			return;
	} while (enter(v, now));
}

/* Looks for work without leaving: who brings some need not send an IPI, since outside is 0. */
static bool idle_poll(struct percpu *pc, u64 until)
{
	u64 irqs = pc->irq_count;

	/* Looks at the time first: an interrupt of the last turn, perhaps the one the timers were
	 * set for, must be seen before HLT, which no other may end. */
	for (;;) {
		bool over = tsc_now() >= until;

		if (READ_ONCE(pc->pub.resched) || pc->irq_count != irqs)
			return true;
		if (over)
			return false;
		__asm__ volatile("sti; pause; cli" ::: "memory");
	}
}

/* Nothing to run: wait for an interrupt. True: polling has caught what comes next. */
static bool idle(struct percpu *pc)
{
	u64 now = tsc_now(), max = idle_window_max();

	irq_set_deadline(sched_timers(NULL, now));
	if (pc->idle_window && idle_poll(pc, now + pc->idle_window))
		return true;
	now = tsc_now();
	/* Full fence, pairs with vcpu_kick(), as in run_guest(). STI shadows the HLT. */
	atomic_exchange(&pc->pub.outside, 1);
	if (!READ_ONCE(pc->pub.resched))
		__asm__ volatile("sti; hlt; cli" ::: "memory");
	WRITE_ONCE(pc->pub.outside, 0);
	if (max)
		pc->idle_window = idle_window_next(pc->idle_window, tsc_now() - now, max);
	return false;
}

void run_cpu(void)
{
	bool caught = false;

	for (;;) {
		struct vcpu *v = sched_switch(tsc_now());

		if (!v) {
			caught = idle(this_cpu());
			continue;
		}
		if (caught)
			vcpu_count(v, IDLE_HIT);
		caught = false;
		run_vcpu(v);
	}
}
