// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual local APIC's timer: one shot, periodic, TSC deadline (SDM "APIC Timer").
 *
 * Everything is kept as host TSC of the next expiry. The count-down timer's input clock is 1 GHz,
 * so an initial count is nanoseconds times the divisor. An expiry while the LVT entry is masked is
 * lost, as on hardware: so each change of a register first settles what was due under the old ones.
 */
#include "hv/vlapic.h"

#include "hv/guest_tsc.h"
#include "hv/vcpu.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/apicdef.h"
#include "arch/x86/tsc.h"

/* A period below this would let a guest spend all its time, and ours, in timer interrupts. */
#define PERIOD_MIN_NS 50000u

static u32 timer_mode(const struct vlapic *l)
{
	return vlapic_get(l, VLAPIC_LVT_TIMER) & APIC_LVT_TIMER_MODE;
}

/* SDM "Divide Configuration Register": bits 3, 1, 0 are n; divisor 2^(n+1), and 1 for n = 7. */
static u32 divide_shift(u32 tdcr)
{
	return (((tdcr >> 1 & 4) | (tdcr & 3)) + 1) & 7;
}

static u64 count_to_ticks(const struct vlapic *l, u32 count)
{
	return tsc_from_ns((u64)count << divide_shift(vlapic_get(l, VLAPIC_TDCR)));
}

static u64 period_ticks(const struct vlapic *l)
{
	u64 ticks = count_to_ticks(l, vlapic_get(l, VLAPIC_TMICT));

	return MAX(ticks, MAX(tsc_from_ns(PERIOD_MIN_NS), 1ul));
}

/* Host TSC after ticks more; never wraps into the past. */
static u64 later(u64 now, u64 ticks)
{
	return ticks < VLAPIC_NEVER - 1 - now ? now + ticks : VLAPIC_NEVER - 1;
}

static void timer_settle(struct vcpu *v, u64 now)
{
	struct vlapic *l = &v->lapic;
	u32 lvt;

	if (l->timer_deadline == VLAPIC_NEVER || now < l->timer_deadline)
		return;
	lvt = vlapic_get(l, VLAPIC_LVT_TIMER);
	if (!(lvt & APIC_LVT_MASKED)) {
		vcpu_count(v, TIMER);
		vlapic_post(v, (u8)lvt, false);
	}
	if (timer_mode(l) == APIC_LVT_TIMER_PERIODIC && vlapic_get(l, VLAPIC_TMICT)) {
		/* Expiries that were missed are one: a vCPU that did not run needs no burst. */
		u64 period = period_ticks(l);
		u64 missed = (now - l->timer_deadline) / period;

		l->timer_deadline = later(l->timer_deadline, (missed + 1) * period);
		return;
	}
	l->timer_deadline = VLAPIC_NEVER;
	l->tsc_deadline = 0;
}

void vlapic_timer_stop(struct vlapic *l)
{
	l->timer_deadline = VLAPIC_NEVER;
	l->tsc_deadline = 0;
	vlapic_put(l, VLAPIC_TMICT, 0);
}

void vlapic_timer_set_lvt(struct vcpu *v, u32 lvt)
{
	struct vlapic *l = &v->lapic;
	u32 change = vlapic_get(l, VLAPIC_LVT_TIMER) ^ lvt;

	timer_settle(v, tsc_now());
	/* "Disarmed when the mode changes to or from TSC deadline." */
	if (change & APIC_LVT_TIMER_DEADLINE)
		vlapic_timer_stop(l);
	vlapic_put(l, VLAPIC_LVT_TIMER, lvt);
}

void vlapic_timer_set_initial(struct vcpu *v, u32 count)
{
	struct vlapic *l = &v->lapic;
	u64 now = tsc_now();

	if (timer_mode(l) & APIC_LVT_TIMER_DEADLINE)
		return;
	timer_settle(v, now);
	vlapic_put(l, VLAPIC_TMICT, count);
	l->timer_start = now;
	if (!count)
		l->timer_deadline = VLAPIC_NEVER;
	else if (timer_mode(l) == APIC_LVT_TIMER_PERIODIC)
		l->timer_deadline = later(now, period_ticks(l));
	else
		l->timer_deadline = later(now, count_to_ticks(l, count));
}

u32 vlapic_timer_current(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	u64 now = tsc_now(), left;

	if (timer_mode(l) & APIC_LVT_TIMER_DEADLINE)
		return 0;
	timer_settle(v, now);
	if (l->timer_deadline == VLAPIC_NEVER || l->timer_deadline <= now)
		return 0;
	left = tsc_to_ns(l->timer_deadline - now) >> divide_shift(vlapic_get(l, VLAPIC_TDCR));
	return (u32)MIN(left, (u64)vlapic_get(l, VLAPIC_TMICT));
}

void vlapic_timer_set_divide(struct vcpu *v, u32 tdcr)
{
	struct vlapic *l = &v->lapic;
	u32 count = vlapic_timer_current(v);

	vlapic_put(l, VLAPIC_TDCR, tdcr);
	/* The count goes on from where it is, at the new rate. */
	if (l->timer_deadline != VLAPIC_NEVER && !(timer_mode(l) & APIC_LVT_TIMER_DEADLINE))
		l->timer_deadline = later(tsc_now(), count_to_ticks(l, count));
}

bool vlapic_set_tsc_deadline(struct vcpu *v, u64 value)
{
	struct vlapic *l = &v->lapic;
	u64 now = tsc_now();
	u64 guest_now = guest_tsc_at(v, now);

	if (timer_mode(l) != APIC_LVT_TIMER_DEADLINE)
		return true; /* "the write is ignored" */
	timer_settle(v, now);
	l->tsc_deadline = value;
	l->timer_start = now;
	if (!value)
		l->timer_deadline = VLAPIC_NEVER;
	else
		l->timer_deadline = value <= guest_now ? now :
			later(now, guest_tsc_unscale(v->dom, value - guest_now));
	return true;
}

u64 vlapic_timer(struct vcpu *v, u64 now)
{
	const struct vlapic *l = &v->lapic;

	timer_settle(v, now);
	if (vlapic_get(l, VLAPIC_LVT_TIMER) & APIC_LVT_MASKED)
		return VLAPIC_NEVER;
	return l->timer_deadline;
}
