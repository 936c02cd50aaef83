// SPDX-License-Identifier: GPL-2.0-only
/*
 * The paravirtual clock as a guest computes it from the records (Linux Documentation/virt/kvm/x86/
 * msr.rst), at many TSC frequencies, against exact arithmetic.
 *
 * SOURCES: hv/pvclock.c tests/fake_arch/fake_cpu.c
 */
#include <string.h>

#include "arch/x86/tsc.h"
#include "fake.h"
#include "hv/abi/types.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/guest_tsc.h"
#include "hv/pvclock.h"
#include "hv/vcpu.h"
#include "tap.h"

#define NS 1000000000ul

struct record {
	u32 version, pad0;
	u64 tsc_timestamp, system_time;
	u32 mul;
	s8 shift;
	u8 flags, pad[2];
};

static u8 memory[256];
static u32 writes;
static bool odd_seen; /* contents were written under an odd version */

int guest_read(struct domain *d, gpa_t gpa, void *buf, u32 len)
{
	(void)d;
	if (gpa.v + len > sizeof(memory))
		return -MB_EFAULT;
	memcpy(buf, memory + gpa.v, len);
	return 0;
}

int guest_write(struct domain *d, gpa_t gpa, const void *buf, u32 len)
{
	u32 version;

	(void)d;
	if (gpa.v + len > sizeof(memory))
		return -MB_EFAULT;
	memcpy(memory + gpa.v, buf, len);
	memcpy(&version, memory + (gpa.v & ~31ul), 4);
	writes++;
	if (len > 4)
		odd_seen = version & 1;
	return 0;
}

static struct domain dom;
static struct vcpu vcpu = {.dom = &dom};

static u64 guest_time(const struct record *r, u64 guest_tsc)
{
	u64 delta = guest_tsc - r->tsc_timestamp;

	delta = r->shift < 0 ? delta >> -r->shift : delta << r->shift;
	return (u64)((unsigned __int128)delta * r->mul >> 32) + r->system_time;
}

static u64 exact(u64 ticks, u64 khz)
{
	return (u64)((unsigned __int128)ticks * 1000000 / khz);
}

static void test_scale(void)
{
	static const u64 rates[] = {1000,    19200,   500000,  999999,  1000000,
				    1000001, 2000000, 2599998, 3999999, 8000000};
	bool close = true, normal = true;

	for (u32 i = 0; i < ARRAY_SIZE(rates); i++) {
		struct record r;
		u64 day = rates[i] * 1000 * 86400;

		tsc_khz = rates[i];
		pvclock_init(0);
		pvclock_set_system(&vcpu, 32 | 1);
		memcpy(&r, memory + 32, sizeof(r));
		normal = normal && r.mul >= 1u << 31 && r.flags == 1;
		for (u64 ticks = 0; ticks <= day; ticks += day / 97) {
			u64 got = guest_time(&r, tsc_boot + vcpu.tsc_offset + ticks);
			u64 want = exact(ticks, rates[i]);
			u64 off = got > want ? got - want : want - got;

			close = close && off <= 2000 + want / 1000000000;
		}
	}
	ok(normal, "32 significant bits in mul, TSC flagged stable");
	ok(close, "a day at 10 frequencies: within 2 us and 1 ns per second");
	tsc_khz = 1000000;
	pvclock_init(0);
}

