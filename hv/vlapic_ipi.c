// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt messages, of vCPUs (ICR) and of the IOAPIC: who is meant, and what reaches him.
 *
 * SDM "Issuing Interprocessor Interrupts", "Determining IPI Destination". A domain sees only its
 * own vCPUs: it cannot name any other. For dom0 local APIC ids are the hardware's, but its IPIs do
 * not touch the hardware APIC either: they become requests to the vCPU, plus one kick if it runs.
 */
#include "hv/vlapic.h"

#include "hv/domain.h"
#include "hv/vcpu.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/apicdef.h"
#include "arch/x86/msr.h"

#define DFR_FLAT 0xfu /* bits 28..31; 0 = cluster */

static bool logical_match(const struct vlapic *l, u32 dest)
{
	u32 id = vlapic_get(l, VLAPIC_LDR) >> 24;

	if (READ_ONCE(l->base) & APIC_BASE_EXTD) {
		id = vlapic_x2apic_ldr(l->id);
		return id >> 16 == dest >> 16 && (id & dest & 0xffff);
	}
	if (vlapic_get(l, VLAPIC_DFR) >> 28 == DFR_FLAT)
		return id & dest;
	return id >> 4 == dest >> 4 && (id & dest & 0xf);
}

/* Is t, as seen from v (NULL: the IOAPIC, which has no shorthands), a destination? */
static bool is_target(const struct vcpu *v, const struct vcpu *t, u32 icr, u32 dest, bool x2apic)
{
	switch (icr & APIC_ICR_SHORTHAND_MASK) {
	case APIC_ICR_SELF:
		return t == v;
	case APIC_ICR_ALL:
		return true;
	case APIC_ICR_OTHERS:
		return t != v;
	}
	if (dest == (x2apic ? APIC_BROADCAST_X2APIC : APIC_BROADCAST_XAPIC))
		return true;
	return icr & APIC_ICR_LOGICAL ? logical_match(&t->lapic, dest) : t->lapic.id == dest;
}

static void deliver(struct vcpu *t, u32 icr, bool level)
{
	u8 vector = (u8)icr;

	switch (icr & APIC_DM_MASK) {
	case APIC_DM_FIXED:
		vlapic_post(t, vector, level);
		break;
	case APIC_DM_NMI:
		vcpu_request(t, VCPU_REQ_NMI);
		break;
	case APIC_DM_INIT:
		vcpu_request(t, VCPU_REQ_INIT);
		break;
	case APIC_DM_STARTUP:
		WRITE_ONCE(t->sipi_vector, vector);
		vcpu_request(t, VCPU_REQ_SIPI);
		break;
	}
}

/* Lowest priority: the enabled target with the lowest processor priority. PPRs of running vCPUs may
 * change while we look; any target is a correct one. Returns whether there is one. */
static bool deliver_lowest(const struct domain *d, const struct vcpu *v, u32 icr, u32 dest,
			   bool x2apic, bool level)
{
	struct vcpu *best = NULL;
	u32 best_ppr = 0;

	for (u32 i = 0; i < d->nr_vcpus; i++) {
		struct vcpu *t = d->vcpu[i];
		u32 ppr;

		if (!t || !vlapic_accepts(&t->lapic) || !is_target(v, t, icr, dest, x2apic))
			continue;
		ppr = vlapic_ppr(&t->lapic);
		if (best && ppr >= best_ppr)
			continue;
		best = t;
		best_ppr = ppr;
	}
	if (best)
		vlapic_post(best, (u8)icr, level);
	return best;
}

/* SDM tables "Valid Combinations": the self and all-including-self shorthands send fixed only. */
static bool combination_valid(u32 icr, u32 mode)
{
	u32 shorthand = icr & APIC_ICR_SHORTHAND_MASK;

	switch (mode) {
	case APIC_DM_FIXED:
	case APIC_DM_LOWEST:
		return true;
	case APIC_DM_INIT:
		/* INIT level de-assert: nothing happens on any CPU of today. */
		if (icr & APIC_ICR_LEVEL && !(icr & APIC_ICR_ASSERT))
			return false;
		break;
	case APIC_DM_NMI:
	case APIC_DM_STARTUP:
		break;
	default:
		return false; /* SMI: there is none to reach; others are reserved */
	}
	return shorthand != APIC_ICR_SELF && shorthand != APIC_ICR_ALL;
}

void vlapic_ipi_send(struct vcpu *v, u32 icr_low, u32 dest, bool x2apic)
{
	const struct domain *d = v->dom;
	u32 mode = icr_low & APIC_DM_MASK;

	if (!combination_valid(icr_low, mode))
		return;
	if ((mode == APIC_DM_FIXED || mode == APIC_DM_LOWEST) &&
	    (icr_low & APIC_ICR_VECTOR_MASK) < VLAPIC_VECTOR_MIN) {
		vlapic_error(v, ESR_SEND_ILLEGAL);
		return;
	}
	vcpu_count(v, IPI_SENT);
	if (mode == APIC_DM_LOWEST) {
		deliver_lowest(d, v, icr_low, dest, x2apic, false);
		return;
	}
	for (u32 i = 0; i < d->nr_vcpus; i++)
		if (d->vcpu[i] && is_target(v, d->vcpu[i], icr_low, dest, x2apic))
			deliver(d->vcpu[i], icr_low, false);
}

/*
 * 8 bits of destination, FFh is everybody: in x2APIC mode that reaches ids below 255 and the first
 * half of logical cluster 0. A vector that no APIC may take is not taken.
 */
bool vlapic_message(const struct domain *d, u32 icr_low, u32 dest, bool level)
{
	bool taken = false;

	if ((icr_low & APIC_ICR_VECTOR_MASK) < VLAPIC_VECTOR_MIN)
		return false;
	if ((icr_low & APIC_DM_MASK) == APIC_DM_LOWEST)
		return deliver_lowest(d, NULL, icr_low, dest, false, level);
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		struct vcpu *t = d->vcpu[i];

		if (!t || !vlapic_accepts(&t->lapic) || !is_target(NULL, t, icr_low, dest, false))
			continue;
		deliver(t, icr_low, level);
		taken = true;
	}
	return taken;
}
