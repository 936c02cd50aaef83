// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TSC of a domain's own rate: the 128-bit arithmetic against the compiler's, forth and back
 * between host and guest ticks, limits, and that hardware of both vendors (as their manuals
 * describe it) and the software road show the same values. A deadline may come late by a tick,
 * never early: an early timer interrupt makes some kernels ask for another, and again.
 *
 * guest_tsc.c is read in here, with an RDMSR that the test answers.
 *
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_vendor.c tests/fake_arch/fake_mem.c
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/msr.h"
#include "arch/x86/tsc.h"
#include "fake.h"
#include "hv/exit.h"
#include "hv/guest_tsc.h"
#include "tap.h"

static u64 test_rdmsr(u32 msr)
{
	return msr == MSR_TSC_AUX ? 0x9900000123 : 0;
}

#define rdmsr test_rdmsr
#include "hv/guest_tsc.c"

#define RUNS 1000000

static struct domain domain = {.name = "test"};
static struct vcpu vcpu = {.dom = &domain};
static struct domain *d = &domain;
static struct vcpu *v = &vcpu;

static u64 rnd(void)
{
	u64 r = (u64)random() << 62 ^ (u64)random() << 31 ^ (u64)random();

	return r >> random() % 64; /* of any magnitude */
}

static void test_mul128(void)
{
	bool mul = true, div = true;

	for (u32 i = 0; i < RUNS; i++) {
		u64 a = rnd(), b = rnd(), lo = rnd(), q;
		u32 shift = (u32)random() % 128;
		unsigned __int128 n = (unsigned __int128)a << 64 | lo, exact, up;

		mul = mul && mul_shift(a, b, shift) == (u64)((unsigned __int128)a * b >> shift);
		exact = b ? n / b : ~(unsigned __int128)0;
		up = b && n % b ? exact + 1 : exact;
		q = div_128(a, lo, b, false);
		div = div && q == (exact >> 64 ? ~0ul : (u64)exact);
		q = div_128(a, lo, b, true);
		div = div && q == (up >> 64 ? ~0ul : (u64)up);
	}
	ok(mul, "products of 128 bits as the compiler makes them");
	ok(div, "quotients too, rounded down and up, saturated");
}

/* What the manuals say of the hardware. */
static u64 svm_tsc(u64 host, u64 msr, u64 offset)
{
	return (u64)((unsigned __int128)host * msr >> 32) + offset;
}

static u64 vmx_tsc(u64 host, u64 multiplier, u64 offset)
{
	return (u64)((unsigned __int128)host * multiplier >> 48) + offset;
}

static void test_ticks(void)
{
	bool same = true, enough = true, tight = true;

	for (u32 i = 0; i < RUNS; i++) {
		u64 host = rnd(), ticks = rnd(), h, ratio;

		d->tsc_ratio = ratio =
			TSC_RATIO_MIN + rnd() % (TSC_RATIO_MAX - TSC_RATIO_MIN);
		v->tsc_offset = rnd();
		same = same && guest_tsc_at(v, host) == svm_tsc(host, ratio, v->tsc_offset) &&
		       guest_tsc_at(v, host) == vmx_tsc(host, ratio << 16, v->tsc_offset);
		h = guest_tsc_unscale(d, ticks);
		if (h == ~0ul)
			continue;
		enough = enough && (unsigned __int128)h * ratio >> 32 >= ticks;
		tight = tight && (!h || (unsigned __int128)(h - 1) * ratio >> 32 < ticks);
		/* At the moment the timer fires the guest's TSC has reached its deadline. */
		enough = enough && (h > ~host || guest_tsc_at(v, host + h) -
						 guest_tsc_at(v, host) >= ticks);
	}
	ok(same, "software, AMD's MSR and Intel's multiplier: the same TSC");
	ok(enough, "after the host ticks of a deadline the guest's TSC has reached it");
	ok(tight, "and one tick before it has not");
	d->tsc_ratio = TSC_RATIO_MIN;
	ok(guest_tsc_unscale(d, ~0ul) == ~0ul, "a deadline beyond all time saturates");
	d->tsc_ratio = 0;
	ok(guest_tsc_scale(d, 12345) == 12345 && guest_tsc_unscale(d, 12345) == 12345 &&
		   guest_tsc_ratio(d) == TSC_RATIO_ONE,
	   "without a ratio nothing changes");
}

static bool setup(u64 machine_khz, u32 khz, u64 ratio)
{
	tsc_khz = machine_khz;
	d->tsc_ratio = 99;
	return !guest_tsc_setup(d, khz) && d->tsc_ratio == ratio;
}

static void test_setup(void)
{
	fake_printed = 0;
	ok(setup(2600000, 0, 0) && setup(2600000, 2600000, 0) && !fake_printed,
	   "the machine's own rate, by 0 or by name");
	ok(setup(2600000, 1300000, TSC_RATIO_ONE / 2) && fake_printed == 1 &&
		   strstr(fake_last_line, "1300000 kHz by exits"),
	   "half of it, one line");
	ok(setup(1000000, 3000000, 3 * TSC_RATIO_ONE), "three times");
	ok(setup(3000000, 1000000, 0x55555555), "a third, to the nearest");
	ok(setup(3, 2, 0xaaaaaaab), "two thirds, rounded up");
	ok(setup(256000, 1000, TSC_RATIO_MIN) && guest_tsc_setup(d, 999) == -MB_EINVAL &&
		   strstr(fake_last_line, "256000"),
	   "no slower than a 256th");
	ok(!guest_tsc_setup(d, 255 * 256000) && guest_tsc_setup(d, 256 * 256000) == -MB_EINVAL,
	   "less than 256 times as fast");
	setup(2600000, 1000000, 0);
	ok(guest_tsc_exits(d), "RDTSC exits");
	vcaps.tsc_scaling = true;
	ok(setup(2600000, 1300000, TSC_RATIO_ONE / 2) && !guest_tsc_exits(d) &&
		   strstr(fake_last_line, "by hardware"),
	   "not where the hardware scales");
	vcaps.tsc_scaling = false;
	setup(2600000, 0, 0);
	ok(!guest_tsc_exits(d), "nor at the machine's rate");
}

static void test_exit(void)
{
	u64 a, b;

	setup(1000000, 500000, TSC_RATIO_ONE / 2);
	v->tsc_offset = 1ul << 40;
	v->exit = (struct vmexit){.code = MB_EXIT_RDTSC, .insn_len = 2};
	v->regs.rax = v->regs.rcx = v->regs.rdx = ~0ul;
	a = guest_tsc_at(v, tsc_now());
	ok(exit_rdtsc(v) == EXIT_RESUME && v->regs.rcx == ~0ul && !(v->regs.rax >> 32) &&
		   !(v->regs.rdx >> 32),
	   "RDTSC: two halves of 32 bits, no more");
	b = v->regs.rdx << 32 | v->regs.rax;
	ok(b >= a && b <= guest_tsc_at(v, tsc_now()), "the value is now's");
	v->exit.rdtsc.aux = true;
	exit_rdtsc(v);
	ok(v->regs.rcx == 0x123, "RDTSCP sets ECX to the guest's TSC_AUX");
	v->exit.insn_len = 0;
	v->regs.rax = 7;
	ok(exit_rdtsc(v) == EXIT_RETRY && v->regs.rax == 7, "unknown bytes: run it again");
}

int main(void)
{
	fake_cpu_set(0);
	srandom(3);
	test_mul128();
	test_ticks();
	test_setup();
	test_exit();
	return tap_done();
}
