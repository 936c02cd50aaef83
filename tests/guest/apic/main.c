// SPDX-License-Identifier: GPL-2.0-only
/*
 * apic: the local APIC through both front ends. SDM "Local APIC", APM Vol 2 "Advanced Programmable
 * Interrupt Controller": xAPIC registers in memory at fee00000 until x2APIC mode is entered, MSRs
 * after it; delivery modes, destination modes and shorthands; priority by TPR; NMI; a vCPU that
 * gets INIT stops and can be started again. What may go wrong: the two front ends disagree, an
 * interrupt below the task priority is delivered or one above is not, a logical destination reaches
 * the wrong vCPUs, INIT leaves interrupts behind.
 *
 * VCPUS: 3
 * SECONDS: 120
 */
#include "guest.h"

#define VECTOR 0x45
#define OTHER 0x85
#define APIC_BASE 0x1b
#define ICR_NMI (4u << 8)
#define ICR_INIT 0x4500u
#define ICR_LOWEST (1u << 8)
#define ICR_LOGICAL (1u << 11)
#define ICR_ALL (2u << 18)
#define ICR_SELF (1u << 18)

static volatile unsigned int hits[4], others[4], nmis[4], up[4];

static unsigned int me(void)
{
	return (unsigned int)apic_read(APIC_ID);
}

static void on_vector(struct trap_frame *f)
{
	(void)f;
	hits[me()]++;
	apic_write(APIC_EOI, 0);
}

static void on_other(struct trap_frame *f)
{
	(void)f;
	others[me()]++;
	apic_write(APIC_EOI, 0);
}

static void on_nmi(struct trap_frame *f)
{
	(void)f;
	nmis[me()]++;
}

static uint32_t mmio_read(uint32_t reg)
{
	return *(volatile uint32_t *)(uint64_t)(MB_GUEST_LAPIC_BASE + reg);
}

static void mmio_write(uint32_t reg, uint32_t v)
{
	*(volatile uint32_t *)(uint64_t)(MB_GUEST_LAPIC_BASE + reg) = v;
}

static volatile unsigned int mmio_hits;

static void on_mmio_vector(struct trap_frame *f)
{
	(void)f;
	mmio_hits++;
	mmio_write(APIC_EOI, 0);
}

static void in_memory(void)
{
	uint64_t v;

	report(!(rdmsr(APIC_BASE) & 1u << 10), "the APIC starts in xAPIC mode");
	report(mmio_read(APIC_ID) >> 24 == 0, "its id in bits 24 to 31");
	report((mmio_read(APIC_VERSION) & 0xff) >= 0x10 &&
	               (mmio_read(APIC_VERSION) >> 16 & 0xff) >= 4,
	       "version %x", mmio_read(APIC_VERSION));
	report(rdmsr_safe(0x802, &v) == VEC_GP, "no x2APIC MSRs in this mode");
	guest_irq_handler(VECTOR, on_mmio_vector);
	mmio_write(APIC_SVR, 0x1ff);
	report(mmio_read(APIC_SVR) == 0x1ff, "registers read back");
	mmio_write(APIC_ICR, ICR_SELF | VECTOR);
	report(guest_until(&mmio_hits, 1, 1000), "self-IPI by shorthand");
	mmio_write(APIC_ICR + 0x10, 0);
	mmio_write(APIC_ICR, VECTOR);
	report(guest_until(&mmio_hits, 2, 1000), "and by destination");
	mmio_write(APIC_LVT_TIMER, VECTOR);
	mmio_write(APIC_TDCR, 0xb);
	mmio_write(APIC_TMICT, 100000);
	report(guest_until(&mmio_hits, 3, 2000), "the timer");
	mmio_write(APIC_LDR, 0x5u << 24);
	report(mmio_read(APIC_LDR) == 0x5u << 24, "the logical id can be written");
}

static void modes(void)
{
	uint64_t base = rdmsr(APIC_BASE), v;

	guest_apic_on();
	report(rdmsr(APIC_BASE) & 1u << 10, "x2APIC mode");
	report(wrmsr_safe(APIC_BASE, base) == VEC_GP, "no way straight back to xAPIC mode");
	report(apic_read(APIC_ID) == 0 && apic_read(APIC_LDR) == 1, "id and logical id: %lx, %lx",
	       apic_read(APIC_ID), apic_read(APIC_LDR));
	report(wrmsr_safe(0x802, 1) == VEC_GP && wrmsr_safe(0x80d, 1) == VEC_GP,
	       "which are read only");
	report(rdmsr_safe(0x80e, &v) == VEC_GP, "no destination format register");
	report(rdmsr_safe(0x831, &v) == VEC_GP, "no upper half of the ICR");
	report(wrmsr_safe(0x80b, 1) == VEC_GP, "EOI takes only 0");
	report(wrmsr_safe(0x80f, 1ull << 32) == VEC_GP, "reserved upper halves");
	guest_irq_handler(VECTOR, on_vector);
}

