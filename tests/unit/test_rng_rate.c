// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit test of vbus/dev_rng_rate.h: a full bucket at first, never more than the rate over any time,
 * nothing lost by looking often, waits that are right, rates that change, clocks that go back.
 */
#include "tap.h"
#include "vbus/dev_rng_rate.h"

#define SEC RNG_RATE_PART

static void test_bucket(void)
{
	struct rng_rate r;

	rng_rate_init(&r, 1000, 5);
	ok(rng_rate_look(&r, 5) == 1000, "full at first: one second's worth");
	rng_rate_take(&r, 1000);
	ok(rng_rate_look(&r, 5) == 0, "empty when all is taken");
	ok(rng_rate_look(&r, 5 + SEC / 2) == 500, "half after half a second");
	ok(rng_rate_look(&r, 5 + 100 * SEC) == 1000, "never more than one second's worth");
	ok(rng_rate_look(&r, ~0ull) == 1000, "nor after 584 years");
	ok(rng_rate_look(&r, 3) == 1000, "a clock that goes back gives nothing and takes nothing");
	rng_rate_init(&r, RNG_RATE_MIN, 0);
	ok(rng_rate_look(&r, 0) == VB_RNG_MAX_LEN, "a slow bucket still holds a whole request");
	rng_rate_init(&r, RNG_RATE_MAX, 0);
	rng_rate_take(&r, RNG_RATE_MAX);
	ok(rng_rate_look(&r, ~0ull) == RNG_RATE_MAX, "the fastest does not overflow");
}

static void test_wait(void)
{
	struct rng_rate r;
	mb_u64 ns;

	rng_rate_init(&r, 1000, 0);
	ok(!rng_rate_wait(&r, 1000), "no wait for what is there");
	rng_rate_take(&r, 1000);
	ok(rng_rate_wait(&r, 1) == SEC / 1000, "a millisecond for a byte at 1000 a second");
	rng_rate_init(&r, 48, 0);
	rng_rate_take(&r, VB_RNG_MAX_LEN);
	ns = rng_rate_wait(&r, 32);
	ok(rng_rate_look(&r, ns - 1) == 31 && rng_rate_look(&r, ns) == 32,
	   "the wait is exact, also where it does not divide");
}

static void test_often(void)
{
	mb_u64 now = 0, given = 0, n;
	struct rng_rate r;

	rng_rate_init(&r, 777, 0);
	rng_rate_take(&r, 777);
	/* 10 seconds in steps of 9973 ns, far less than a byte's time. */
	while (now + 9973 <= 10 * SEC) {
		now += 9973;
		n = rng_rate_look(&r, now);
		rng_rate_take(&r, n);
		given += n;
	}
	ok(given == 7769 || given == 7770, "looking often neither loses nor gains");
}

static void test_set(void)
{
	struct rng_rate r;

	rng_rate_init(&r, 1000000, 0);
	rng_rate_set(&r, 100, 0);
	ok(rng_rate_look(&r, 0) == VB_RNG_MAX_LEN, "a lower rate: the bucket is cut down");
	rng_rate_take(&r, VB_RNG_MAX_LEN);
	rng_rate_set(&r, 1000, SEC);
	ok(rng_rate_look(&r, SEC) == 100, "time before the change counts at the old rate");
	ok(rng_rate_look(&r, SEC + SEC / 10) == 200, "and after it at the new");
}

int main(void)
{
	test_bucket();
	test_wait();
	test_often();
	test_set();
	return tap_done();
}
