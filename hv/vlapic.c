// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual local APIC: requests, priorities, delivery, end of interrupt, PV EOI, life.
 * Registers are in vlapic_regs.c, the timer in vlapic_timer.c, IPIs in vlapic_ipi.c.
 *
 * After SDM Vol 3 "Advanced Programmable Interrupt Controller (APIC)", APM Vol 2 ch. 16.
 *
 * PV EOI: one bit in guest memory that says "your next EOI needs no exit: clear me instead". It is
 * offered at entry for the vector about to be taken (or in service), and only when a skipped EOI
 * can change nothing: nothing else in service, edge triggered, nothing else requested. The guest
 * touches the bit while it runs, we only while it does not; still atomically, since another vCPU of
 * that guest might do as it likes.
 */
#include "hv/vlapic.h"

#include "hv/domain.h"
#include "hv/irq.h"
#include "hv/printk.h"
#include "hv/guest_mem.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/apic.h"
#include "arch/x86/atomic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"

#define CLASS(x) ((x) & 0xf0u) /* priority class of a vector or TPR */

#define PV_EOI_ENABLE 1u /* of the MSR */
#define PV_EOI_BIT 1u	 /* of the word in memory */

static bool bit_test(const u32 *map, u8 vector)
{
	return READ_ONCE(map[vector / 32]) >> (vector % 32) & 1;
}

static void bit_set(u32 *map, u8 vector)
{
	map[vector / 32] |= 1u << (vector % 32);
}

static void bit_clear(u32 *map, u8 vector)
{
	map[vector / 32] &= ~(1u << (vector % 32));
}

static int bit_highest_of(const u32 *map)
{
	for (int w = 7; w >= 0; w--) {
		u32 word = READ_ONCE(map[w]);

		if (word)
			return w * 32 + 31 - __builtin_clz(word);
	}
	return -1;
}

bool vlapic_accepts(const struct vlapic *l)
{
	return (READ_ONCE(l->base) & APIC_BASE_ENABLE) && (READ_ONCE(l->svr) & APIC_SVR_ENABLE);
}

bool vlapic_enabled(const struct vcpu *v)
{
	return vlapic_accepts(&v->lapic);
}

/* ---- requests: any CPU ---- */

void vlapic_post(struct vcpu *v, u8 vector, bool level)
{
	struct vlapic *l = &v->lapic;
	u32 *tmr = &l->tmr[vector / 32];
	u32 bit = 1u << (vector % 32);

	if (vector < VLAPIC_VECTOR_MIN) {
		atomic_fetch_or(&l->esr_pending, ESR_RECEIVE_ILLEGAL);
		return;
	}
	if (!vlapic_accepts(l))
		return;
	if (level)
		atomic_fetch_or(tmr, bit);
	else if (READ_ONCE(*tmr) & bit)
		atomic_fetch_and(tmr, ~bit);
	/* Locked: TMR is right before the request is seen. Pairs with the look at irr before entry.
	 * Whoever set the bit kicks; a second request needs no second kick. */
	if (!(atomic_fetch_or(&l->irr[vector / 32], bit) & bit))
		vcpu_kick(v);
}

void vlapic_error(struct vcpu *v, u32 esr_bit)
{
	struct vlapic *l = &v->lapic;
	u32 lvt = READ_ONCE(l->lvt[LVT_ERROR]);

	atomic_fetch_or(&l->esr_pending, esr_bit);
	if (!(lvt & APIC_LVT_MASKED))
		vlapic_post(v, (u8)lvt, false);
}

/* ---- priorities and delivery: owner ---- */

u32 vlapic_ppr(const struct vlapic *l)
{
	int in_service = bit_highest_of(l->isr);
	u32 isrv = in_service < 0 ? 0 : CLASS((u32)in_service);
	u32 tpr = READ_ONCE(l->tpr);

	return CLASS(tpr) >= isrv ? tpr : isrv;
}

int vlapic_pending(struct vcpu *v)
{
	const struct vlapic *l = &v->lapic;
	int vector = bit_highest_of(l->irr);

	if (vector < 0 || !(l->base & APIC_BASE_ENABLE))
		return -1;
	return CLASS((u32)vector) > CLASS(vlapic_ppr(l)) ? vector : -1;
}

void vlapic_take(struct vcpu *v, u8 vector)
{
	atomic_fetch_and(&v->lapic.irr[vector / 32], ~(1u << (vector % 32)));
}

/* End of service of a vector, however the guest said so. */
static void service_end(struct vcpu *v, u8 vector)
{
	bit_clear(v->lapic.isr, vector);
	/* irq.c knows by itself what it holds: TMR alone could be changed by an IPI of dom0. */
	if (v->dom->privileged)
		irq_level_eoi(v, vector);
	else if (bit_test(v->lapic.tmr, vector))
		vioapic_eoi(v->dom->vioapic, vector);
}

static void pv_eoi_withdraw(struct vlapic *l)
{
	if (l->pv_eoi_vector < 0)
		return;
	atomic_fetch_and((u32 *)l->pv_eoi, ~PV_EOI_BIT);
	l->pv_eoi_vector = -1;
}

/* Has the guest taken the offer? */
static bool pv_eoi_signalled(const struct vlapic *l)
{
	return !(atomic_load((u32 *)l->pv_eoi) & PV_EOI_BIT);
}

void vlapic_untake(struct vcpu *v, u8 vector)
{
	struct vlapic *l = &v->lapic;

	if (l->pv_eoi_vector == vector)
		pv_eoi_withdraw(l);
	atomic_fetch_or(&l->irr[vector / 32], 1u << (vector % 32));
}

