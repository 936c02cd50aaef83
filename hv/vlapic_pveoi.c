/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PV EOI: one bit in guest memory that says "your next EOI needs no exit: clear me instead". It is
 * offered at entry for the vector about to be taken (or in service), and only when a skipped EOI
 * can change nothing: nothing else in service, edge triggered, nothing else requested. The guest
 * touches the bit while it runs, we only while it does not; still atomically, since another vCPU of
 * that guest might do as it likes.
 */
#include "hv/vlapic.h"

#include "hv/guest_mem.h"
#include "hv/vcpu.h"
#include "hv/vlapic_hw.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/atomic.h"

#define PV_EOI_ENABLE 1u /* of the MSR */
#define PV_EOI_BIT 1u	 /* of the word in memory */

void vlapic_pv_eoi_withdraw(struct vlapic *l)
{
	if (l->pv_eoi_vector < 0)
		return;
	atomic_fetch_and((u32 *)l->pv_eoi, ~PV_EOI_BIT);
	l->pv_eoi_vector = -1;
}

/* Has the guest taken the offer? */
static bool signalled(const struct vlapic *l)
{
	return !(atomic_load((u32 *)l->pv_eoi) & PV_EOI_BIT);
}

void vlapic_pv_eoi_exit(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	u8 vector = (u8)l->pv_eoi_vector;

	/* Armed but not yet committed: vlapic_commit() or vlapic_untake() decides. */
	if (l->pv_eoi_vector < 0 || !vlapic_map_test(l, VLAPIC_ISR, vector) || !signalled(l))
		return;
	l->pv_eoi_vector = -1;
	vcpu_count(v, PV_EOI);
	vlapic_service_end(v, vector);
}

/* The one vector whose EOI may be skipped, or -1. */
static int candidate(struct vcpu *v)
{
	const struct vlapic *l = &v->lapic;
	int vector = vlapic_map_highest(l, VLAPIC_ISR);
	u32 count = vlapic_map_count(l, VLAPIC_ISR);

	if (vlapic_map_highest(l, VLAPIC_IRR) >= 0)
		return -1;
	if (v->intr >= 0) {
		vector = v->intr;
		count++;
	}
	return count == 1 && !vlapic_map_test(l, VLAPIC_TMR, (u8)vector) ? vector : -1;
}

void vlapic_pv_eoi_entry(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	int vector;

	if (!l->pv_eoi)
		return;
	vlapic_merge(v);
	vector = l->hw_on ? -1 : candidate(v); /* an EOI that does not exit needs no bit */
	if (vector == l->pv_eoi_vector)
		return;
	vlapic_pv_eoi_withdraw(l);
	if (vector < 0)
		return;
	atomic_fetch_or((u32 *)l->pv_eoi, PV_EOI_BIT);
	l->pv_eoi_vector = (s16)vector;
}

bool vlapic_set_pv_eoi(struct vcpu *v, u64 value)
{
	struct vlapic *l = &v->lapic;
	void *word = NULL;

	if (value & 2)
		return false;
	if (value & PV_EOI_ENABLE) {
		word = guest_page(v->dom, GPA(value & ~3ul), sizeof(u32));
		if (!word)
			return false;
	}
	vlapic_pv_eoi_withdraw(l);
	l->pv_eoi_msr = value;
	l->pv_eoi = word;
	return true;
}
