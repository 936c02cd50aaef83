/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a token bucket: how many bytes may be given now, and how long to wait for more.
 * Callers:  dev_rng.c, host unit tests.
 * Context:  any; nothing sleeps or loops.    Locking: the caller serialises all calls on one
 * bucket.
 * Lifetime: from rng_rate_init().
 * Errors:   none; time that goes back counts as no time.
 *
 * The bucket holds at most what comes in one second, and never less than one largest request, so
 * that any request is answered sooner or later. Tokens are counted in parts of a byte (one byte =
 * RNG_RATE_PART of them): a slow bucket that is looked at often loses nothing by rounding.
 */
#ifndef VBUS_DEV_RNG_RATE_H
#define VBUS_DEV_RNG_RATE_H

#include "abi/rng.h"

#define RNG_RATE_PART 1000000000ull /* of a byte: bytes per second x nanoseconds */
#define RNG_RATE_MIN 16u
#define RNG_RATE_MAX (64u << 20) /* RNG_RATE_MAX x RNG_RATE_PART stays far below 2^64 */

struct rng_rate {
	mb_u64 rate;   /* bytes per second */
	mb_u64 parts;  /* in the bucket */
	mb_u64 looked; /* ns, when parts was right */
};

static inline mb_u64 rng_rate_depth(const struct rng_rate *r)
{
	mb_u64 bytes = r->rate > VB_RNG_MAX_LEN ? r->rate : VB_RNG_MAX_LEN;

	return bytes * RNG_RATE_PART;
}

/* Starts full. */
static inline void rng_rate_init(struct rng_rate *r, mb_u64 rate, mb_u64 now)
{
	r->rate = rate;
	r->looked = now;
	r->parts = rng_rate_depth(r);
}

/* Whole bytes that may be given now. */
static inline mb_u64 rng_rate_look(struct rng_rate *r, mb_u64 now)
{
	mb_u64 depth = rng_rate_depth(r);
	mb_u64 passed = now > r->looked ? now - r->looked : 0;

	/* After this long any bucket is full; the product below cannot overflow then. */
	if (passed > depth / r->rate)
		passed = depth / r->rate + 1;
	r->looked = now;
	r->parts += passed * r->rate;
	if (r->parts > depth)
		r->parts = depth;
	return r->parts / RNG_RATE_PART;
}

/* Another rate from now on; what is in the bucket stays, as far as it fits. */
static inline void rng_rate_set(struct rng_rate *r, mb_u64 rate, mb_u64 now)
{
	rng_rate_look(r, now);
	r->rate = rate;
	rng_rate_look(r, now);
}

/* bytes: no more than the last look said. */
static inline void rng_rate_take(struct rng_rate *r, mb_u64 bytes)
{
	r->parts -= bytes * RNG_RATE_PART;
}

/* Nanoseconds from the last look until there are that many bytes; 0: there are. */
static inline mb_u64 rng_rate_wait(const struct rng_rate *r, mb_u64 bytes)
{
	mb_u64 want = bytes * RNG_RATE_PART;

	return want <= r->parts ? 0 : (want - r->parts + r->rate - 1) / r->rate;
}

#endif
