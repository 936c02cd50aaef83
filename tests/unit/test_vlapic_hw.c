// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual local APIC with hardware help. The CPU is a model after SDM "Virtual-Interrupt
 * Delivery", "EOI Virtualization", "Posted-Interrupt Processing", which knows the register page and
 * the descriptor only. Posts must reach the guest whether the CPU is in its guest, on the way in or
 * out, or elsewhere; every level vector's EOI must reach us; what a broken-off delivery took back
 * comes again.
 *
 * SOURCES: hv/vlapic.c hv/vlapic_regs.c hv/vlapic_timer.c hv/vlapic_ipi.c
 * SOURCES: hv/vlapic_post.c hv/vlapic_pveoi.c hv/vlapic_hw.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 */
#include <pthread.h>
#include <sched.h>

#include "arch/x86/apic.h"
#include "arch/x86/atomic.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/irq.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vlapic.h"
#include "hv/vlapic_hw.h"
#include "tap.h"

static struct domain dom;
static struct vcpu vcpu;
static struct vcpu *const v = &vcpu;
static struct vlapic *const l = &vcpu.lapic;
static u32 kicks, notifications, level_eois, guest_word;
static u32 kick_flag, notify_flag; /* the interrupts on their way to the CPU */

void vcpu_kick(struct vcpu *t)
{
	(void)t;
	atomic_fetch_add(&kicks, 1u);
	atomic_store(&kick_flag, 1);
}

void irq_notify_cpu(u32 cpu)
{
	(void)cpu;
	atomic_fetch_add(&notifications, 1u);
	atomic_store(&notify_flag, 1);
}

void vcpu_request(struct vcpu *t, u32 requests)
{
	(void)t;
	(void)requests;
}

void irq_level_eoi(struct vcpu *t, u8 vector)
{
	(void)t;
	(void)vector;
	level_eois++;
}

void irq_level_flush(struct vcpu *t)
{
	(void)t;
}

void vioapic_eoi(struct vioapic *io, u8 vector)
{
	(void)io;
	(void)vector;
}

bool apic_is_x2apic(void)
{
	return false;
}

void apic_write(u32 offset, u32 val)
{
	(void)offset;
	(void)val;
}

void *guest_page(struct domain *d, gpa_t gpa, u32 len)
{
	(void)d;
	return gpa.v == 0x1000 && len == 4 ? &guest_word : NULL;
}

static bool wr(u32 reg, u64 value)
{
	return vlapic_write(v, reg, true, value);
}

static void fresh(bool x2)
{
	vlapic_destroy(v);
	*v = (struct vcpu){.dom = &dom, .intr = -1, .rflags = RFLAGS_IF};
	dom.vcpu[0] = v;
	dom.nr_vcpus = 1;
	dom.privileged = true;
	vlapic_init(v, 0);
	l->hw_modes = VLAPIC_HW_X2APIC;
	vlapic_write(v, VLAPIC_SVR, false, 0x1ff);
	if (x2)
		vlapic_set_base(v, l->base | APIC_BASE_EXTD);
	kicks = notifications = level_eois = 0;
	kick_flag = notify_flag = 0;
}

/* ---- the CPU ---- */

static u32 *word(u32 map, u8 vector)
{
	return &l->page->reg[map + vector / 32].value;
}

static int highest(u32 map)
{
	for (int i = 255; i >= 0; i--)
		if (*word(map, (u8)i) >> (i % 32) & 1)
			return i;
	return 0;
}

/* Posted-interrupt processing. */
static void cpu_notified(void)
{
	atomic_fetch_and(&l->posted.control, ~POSTED_ON);
	for (u32 w = 0; w < VLAPIC_MAP_WORDS; w++)
		l->page->reg[VLAPIC_IRR + w].value |= atomic_exchange(&l->posted.pir[w], 0);
}

/* Delivers the highest vector if IF and priority allow; -1: none. */
static int cpu_deliver(void)
{
	int vector = highest(VLAPIC_IRR), service = highest(VLAPIC_ISR);
	u32 ppr = MAX((u32)service & 0xf0, l->page->reg[VLAPIC_TPR].value & 0xf0);

	if (!(v->rflags & RFLAGS_IF) || ((u32)vector & 0xf0) <= ppr)
		return -1;
	*word(VLAPIC_IRR, (u8)vector) &= ~(1u << (vector % 32));
	*word(VLAPIC_ISR, (u8)vector) |= 1u << (vector % 32);
	return vector;
}

/* EOI virtualisation: returns the vector if it exits, else -1. */
static int cpu_eoi(void)
{
	int vector = highest(VLAPIC_ISR);

	*word(VLAPIC_ISR, (u8)vector) &= ~(1u << (vector % 32));
	return l->eoi_exits[vector / 32] >> (vector % 32) & 1 ? vector : -1;
}

