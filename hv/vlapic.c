// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual local APIC: priorities, delivery, end of interrupt, life. Requests are in vlapic_post.c,
 * registers in vlapic_regs.c, the timer in vlapic_timer.c, IPIs in vlapic_ipi.c, PV EOI in
 * vlapic_pveoi.c.
 *
 * After SDM Vol 3 "Advanced Programmable Interrupt Controller (APIC)", APM Vol 2 ch. 16.
 */
#include "hv/vlapic.h"

#include "hv/domain.h"
#include "hv/irq.h"
#include "hv/page_alloc.h"
#include "hv/printk.h"
#include "hv/string.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vlapic_hw.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/apic.h"
#include "arch/x86/atomic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"

#define CLASS(x) ((x) & 0xf0u) /* priority class of a vector or TPR */

/* Version 14h (integrated APIC); highest LVT entry; no EOI-broadcast suppression. */
#define VERSION (0x14u | (LVT_COUNT - 1) << APIC_VERSION_MAXLVT_SHIFT)

int vlapic_map_highest(const struct vlapic *l, u32 map)
{
	for (u32 w = VLAPIC_MAP_WORDS; w-- > 0;) {
		u32 word = vlapic_get(l, map + w);

		if (word)
			return (int)(w * 32 + 31) - __builtin_clz(word);
	}
	return -1;
}

u32 vlapic_map_count(const struct vlapic *l, u32 map)
{
	u32 count = 0;

	for (u32 w = 0; w < VLAPIC_MAP_WORDS; w++)
		for (u32 bits = vlapic_get(l, map + w); bits; bits &= bits - 1)
			count++;
	return count;
}

bool vlapic_accepts(const struct vlapic *l)
{
	return (READ_ONCE(l->base) & APIC_BASE_ENABLE) &&
	       (vlapic_get(l, VLAPIC_SVR) & APIC_SVR_ENABLE);
}

bool vlapic_enabled(const struct vcpu *v)
{
	return vlapic_accepts(&v->lapic);
}

/* ---- priorities and delivery: owner ---- */

u32 vlapic_ppr(const struct vlapic *l)
{
	int in_service = vlapic_map_highest(l, VLAPIC_ISR);
	u32 isrv = in_service < 0 ? 0 : CLASS((u32)in_service);
	u32 tpr = vlapic_get(l, VLAPIC_TPR);

	return CLASS(tpr) >= isrv ? tpr : isrv;
}

int vlapic_pending(struct vcpu *v)
{
	const struct vlapic *l = &v->lapic;
	int vector;

	vlapic_merge(v);
	vector = vlapic_map_highest(l, VLAPIC_IRR);
	if (vector < 0 || !(l->base & APIC_BASE_ENABLE))
		return -1;
	return CLASS((u32)vector) > CLASS(vlapic_ppr(l)) ? vector : -1;
}

u32 vlapic_tpr_threshold(const struct vcpu *v)
{
	const struct vlapic *l = &v->lapic;
	int vector = vlapic_map_highest(l, VLAPIC_IRR);
	int in_service = vlapic_map_highest(l, VLAPIC_ISR);

	if (vector < 0 || CLASS((u32)vector) > CLASS(vlapic_get(l, VLAPIC_TPR)) ||
	    (in_service >= 0 && CLASS((u32)vector) <= CLASS((u32)in_service)))
		return 0;
	return (u32)vector >> 4;
}

void vlapic_take(struct vcpu *v, u8 vector)
{
	atomic_fetch_and(vlapic_word(&v->lapic, VLAPIC_IRR + vector / 32),
			 ~(1u << (vector % 32)));
}

void vlapic_untake(struct vcpu *v, u8 vector)
{
	struct vlapic *l = &v->lapic;

	if (l->pv_eoi_vector == vector)
		vlapic_pv_eoi_withdraw(l);
	atomic_fetch_or(vlapic_word(l, VLAPIC_IRR + vector / 32), 1u << (vector % 32));
}

void vlapic_commit(struct vcpu *v, u8 vector)
{
	struct vlapic *l = &v->lapic;
	u32 reg = VLAPIC_ISR + vector / 32;

	vlapic_put(l, reg, vlapic_get(l, reg) | 1u << (vector % 32));
	if (l->pv_eoi_vector == vector)
		vlapic_pv_eoi_exit(v); /* taken and ended, all within one run of the guest */
}

