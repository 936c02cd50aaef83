// SPDX-License-Identifier: GPL-2.0-only
/*
 * fpuload: one vCPU loads FPU state as fast as it can while the other leaves and enters the guest
 * as fast as it can, both ways round. Asks less of the hypervisor than of the machine under it: an
 * uncured QEMU (scripts/qemu-ignne.c) with two cores to run on does not get through this.
 *
 * VCPUS: 2
 * SECONDS: 60
 */
#include "guest.h"

#define ROUND_MS 1500u

static uint8_t area[512] __attribute__((aligned(64)));
static volatile unsigned int round_no; /* even: vCPU 1 loads and vCPU 0 leaves; odd: the reverse */
static volatile uint64_t loads, exits;

static void load_state(unsigned int round, uint64_t end)
{
	guest_irq_on();
	while (round_no == round && rdtsc() < end) {
		for (unsigned int i = 0; i < 64; i++)
			__asm__ volatile("fxrstor %0" : : "m"(area));
		loads += 64;
	}
	guest_irq_off();
}

static void leave_often(unsigned int round, uint64_t end)
{
	while (round_no == round && rdtsc() < end) {
		cpuid(1, 0);
		exits++;
	}
}

static void second(void)
{
	load_state(0, ~0ull);
	leave_often(1, ~0ull);
	for (;;)
		guest_halt();
}

void guest_main(void)
{
	uint64_t length = ROUND_MS * guest_tsc_khz();

	report_plan(3);
	__asm__ volatile("fninit; fxsave %0" : "=m"(area));
	guest_apic_on();
	if (!report(guest_start_cpu(1, second), "the second vCPU comes up"))
		return;
	leave_often(0, rdtsc() + length);
	guest_printf("# %lu loads beside %lu exits\n", loads, exits);
	report(loads && exits, "vCPU 1 loads, vCPU 0 leaves the guest");
	loads = exits = 0;
	round_no = 1;
	load_state(1, rdtsc() + length);
	guest_printf("# %lu loads beside %lu exits\n", loads, exits);
	report(loads && exits, "vCPU 0 loads, vCPU 1 leaves the guest");
}
