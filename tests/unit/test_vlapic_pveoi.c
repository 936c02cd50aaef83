// SPDX-License-Identifier: GPL-2.0-only
/*
 * PV EOI of the virtual local APIC, every road from offer to end; and posts from other threads
 * against the owner that takes, puts back and ends with it.
 *
 * SOURCES: hv/vlapic.c hv/vlapic_regs.c hv/vlapic_timer.c hv/vlapic_ipi.c
 * SOURCES: hv/vlapic_post.c hv/vlapic_pveoi.c hv/vlapic_hw.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 */
#include <pthread.h>
#include <sched.h>

#include "arch/x86/apic.h"
#include "arch/x86/atomic.h"
#include "arch/x86/msr.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/irq.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vlapic.h"
#include "tap.h"

static struct domain dom;
static struct vcpu vcpu;
static struct vcpu *const v = &vcpu;
static struct vlapic *const l = &vcpu.lapic;
static u32 guest_word; /* at gpa 0x1000 */

void vcpu_kick(struct vcpu *t)
{
	(void)t;
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

void irq_notify_cpu(u32 cpu)
{
	(void)cpu;
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

static u64 rd(u32 reg)
{
	u64 value = 0xdead;

	vlapic_read(v, reg, true, &value);
	return value;
}

static bool wr(u32 reg, u64 value)
{
	return vlapic_write(v, reg, true, value);
}

/* Arm `vector` as run.c does before an entry. */
static void arm(u8 vector)
{
	vlapic_pending(v);
	vlapic_take(v, vector);
	v->intr = vector;
	vlapic_pv_eoi_entry(v);
}

static void settle(bool taken, u8 vector)
{
	v->intr = -1;
	if (taken)
		vlapic_commit(v, vector);
	else
		vlapic_untake(v, vector);
	vlapic_pv_eoi_exit(v);
}

static void pv_fresh(void)
{
	vlapic_destroy(v);
	*v = (struct vcpu){.dom = &dom, .intr = -1};
	dom.vcpu[0] = v;
	dom.nr_vcpus = 1;
	vlapic_init(v, 0);
	vlapic_set_base(v, l->base | APIC_BASE_EXTD);
	wr(VLAPIC_SVR, 0x1ff);
	guest_word = 0;
	vlapic_set_pv_eoi(v, 0x1000 | 1);
}

static void test_pv_eoi(void)
{
	pv_fresh();
	ok(!vlapic_set_pv_eoi(v, 0x1000 | 3) && !vlapic_set_pv_eoi(v, 0x2000 | 1) &&
		   l->pv_eoi_msr == (0x1000 | 1),
	   "reserved bit, address outside its memory: #GP");
	vlapic_post(v, 0x50, false);
	arm(0x50);
	ok(guest_word == 1, "offered with the interrupt");
	guest_word = 0;
	settle(true, 0x50);
	ok(!rd(VLAPIC_ISR + 2) && v->counters[MB_CNT_PV_EOI] == 1, "taken and ended in one run");

	vlapic_post(v, 0x50, false);
	arm(0x50);
	settle(false, 0x50);
	ok(guest_word == 0 && l->pv_eoi_vector == -1, "not taken: withdrawn");
	arm(0x50);
	settle(true, 0x50);
	ok(guest_word == 1 && rd(VLAPIC_ISR + 2), "taken, handler still runs: offer stands");
	vlapic_pv_eoi_entry(v);
	ok(guest_word == 1 && l->pv_eoi_vector == 0x50, "over further entries too");
	vlapic_post(v, 0x51, false);
	vlapic_pv_eoi_entry(v);
	ok(guest_word == 0, "something else pending: withdrawn, so its EOI exits");
	wr(VLAPIC_EOI, 0);
	ok(vlapic_pending(v) == 0x51, "and the other one is next");

	pv_fresh();
	vlapic_post(v, 0x50, false);
	arm(0x50);
	settle(true, 0x50);
	vlapic_pv_eoi_entry(v);
	wr(VLAPIC_EOI, 0);
	ok(guest_word == 0 && l->pv_eoi_vector == -1 && !rd(VLAPIC_ISR + 2),
	   "an EOI by register takes the offer back");

	pv_fresh();
	dom.privileged = true;
	vlapic_post(v, 0x50, true);
	arm(0x50);
	ok(guest_word == 0, "level triggered: never");
	settle(true, 0x50);
	vlapic_post(v, 0x60, false);
	arm(0x60);
	ok(guest_word == 0, "nested: never");

	pv_fresh();
	vlapic_post(v, 0x50, false);
	arm(0x50);
	vlapic_reset(v);
	ok(guest_word == 0 && !l->pv_eoi && !l->pv_eoi_msr, "INIT withdraws and switches off");
}

#define ROUNDS 20000u
#define POSTERS 2u

static u32 rung[POSTERS], answered[POSTERS];

/* Rings, and waits for the answer before it rings again: one lost edge and it waits for ever. */
static void *poster(void *arg)
{
	u32 me = (u32)(size_t)arg;

	fake_cpu_set(me + 1);
	for (u32 i = 1; i <= ROUNDS; i++) {
		atomic_store(&rung[me], i);
		vlapic_post(v, (u8)(0x50 + me), me);
		while (atomic_load(&answered[me]) != i)
			sched_yield();
	}
	return NULL;
}

/* The owner takes, commits or puts back, and ends, while others post the same vectors. */
static void test_race(void)
{
	pthread_t thread[POSTERS];
	u32 done = 0, idle = 0;

	pv_fresh();
	for (u32 i = 0; i < POSTERS; i++)
		pthread_create(&thread[i], NULL, poster, (void *)(size_t)i);
	while (done < POSTERS * ROUNDS && idle < 10000000) {
		int vector = vlapic_pending(v);
		u32 who = (u32)vector - 0x50;

		if (vector < 0) {
			idle++;
			sched_yield();
			continue;
		}
		idle = 0;
		arm((u8)vector);
		if (done & 1) {
			settle(false, (u8)vector); /* not taken at the first try */
			arm((u8)vector);
		}
		settle(true, (u8)vector);
		atomic_store(&answered[who], atomic_load(&rung[who]));
		wr(VLAPIC_EOI, 0);
		done++;
	}
	ok(done == POSTERS * ROUNDS, "posts from two threads against the owner: none lost");
	if (done != POSTERS * ROUNDS)
		return; /* they wait for ever */
	for (u32 i = 0; i < POSTERS; i++)
		pthread_join(thread[i], NULL);
}

int main(void)
{
	fake_cpu_set(0);
	test_pv_eoi();
	test_race();
	return tap_done();
}
