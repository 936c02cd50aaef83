/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the one time base: TSC ticks, their frequency, conversions.
 * Callers:  everybody. Context: tsc_init() once on the boot CPU; the rest anywhere.
 * Locking:  frequencies are constant after tsc_init(). Lifetime: forever.
 * Errors:   tsc_init() returns -ENODEV when no reference clock is found.
 */
#ifndef MINIBUS_ARCH_TSC_H
#define MINIBUS_ARCH_TSC_H

#include "arch/x86/types.h"

extern u64 tsc_khz;	   /* TSC ticks per millisecond */
extern u64 tsc_apic_khz;   /* local APIC timer ticks per millisecond, divide by 1 */
extern u64 tsc_boot;	   /* TSC value at tsc_start() */
extern u32 tsc_ns_mult;	   /* ns = ticks * mult >> shift */
extern unsigned int tsc_ns_shift;

static inline u64 tsc_now(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return lo | (u64)hi << 32;
}

/* Like tsc_now(), but not executed before earlier loads are done. */
static inline u64 tsc_now_ordered(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return lo | (u64)hi << 32;
}

/* First thing at boot: remembers where time began. */
void tsc_start(void);

/* pm_timer_port: ACPI PM timer, 0 if there is none. */
int tsc_init(u16 pm_timer_port);

/* How tsc_khz was found: "CPUID 15h", "PM timer", "PIT". */
const char *tsc_source(void);

u64 tsc_to_ns(u64 ticks);
u64 tsc_from_ns(u64 ns);

/* Nanoseconds since tsc_start(); 0 until tsc_init(). */
u64 tsc_uptime_ns(void);

/* Busy waits; before tsc_init() by I/O delays, only roughly. */
void tsc_delay_us(u64 us);

#endif
