// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipi: a second vCPU comes up by INIT and SIPI, and interrupts go both ways: fixed, self, broadcast
 * to the others, and to a vCPU that is not there (lost without harm). Ping-pong loses none.
 *
 * VCPUS: 2
 * SECONDS: 60
 */
#include "guest.h"

#define PING 0x41
#define PONG 0x42
#define SELF 0x43
#define ROUNDS 2000u
#define ALL_BUT_SELF (3ull << 18)

static volatile unsigned int pings, pongs, selfs, sleeping;

static void ping(struct trap_frame *f)
{
	(void)f;
	pings++;
	apic_write(APIC_EOI, 0);
	apic_write(APIC_ICR, PONG);	/* to vCPU 0 */
}

static void pong(struct trap_frame *f)
{
	(void)f;
	pongs++;
	apic_write(APIC_EOI, 0);
}

static void self(struct trap_frame *f)
{
	(void)f;
	selfs++;
	apic_write(APIC_EOI, 0);
}

static void second(void)
{
	sleeping = 1;
	for (;;)
		guest_halt();
}

static bool until(volatile unsigned int *what, unsigned int n)
{
	uint64_t end = rdtsc() + 5000 * guest_tsc_khz();

	guest_irq_on();
	while (*what < n && rdtsc() < end)
		__asm__ volatile("pause");
	guest_irq_off();
	return *what >= n;
}

void guest_main(void)
{
	unsigned int i;

	report_plan(6);
	guest_apic_on();
	guest_irq_handler(PING, ping);
	guest_irq_handler(PONG, pong);
	guest_irq_handler(SELF, self);
	if (!report(guest_start_cpu(1, second), "the second vCPU comes up"))
		return;
	until(&sleeping, 1);
	for (i = 0; i < ROUNDS; i++) {
		apic_write(APIC_ICR, 1ull << 32 | PING);
		if (!until(&pongs, i + 1))
			break;
	}
	report(i == ROUNDS, "%u rounds of ping and pong with a sleeping vCPU (%u)", ROUNDS, i);
	report(pings == pongs, "each ping had its pong: %u, %u", pings, pongs);
	apic_write(APIC_SELF_IPI, SELF);
	report(until(&selfs, 1), "self-IPI");
	apic_write(APIC_ICR, ALL_BUT_SELF | PING);
	report(until(&pongs, ROUNDS + 1), "broadcast to the others");
	apic_write(APIC_ICR, 7ull << 32 | PING);
	report(!selfs || selfs == 1, "an interrupt to no vCPU is lost without harm");
}
