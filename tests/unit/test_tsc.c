// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TSC's frequency, counted on a machine that is taken away from the hypervisor at any time and
 * for longer than the whole interval, as an emulator is by its host and a PC by SMIs: within a
 * thousandth of the truth all the same. Against the PIT, whose end must be seen when it comes, only
 * if some of the attempts are left alone.
 *
 * tsc.c is read in here, with clocks that advance when they are read.
 */
#include <stdlib.h>

#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/tsc.h"
#include "tap.h"

static u64 true_khz, now, pit_start;
static u32 apic_initial, pit_count, steal_one_in;
static bool pm_counts, pit_low;

/* Time passes: what the access costs, and now and then a slice that somebody else has. */
static void pass(u64 ns)
{
	if (steal_one_in && (u32)random() % steal_one_in == 0)
		ns += (u64)random() % 30000000;
	now += ns * true_khz / 1000000;
}

static u64 test_tsc_now(void)
{
	pass(20);
	return now;
}

#define tsc_now test_tsc_now
#include "arch/x86/tsc.c"
#undef tsc_now

#define PM_PORT 0x608
#define APIC_KHZ 1000000ul
#define RUNS 100

struct cpu_info cpu_info;

static u64 ticks_of(u64 hz)
{
	return (u64)((unsigned __int128)now * hz / (true_khz * 1000));
}

u32 apic_read(u32 offset)
{
	pass(300);
	if (offset != APIC_TIMER_CURRENT)
		return 0;
	return apic_initial - (u32)ticks_of(APIC_KHZ * 1000);
}

void apic_write(u32 offset, u32 val)
{
	pass(300);
	if (offset == APIC_TIMER_INITIAL)
		apic_initial = val + (u32)ticks_of(APIC_KHZ * 1000);
}

u32 fake_port_in(u16 port, u8 size)
{
	(void)size;
	pass(900);
	if (port == PM_PORT)
		return pm_counts ? (u32)ticks_of(PM_TIMER_HZ) & PM_TIMER_MASK : 7;
	if (port == PIT_GATE && pit_count &&
	    now - pit_start >= (u64)pit_count * true_khz * 1000 / PIT_HZ)
		return GATE_OUT;
	return 0;
}

void fake_port_out(u16 port, u8 size, u32 val)
{
	(void)size;
	pass(900);
	if (port != PIT_CHANNEL2)
		return;
	if (!pit_low) {
		pit_count = val;
	} else {
		pit_count |= val << 8;
		pit_start = now;
	}
	pit_low = !pit_low;
}

static bool near(u64 got, u64 want)
{
	return got > want - want / 1000 && got < want + want / 1000;
}

/* The worst of many runs, in millionths. */
static u64 worst(u16 port, u64 khz, u32 steal)
{
	u64 most = 0;

	true_khz = khz;
	steal_one_in = steal;
	for (unsigned int i = 0; i < RUNS; i++) {
		u64 off, apic_off;

		now += (u64)random() * 1000;
		pit_low = false;
		if (tsc_init(port))
			return ~0ul;
		off = (tsc_khz > khz ? tsc_khz - khz : khz - tsc_khz) * 1000000 / khz;
		apic_off = near(tsc_apic_khz, APIC_KHZ) ? 0 : 999999;
		most = off > most ? off : most;
		most = apic_off > most ? apic_off : most;
	}
	return most;
}

static void rates(const char *what, u16 port, const u32 *steal)
{
	static const u64 khz[] = {20003, 1000000, 2596000, 5700000};

	for (unsigned int r = 0; r < sizeof(khz) / sizeof(khz[0]); r++) {
		for (unsigned int s = 0; s < 3; s++) {
			u64 off = worst(port, khz[r], steal[s]);
			char text[120];

			snprintf(text, sizeof(text), "%s, %lu kHz, stolen 1/%u: %lu ppm off", what,
			         khz[r], steal[s], off);
			ok(off < 1000, text);
		}
	}
}

int main(void)
{
	srandom(1);
	cpu_info.vendor = CPU_VENDOR_AMD;
	pm_counts = true;
	rates("PM timer", PM_PORT, (const u32[]){0, 20000, 200});
	rates("PIT", 0, (const u32[]){0, 1000000, 200000});
	true_khz = 2596000;
	steal_one_in = 0;
	ok(!tsc_init(PM_PORT) && tsc_source()[1] == 'M', "the PM timer is preferred");
	pm_counts = false;
	ok(!tsc_init(PM_PORT) && tsc_source()[1] == 'I', "a PM timer that stands is not believed");
	ok(near(tsc_khz, true_khz), "and the PIT counts instead");
	return tap_done();
}
