/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TSC frequency. CPUID 15h is believed only on Intel and only when it gives all three numbers and a
 * sane result (an emulated one is known to lie by a factor of three); else the TSC is counted
 * against the ACPI PM timer, or PIT channel 2 if there is none. The local APIC timer is counted in
 * the same interval.
 *
 * An SMI, or an emulator that is not given a CPU, may come between the reading of one clock and of
 * the next, and make the interval look longer or shorter. So each reading has the TSC before and
 * after, the difference is how far it can be trusted, and the best of some attempts counts.
 */
#include "arch/x86/tsc.h"

#include "arch/x86/apic.h"
#include "arch/x86/barrier.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/errno.h"
#include "arch/x86/io.h"

#define PM_TIMER_HZ 3579545ul
#define PM_TIMER_MASK 0xffffffu /* 24 bits exist in every implementation */
#define PIT_HZ 1193182ul
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_CH2_ONESHOT 0xb0 /* channel 2, low and high byte, mode 0 */
#define PIT_GATE 0x61
#define GATE_ON 0x01
#define SPEAKER_ON 0x02
#define GATE_OUT 0x20
#define CALIBRATE_MS 20
#define ATTEMPTS 10
#define GOOD_PARTS 2000 /* a doubt of one part in so many is good enough */
#define POLLS_MAX 50000000u
#define POLLS_FIRST 100000u /* in these the clock must have moved */
#define KHZ_MIN 1000ul /* 1 MHz (slow emulators) .. 20 GHz is plausible */
#define KHZ_MAX 20000000ul

u64 tsc_khz;
u64 tsc_apic_khz;
u64 tsc_boot;
u32 tsc_ns_mult;
unsigned int tsc_ns_shift;
static const char *source = "none";

/* All clocks at one time: somewhere in the doubt around tsc. */
struct reading {
	u64 tsc, doubt;
	u32 apic, pm;
};

/* What one calibration interval gave. */
struct sample {
	struct reading from, to;
	u64 ticks, hz; /* of the reference clock */
};

void tsc_start(void)
{
	tsc_boot = tsc_now();
}

const char *tsc_source(void)
{
	return source;
}

static void between(struct reading *r, u64 before, u64 after)
{
	r->doubt = after - before;
	r->tsc = before + r->doubt / 2;
}

static struct reading read_pm(u16 port)
{
	u64 before = tsc_now();
	struct reading r = {0};

	r.pm = inl(port) & PM_TIMER_MASK;
	r.apic = apic_read(APIC_TIMER_CURRENT);
	between(&r, before, tsc_now());
	return r;
}

static bool sample_pm_timer(u16 port, struct sample *s)
{
	u32 goal = PM_TIMER_HZ * CALIBRATE_MS / 1000;

	s->from = read_pm(port);
	s->hz = PM_TIMER_HZ;
	for (u32 i = 0; i < POLLS_MAX; i++) {
		s->to = read_pm(port);
		s->ticks = (s->to.pm - s->from.pm) & PM_TIMER_MASK;
		if (s->ticks >= goal)
			return true;
		if (i == POLLS_FIRST && !s->ticks)
			return false; /* it does not count */
	}
	return false;
}

static bool sample_pit(struct sample *s)
{
	u32 count = PIT_HZ * CALIBRATE_MS / 1000;
	u8 gate = inb(PIT_GATE);
	bool done = false;
	u64 before;

	s->ticks = count;
	s->hz = PIT_HZ;
	outb(PIT_GATE, (u8)((gate & ~SPEAKER_ON) | GATE_ON));
	outb(PIT_COMMAND, PIT_CH2_ONESHOT);
	outb(PIT_CHANNEL2, (u8)count);
	before = tsc_now();
	outb(PIT_CHANNEL2, (u8)(count >> 8));
	s->from.apic = apic_read(APIC_TIMER_CURRENT);
	between(&s->from, before, tsc_now());
	for (u32 i = 0; i < POLLS_MAX && !done; i++) {
		u64 now = tsc_now();

		done = inb(PIT_GATE) & GATE_OUT;
		s->to.apic = apic_read(APIC_TIMER_CURRENT);
		between(&s->to, before, tsc_now()); /* it was not over at the last poll */
		before = now;
	}
	outb(PIT_GATE, gate);
	return done;
}

