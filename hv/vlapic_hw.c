/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual local APIC's side of hardware help: who delivers at the next entry, and events that
 * only the CPU has seen.
 */
#include "hv/vlapic_hw.h"

#include "hv/irq.h"
#include "hv/domain.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/atomic.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"

static bool can_deliver(const struct vlapic *l)
{
	u32 mode = l->base & APIC_BASE_EXTD ? VLAPIC_HW_X2APIC : VLAPIC_HW_XAPIC;

	return l->base & APIC_BASE_ENABLE && l->hw_modes & mode;
}

/* Nothing requested, or one vector that the guest takes with this entry. An event that goes first
 * clears IF. */
static bool is_simple(struct vcpu *v)
{
	int vector = vlapic_pending(v);
	u32 count = vlapic_map_count(&v->lapic, VLAPIC_IRR);

	return !count || (count == 1 && vector >= 0 && v->rflags & RFLAGS_IF &&
			  v->inject.kind == INJECT_NONE);
}

void vlapic_hw_choose(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;

	vlapic_merge(v);
	l->hw_on = can_deliver(l) && (!l->hw_careful || is_simple(v));
}

u8 vlapic_hw_requested(const struct vcpu *v)
{
	int vector = vlapic_map_highest(&v->lapic, VLAPIC_IRR);

	return vector < 0 ? 0 : (u8)vector;
}

u8 vlapic_hw_in_service(const struct vcpu *v)
{
	int vector = vlapic_map_highest(&v->lapic, VLAPIC_ISR);

	return vector < 0 ? 0 : (u8)vector;
}

bool vlapic_hw_reads(u32 reg)
{
	/* The count moves; ICR has its upper half elsewhere. */
	return vlapic_is_readable(reg, true) && reg != VLAPIC_TMCCT && reg != VLAPIC_ICR;
}

void vlapic_hw_listen(struct vcpu *v)
{
	/* Locked: SN before ON and pir are looked at. Pairs with post_edge(). */
	atomic_fetch_and(&v->lapic.posted.control, ~POSTED_SN);
	vlapic_merge(v);
}

void vlapic_hw_deaf(struct vcpu *v)
{
	/* Locked, and on the word that has ON: who did not see SN has set ON before, and we see it
	 * when we look for work. Pairs with post_edge(). */
	atomic_fetch_or(&v->lapic.posted.control, POSTED_SN);
}

void vlapic_hw_ended(struct vcpu *v, u8 vector)
{
	vcpu_count(v, EOI);
	vlapic_service_end(v, vector);
}

void vlapic_hw_sent(struct vcpu *v, u8 vector)
{
	const struct domain *d = v->dom;

	vcpu_count(v, IPI_SENT);
	/* One that has the vector from somebody else looks once in vain. */
	for (u32 i = 0; i < d->nr_vcpus; i++)
		if (d->vcpu[i] != v && vlapic_map_test(&d->vcpu[i]->lapic, VLAPIC_IRR, vector))
			vcpu_kick(d->vcpu[i]);
}

void vlapic_hw_return(struct vcpu *v, u8 vector)
{
	struct vlapic *l = &v->lapic;
	u32 reg = VLAPIC_ISR + vector / 32;

	vlapic_put(l, reg, vlapic_get(l, reg) & ~(1u << (vector % 32)));
	atomic_fetch_or(vlapic_word(l, VLAPIC_IRR + vector / 32), 1u << (vector % 32));
}
