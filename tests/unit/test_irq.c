// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical interrupts on their way to dom0, against a model of the local APIC's ISR and TMR: a
 * level interrupt acknowledged early comes back thousands of times, one never acknowledged blocks
 * every lower one for ever. So: who is ended when, in whatever order dom0 finishes.
 *
 * SOURCES: hv/irq.c tests/fake_arch/fake_cpu.c
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/apic.h"
#include "arch/x86/trap.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/irq.h"
#include "hv/percpu.h"
#include "hv/vcpu.h"
#include "tap.h"

struct domain *dom0;

static struct domain domain0 = {.privileged = true, .nr_vcpus = 1};
static struct vcpu vcpu = {.dom = &domain0};
static bool isr[256], tmr[256], enabled = true;
static u32 posted[256], posted_level[256], armed, stopped, ipis, self_ipis, nmis;
static u64 armed_for;
static void (*handler)(struct trap_frame *frame, unsigned int vector);

void trap_set_irq_handler(void (*fn)(struct trap_frame *frame, unsigned int vector))
{
	handler = fn;
}

bool apic_in_service(u8 vector)
{
	return isr[vector];
}

bool apic_is_level(u8 vector)
{
	return tmr[vector];
}

int apic_highest_in_service(void)
{
	for (int i = 255; i >= 0; i--)
		if (isr[i])
			return i;
	return -1;
}

void apic_eoi(void)
{
	int top = apic_highest_in_service();

	if (top >= 0)
		isr[top] = false;
}

void apic_timer_init(void)
{
}

void apic_timer_arm(u64 deadline)
{
	armed++;
	armed_for = deadline;
}

void apic_timer_stop(void)
{
	stopped++;
}

void apic_write(u32 offset, u32 val)
{
	(void)offset;
	(void)val;
}

u32 apic_read(u32 offset)
{
	(void)offset;
	return 0x80;
}

void apic_ipi(u32 id, u8 vector)
{
	ipis += id == 42 && vector == APIC_VECTOR_KICK;
}

void apic_accept_nmi(void)
{
}

void apic_ipi_self(u8 vector)
{
	self_ipis += vector == APIC_VECTOR_KICK;
}

void vcpu_request(struct vcpu *v, u32 requests)
{
	nmis += v == &vcpu && requests == VCPU_REQ_NMI;
}

void vlapic_post(struct vcpu *v, u8 vector, bool level)
{
	(void)v;
	posted[vector]++;
	posted_level[vector] += level;
}

bool vlapic_enabled(const struct vcpu *v)
{
	(void)v;
	return enabled;
}

/* The CPU takes a vector: only above what is in service. Returns whether it was taken. */
static bool arrive(u8 vector, bool level)
{
	struct trap_frame frame = {0};

	if (apic_highest_in_service() >= 0 && apic_highest_in_service() >> 4 >= vector >> 4)
		return false;
	isr[vector] = true;
	tmr[vector] = level;
	handler(&frame, vector);
	return true;
}

static void clear(void)
{
	memset(isr, 0, sizeof(isr));
	memset(posted, 0, sizeof(posted));
	memset(posted_level, 0, sizeof(posted_level));
}

static void test_edge(void)
{
	clear();
	ok(arrive(0x31, false) && !isr[0x31] && posted[0x31] == 1 && !posted_level[0x31],
	   "edge: ended at once, posted");
	irq_level_eoi(&vcpu, 0x31);
	ok(!vcpu.counters[MB_CNT_EOI_LEVEL], "dom0's EOI of it is no business of the hardware");
}

static void test_level(void)
{
	clear();
	ok(arrive(0x31, true) && isr[0x31] && posted_level[0x31] == 1, "level: held");
	ok(!arrive(0x35, true) && arrive(0x45, true) && isr[0x45], "a higher class still arrives");
	ok(arrive(0x52, false) && !isr[0x52] && isr[0x45] && isr[0x31],
	   "an edge above them ends only itself");
	irq_level_eoi(&vcpu, 0x31);
	ok(isr[0x31] && isr[0x45], "dom0 ends the lower one first: nothing yet");
	irq_level_eoi(&vcpu, 0x45);
	ok(!isr[0x31] && !isr[0x45], "then the higher: both, from above");
	ok(vcpu.counters[MB_CNT_EOI_LEVEL] == 2, "counted");
	ok(arrive(0x31, true), "and it can come again");
	irq_level_eoi(&vcpu, 0x31);
	irq_level_eoi(&vcpu, 0x31);
	ok(!isr[0x31] && vcpu.counters[MB_CNT_EOI_LEVEL] == 3, "a second EOI ends nothing more");
}