static bool calibrate(u16 pm_timer_port)
{
	u64 least = ~0ul;

	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_1);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | APIC_VECTOR_TIMER);
	for (unsigned int i = 0; i < ATTEMPTS && least; i++) {
		struct sample s = {0};
		u64 length, doubt;

		apic_write(APIC_TIMER_INITIAL, 0xffffffffu);
		if (!(pm_timer_port ? sample_pm_timer(pm_timer_port, &s) : sample_pit(&s)))
			return false;
		length = s.to.tsc - s.from.tsc;
		doubt = s.from.doubt + s.to.doubt;
		if (doubt >= least)
			continue;
		least = doubt * GOOD_PARTS <= length ? 0 : doubt;
		tsc_khz = length * s.hz / s.ticks / 1000;
		tsc_apic_khz = (u64)(s.from.apic - s.to.apic) * s.hz / s.ticks / 1000;
	}
	apic_write(APIC_TIMER_INITIAL, 0);
	return tsc_khz >= KHZ_MIN && tsc_khz <= KHZ_MAX;
}

/* SDM "Time Stamp Counter and Nominal Core Crystal Clock Information Leaf". */
static u64 khz_from_cpuid(void)
{
	struct cpuid_regs r;
	u64 khz;

	if (cpu_info.vendor != CPU_VENDOR_INTEL || cpu_info.max_leaf < 0x15)
		return 0;
	r = cpuid(0x15, 0);
	if (!r.eax || !r.ebx || !r.ecx)
		return 0;
	khz = (u64)r.ecx * r.ebx / r.eax / 1000;
	/* must agree with what was counted to 1 % */
	return khz > tsc_khz - tsc_khz / 100 && khz < tsc_khz + tsc_khz / 100 ? khz : 0;
}

/* The largest shift for which mult fits 32 bits: best precision. */
static void set_conversion(void)
{
	unsigned int shift = 32;

	while (shift > 0 && (1000000ul << shift) / tsc_khz > 0xffffffffu)
		shift--;
	tsc_ns_shift = shift;
	tsc_ns_mult = (u32)((1000000ul << shift) / tsc_khz);
}

int tsc_init(u16 pm_timer_port)
{
	u64 khz;

	source = "PM timer";
	if (!pm_timer_port || !calibrate(pm_timer_port)) {
		source = "PIT";
		if (!calibrate(0)) {
			source = "none";
			tsc_khz = 0;
			return -ENODEV;
		}
	}
	khz = khz_from_cpuid();
	if (khz) {
		tsc_khz = khz;
		source = "CPUID 15h";
	}
	set_conversion();
	return 0;
}

u64 tsc_to_ns(u64 ticks)
{
	return (u64)((unsigned __int128)ticks * tsc_ns_mult >> tsc_ns_shift);
}

u64 tsc_from_ns(u64 ns)
{
	u64 ms = ns / 1000000, rest = ns % 1000000;

	return ms * tsc_khz + rest * tsc_khz / 1000000;
}

u64 tsc_uptime_ns(void)
{
	return tsc_khz ? tsc_to_ns(tsc_now() - tsc_boot) : 0;
}

void tsc_delay_us(u64 us)
{
	u64 end;

	if (!tsc_khz) {
		for (; us > 0; us--)
			inb(0x80); /* about 1 us on an ISA or LPC bus */
		return;
	}
	end = tsc_now() + us * tsc_khz / 1000;
	while (tsc_now() < end)
		cpu_relax();
}
