/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TSC frequency. CPUID 15h is believed only on Intel and only when it gives all three numbers and a
 * sane result (an emulated one is known to lie by a factor of three); else the TSC is counted
 * against the ACPI PM timer, or PIT channel 2 if there is none. The local APIC timer is counted in
 * the same interval. The shorter of two attempts wins: a delay can only make the interval look
 * longer.
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
#define ATTEMPTS 2
#define POLLS_MAX 50000000u
#define KHZ_MIN 1000ul /* 1 MHz (slow emulators) .. 20 GHz is plausible */
#define KHZ_MAX 20000000ul

u64 tsc_khz;
u64 tsc_apic_khz;
u64 tsc_boot;
u32 tsc_ns_mult;
unsigned int tsc_ns_shift;
static const char *source = "none";

/* What one calibration interval gave. */
struct sample {
	u64 tsc_start, tsc_end;
	u32 apic_start, apic_end;
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

static void sample_start(struct sample *s)
{
	s->apic_start = apic_read(APIC_TIMER_CURRENT);
	s->tsc_start = tsc_now();
}

static void sample_end(struct sample *s)
{
	s->tsc_end = tsc_now();
	s->apic_end = apic_read(APIC_TIMER_CURRENT);
}

/* False when the timer does not count. */
static bool sample_pm_timer(u16 port, struct sample *s)
{
	u32 goal = PM_TIMER_HZ * CALIBRATE_MS / 1000;
	u32 start = inl(port) & PM_TIMER_MASK, now = start;

	while (now == start) { /* begin at an edge */
		if (s->ticks++ > 100000)
			return false;
		now = inl(port) & PM_TIMER_MASK;
	}
	start = now;
	sample_start(s);
	for (u32 i = 0; ((now - start) & PM_TIMER_MASK) < goal; i++) {
		if (i > POLLS_MAX)
			return false;
		now = inl(port) & PM_TIMER_MASK;
	}
	sample_end(s);
	s->ticks = (now - start) & PM_TIMER_MASK;
	s->hz = PM_TIMER_HZ;
	return true;
}

static bool sample_pit(struct sample *s)
{
	u32 count = PIT_HZ * CALIBRATE_MS / 1000;
	u8 gate = inb(PIT_GATE);
	bool done = false;

	outb(PIT_GATE, (u8)((gate & ~SPEAKER_ON) | GATE_ON));
	outb(PIT_COMMAND, PIT_CH2_ONESHOT);
	outb(PIT_CHANNEL2, (u8)count);
	outb(PIT_CHANNEL2, (u8)(count >> 8));
	sample_start(s);
	for (u32 i = 0; i < POLLS_MAX && !done; i++)
		done = inb(PIT_GATE) & GATE_OUT;
	sample_end(s);
	outb(PIT_GATE, gate);
	s->ticks = count;
	s->hz = PIT_HZ;
	return done;
}

static bool calibrate(u16 pm_timer_port)
{
	u64 best = ~0ul;

	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_1);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | APIC_VECTOR_TIMER);
	for (unsigned int i = 0; i < ATTEMPTS; i++) {
		struct sample s = {0};
		u64 khz;

		apic_write(APIC_TIMER_INITIAL, 0xffffffffu);
		if (!(pm_timer_port ? sample_pm_timer(pm_timer_port, &s) : sample_pit(&s)))
			return false;
		khz = (s.tsc_end - s.tsc_start) * s.hz / s.ticks / 1000;
		if (khz >= best)
			continue;
		best = khz;
		tsc_apic_khz = (u64)(s.apic_start - s.apic_end) * s.hz / s.ticks / 1000;
	}
	apic_write(APIC_TIMER_INITIAL, 0);
	tsc_khz = best;
	return best >= KHZ_MIN && best <= KHZ_MAX;
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