/* ---- tests ---- */

static void test_choose(void)
{
	fresh(false);
	vlapic_hw_choose(v);
	ok(!l->hw_on, "xAPIC mode, which this CPU does not do: not by hardware");
	vlapic_set_base(v, l->base | APIC_BASE_EXTD);
	vlapic_hw_choose(v);
	ok(l->hw_on, "x2APIC mode: by hardware");
	ok(l->page->reg[VLAPIC_ID].value == 0 && l->page->reg[VLAPIC_LDR].value == 1 &&
		   vlapic_hw_reads(VLAPIC_ID) && vlapic_hw_reads(VLAPIC_IRR + 7) &&
		   !vlapic_hw_reads(VLAPIC_TMCCT) && !vlapic_hw_reads(VLAPIC_ICR) &&
		   !vlapic_hw_reads(VLAPIC_DFR) && !vlapic_hw_reads(VLAPIC_SELF_IPI),
	   "the page has what a guest reads; what it has not, or not right, is not read from it");
	vlapic_set_base(v, APIC_DEFAULT_BASE);
	vlapic_hw_choose(v);
	ok(!l->hw_on, "APIC off: not by hardware");

	fresh(true);
	l->hw_careful = true;
	vlapic_hw_choose(v);
	ok(l->hw_on, "careful, nothing requested: by hardware");
	vlapic_post(v, 0x50, false);
	vlapic_hw_choose(v);
	ok(l->hw_on && vlapic_hw_requested(v) == 0x50, "one that is taken at once: by hardware");
	v->rflags = 0;
	vlapic_hw_choose(v);
	ok(!l->hw_on, "IF = 0: by software, with a window");
	v->rflags = RFLAGS_IF;
	v->inject.kind = INJECT_EXC;
	vlapic_hw_choose(v);
	ok(!l->hw_on, "an exception goes first: by software");
	v->inject.kind = INJECT_NONE;
	vlapic_post(v, 0x60, false);
	vlapic_hw_choose(v);
	ok(!l->hw_on, "a second one waits: by software, its EOI exits");
	ok(vlapic_pending(v) == 0x60 && cpu_deliver() == 0x60 && cpu_deliver() == -1,
	   "either way from the same page");
	vlapic_hw_choose(v);
	ok(!l->hw_on, "one that waits for the EOI of another: by software");
	wr(VLAPIC_EOI, 0);
	vlapic_hw_choose(v);
	ok(l->hw_on, "after that EOI: by hardware");
}

static void test_level(void)
{
	fresh(true);
	vlapic_post(v, 0x50, false);
	vlapic_hw_listen(v);
	ok(cpu_deliver() == 0x50 && cpu_eoi() == -1, "edge: no exit at its EOI");
	vlapic_post(v, 0x61, true);
	ok(kicks == 2 && !notifications, "level: kicked, although the CPU listens");
	cpu_notified();
	ok(cpu_deliver() == -1, "what the CPU merges by itself has no level vector");
	vlapic_hw_deaf(v);
	vlapic_hw_listen(v);
	ok(cpu_deliver() == 0x61 && *word(VLAPIC_TMR, 0x61) & 2, "merged by us: with TMR");
	ok(cpu_eoi() == 0x61, "its EOI exits");
	vlapic_hw_ended(v, 0x61);
	ok(level_eois == 1, "and goes on to irq.c");
	*word(VLAPIC_ISR, 0x61) |= 2;
	vlapic_hw_ended(v, 0x61);
	ok(level_eois == 2 && !(*word(VLAPIC_ISR, 0x61) & 2),
	   "a CPU that leaves the vector in service: we end it");
	vlapic_post(v, 0x61, false);
	vlapic_merge(v);
	ok(!(*word(VLAPIC_TMR, 0x61) & 2) && cpu_deliver() == 0x61 && cpu_eoi() == 0x61,
	   "the same vector as edge: TMR goes, the exit stays, in case it is held");
	vlapic_hw_deaf(v);
}

