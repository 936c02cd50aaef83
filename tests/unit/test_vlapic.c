// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual local APIC against SDM Vol 3 "Advanced Programmable Interrupt Controller (APIC)":
 * registers and their refusals in both modes, priorities, delivery with take/commit/untake, IPIs by
 * every destination mode, the timer's three modes. The clock of the fake machine is 1 GHz, so ticks
 * are nanoseconds. PV EOI is in test_vlapic_pveoi.c, the IOAPIC in test_vlapic_ioapic.c.
 *
 * SOURCES: hv/vlapic.c hv/vlapic_regs.c hv/vlapic_timer.c hv/vlapic_ipi.c
 * SOURCES: hv/vlapic_post.c hv/vlapic_pveoi.c hv/vlapic_hw.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 */
#include "arch/x86/apic.h"
#include "arch/x86/atomic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/tsc.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/guest_tsc.h"
#include "hv/guest_mem.h"
#include "hv/irq.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vlapic.h"
#include "tap.h"

#define VCPUS 4
#define NEVER (~0ul)

static struct domain dom;
static struct vcpu vcpus[VCPUS];
static struct vcpu *const v = &vcpus[0];
static struct vlapic *const l = &vcpus[0].lapic;
static u32 kicks, flushes, level_eois, physical_ldr, physical_dfr;
static u8 level_vector;

void vcpu_kick(struct vcpu *t)
{
	(void)t;
	kicks++;
}

void vcpu_request(struct vcpu *t, u32 requests)
{
	atomic_fetch_or(&t->pub.requests, requests);
}

void irq_level_eoi(struct vcpu *t, u8 vector)
{
	(void)t;
	level_eois++;
	level_vector = vector;
}

void vioapic_eoi(struct vioapic *io, u8 vector)
{
	(void)io;
	(void)vector;
}

