// SPDX-License-Identifier: GPL-2.0-only
/*
 * tsc: a guest whose TSC runs at a rate of its own (tsc_khz). APM Vol 2, "TSC Ratio MSR"; SDM
 * Vol 3, "Time-Stamp Counter Scaling". Its local APIC's timer counts nanoseconds whatever the TSC
 * does, so it is what the rate is measured with. What may go wrong: RDTSC, RDTSCP, the TSC's MSR,
 * the PV clock and the TSC deadline go by different rates, or one of them by the machine's; the
 * emulated RDTSC forgets upper halves of registers, TSC_AUX or CR4.TSD. In hardware or by exits,
 * the guest must not see which.
 *
 * TSC_KHZ: 777000
 */
#include "guest.h"

#define TSC_KHZ 777000ul
#define VECTOR 0x40
#define MODE_DEADLINE (2u << 17)
#define MASKED 0x10000u
#define TSC_MSR 0x10
#define DEADLINE_MSR 0x6e0
#define TSC_AUX_MSR 0xc0000103
#define CR4_TSD 4ul
#define WINDOW_NS 200000000u

static volatile unsigned int ticks;
static int64_t user_vector;

static void tick(struct trap_frame *f)
{
	(void)f;
	ticks++;
	apic_write(APIC_EOI, 0);
}

static uint64_t rdtscp(uint32_t *aux)
{
	uint64_t lo = ~0ul, hi = ~0ul, cx = ~0ul;

	__asm__ volatile("rdtscp" : "+a"(lo), "+d"(hi), "+c"(cx));
	*aux = cx >> 32 ? 0 : (uint32_t)cx;
	return lo >> 32 || hi >> 32 ? 0 : hi << 32 | lo;
}

/* TSC and count that belong together: the pair that was read in the shortest time. */
static void sample(uint64_t *tsc, uint32_t *count)
{
	uint64_t best = ~0ul;

	for (int i = 0; i < 20; i++) {
		uint64_t before = rdtsc();
		uint32_t now = (uint32_t)apic_read(APIC_TMCCT);
		uint64_t took = rdtsc() - before;

		if (took < best) {
			best = took;
			*tsc = before + took / 2;
			*count = now;
		}
	}
}

static void rate(void)
{
	uint64_t t0, t1, khz;
	uint32_t c0, c1;

	report(guest_tsc_khz() > TSC_KHZ - 10 && guest_tsc_khz() < TSC_KHZ + 10,
	       "the PV clock says %lu kHz", guest_tsc_khz());
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVT_TIMER, VECTOR | MASKED);
	apic_write(APIC_TMICT, 0xffffffff);
	sample(&t0, &c0);
	do {
		sample(&t1, &c1);
	} while (c0 - c1 < WINDOW_NS);
	apic_write(APIC_TMICT, 0);
	khz = (t1 - t0) * 1000000 / (c0 - c1);
	report(khz > TSC_KHZ - TSC_KHZ / 200 && khz < TSC_KHZ + TSC_KHZ / 200,
	       "by the local APIC's timer it is %lu kHz", khz);
}

/* Three ways to read it, one after the other: one counter. */
static void one_counter(void)
{
	uint64_t last = rdtsc();
	unsigned int back = 0;
	uint32_t aux = 0, wrong = 0;

	wrmsr(TSC_AUX_MSR, 0x76543210);
	for (int i = 0; i < 3000; i++) {
		uint64_t now = i % 3 == 0 ? rdtsc() : i % 3 == 1 ? rdtscp(&aux) : rdmsr(TSC_MSR);

		wrong += i % 3 == 1 && aux != 0x76543210;
		back += now <= last;
		last = now;
	}
	report(!back, "RDTSC, RDTSCP and RDMSR are one counter (%u steps back)", back);
	report(!wrong, "RDTSCP gives TSC_AUX");
}

static void deadline(void)
{
	uint64_t start, end, fired;

	guest_irq_handler(VECTOR, tick);
	apic_write(APIC_LVT_TIMER, VECTOR | MODE_DEADLINE);
	__asm__ volatile("mfence" : : : "memory");
	start = rdtsc();
	end = start + 20 * TSC_KHZ;
	wrmsr(DEADLINE_MSR, end);
	while (!ticks)
		guest_halt();
	fired = rdtsc();
	report(fired >= end, "a TSC deadline is not early");
	report(fired < end + 2000 * TSC_KHZ, "nor very late: %lu us",
	       (fired - end) * 1000 / TSC_KHZ);
	apic_write(APIC_LVT_TIMER, VECTOR | MASKED);
}

static void user_reads(void)
{
	__asm__ volatile(MAY_FAULT("rdtsc") : "+S"(user_vector) : : "rax", "rdx", "memory");
}

static void set_cr4(uint64_t set, uint64_t clear)
{
	uint64_t cr4;

	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movq %0, %%cr4" : : "r"((cr4 | set) & ~clear));
}

static void user_mode(void)
{
	user_vector = NO_FAULT;
	guest_user(user_reads);
	report(user_vector == NO_FAULT, "user mode may read it");
	set_cr4(CR4_TSD, 0);
	guest_user(user_reads);
	report(user_vector == VEC_GP, "with CR4.TSD it may not");
	set_cr4(0, CR4_TSD);
}

void guest_main(void)
{
	report_plan(2 + 2 + 2 + 2);
	guest_apic_on();
	rate();
	one_counter();
	deadline();
	user_mode();
}
