// SPDX-License-Identifier: GPL-2.0-only
/*
 * timer: the local APIC's timer in its three modes, and that HLT ends with it. APM Vol 2, "APIC
 * Timer": the count runs down at the rate of the bus clock over the divider. TSC-deadline mode arms
 * by MSR 0x6e0; a deadline in the past fires at once.
 */
#include "guest.h"

#define VECTOR 0x40
#define MODE_PERIODIC (1u << 17)
#define MODE_DEADLINE (2u << 17)
#define DEADLINE_MSR 0x6e0

static volatile unsigned int ticks;

static void tick(struct trap_frame *f)
{
	(void)f;
	ticks++;
	apic_write(APIC_EOI, 0);
}

static bool wait_ticks(unsigned int n, unsigned int ms)
{
	uint64_t end = rdtsc() + ms * guest_tsc_khz();

	guest_irq_on();
	while (ticks < n && rdtsc() < end)
		__asm__ volatile("pause");
	guest_irq_off();
	return ticks >= n;
}

static void one_shot(void)
{
	ticks = 0;
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVT_TIMER, VECTOR);
	apic_write(APIC_TMICT, 1000000);
	report(apic_read(APIC_TMCCT) <= 1000000, "the count is no more than what was written");
	report(wait_ticks(1, 5000), "one-shot fires");
	report(!wait_ticks(2, 20), "and only once");
	report(apic_read(APIC_TMCCT) == 0, "its count is then zero");
	apic_write(APIC_TMICT, 0xffffffff);
	apic_write(APIC_TMICT, 0);
	report(!wait_ticks(2, 20), "a zero count stops it");
}

static void periodic(void)
{
	ticks = 0;
	apic_write(APIC_LVT_TIMER, VECTOR | MODE_PERIODIC);
	apic_write(APIC_TMICT, 1000000);
	report(wait_ticks(5, 5000), "periodic fires again and again");
	apic_write(APIC_LVT_TIMER, VECTOR | 0x10000);
	wait_ticks(1000, 5);
	ticks = 0;
	report(!wait_ticks(1, 20), "masked it is silent");
	apic_write(APIC_TMICT, 0);
}

static void deadline(void)
{
	uint64_t start;

	if (!report(cpuid(1, 0).ecx & 1u << 24, "TSC-deadline mode is offered"))
		return;
	ticks = 0;
	apic_write(APIC_LVT_TIMER, VECTOR | MODE_DEADLINE);
	__asm__ volatile("mfence" : : : "memory");
	start = rdtsc();
	wrmsr(DEADLINE_MSR, start + 5 * guest_tsc_khz());
	report(wait_ticks(1, 5000) && rdtsc() - start >= 5 * guest_tsc_khz(),
	       "a deadline fires, and not early");
	report(rdmsr(DEADLINE_MSR) == 0, "the MSR is then zero");
	wrmsr(DEADLINE_MSR, 1);
	report(wait_ticks(2, 5000), "a deadline in the past fires at once");
	wrmsr(DEADLINE_MSR, rdtsc() + 20 * guest_tsc_khz());
	while (ticks < 3)
		guest_halt();
	report(true, "HLT ends with the timer");
}

void guest_main(void)
{
	report_plan(5 + 2 + 5);
	guest_apic_on();
	guest_irq_handler(VECTOR, tick);
	one_shot();
	periodic();
	deadline();
}