static void test_random_order(void)
{
	bool fine = true;

	clear();
	srandom(3);
	for (u32 round = 0; round < 5000 && fine; round++) {
		u8 live[16];
		u32 n = 0;

		for (u32 c = 2; c < 15; c++)
			if (random() & 1)
				live[n++] = (u8)(c << 4 | (random() & 15));
		for (u32 i = 0; i < n; i++)
			arrive(live[i], true);
		while (n) {
			u32 i = (u32)random() % n;

			irq_level_eoi(&vcpu, live[i]);
			live[i] = live[--n];
			for (u32 k = 0; k < n; k++)
				fine = fine && isr[live[k]];
		}
		fine = fine && apic_highest_in_service() < 0;
	}
	ok(fine, "5000 random sets, ended in random order: none early, none left");
}

static void test_flush(void)
{
	clear();
	arrive(0x31, true);
	arrive(0x45, true);
	irq_level_eoi(&vcpu, 0x31);
	irq_level_flush(&vcpu);
	ok(apic_highest_in_service() < 0, "INIT ends all that dom0 had not");
}

static void test_nobody(void)
{
	struct trap_frame frame = {0};

	clear();
	enabled = false;
	ok(arrive(0x31, true) && !isr[0x31] && !posted[0x31], "vCPU takes none: ended, not held");
	enabled = true;
	dom0 = NULL;
	ok(arrive(0x31, false) && !isr[0x31] && !posted[0x31], "no dom0 yet");
	dom0 = &domain0;
	isr[0x60] = true;
	handler(&frame, 0x28);
	ok(isr[0x60] && !posted[0x28], "not in service (spurious 8259 vector): no EOI, not posted");
	isr[0x60] = false;
}

static void test_own(void)
{
	struct trap_frame frame = {0};
	u64 count = this_cpu()->irq_count;

	clear();
	arrive(0x45, true);
	irq_set_deadline(1000);
	irq_set_deadline(1000);
	ok(armed == 1 && armed_for == 1000, "the same deadline is programmed once");
	ok(arrive(APIC_VECTOR_TIMER, false) && !isr[APIC_VECTOR_TIMER] && isr[0x45] &&
		   !posted[APIC_VECTOR_TIMER],
	   "timer: ended, above held ones, not dom0's");
	irq_set_deadline(1000);
	ok(armed == 2, "after it fired the same deadline is programmed again");
	irq_set_deadline(~0ul);
	irq_set_deadline(~0ul);
	ok(stopped == 1, "never: stopped once");
	ok(arrive(APIC_VECTOR_KICK, false) && !isr[APIC_VECTOR_KICK], "kick");
	handler(&frame, APIC_VECTOR_SPURIOUS);
	ok(isr[0x45], "a spurious interrupt gets no EOI");
	isr[APIC_VECTOR_SPURIOUS] = true;
	handler(&frame, APIC_VECTOR_SPURIOUS);
	ok(isr[0x45] && !isr[APIC_VECTOR_SPURIOUS], "a device on that vector does");
	ok(arrive(APIC_VECTOR_ERROR, false) && !isr[APIC_VECTOR_ERROR] && isr[0x45],
	   "error vector");
	ok(this_cpu()->irq_count == count + 6, "all are counted");
	irq_level_flush(&vcpu);
}

static void test_nmi(void)
{
	domain0.vcpu[0] = &vcpu;
	vcpu.pub.runnable = 0;
	ok(!irq_nmi() && !nmis, "NMI before dom0 runs: nobody's");
	vcpu.pub.runnable = 1;
	ok(irq_nmi() && nmis == 1 && !self_ipis, "NMI: dom0's, looked at before the next entry");
	this_cpu()->pub.outside = 1;
	ok(irq_nmi() && nmis == 2 && self_ipis == 1, "after the last look: ends the run at once");
	this_cpu()->pub.outside = 0;
}

static void test_kick(void)
{
	static struct percpu other;

	other.arch.apic_id = 42;
	percpu_table[1] = &other;
	irq_kick_cpu(0);
	ok(!ipis, "no IPI to oneself");
	irq_kick_cpu(1);
	ok(ipis == 1, "another CPU by its APIC id");
}

int main(void)
{
	fake_cpu_set(0);
	dom0 = &domain0;
	domain0.vcpu[0] = &vcpu;
	irq_init_cpu();
	test_edge();
	test_level();
	test_random_order();
	test_flush();
	test_nobody();
	test_own();
	test_nmi();
	test_kick();
	return tap_done();
}