static void sleeper(void)
{
	unsigned int id = me();

	up[id]++;
	for (;;)
		guest_halt();
}

static void destinations(void)
{
	report(guest_start_cpu(1, sleeper) && guest_until(&up[1], 1, 1000), "vCPU 1 comes up");
	report(guest_start_cpu(2, sleeper) && guest_until(&up[2], 1, 1000), "vCPU 2 comes up");
	apic_write(APIC_ICR, 2ull << 32 | VECTOR);
	report(guest_until(&hits[2], 1, 1000) && !hits[1], "one vCPU by its id");
	apic_write(APIC_ICR, 3ull << 32 | ICR_LOGICAL | VECTOR);
	report(guest_until(&hits[0], 1, 1000) && guest_until(&hits[1], 1, 1000) && hits[2] == 1,
	       "two by logical id");
	apic_write(APIC_ICR, 6ull << 32 | ICR_LOGICAL | ICR_LOWEST | OTHER);
	guest_wait_us(100000);
	report(others[1] + others[2] == 1 && !others[0], "one of two by lowest priority");
	apic_write(APIC_ICR, ICR_ALL | VECTOR);
	report(guest_until(&hits[0], 2, 1000) && guest_until(&hits[1], 2, 1000) &&
	               guest_until(&hits[2], 2, 1000),
	       "all, including self");
	apic_write(APIC_ICR, 0xffffffffull << 32 | VECTOR);
	report(guest_until(&hits[0], 3, 1000) && guest_until(&hits[1], 3, 1000) &&
	               guest_until(&hits[2], 3, 1000),
	       "all, by the broadcast id");
	apic_write(APIC_ICR, 1ull << 32 | ICR_NMI);
	report(guest_until(&nmis[1], 1, 1000), "an NMI");
	apic_write(APIC_ICR, 1ull << 32 | ICR_NMI);
	report(guest_until(&nmis[1], 2, 1000), "and another, after IRET");
}

static void priorities(void)
{
	unsigned int before = hits[0], other = others[0];

	apic_write(APIC_TPR, 0x50);
	apic_write(APIC_SELF_IPI, VECTOR);
	apic_write(APIC_SELF_IPI, OTHER);
	report(guest_until(&others[0], other + 1, 1000), "above the task priority: delivered");
	report(!guest_until(&hits[0], before + 1, 50), "below it: not");
	report(apic_read(APIC_IRR + 16 * (VECTOR / 32)) >> (VECTOR % 32) & 1,
	       "but it is requested");
	__asm__ volatile("movq %0, %%cr8" : : "r"(0ul));
	report(apic_read(APIC_TPR) == 0, "CR8 is the same register");
	report(guest_until(&hits[0], before + 1, 1000), "and lets it through");
	apic_write(APIC_ESR, 0);
	apic_write(APIC_SELF_IPI, 5);
	apic_write(APIC_ESR, 0);
	report(apic_read(APIC_ESR) & 1u << 5 || apic_read(APIC_ESR) & 1u << 6,
	       "a vector of an exception is an error: ESR %lx", apic_read(APIC_ESR));
}

static void restart(void)
{
	unsigned int before = hits[1], other;

	apic_write(APIC_ICR, 1ull << 32 | ICR_INIT);
	guest_wait_us(20000);
	apic_write(APIC_ICR, 1ull << 32 | VECTOR);
	guest_wait_us(20000);
	report(hits[1] == before, "after INIT a vCPU takes no interrupt");
	report(guest_start_cpu(1, sleeper) && guest_until(&up[1], 2, 1000), "SIPI starts it again");
	other = others[1];
	apic_write(APIC_ICR, 1ull << 32 | OTHER);
	report(guest_until(&others[1], other + 1, 1000) && hits[1] == before,
	       "new interrupts come, old ones do not");
}

void guest_main(void)
{
	report_plan(9 + 8 + 9 + 6 + 3);
	guest_irq_handler(VEC_NMI, on_nmi);
	guest_irq_handler(OTHER, on_other);
	in_memory();
	modes();
	destinations();
	priorities();
	restart();
}
