/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the TSC a domain sees: guest TSC = host TSC * ratio + offset. The ratio is one per
 *           domain, fixed point with 32 bits of fraction, so that hardware of either vendor and
 *           software compute the same values to the last bit.
 * Callers:  exit handlers, vlapic_timer.c, pvclock.c, the vendors.
 * Context:  any.    Locking: none, ratio and offset are constant.    Lifetime: the domain's.
 * Errors:   guest_tsc_setup() -MB_EINVAL after one line.
 */
#ifndef HV_GUEST_TSC_H
#define HV_GUEST_TSC_H

#include "arch/x86/mul128.h"
#include "hv/domain.h"
#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"

#define TSC_RATIO_FRACTION 32u
#define TSC_RATIO_ONE BIT(TSC_RATIO_FRACTION)
/* 8 bits before the point are what AMD's have; and as many below. */
#define TSC_RATIO_MIN (TSC_RATIO_ONE >> 8)
#define TSC_RATIO_MAX ((TSC_RATIO_ONE << 8) - 1)

/* Domain creation: a TSC of khz, 0: the machine's. */
int guest_tsc_setup(struct domain *d, u32 khz);

/* Does the TSC run at another rate than the machine's, and nothing but exits can show it so? */
static inline bool guest_tsc_exits(const struct domain *d)
{
	return d->tsc_ratio && !vcaps.tsc_scaling;
}

static inline u64 guest_tsc_ratio(const struct domain *d)
{
	return d->tsc_ratio ? d->tsc_ratio : TSC_RATIO_ONE;
}

/* Host ticks in guest ticks, rounded down; the product is modulo 2^64, as the TSC is. */
static inline u64 guest_tsc_scale(const struct domain *d, u64 ticks)
{
	return d->tsc_ratio ? mul_shift(ticks, d->tsc_ratio, TSC_RATIO_FRACTION) : ticks;
}

/* After how many host ticks at least so many guest ticks are over; saturates. */
static inline u64 guest_tsc_unscale(const struct domain *d, u64 ticks)
{
	return d->tsc_ratio ? div_128(ticks >> (64 - TSC_RATIO_FRACTION),
				      ticks << TSC_RATIO_FRACTION, d->tsc_ratio, true) : ticks;
}

/* What the vCPU's TSC is (was, will be) when the host's is `host`. */
static inline u64 guest_tsc_at(const struct vcpu *v, u64 host)
{
	return guest_tsc_scale(v->dom, host) + v->tsc_offset;
}

#endif
