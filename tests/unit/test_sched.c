// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler of one CPU: round robin, woken ones first, slices, detach while loaded, timers of
 * those that do not run. vCPUs are puppets: a test says which have work.
 *
 * SOURCES: hv/sched.c hv/locks.c tests/fake_arch/fake_cpu.c
 */
#include <string.h>

#include "arch/x86/tsc.h"
#include "fake.h"
#include "hv/percpu.h"
#include "hv/sched.h"
#include "hv/vcpu.h"
#include "tap.h"

#define VCPUS 3

static struct vcpu v[VCPUS];
static bool work[VCPUS];
static u64 timer[VCPUS];
static u32 loads, unloads, kicks;

void vcpu_kick(struct vcpu *t)
{
	(void)t;
	kicks++;
	WRITE_ONCE(this_cpu()->pub.resched, 1);
}

bool vcpu_has_work(struct vcpu *t)
{
	return t->pub.runnable && work[t - v];
}

u64 vcpu_timers(struct vcpu *t, u64 now)
{
	(void)now;
	return timer[t - v];
}

void vcpu_load(struct vcpu *t)
{
	(void)t;
	loads++;
}

void vcpu_put(struct vcpu *t)
{
	(void)t;
	unloads++;
}

static void fresh(void)
{
	sched_init_cpu();
	this_cpu()->current = NULL;
	this_cpu()->run_count = 0;
	for (u32 i = 0; i < VCPUS; i++) {
		v[i] = (struct vcpu){.id = i, .pub.runnable = 1};
		list_init(&v[i].run_link);
		work[i] = true;
		timer[i] = ~0ul;
		sched_attach(&v[i]);
	}
	loads = unloads = kicks = 0;
}

static void test_round_robin(void)
{
	struct vcpu *a, *b, *c;

	fresh();
	a = sched_switch(0);
	b = sched_switch(0);
	c = sched_switch(0);
	ok(a && b && c && a != b && b != c && a != c, "three with work: each gets its turn");
	ok(sched_switch(0) == a, "then the first again");
	ok(loads == 4 && unloads == 3, "state is switched once per change");
	ok(a->counters[MB_CNT_SWITCH] == 2 && b->counters[MB_CNT_SWITCH] == 1, "and counted");
	work[0] = work[1] = work[2] = false;
	ok(!sched_switch(0) && unloads == 3, "nobody has work: the last stays loaded");
	work[a - v] = true;
	ok(sched_switch(0) == a && loads == 4, "and goes on without a switch");
}

static void test_wake(void)
{
	u64 slice = SCHED_SLICE_US * tsc_khz / 1000;

	fresh();
	work[2] = false;
	while (sched_switch(0) != &v[0])
		;
	v[2].waiting = true;
	ok(!sched_need_switch(&v[0], 1), "within its slice it goes on");
	work[2] = true;
	WRITE_ONCE(this_cpu()->pub.resched, 1);
	ok(sched_need_switch(&v[0], 1), "unless a waiting one was woken");
	ok(sched_switch(1) == &v[2], "which goes first");
	work[2] = false;
	WRITE_ONCE(this_cpu()->pub.resched, 1);
	ok(!sched_need_switch(&v[0], 1), "one that merely has work does not preempt");
	ok(sched_need_switch(&v[0], slice + 1), "but gets its turn when the slice is over");
	work[1] = false;
	ok(!sched_need_switch(&v[0], slice + 1) && v[0].slice_end > slice + 1,
	   "alone, it gets another slice");
}

static void test_doorbell(void)
{
	u64 wait = SCHED_DOORBELL_US * tsc_khz / 1000;

	fresh();
	work[1] = work[2] = false;
	ok(sched_switch(0) == &v[0], "one has work");
	v[2].waiting = true;
	work[2] = true;
	vcpu_kick(&v[2]);
	sched_after_doorbell(false, 10);
	ok(!sched_need_switch(&v[0], 10), "woken by its own doorbell, another waits");
	ok(sched_timers(&v[0], 10) == 10 + wait, "but not for long");
	vcpu_kick(&v[2]);
	sched_after_doorbell(false, 20);
	ok(sched_timers(&v[0], 20) == 10 + wait, "more doorbells do not make it longer");
	ok(sched_need_switch(&v[0], 10 + wait), "then it preempts");
	ok(sched_switch(10 + wait) == &v[2], "and goes first");
	ok(sched_timers(&v[2], 10 + wait) != 10 + wait, "after a switch nobody waits like that");

	fresh();
	work[1] = work[2] = false;
	sched_switch(0);
	v[2].waiting = true;
	work[2] = true;
	vcpu_kick(&v[2]);
	sched_after_doorbell(true, 10);
	ok(sched_need_switch(&v[0], 10), "a wake-up from before the doorbell preempts at once");
	sched_after_doorbell(false, 10);
	ok(!sched_need_switch(&v[0], 10 + wait), "a doorbell that woke nobody: nothing changes");

	vcpu_kick(&v[2]);
	sched_after_doorbell(false, 10);
	work[0] = false;
	ok(sched_switch(11) == &v[2], "who blocks lets the woken one run at once");
}

static void test_detach(void)
{
	struct vcpu *a;

	fresh();
	a = sched_switch(0);
	ok(sched_detach(a) == -MB_EAGAIN && kicks == 1,
	   "while loaded it cannot go; its CPU is told");
	a->pub.runnable = 0;
	sched_switch(0);
	ok(!sched_detach(a) && this_cpu()->run_count == VCPUS - 1, "afterwards it can");
	ok(!sched_detach(a) && this_cpu()->run_count == VCPUS - 1, "twice is once");
	for (u32 i = 0; i < VCPUS; i++)
		v[i].pub.runnable = 0;
	ok(!sched_switch(0) && !this_cpu()->current, "nobody may run: nothing stays loaded");
}

static void test_timers(void)
{
	struct vcpu *a;

	fresh();
	a = sched_switch(0);
	work[0] = work[1] = work[2] = false;
	work[a - v] = true;
	timer[(a - v + 1) % VCPUS] = 5000;
	ok(sched_timers(a, 0) == 5000, "the timers of the others count");
	timer[a - v] = 100;
	ok(sched_timers(a, 0) == 5000, "not its own: run.c has that");
	ok(sched_timers(NULL, 0) == 100, "idle: everybody's");
	work[(a - v + 2) % VCPUS] = true;
	a->slice_end = 3000;
	ok(sched_timers(a, 0) == 3000, "if another could run, the end of the slice");
}

int main(void)
{
	fake_cpu_set(0);
	test_round_robin();
	test_wake();
	test_doorbell();
	test_detach();
	test_timers();
	return tap_done();
}