void irq_level_flush(struct vcpu *t)
{
	(void)t;
	flushes++;
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
	if (offset == APIC_LDR)
		physical_ldr = val;
	if (offset == APIC_DFR)
		physical_dfr = val;
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

static u64 rd(u32 reg)
{
	u64 value = 0xdead;

	vlapic_read(v, reg, vlapic_is_x2apic(v), &value);
	return value;
}

static bool wr(u32 reg, u64 value)
{
	return vlapic_write(v, reg, vlapic_is_x2apic(v), value);
}

/* All vCPUs enabled, TPR 0, all LVTs masked; x2: in x2APIC mode. */
static void fresh(bool x2)
{
	const u64 on = APIC_BASE_ENABLE;

	for (u32 i = 0; i < VCPUS; i++) {
		struct vcpu *t = &vcpus[i];

		vlapic_destroy(t);
		*t = (struct vcpu){.dom = &dom, .id = i, .intr = -1};
		dom.vcpu[i] = t;
		vlapic_init(t, i);
		vlapic_write(t, VLAPIC_SVR, false, 0x1ff);
		if (x2)
			vlapic_set_base(t, APIC_DEFAULT_BASE | on | APIC_BASE_EXTD);
	}
	dom.nr_vcpus = VCPUS;
	dom.privileged = false;
	kicks = 0;
}

/* The run loop in short: take the highest, let the guest have it. */
static int deliver(void)
{
	int vector = vlapic_pending(v);

	if (vector >= 0) {
		vlapic_take(v, (u8)vector);
		vlapic_commit(v, (u8)vector);
	}
	return vector;
}

static void test_reset_state(void)
{
	vlapic_destroy(v);
	vcpus[0] = (struct vcpu){.dom = &dom, .intr = -1};
	cpu_info.phys_mask = BIT(40) - 1;
	vlapic_init(v, 3);
	ok(l->base == (APIC_DEFAULT_BASE | APIC_BASE_ENABLE | APIC_BASE_BSP) &&
		   rd(VLAPIC_ID) == 3u << 24,
	   "after creation: enabled, boot processor, id in bits 24..31");
	ok(rd(VLAPIC_SVR) == 0xff && rd(VLAPIC_DFR) == 0xffffffff && !rd(VLAPIC_LDR) &&
		   !rd(VLAPIC_TPR),
	   "register values after reset");
	ok(rd(VLAPIC_VERSION) == 0x60014 && rd(VLAPIC_LVT_TIMER) == 0x10000 &&
		   rd(VLAPIC_LVT_ERROR) == 0x10000 && rd(VLAPIC_LVT_CMCI) == 0x10000,
	   "version with 7 LVT entries, all masked");
	vlapic_post(v, 0x40, false);
	ok(!irr(v, 2) && !vlapic_enabled(v), "software disabled: fixed interrupts are dropped");
	wr(VLAPIC_LVT_LINT0, 0x700);
	ok(rd(VLAPIC_LVT_LINT0) == 0x10700, "software disabled: mask bits cannot be cleared");
}

static void test_registers_xapic(void)
{
	u64 value;

	fresh(false);
	ok(wr(VLAPIC_TPR, 0x123) && rd(VLAPIC_TPR) == 0x23 && vlapic_get_cr8(v) == 2,
	   "TPR and CR8");
	vlapic_set_cr8(v, 2);
	ok(rd(VLAPIC_TPR) == 0x23, "the same CR8 keeps the sub-class");
	vlapic_set_cr8(v, 5);
	ok(rd(VLAPIC_TPR) == 0x50, "another one clears it");
	wr(VLAPIC_LDR, 0x12345678);
	wr(VLAPIC_DFR, 0);
	ok(rd(VLAPIC_LDR) == 0x12000000 && rd(VLAPIC_DFR) == 0x0fffffff, "LDR, DFR");
	ok(!wr(VLAPIC_VERSION, 0) && !wr(VLAPIC_PPR, 0) && !wr(VLAPIC_IRR, 0) &&
		   !wr(VLAPIC_TMCCT, 1) && !l->esr_pending,
	   "read-only registers ignore writes");
	wr(VLAPIC_ICR2, 0x07ffffff);
	ok(rd(VLAPIC_ICR2) == 0x07000000, "ICR2 has the destination only");
	ok(!vlapic_read(v, 0x04, false, &value) && !vlapic_read(v, 0x15f, false, &value) && !value,
	   "register numbers beyond the map read 0");
	wr(VLAPIC_ESR, 0);
	ok(rd(VLAPIC_ESR) == 0x80 && (wr(VLAPIC_ESR, 0), rd(VLAPIC_ESR) == 0),
	   "and show as illegal register address in ESR, once");
	wr(VLAPIC_LVT_ERROR, 0x44);
	vlapic_read(v, 0x05, false, &value);
	ok(vlapic_pending(v) == -1 && irr(v, 2) == 1u << 4, "error LVT entry posts (below TPR 5)");
	ok(wr(VLAPIC_LVT_LINT0, ~0u) && rd(VLAPIC_LVT_LINT0) == 0x1a7ff &&
		   wr(VLAPIC_LVT_PERF, ~0u) && rd(VLAPIC_LVT_PERF) == 0x107ff,
	   "LVT bits that exist");
	wr(VLAPIC_SVR, 0xff);
	ok(rd(VLAPIC_LVT_ERROR) == 0x10044, "software disable masks every entry");
}

static void test_registers_x2apic(void)
{
	u64 value;
	bool refused = true;

	fresh(true);
	vlapic_destroy(v);
	*v = (struct vcpu){.dom = &dom, .intr = -1};
	vlapic_init(v, 0x35);
	vlapic_set_base(v, l->base | APIC_BASE_EXTD);
	wr(VLAPIC_SVR, 0x1ff);
	ok(rd(VLAPIC_ID) == 0x35 && rd(VLAPIC_LDR) == ((3 << 16) | 1 << 5), "id and derived LDR");
	ok(!vlapic_read(v, VLAPIC_DFR, true, &value) &&
		   !vlapic_read(v, VLAPIC_ICR2, true, &value) &&
		   !vlapic_read(v, VLAPIC_EOI, true, &value) &&
		   !vlapic_read(v, VLAPIC_SELF_IPI, true, &value) &&
		   !vlapic_read(v, 0, true, &value) && !vlapic_read(v, 0x3f + 1, true, &value),
	   "reads that are #GP");
	for (u32 reg = 0; reg < 0x40; reg++) {
		bool exists = reg == VLAPIC_TPR || reg == VLAPIC_SVR || reg == VLAPIC_ICR ||
			      reg == VLAPIC_TMICT || reg == VLAPIC_TDCR || reg == VLAPIC_ESR ||
			      reg == VLAPIC_EOI || reg == VLAPIC_SELF_IPI ||
			      reg == VLAPIC_LVT_CMCI ||
			      (reg >= VLAPIC_LVT_TIMER && reg <= VLAPIC_LVT_ERROR);

		if (reg != VLAPIC_ICR)
			refused = refused && !wr(reg, 1ul << 32);
		if (!exists)
			refused = refused && !wr(reg, 0);
	}
	ok(refused, "writes that are #GP: upper halves, missing and read-only registers");
	ok(!wr(VLAPIC_TPR, 0x100) && !wr(VLAPIC_EOI, 1) && !wr(VLAPIC_ESR, 1) &&
		   !wr(VLAPIC_TDCR, 4) && !wr(VLAPIC_SVR, 0x1000) &&
		   !wr(VLAPIC_LVT_TIMER, 0x80000) && !wr(VLAPIC_LVT_ERROR, 0x100) &&
		   !wr(VLAPIC_LVT_TIMER, 0x60040) && !wr(VLAPIC_ICR, 1 << 20) &&
		   !wr(VLAPIC_SELF_IPI, 0x100),
	   "reserved bits are #GP");
	ok(wr(VLAPIC_LVT_LINT1, 0x5400) && rd(VLAPIC_LVT_LINT1) == 0x400,
	   "read-only status bits are not");
	ok(wr(VLAPIC_ICR, 0x0000000700000841ul | APIC_ICR_BUSY) &&
		   rd(VLAPIC_ICR) == 0x0000000700000841ul,
	   "ICR is one 64-bit register");
}

static void test_base(void)
{
	const u64 b = APIC_DEFAULT_BASE, en = APIC_BASE_ENABLE, x2 = APIC_BASE_EXTD;

	fresh(false);
	ok(!vlapic_set_base(v, b | x2) && !vlapic_set_base(v, b | en | 1) &&
		   !vlapic_set_base(v, b | en | BIT(9)) && !vlapic_set_base(v, b | en | BIT(41)) &&
		   !vlapic_set_base(v, (b + 0x1000) | en),
	   "APIC base: invalid state, reserved bits, moved");
	vlapic_post(v, 0x50, false);
	ok(vlapic_set_base(v, b | en | x2) && vlapic_is_x2apic(v) && vlapic_pending(v) == 0x50,
	   "xAPIC to x2APIC keeps the state");
	ok(!vlapic_set_base(v, b | en), "x2APIC to xAPIC directly: #GP");
	ok(vlapic_set_base(v, b) && !irr(v, 2) && rd(VLAPIC_SVR) == 0xff && vlapic_pending(v) == -1,
	   "disabled: state is reset");
	ok(!vlapic_set_base(v, b | en | x2), "disabled to x2APIC directly: #GP");
	ok(vlapic_set_base(v, b | en) && l->base == (b | en | APIC_BASE_BSP), "and back, BSP kept");
}

static void test_priority(void)
{
	fresh(false);
	vlapic_post(v, 0x41, false);
	vlapic_post(v, 0x52, false);
	vlapic_post(v, 0x45, false);
	ok(kicks == 1 && vlapic_pending(v) == 0x52,
	   "highest vector first; one kick for all that the owner finds at once");
	vlapic_post(v, 0x52, false);
	ok(kicks == 2, "he has looked: the next one kicks again");
	ok(deliver() == 0x52 && rd(VLAPIC_PPR) == 0x50 && vlapic_pending(v) == -1,
	   "in service: lower classes wait");
	vlapic_post(v, 0x5f, false);
	ok(vlapic_pending(v) == -1, "the same class waits too");
	vlapic_post(v, 0x60, false);
	ok(deliver() == 0x60 && rd(VLAPIC_ISR + 3) == 1 && rd(VLAPIC_ISR + 2) == 1u << 18,
	   "nested");
	wr(VLAPIC_EOI, 0);
	ok(rd(VLAPIC_PPR) == 0x50, "EOI ends the highest");
	wr(VLAPIC_EOI, 0);
	ok(deliver() == 0x5f, "then the rest in order");
	wr(VLAPIC_EOI, 0);
	wr(VLAPIC_TPR, 0x45);
	ok(rd(VLAPIC_PPR) == 0x45 && vlapic_pending(v) == -1, "TPR holds its class back");
	wr(VLAPIC_TPR, 0x3f);
	ok(deliver() == 0x45 && (wr(VLAPIC_EOI, 0), deliver()) == 0x41 &&
		   (wr(VLAPIC_EOI, 0), wr(VLAPIC_EOI, 0)) && deliver() == -1,
	   "down to nothing");
	vlapic_post(v, 15, false);
	wr(VLAPIC_ESR, 0);
	ok(!irr(v, 0) && rd(VLAPIC_ESR) == 0x40, "vectors below 16: received illegal vector");
	ok(v->counters[MB_CNT_EOI] == 6, "EOIs are counted");
}

static void test_take(void)
{
	fresh(false);
	vlapic_post(v, 0x60, false);
	ok(vlapic_pending(v) == 0x60, "posted is pending");
	vlapic_take(v, 0x60);
	vlapic_post(v, 0x60, false);
	vlapic_commit(v, 0x60);
	wr(VLAPIC_EOI, 0);
	ok(deliver() == 0x60, "a second edge while the first is armed is not lost");
	wr(VLAPIC_EOI, 0);
	vlapic_post(v, 0x60, false);
	vlapic_pending(v);
	vlapic_take(v, 0x60);
	ok(vlapic_pending(v) == -1, "armed: not pending again");
	vlapic_untake(v, 0x60);
	ok(vlapic_pending(v) == 0x60, "not taken by the guest: pending again");
}

static void test_level(void)
{
	fresh(false);
	dom.privileged = true;
	level_eois = 0;
	vlapic_post(v, 0x61, true);
	ok(rd(VLAPIC_TMR + 3) == 2 && deliver() == 0x61, "level: TMR bit");
	wr(VLAPIC_EOI, 0);
	ok(level_eois == 1 && level_vector == 0x61, "its EOI goes on to irq.c");
	vlapic_post(v, 0x61, false);
	ok(!rd(VLAPIC_TMR + 3), "the same vector as edge clears TMR");
	wr(VLAPIC_LDR, 0x04000000);
	wr(VLAPIC_DFR, 0xffffffff);
	ok(physical_ldr == 0x04000000 && physical_dfr == 0xffffffff,
	   "dom0's logical id goes to the physical APIC");
	flushes = 0;
	vlapic_reset(v);
	ok(flushes == 1 && !physical_ldr && !irr(v, 3) && rd(VLAPIC_SVR) == 0xff,
	   "INIT: registers, level interrupts, logical id");
}

/* Bit i: vCPU i got the vector. */
static u32 receivers(u8 vector)
{
	u32 map = 0;

	for (u32 i = 0; i < VCPUS; i++)
		map |= (irr(&vcpus[i], vector / 32) >> (vector % 32) & 1) << i;
	return map;
}

static u32 requested(u32 request)
{
	u32 map = 0;

	for (u32 i = 0; i < VCPUS; i++)
		map |= (u32) !!(vcpus[i].pub.requests & request) << i;
	return map;
}

static u32 send_xapic(u32 dest, u32 low)
{
	fresh(false);
	for (u32 i = 0; i < VCPUS; i++)
		vlapic_write(&vcpus[i], VLAPIC_LDR, false, 1u << (24 + i));
	wr(VLAPIC_ICR2, dest << 24);
	wr(VLAPIC_ICR, low);
	return receivers((u8)low);
}

static void test_ipi_xapic(void)
{
	ok(send_xapic(2, 0x41) == 4, "physical");
	ok(send_xapic(9, 0x41) == 0, "physical, nobody");
	ok(send_xapic(0xff, 0x41) == 15, "physical broadcast");
	ok(send_xapic(5, 0x41 | APIC_ICR_LOGICAL) == 5, "logical flat");
	ok(send_xapic(0, 0x41 | APIC_ICR_SELF) == 1, "self");
	ok(send_xapic(0, 0x41 | APIC_ICR_ALL) == 15, "all");
	ok(send_xapic(0, 0x41 | APIC_ICR_OTHERS) == 14, "all but self");
	fresh(false);
	for (u32 i = 0; i < VCPUS; i++) {
		vlapic_write(&vcpus[i], VLAPIC_DFR, false, 0x0fffffff);
		vlapic_write(&vcpus[i], VLAPIC_LDR, false, ((i / 2) << 4 | 1u << i % 2) << 24);
	}
	wr(VLAPIC_ICR2, 0x13000000);
	wr(VLAPIC_ICR, 0x41 | APIC_ICR_LOGICAL);
	ok(receivers(0x41) == 12, "logical cluster");

	fresh(false);
	vlapic_write(&vcpus[1], VLAPIC_TPR, false, 0x20);
	vlapic_write(&vcpus[2], VLAPIC_SVR, false, 0xff);
	vlapic_write(&vcpus[3], VLAPIC_TPR, false, 0x10);
	wr(VLAPIC_ICR2, 0xff000000);
	wr(VLAPIC_TPR, 0x30);
	wr(VLAPIC_ICR, 0x41 | APIC_DM_LOWEST);
	ok(receivers(0x41) == 8, "lowest priority: the enabled one with the lowest PPR");

	send_xapic(1, 0x0f);
	wr(VLAPIC_ESR, 0);
	ok(rd(VLAPIC_ESR) == 0x20 && !v->counters[MB_CNT_IPI_SENT], "send illegal vector");
	send_xapic(1, APIC_DM_SMI);
	send_xapic(1, 0x41 | 3u << 8);
	ok(!receivers(0x41) && !requested(~0u), "SMI and reserved modes: nothing");
}

static void test_ipi_x2apic(void)
{
	fresh(true);
	wr(VLAPIC_ICR, 3ul << 32 | 0x41);
	ok(receivers(0x41) == 8, "x2APIC physical");
	wr(VLAPIC_ICR, 0xfful << 32 | 0x42);
	ok(receivers(0x42) == 0, "0xff is no broadcast in x2APIC mode");
	wr(VLAPIC_ICR, 0xfffffffful << 32 | 0x43);
	ok(receivers(0x43) == 15, "0xffffffff is");
	wr(VLAPIC_ICR, 0x00000006ul << 32 | 0x44 | APIC_ICR_LOGICAL);
	ok(receivers(0x44) == 6, "logical, cluster 0");
	wr(VLAPIC_ICR, 0x00010006ul << 32 | 0x45 | APIC_ICR_LOGICAL);
	ok(receivers(0x45) == 0, "logical, another cluster");
	wr(VLAPIC_SELF_IPI, 0x46);
	ok(receivers(0x46) == 1 && v->counters[MB_CNT_IPI_SENT] == 6, "self IPI register");
}

static void test_ipi_special(void)
{
	fresh(true);
	wr(VLAPIC_ICR, 1ul << 32 | APIC_DM_INIT | APIC_ICR_ASSERT | APIC_ICR_LEVEL);
	ok(requested(VCPU_REQ_INIT) == 2, "INIT");
	wr(VLAPIC_ICR, 2ul << 32 | APIC_DM_INIT | APIC_ICR_LEVEL);
	ok(requested(VCPU_REQ_INIT) == 2, "INIT level de-assert does nothing");
	wr(VLAPIC_ICR, 1ul << 32 | APIC_DM_STARTUP | 0x99);
	ok(requested(VCPU_REQ_SIPI) == 2 && vcpus[1].sipi_vector == 0x99, "SIPI and its page");
	wr(VLAPIC_ICR, APIC_DM_NMI | APIC_ICR_OTHERS);
	ok(requested(VCPU_REQ_NMI) == 14, "NMI to all others");
	vlapic_write(&vcpus[3], VLAPIC_SVR, true, 0xff);
	vcpus[3].pub.requests = 0;
	wr(VLAPIC_ICR, 3ul << 32 | APIC_DM_INIT | APIC_ICR_ASSERT);
	ok(requested(VCPU_REQ_INIT) == 10, "INIT reaches a software-disabled APIC");
	wr(VLAPIC_ICR, APIC_DM_INIT | APIC_ICR_ASSERT | APIC_ICR_ALL);
	ok(requested(VCPU_REQ_INIT) == 10, "INIT to all including self is no valid combination");
}

static void test_timer_count(void)
{
	u64 start;

	fresh(true);
	wr(VLAPIC_LVT_TIMER, 0x40);
	wr(VLAPIC_TDCR, 0xb);
	wr(VLAPIC_TMICT, 1000000000);
	start = l->timer_start;
	ok(l->timer_deadline == start + 1000000000 && vlapic_timer(v, start) == l->timer_deadline,
	   "one shot: 1 GHz, divide by 1");
	ok(rd(VLAPIC_TMCCT) <= 1000000000 && rd(VLAPIC_TMCCT) > 900000000, "the count goes down");
	wr(VLAPIC_TDCR, 0x3);
	ok(l->timer_deadline - start > 14 * 1000000000ul && rd(VLAPIC_TMCCT) > 900000000,
	   "divide by 16 from here on: the count goes on, slower");
	ok(vlapic_timer(v, l->timer_deadline - 1) != NEVER && !irr(v, 2), "not a tick early");
	ok(vlapic_timer(v, l->timer_deadline) == NEVER && receivers(0x40) == 1 &&
		   !rd(VLAPIC_TMCCT) && v->counters[MB_CNT_TIMER] == 1,
	   "then once");
	wr(VLAPIC_TMICT, 500);
	wr(VLAPIC_TMICT, 0);
	ok(vlapic_timer(v, NEVER - 1) == NEVER, "initial count 0 stops it");
	for (u32 tdcr = 0; tdcr < 16; tdcr++) {
		static const u8 shift[] = {1, 2, 3, 4, 5, 6, 7, 0};

		if (tdcr & 4)
			continue;
		wr(VLAPIC_TDCR, tdcr);
		wr(VLAPIC_TMICT, 1000000);
		ok(l->timer_deadline - l->timer_start ==
			   1000000ul << shift[(tdcr & 3) | (tdcr & 8) >> 1],
		   "divisor");
	}
	wr(VLAPIC_LVT_TIMER, APIC_LVT_MASKED | 0x40);
	vlapic_take(v, 0x40);
	wr(VLAPIC_TMICT, 1000);
	ok(vlapic_timer(v, NEVER - 1) == NEVER && !irr(v, 2), "masked: expires in silence");
	wr(VLAPIC_LVT_TIMER, 0x40);
	ok(vlapic_timer(v, NEVER - 1) == NEVER && !irr(v, 2), "and is not made up for later");
}

static void test_timer_periodic(void)
{
	u64 first;

	fresh(true);
	wr(VLAPIC_TDCR, 0xb);
	wr(VLAPIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | 0x41);
	wr(VLAPIC_TMICT, 1000000);
	first = l->timer_deadline;
	ok(first == l->timer_start + 1000000 && vlapic_timer(v, first) == first + 1000000 &&
		   receivers(0x41) == 1,
	   "periodic: armed again");
	ok(vlapic_timer(v, first + 5500000) == first + 6000000 && v->counters[MB_CNT_TIMER] == 2,
	   "missed periods are one interrupt, the grid stays");
	ok(rd(VLAPIC_TMCCT) <= 1000000, "current count within the period");
	wr(VLAPIC_TMICT, 1);
	ok(l->timer_deadline - l->timer_start == 50000, "shortest period 50 us");
	wr(VLAPIC_LVT_TIMER, 0x41);
	vlapic_timer(v, l->timer_deadline);
	ok(vlapic_timer(v, NEVER - 1) == NEVER, "changed to one shot: ends at the next expiry");
}

static void test_timer_deadline(void)
{
	u64 now;

	fresh(true);
	v->tsc_offset = 0 - 5000000ul;
	ok(vlapic_set_tsc_deadline(v, 123) && !l->tsc_deadline, "deadline ignored in another mode");
	wr(VLAPIC_LVT_TIMER, APIC_LVT_TIMER_DEADLINE | 0x42);
	now = tsc_now();
	vlapic_set_tsc_deadline(v, now + 1000000000 - 5000000);
	ok(l->timer_deadline >= now + 1000000000 - 1000 &&
		   l->timer_deadline <= now + 1000000000 + 1000,
	   "guest TSC deadline in host TSC");
	ok(l->tsc_deadline == now + 1000000000 - 5000000 && rd(VLAPIC_TMCCT) == 0 &&
		   (wr(VLAPIC_TMICT, 77), rd(VLAPIC_TMICT) == 0),
	   "count registers are off in this mode");
	ok(vlapic_timer(v, l->timer_deadline) == NEVER && !l->tsc_deadline && receivers(0x42) == 1,
	   "fires once, the MSR reads 0");
	vlapic_set_tsc_deadline(v, 1);
	ok(vlapic_timer(v, tsc_now()) == NEVER && v->counters[MB_CNT_TIMER] == 2, "past: at once");
	vlapic_set_tsc_deadline(v, ~0ul);
	ok(vlapic_timer(v, tsc_now()) > tsc_now() + (1ul << 62), "far future does not wrap");
	v->dom->tsc_ratio = TSC_RATIO_ONE / 4;
	now = tsc_now();
	vlapic_set_tsc_deadline(v, guest_tsc_at(v, now) + 250000000);
	ok(l->timer_deadline >= now + 999999990 && l->timer_deadline <= tsc_now() + 1000000010,
	   "of a TSC that runs at a quarter: four times the host's ticks");
	vlapic_set_tsc_deadline(v, ~0ul);
	ok(vlapic_timer(v, tsc_now()) > tsc_now() + (1ul << 62), "far future does not wrap");
	v->dom->tsc_ratio = 0;
	vlapic_set_tsc_deadline(v, 0);
	ok(vlapic_timer(v, NEVER - 1) == NEVER, "0 disarms");
	vlapic_set_tsc_deadline(v, ~0ul);
	wr(VLAPIC_LVT_TIMER, 0x42);
	ok(l->timer_deadline == NEVER && !l->tsc_deadline, "a change of mode disarms");
}

int main(void)
{
	fake_cpu_set(0);
	test_reset_state();
	test_registers_xapic();
	test_registers_x2apic();
	test_base();
	test_priority();
	test_take();
	test_level();
	test_ipi_xapic();
	test_ipi_x2apic();
	test_ipi_special();
	test_timer_count();
	test_timer_periodic();
	test_timer_deadline();
	return tap_done();
}