void vlapic_commit(struct vcpu *v, u8 vector)
{
	struct vlapic *l = &v->lapic;

	bit_set(l->isr, vector);
	if (l->pv_eoi_vector == vector)
		vlapic_pv_eoi_exit(v); /* taken and ended, all within one run of the guest */
}

void vlapic_eoi(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	int vector = bit_highest_of(l->isr);

	vcpu_count(v, EOI);
	pv_eoi_withdraw(l);
	if (vector >= 0)
		service_end(v, (u8)vector);
}

u32 vlapic_get_cr8(const struct vcpu *v)
{
	return v->lapic.tpr >> 4;
}

void vlapic_set_cr8(struct vcpu *v, u32 cr8)
{
	/* MOV to CR8 clears the sub-class; with CR8 unchanged, TPR as written stays. */
	if (cr8 != v->lapic.tpr >> 4)
		v->lapic.tpr = (cr8 & 0xf) << 4;
}

/* ---- PV EOI: owner ---- */

void vlapic_pv_eoi_exit(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	u8 vector = (u8)l->pv_eoi_vector;

	/* Armed but not yet committed: vlapic_commit() or vlapic_untake() decides. */
	if (l->pv_eoi_vector < 0 || !bit_test(l->isr, vector) || !pv_eoi_signalled(l))
		return;
	l->pv_eoi_vector = -1;
	vcpu_count(v, PV_EOI);
	service_end(v, vector);
}

/* The one vector whose EOI may be skipped, or -1. */
static int pv_eoi_candidate(struct vcpu *v)
{
	const struct vlapic *l = &v->lapic;
	int vector = bit_highest_of(l->isr);
	u32 count = 0;

	if (bit_highest_of(l->irr) >= 0)
		return -1;
	for (u32 w = 0; w < ARRAY_SIZE(l->isr); w++)
		for (u32 bits = l->isr[w]; bits; bits &= bits - 1)
			count++;
	if (v->intr >= 0) {
		vector = v->intr;
		count++;
	}
	return count == 1 && !bit_test(l->tmr, (u8)vector) ? vector : -1;
}

void vlapic_pv_eoi_entry(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	int vector;

	if (!l->pv_eoi)
		return;
	vector = pv_eoi_candidate(v);
	if (vector == l->pv_eoi_vector)
		return;
	pv_eoi_withdraw(l);
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
	pv_eoi_withdraw(l);
	l->pv_eoi_msr = value;
	l->pv_eoi = word;
	return true;
}

/* ---- life ---- */

void vlapic_mirror_logical(struct vcpu *v)
{
	const struct vlapic *l = &v->lapic;

	if (!v->dom->privileged)
		return;
	if (apic_is_x2apic()) {
		if (l->ldr)
			printk_limited(LOG_WARN,
				       "dom0 vcpu%u: a CPU in x2APIC mode cannot have logical id "
				       "%x; boot with apic=xapic if devices do not work\n",
				       v->id, l->ldr);
		return;
	}
	apic_write(APIC_DFR, l->dfr);
	apic_write(APIC_LDR, l->ldr);
}

/* SDM "Local APIC State After Power-Up or Reset" / "After an INIT Reset": id and base stay. */
static void reset_registers(struct vlapic *l)
{
	pv_eoi_withdraw(l);
	*l = (struct vlapic){
		.id = l->id,
		.base = l->base,
		.dfr = ~0u,
		.svr = 0xff,
		.timer_deadline = VLAPIC_NEVER,
		.pv_eoi_vector = -1,
	};
	for (u32 i = 0; i < LVT_COUNT; i++)
		l->lvt[i] = APIC_LVT_MASKED;
}

void vlapic_init(struct vcpu *v, u32 apic_id)
{
	v->lapic = (struct vlapic){
		.id = apic_id,
		.base = APIC_DEFAULT_BASE | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP),
		.pv_eoi_vector = -1,
	};
	reset_registers(&v->lapic);
}

void vlapic_reset(struct vcpu *v)
{
	reset_registers(&v->lapic);
	if (v->dom->privileged)
		irq_level_flush(v);
	vlapic_mirror_logical(v);
}

bool vlapic_is_x2apic(const struct vcpu *v)
{
	return v->lapic.base & APIC_BASE_EXTD;
}

/*
 * SDM "x2APIC State Transitions": from disabled to xAPIC, from xAPIC to x2APIC, from both to
 * disabled; all else is #GP. Moving the page is refused too: it would have to be taken out of
 * the domain's map at the new place.
 */
bool vlapic_set_base(struct vcpu *v, u64 value)
{
	struct vlapic *l = &v->lapic;
	const u64 mode_bits = APIC_BASE_ENABLE | APIC_BASE_EXTD;
	u64 old = l->base & mode_bits, new = value & mode_bits;
	u64 address = value & cpu_info.phys_mask & ~PAGE_MASK;

	if (value & ~(mode_bits | APIC_BASE_BSP | address))
		return false;
	if (address != (l->base & ~PAGE_MASK)) {
		printk_limited(LOG_WARN, "dom%u vcpu%u: local APIC page cannot move to %lx (#GP)\n",
			       v->dom->id, v->id, address);
		return false;
	}
	if (new == APIC_BASE_EXTD || (old == mode_bits && new == APIC_BASE_ENABLE) ||
	    (!old && new == mode_bits))
		return false;
	WRITE_ONCE(l->base, (l->base & ~mode_bits) | new);
	if (old && !new)
		vlapic_reset(v);
	return true;
}
