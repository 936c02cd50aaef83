// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvclock: the KVM paravirtual clock. Linux, Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_SYSTEM_TIME_NEW and MSR_KVM_WALL_CLOCK_NEW: time = system_time + ((tsc - tsc_timestamp)
 * shifted) * mul / 2^32; the version is odd while the record changes. What may go wrong: time steps
 * back on one vCPU or between two, it runs at another rate than the local APIC timer, the record is
 * written to memory that is not the guest's or after it was switched off.
 *
 * VCPUS: 2
 * SECONDS: 60
 */
#include "guest.h"

#define CLOCK_MSR 0x4b564d01
#define WALL_MSR 0x4b564d00
#define OLD_CLOCK_MSR 0x12
#define READS 200000u
#define YEAR_2025 1735689600u
#define YEAR_2100 4102444800u

static volatile struct {
	uint32_t version, pad;
	uint64_t tsc, ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
} records[2] __attribute__((aligned(64)));

static volatile struct {
	uint32_t version, sec, nsec;
} wall __attribute__((aligned(64)));

static volatile uint64_t last; /* newest time anybody has seen */
static volatile unsigned int backwards, second_runs, second_stopped, stop;

static uint64_t clock_now(unsigned int vcpu)
{
	uint64_t delta, ns;
	uint32_t version;

	do {
		version = records[vcpu].version;
		__asm__ volatile("lfence" : : : "memory");
		delta = rdtsc() - records[vcpu].tsc;
		delta = records[vcpu].shift < 0 ? delta >> -records[vcpu].shift
		                                : delta << records[vcpu].shift;
		ns = records[vcpu].ns +
		     (uint64_t)(((unsigned __int128)delta * records[vcpu].mul) >> 32);
		__asm__ volatile("" : : : "memory");
	} while (version & 1 || version != records[vcpu].version);
	return ns;
}

/* Never less than what somebody has seen before this look began. */
static void check_time(unsigned int vcpu)
{
	uint64_t seen = __atomic_load_n(&last, __ATOMIC_SEQ_CST), now = clock_now(vcpu), old = seen;

	if (now < seen)
		__atomic_fetch_add(&backwards, 1, __ATOMIC_SEQ_CST);
	while (now > old && !__atomic_compare_exchange_n(&last, &old, now, false, __ATOMIC_SEQ_CST,
	                                                 __ATOMIC_SEQ_CST))
		;
}

static void second(void)
{
	wrmsr(CLOCK_MSR, (uint64_t)&records[1] | 1);
	guest_irq_on();
	while (!stop) {
		check_time(1);
		second_runs++;
	}
	second_stopped = 1;
}

static void rate(void)
{
	uint64_t tsc = rdtsc(), ns = clock_now(0), khz;

	guest_wait_us(50000);
	tsc = rdtsc() - tsc;
	ns = clock_now(0) - ns;
	khz = ns ? tsc * 1000000 / ns : 0;
	/* An emulator's TSC may count 20 million instructions a second. */
	report(khz > 10000 && khz < 10000000, "the TSC runs at %lu kHz by this clock", khz);
}

void guest_main(void)
{
	report_plan(4 + 2 + 4 + 3);
	guest_apic_on();
	report(wrmsr_safe(CLOCK_MSR, (uint64_t)&records[0] | 1) == NO_FAULT, "switched on");
	report(records[0].version && !(records[0].version & 1) && records[0].mul,
	       "the record is there: version %u", records[0].version);
	report(records[0].flags & 1, "and stable between vCPUs");
	report(rdmsr(CLOCK_MSR) == ((uint64_t)&records[0] | 1), "the MSR reads back");
	rate();
	for (unsigned int i = 0; i < READS; i++)
		check_time(0);
	report(!backwards, "%u looks, never backwards (%u)", READS, backwards);
	report(guest_start_cpu(1, second), "the second vCPU comes up");
	guest_until(&second_runs, 1, 5000);
	guest_irq_on();
	for (unsigned int i = 0; i < READS || second_runs < 1000; i++)
		check_time(0);
	guest_irq_off();
	stop = 1;
	report(guest_until(&second_stopped, 1, 5000), "and has its own record");
	report(!backwards, "%u looks there: never backwards between the two (%u)", second_runs,
	       backwards);
	report(wrmsr_safe(OLD_CLOCK_MSR, (uint64_t)&records[0] | 1) == NO_FAULT,
	       "the old number works");
	report(wrmsr_safe(WALL_MSR, (uint64_t)&wall) == NO_FAULT && wall.version &&
	               !(wall.version & 1),
	       "the wall clock is written");
	report(wall.sec > YEAR_2025 && wall.sec < YEAR_2100, "its boot was at %u s", wall.sec);
	report(wrmsr_safe(CLOCK_MSR, 0) == NO_FAULT, "switched off");
}
