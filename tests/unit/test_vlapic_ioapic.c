// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOAPIC and the local APICs of a guest together: who takes a message, by every destination and
 * delivery mode; a level vector's EOI finds its way back, an edge vector's does not try; and no
 * level interrupt is lost while a device and a vCPU work on the same pin from two threads.
 *
 * SOURCES: hv/vioapic.c hv/vlapic.c hv/vlapic_regs.c hv/vlapic_timer.c hv/vlapic_ipi.c
 * SOURCES: hv/vlapic_post.c hv/vlapic_pveoi.c hv/vlapic_hw.c hv/locks.c
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

#define VCPUS 4
#define PIN 9
#define LEVEL 0x8000u
#define REMOTE_IRR 0x4000u
#define STRESS_ROUNDS 20000u

static struct domain dom;
static struct vcpu vcpus[VCPUS];
static struct vcpu *const v = &vcpus[0];
static u32 wanted, served; /* stress: the device's count of requests, and the driver's */

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
	(void)gpa;
	(void)len;
	return NULL;
}

/* A word of IRR: what was posted counts. */
static u32 irr(struct vcpu *t, u32 word)
{
	u64 value;

	vlapic_read(t, VLAPIC_IRR + word, vlapic_is_x2apic(t), &value);
	return (u32)value;
}

static void eoi(void)
{
	vlapic_write(v, VLAPIC_EOI, vlapic_is_x2apic(v), 0);
}

/* All vCPUs enabled; x2: in x2APIC mode. */
static void fresh(bool x2)
{
	for (u32 i = 0; i < VCPUS; i++) {
		struct vcpu *t = &vcpus[i];

		vlapic_destroy(t);
		*t = (struct vcpu){.dom = &dom, .id = i, .intr = -1};
		dom.vcpu[i] = t;
		vlapic_init(t, i);
		vlapic_write(t, VLAPIC_SVR, false, 0x1ff);
		vlapic_write(t, VLAPIC_LDR, false, 1u << (24 + i));
		if (x2)
			vlapic_set_base(t, t->lapic.base | APIC_BASE_EXTD);
	}
	dom.nr_vcpus = VCPUS;
}

static void route(u32 low, u32 dest)
{
	vioapic_write(dom.vioapic, 0, 4, 0x11 + 2 * PIN);
	vioapic_write(dom.vioapic, 0x10, 4, dest << 24);
	vioapic_write(dom.vioapic, 0, 4, 0x10 + 2 * PIN);
	vioapic_write(dom.vioapic, 0x10, 4, low);
}

static bool remote_irr(void)
{
	vioapic_write(dom.vioapic, 0, 4, 0x10 + 2 * PIN);
	return vioapic_read(dom.vioapic, 0x10, 4) & REMOTE_IRR;
}

/* Bit per vCPU: who has the vector requested after one pulse of the pin. */
static u32 takers(u32 low, u32 dest)
{
	u8 vector = (u8)low;
	u32 who = 0;

	route(low, dest);
	vioapic_set_line(dom.vioapic, PIN, true);
	vioapic_set_line(dom.vioapic, PIN, false);
	for (u32 i = 0; i < VCPUS; i++)
		who |= (irr(&vcpus[i], vector / 32) >> (vector % 32) & 1) << i;
	return who;
}

static int deliver(void)
{
	int vector = vlapic_pending(v);

	if (vector >= 0) {
		vlapic_take(v, (u8)vector);
		vlapic_commit(v, (u8)vector);
	}
	return vector;
}

static void test_destinations(bool x2)
{
	fresh(x2);
	ok(takers(0x50, 2) == 4, x2 ? "x2APIC mode: physical" : "xAPIC mode: physical");
	ok(takers(0x51, 0xff) == 0xf, "FFh is everybody");
	ok(takers(0x852, 0x0a) == 0xa, "logical");
	ok(!takers(0x53, 9), "an id that nobody has");
	ok(!takers(0x0f, 0) && !vcpus[0].lapic.esr_pending, "a vector that none may take");
	vlapic_write(&vcpus[1], VLAPIC_TPR, vlapic_is_x2apic(&vcpus[1]), 0x80);
	ok(takers(0x954, 6) == 4, "lowest priority");
	vlapic_write(&vcpus[3], VLAPIC_SVR, x2, 0xff);
	ok(takers(0x55, 0xff) == 7, "a disabled APIC takes nothing");
	ok(!takers(0x456, 1) && !vcpus[1].nmi_pending, "NMI is not delivered");
}

static void test_level(void)
{
	fresh(true);
	route(LEVEL | 0x61, 0);
	vioapic_set_line(dom.vioapic, PIN, true);
	ok(deliver() == 0x61 && remote_irr(), "level: delivered, Remote IRR");
	vlapic_post(v, 0x34, false);
	vlapic_post(v, 0x71, false);
	ok(deliver() == 0x71, "a higher one between");
	eoi();
	ok(remote_irr() && vlapic_pending(v) < 0, "whose EOI changes nothing");
	eoi();
	ok(remote_irr() && deliver() == 0x61, "EOI while the line is up: again");
	vioapic_set_line(dom.vioapic, PIN, false);
	eoi();
	ok(!remote_irr() && deliver() == 0x34, "EOI after it fell: done");
	eoi();
	fresh(true);
	vlapic_write(v, VLAPIC_SVR, true, 0xff);
	vioapic_set_line(dom.vioapic, PIN, true);
	ok(!remote_irr(), "nobody takes it: no Remote IRR");
	vlapic_write(v, VLAPIC_SVR, true, 0x1ff);
	route(LEVEL | 0x61, 0);
	ok(remote_irr() && deliver() == 0x61, "the next write of the entry sends it");
	vioapic_set_line(dom.vioapic, PIN, false);
	eoi();
}

/* Raises its line for each request, and drops it when that was served. */
static void *device(void *unused)
{
	fake_cpu_set(1);
	for (u32 i = 1; i <= STRESS_ROUNDS; i++) {
		atomic_store(&wanted, i);
		vioapic_set_line(dom.vioapic, PIN, true);
		while (atomic_load(&served) != i)
			sched_yield();
		vioapic_set_line(dom.vioapic, PIN, false);
	}
	return unused;
}

static void test_stress(void)
{
	pthread_t thread;
	u32 spurious = 0;
	u64 idle = 0;

	fresh(true);
	route(LEVEL | 0x61, 0);
	pthread_create(&thread, NULL, device, NULL);
	while (served != STRESS_ROUNDS && idle < 1ul << 22) {
		if (deliver() < 0) {
			idle++;
			sched_yield();
			continue;
		}
		idle = 0;
		if (served == atomic_load(&wanted))
			spurious++; /* the EOI came before the line fell */
		else
			atomic_store(&served, served + 1);
		eoi();
	}
	ok(served == STRESS_ROUNDS, "no level interrupt is lost");
	printf("# %u came once more, since the line was still up at their EOI\n", spurious);
	if (served == STRESS_ROUNDS)
		pthread_join(thread, NULL);
}

int main(void)
{
	fake_cpu_set(0);
	dom.vioapic = vioapic_create(&dom);
	test_destinations(false);
	test_destinations(true);
	test_level();
	test_stress();
	vioapic_destroy(dom.vioapic);
	return tap_done();
}
