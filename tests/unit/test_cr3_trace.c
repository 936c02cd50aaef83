// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace of address spaces: what dom0 reads of the ring, also while the vCPU goes on writing,
 * and which CR3 values are let through without an exit. What may go wrong: a torn or overwritten
 * entry is told as a switch that never was; the list keeps a value that is not in the hardware's.
 *
 * SOURCES: hv/cr3_trace.c
 */
#include <pthread.h>
#include <string.h>

#include "arch/x86/atomic.h"
#include "arch/x86/cr.h"
#include "hv/vcpu.h"
#include "tap.h"

static const struct vcpu_ops ops;
const struct vcpu_ops *vops = &ops;
struct vendor_caps vcaps;

static struct vcpu vcpu;
static struct vcpu *v = &vcpu;
static struct mb_vcpu_cr3 out;
static u64 now;
static bool stop;

u64 tsc_uptime_ns(void)
{
	return now;
}

static void add(u64 n)
{
	now = 7 * n;
	cr3_trace_add(v, n << 12);
}

static void test_ring(void)
{
	bool fine = true;

	cr3_trace_read(v, &out);
	ok(out.struct_size == sizeof(out) && !out.count && !out.switches && !out.targets,
	   "nothing yet");
	now = 5;
	cr3_trace_add(v, CR3_NOFLUSH | 0x5003);
	cr3_trace_read(v, &out);
	ok(out.count == 1 && out.switches == 1 && out.last[0].cr3 == 0x5003 && out.last[0].ns == 5,
	   "one: without bit 63");
	memset(v, 0, sizeof(*v));
	for (u64 n = 0; n < 1000; n++) {
		u64 first;

		add(n);
		cr3_trace_read(v, &out);
		first = n + 1 - out.count;
		fine = fine && out.switches == n + 1 && out.count == MIN(n + 1, (u64)MB_CR3_LAST);
		for (u64 i = 0; i < out.count; i++)
			fine = fine && out.last[i].cr3 == (first + i) << 12 &&
			       out.last[i].ns == 7 * (first + i);
	}
	ok(fine, "the newest 32, oldest first, after each of 1000");
}

static void *writer(void *unused)
{
	(void)unused;
	for (u64 n = 1; !READ_ONCE(stop); n++)
		add(n);
	return NULL;
}

/* Whole and consecutive, and the last one is the number of switches at the start of the read. */
static bool consistent(void)
{
	for (u32 i = 0; i < out.count; i++) {
		u64 n = out.switches - out.count + i + 1;

		if (out.last[i].cr3 != n << 12 || out.last[i].ns != 7 * n)
			return false;
	}
	return out.count <= MB_CR3_LAST;
}

static void test_race(void)
{
	u32 cut = 0, full = 0;
	pthread_t thread;
	bool fine = true;

	memset(v, 0, sizeof(*v));
	pthread_create(&thread, NULL, writer, NULL);
	for (u32 i = 0; i < 300000 && fine; i++) {
		cr3_trace_read(v, &out);
		fine = consistent();
		cut += out.count < MB_CR3_LAST;
		full += out.count == MB_CR3_LAST;
	}
	WRITE_ONCE(stop, true);
	pthread_join(thread, NULL);
	ok(fine, "300000 reads beside a writer: nothing torn");
	printf("# %u complete, %u cut short\n", full, cut);
	cr3_trace_read(v, &out);
	ok(out.count == MB_CR3_LAST && consistent(), "afterwards the end is complete");
}

/* Exits of `spaces` values in turn, with the list that cr3_trace_target() keeps. */
static u32 misses(u32 spaces, u32 loads)
{
	u64 hardware[MB_CR3_TARGETS] = {0};
	u32 count = 0;

	memset(v, 0, sizeof(*v));
	for (u32 n = 0; n < loads; n++) {
		u64 value = (u64)(n % spaces + 1) << 12;
		bool hit = false;

		for (u32 i = 0; i < MB_CR3_TARGETS; i++)
			hit = hit || hardware[i] == value;
		if (hit)
			continue;
		count++;
		hardware[cr3_trace_target(v, value)] = value;
	}
	cr3_trace_read(v, &out);
	return !memcmp(out.target, hardware, sizeof(hardware)) ? count : ~0u;
}

static void test_targets(void)
{
	u32 five, eight;

	vcaps.cr3_targets = MB_CR3_TARGETS;
	ok(misses(2, 1000) == 2 && misses(4, 1000) == 4, "up to 4 values: each exits once");
	five = misses(5, 100000);
	eight = misses(8, 100000);
	ok(five > 38000 && five < 42000, "5 in turn: 2 of 5 exit");
	ok(eight > five && eight < 85000, "8 in turn: more, but not all");
	printf("# of 100000 loads: 5 in turn %u exits, 8 in turn %u\n", five, eight);
	vcaps.cr3_targets = 2;
	misses(3, 100);
	ok(out.targets == 2 && !out.target[2], "hardware with fewer slots");
}

int main(void)
{
	test_ring();
	test_race();
	test_targets();
	return tap_done();
}