void vlapic_report_eoi(struct vcpu *v, u8 vector)
{
	/* irq.c knows by itself what it holds: TMR alone could be changed by an IPI of dom0. */
	if (v->dom->privileged)
		irq_level_eoi(v, vector);
	else if (vlapic_map_test(&v->lapic, VLAPIC_TMR, vector))
		vioapic_eoi(v->dom->vioapic, vector);
}

void vlapic_service_end(struct vcpu *v, u8 vector)
{
	struct vlapic *l = &v->lapic;
	u32 reg = VLAPIC_ISR + vector / 32;

	vlapic_put(l, reg, vlapic_get(l, reg) & ~(1u << (vector % 32)));
	vlapic_report_eoi(v, vector);
}

void vlapic_eoi(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	int vector = vlapic_map_highest(l, VLAPIC_ISR);

	vcpu_count(v, EOI);
	vlapic_pv_eoi_withdraw(l);
	if (vector >= 0)
		vlapic_service_end(v, (u8)vector);
}

u32 vlapic_get_cr8(const struct vcpu *v)
{
	return vlapic_get(&v->lapic, VLAPIC_TPR) >> 4;
}

void vlapic_set_cr8(struct vcpu *v, u32 cr8)
{
	/* MOV to CR8 clears the sub-class; with CR8 unchanged, TPR as written stays. */
	if (cr8 != vlapic_get_cr8(v))
		vlapic_put(&v->lapic, VLAPIC_TPR, (cr8 & 0xf) << 4);
}

/* ---- life ---- */

void vlapic_mirror_logical(struct vcpu *v)
{
	const struct vlapic *l = &v->lapic;
	u32 ldr = vlapic_is_x2apic(v) ? 0 : vlapic_get(l, VLAPIC_LDR);

	if (!v->dom->privileged)
		return;
	if (apic_is_x2apic()) {
		if (ldr)
			printk_limited(LOG_WARN,
				       "dom0 vcpu%u: a CPU in x2APIC mode cannot have logical id "
				       "%x; boot with apic=xapic if devices do not work\n",
				       v->id, ldr);
		return;
	}
	apic_write(APIC_DFR, vlapic_get(l, VLAPIC_DFR));
	apic_write(APIC_LDR, ldr);
}

/* The registers that differ by mode: the page holds what the guest reads. */
static void write_ids(struct vlapic *l)
{
	bool x2apic = l->base & APIC_BASE_EXTD;

	vlapic_put(l, VLAPIC_ID, x2apic ? l->id : l->id << 24);
	vlapic_put(l, VLAPIC_LDR, x2apic ? vlapic_x2apic_ldr(l->id) : 0);
}

/* SDM "Local APIC State After Power-Up or Reset" / "After an INIT Reset": id and base stay. What
 * was posted goes as well. */
static void reset_registers(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;

	vlapic_pv_eoi_withdraw(l);
	vlapic_merge(v);
	memset(l->page, 0, sizeof(*l->page));
	vlapic_put(l, VLAPIC_VERSION, VERSION);
	vlapic_put(l, VLAPIC_DFR, ~0u);
	vlapic_put(l, VLAPIC_SVR, 0xff);
	vlapic_put(l, VLAPIC_LVT_CMCI, APIC_LVT_MASKED);
	for (u32 reg = VLAPIC_LVT_TIMER; reg <= VLAPIC_LVT_ERROR; reg++)
		vlapic_put(l, reg, APIC_LVT_MASKED);
	write_ids(l);
	atomic_exchange(&l->esr_pending, 0);
	vlapic_timer_stop(l);
	l->pv_eoi_msr = 0;
	l->pv_eoi = NULL;
}

bool vlapic_init(struct vcpu *v, u32 apic_id)
{
	struct vlapic *l = &v->lapic;

	l->page = page_alloc_bytes(sizeof(*l->page));
	if (!l->page)
		return false;
	l->id = apic_id;
	l->base = APIC_DEFAULT_BASE | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP);
	l->posted.control = POSTED_SN;
	l->pv_eoi_vector = -1;
	reset_registers(v);
	return true;
}

void vlapic_destroy(struct vcpu *v)
{
	if (v->lapic.page)
		page_free_bytes(v->lapic.page, sizeof(*v->lapic.page));
	v->lapic.page = NULL;
}

void vlapic_reset(struct vcpu *v)
{
	reset_registers(v);
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
	else if (new != old)
		write_ids(l);
	return true;
}