/* A domain with a TSC of its own rate: another scale, the same time. */
static void test_own_rate(void)
{
	static const u64 ratios[] = {TSC_RATIO_MIN,	0x12345678,	   TSC_RATIO_ONE - 1,
				     TSC_RATIO_ONE + 1, 3 * TSC_RATIO_ONE, TSC_RATIO_MAX};
	static const u64 rates[] = {20000, 2599998, 8000000};
	bool close = true;

	tsc_boot = 987654321;
	vcpu.tsc_offset = 0 - 55555ul;
	for (u32 i = 0; i < ARRAY_SIZE(ratios) * ARRAY_SIZE(rates); i++) {
		u64 rate = rates[i % ARRAY_SIZE(rates)], day = rate * 1000 * 86400;
		struct record r;

		tsc_khz = rate;
		dom.tsc_ratio = ratios[i / ARRAY_SIZE(rates)];
		pvclock_init(0);
		pvclock_set_system(&vcpu, 32 | 1);
		memcpy(&r, memory + 32, sizeof(r));
		for (u64 ticks = 0; ticks <= day; ticks += day / 97) {
			u64 got = guest_time(&r, guest_tsc_at(&vcpu, tsc_boot + ticks));
			u64 want = exact(ticks, rate);
			u64 off = got > want ? got - want : want - got;

			/* and what one tick of the guest's is, where it is slow */
			close = close && off <= 15000 + want / 1000000000;
		}
	}
	ok(close, "a domain's own TSC rate: the time is the machine's");
	dom.tsc_ratio = 0;
	vcpu.tsc_offset = 0;
	tsc_khz = 1000000;
	pvclock_init(0);
}

static void test_record(void)
{
	struct record r;
	u64 before, now, after;

	memset(memory, 0, sizeof(memory));
	tsc_boot = 1000;
	vcpu.tsc_offset = 0 - 123456789ul;
	writes = 0;
	ok(pvclock_set_system(&vcpu, 64 | 1) && vcpu.pvclock_msr == (64 | 1), "switched on");
	memcpy(&r, memory + 64, sizeof(r));
	ok(r.version == 2 && odd_seen && writes == 3, "version: odd while it changes, then even");
	before = pvclock_now();
	now = guest_time(&r, tsc_now() + vcpu.tsc_offset);
	after = pvclock_now();
	ok(before <= now && now <= after, "guest and hypervisor read the same clock");
	ok(pvclock_set_system(&vcpu, 64 | 1) && memory[64] == 4, "again: the version goes on");
	memory[64] = 7;
	ok(pvclock_set_system(&vcpu, 64 | 1) && memory[64] == 10,
	   "a version that the guest left odd ends even");
	ok(!pvclock_set_system(&vcpu, 66 | 1) && !pvclock_set_system(&vcpu, 4096 | 1) &&
	   !pvclock_set_system(&vcpu, 240 | 1) && vcpu.pvclock_msr == (64 | 1),
	   "crooked or outside its memory: refused, old value kept");
	ok(pvclock_set_system(&vcpu, 0) && !vcpu.pvclock_msr, "switched off");
	ok(pvclock_set_system(&vcpu, 4096), "an address without the enable bit is not touched");
}

static void test_wall(void)
{
	u32 wall[3];
	u64 utc = 1700000000ul * NS + 5, now;

	tsc_boot = tsc_now() - 10 * NS; /* 1 GHz: boot was 10 s ago */
	pvclock_init(utc);
	ok(pvclock_wallclock() - utc < NS, "wall clock goes on from what boot said");
	memset(memory, 0, sizeof(memory));
	ok(pvclock_set_wall(&vcpu, 128), "wall clock record");
	memcpy(wall, memory + 128, sizeof(wall));
	now = wall[1] * NS + wall[2] + pvclock_now();
	ok(wall[0] == 2 && wall[2] < NS && now - utc < NS, "it is UTC at system time 0");

	dom.wallclock_ns = 1800000000ul * NS;
	dom.wallclock_tsc = tsc_boot + 4 * NS;
	pvclock_set_wall(&vcpu, 128);
	memcpy(wall, memory + 128, sizeof(wall));
	ok(wall[0] == 4 && wall[1] == 1800000000 - 4, "a domain may be told another time");
	ok(!pvclock_set_wall(&vcpu, 130) && !pvclock_set_wall(&vcpu, 252), "bad addresses");
}

int main(void)
{
	fake_cpu_set(0);
	test_scale();
	test_own_rate();
	test_record();
	test_wall();
	return tap_done();
}