static void test_post(void)
{
	fresh(true);
	ok(l->posted.control & POSTED_SN, "out of the guest: notification suppressed");
	vlapic_post(v, 0x50, false);
	vlapic_post(v, 0x51, false);
	ok(kicks == 1 && !notifications && l->posted.control & POSTED_ON,
	   "posts: one kick, ON, not yet in IRR");
	vlapic_hw_listen(v);
	ok(vlapic_hw_requested(v) == 0x51 && !(l->posted.control & (POSTED_ON | POSTED_SN)),
	   "entry: merged, ON and SN clear");
	vlapic_post(v, 0x60, false);
	vlapic_post(v, 0x62, false);
	ok(kicks == 1 && notifications == 1, "in the guest: one notification for all, no kick");
	cpu_notified();
	ok(cpu_deliver() == 0x62 && cpu_eoi() == -1 && cpu_deliver() == 0x60,
	   "the CPU merges and delivers without us");
	vlapic_post(v, 0x70, false);
	vlapic_hw_deaf(v);
	ok(notifications == 2 && vlapic_pending(v) == 0x70,
	   "notified, but the exit came first: found when looking for work");
	vlapic_post(v, 0x72, false);
	ok(kicks == 2 && vlapic_pending(v) == 0x72, "after the exit: kicked");
	vlapic_hw_listen(v);
	ok(cpu_deliver() == 0x72, "and delivered at the next entry");
	vlapic_hw_return(v, 0x72);
	ok(vlapic_hw_requested(v) == 0x72 && vlapic_hw_in_service(v) == 0x60,
	   "a delivery that broke off: requested again");
	vlapic_hw_deaf(v);
	vlapic_reset(v);
	ok(!vlapic_hw_requested(v) && l->posted.control == POSTED_SN, "INIT: all gone");
}

static void test_pv_eoi(void)
{
	fresh(true);
	guest_word = 0;
	vlapic_set_pv_eoi(v, 0x1000 | 1);
	vlapic_post(v, 0x50, false);
	vlapic_merge(v);
	cpu_deliver();
	vlapic_pv_eoi_entry(v);
	ok(guest_word == 1, "by software: the EOI bit is offered");
	vlapic_hw_choose(v);
	vlapic_pv_eoi_entry(v);
	ok(guest_word == 0, "by hardware: withdrawn, an EOI costs nothing there");
}

#define ROUNDS 20000u
#define POSTERS 2u

static u32 rung[POSTERS], answered[POSTERS];

/* Rings, and waits for the answer before it rings again: one lost and it waits for ever. */
static void *poster(void *arg)
{
	u32 me = (u32)(size_t)arg;

	fake_cpu_set(me + 1);
	for (u32 i = 1; i <= ROUNDS; i++) {
		atomic_store(&rung[me], i);
		vlapic_post(v, (u8)(0x50 + me), false);
		while (atomic_load(&answered[me]) != i)
			sched_yield();
	}
	return NULL;
}

/* The guest runs: until a kick, or for no reason after some time, which is an exit. */
static u32 guest(void)
{
	u32 done = 0;

	for (u32 i = 0; i < 20 && !atomic_exchange(&kick_flag, 0); i++) {
		int vector;

		if (atomic_exchange(&notify_flag, 0))
			cpu_notified();
		vector = cpu_deliver();
		if (vector < 0) {
			sched_yield();
			continue;
		}
		atomic_store(&answered[vector - 0x50], atomic_load(&rung[vector - 0x50]));
		cpu_eoi();
		done++;
	}
	return done;
}

/* A halted vCPU sleeps until a kick: another one may run there, which would swallow a notification
 * that came late. */
static bool owner_sleeps(void)
{
	for (u32 spins = 0; vlapic_pending(v) < 0; spins++) {
		while (!atomic_exchange(&kick_flag, 0)) {
			if (++spins > 100000000)
				return false;
			sched_yield();
		}
	}
	return true;
}

static void test_race(void)
{
	pthread_t thread[POSTERS];
	u32 done = 0;
	bool slept = true;

	fresh(true);
	fake_races = 7;
	for (u32 i = 0; i < POSTERS; i++)
		pthread_create(&thread[i], NULL, poster, (void *)(size_t)i);
	for (u32 round = 0; done < POSTERS * ROUNDS && slept; round++) {
		vlapic_hw_choose(v);
		vlapic_hw_listen(v);
		done += guest();
		vlapic_hw_deaf(v);
		if (round & 1)
			atomic_exchange(&notify_flag, 0); /* taken by the host */
		if (done < POSTERS * ROUNDS)
			slept = owner_sleeps();
	}
	ok(done == POSTERS * ROUNDS, "posts from two threads, in and out of the guest: none lost");
	if (done != POSTERS * ROUNDS)
		return; /* they wait for ever */
	for (u32 i = 0; i < POSTERS; i++)
		pthread_join(thread[i], NULL);
	ok(notifications && kicks, "some by notification, some by kick");
	printf("# %u notifications, %u kicks\n", notifications, kicks);
}

int main(void)
{
	fake_cpu_set(0);
	test_choose();
	test_level();
	test_post();
	test_pv_eoi();
	test_race();
	return tap_done();
}
