// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of the virtual local APIC, for both front ends.
 *
 * SDM "Local APIC Register Address Map" (xAPIC), "Local APIC Register Address Space" (x2APIC). In
 * x2APIC mode a reserved bit, a missing register or the wrong direction is false, that is #GP; in
 * xAPIC mode such a write does nothing and such a read is zero.
 */
#include "hv/vlapic.h"

#include "hv/vcpu.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/apicdef.h"
#include "arch/x86/atomic.h"

/* Version 14h (integrated APIC); highest LVT entry; no EOI-broadcast suppression. */
#define VERSION (0x14u | (LVT_COUNT - 1) << APIC_VERSION_MAXLVT_SHIFT)

#define SVR_VALID (0xffu | APIC_SVR_ENABLE | APIC_SVR_FOCUS_OFF)
#define ICR_VALID 0x000ccffful /* vector, mode, logical, level, trigger, shorthand */
#define ICR2_VALID 0xff000000ul
#define TDCR_VALID 0xbu
#define DFR_ONES 0x0fffffffu

#define LVT_STATUS (1u << 12)	  /* read only, always 0 here */
#define LVT_REMOTE_IRR (1u << 14) /* read only, LINT0/1 */
#define LVT_MODE APIC_DM_MASK
#define LVT_POLARITY (1u << 13)

static const u32 lvt_valid[LVT_COUNT] = {
	[LVT_CMCI] = 0xff | LVT_MODE | APIC_LVT_MASKED,
	[LVT_TIMER] = 0xff | APIC_LVT_TIMER_MODE | APIC_LVT_MASKED,
	[LVT_THERMAL] = 0xff | LVT_MODE | APIC_LVT_MASKED,
	[LVT_PERF] = 0xff | LVT_MODE | APIC_LVT_MASKED,
	[LVT_LINT0] = 0xff | LVT_MODE | LVT_POLARITY | APIC_LVT_LEVEL | APIC_LVT_MASKED,
	[LVT_LINT1] = 0xff | LVT_MODE | LVT_POLARITY | APIC_LVT_LEVEL | APIC_LVT_MASKED,
	[LVT_ERROR] = 0xff | APIC_LVT_MASKED,
};

static u32 lvt_index(u32 reg)
{
	return reg == VLAPIC_LVT_CMCI ? LVT_CMCI : reg - VLAPIC_LVT_TIMER + LVT_TIMER;
}

/* Registers of which there are eight words. */
static bool read_map(const struct vlapic *l, u32 reg, u64 *value)
{
	const u32 *map;

	switch (reg & ~7u) {
	case VLAPIC_ISR:
		map = l->isr;
		break;
	case VLAPIC_TMR:
		map = l->tmr;
		break;
	case VLAPIC_IRR:
		map = l->irr;
		break;
	default:
		return false;
	}
	*value = READ_ONCE(map[reg & 7]);
	return true;
}

bool vlapic_read(struct vcpu *v, u32 reg, bool x2apic, u64 *value)
{
	const struct vlapic *l = &v->lapic;

	*value = 0;
	switch (reg) {
	case VLAPIC_ID:
		*value = x2apic ? l->id : l->id << 24;
		return true;
	case VLAPIC_VERSION:
		*value = VERSION;
		return true;
	case VLAPIC_TPR:
		*value = l->tpr;
		return true;
	case VLAPIC_PPR:
		*value = vlapic_ppr(l);
		return true;
	case VLAPIC_EOI:
		return !x2apic; /* write only; the page reads as zero */
	case VLAPIC_LDR:
		*value = x2apic ? vlapic_x2apic_ldr(l->id) : l->ldr;
		return true;
	case VLAPIC_DFR:
		*value = x2apic ? 0 : l->dfr;
		return !x2apic;
	case VLAPIC_SVR:
		*value = l->svr;
		return true;
	case VLAPIC_ESR:
		*value = l->esr;
		return true;
	case VLAPIC_ICR:
		*value = x2apic ? l->icr : (u32)l->icr;
		return true;
	case VLAPIC_ICR2:
		*value = x2apic ? 0 : l->icr >> 32;
		return !x2apic;
	case VLAPIC_LVT_CMCI:
	case VLAPIC_LVT_TIMER ... VLAPIC_LVT_ERROR:
		*value = l->lvt[lvt_index(reg)];
		return true;
	case VLAPIC_TMICT:
		*value = l->tmict;
		return true;
	case VLAPIC_TMCCT:
		*value = vlapic_timer_current(v);
		return true;
	case VLAPIC_TDCR:
		*value = l->tdcr;
		return true;
	}
	if (read_map(l, reg, value))
		return true;
	if (!x2apic)
		vlapic_error(v, ESR_ILLEGAL_REGISTER);
	return false;
}

static bool write_lvt(struct vcpu *v, u32 index, bool x2apic, u32 value)
{
	struct vlapic *l = &v->lapic;
	u32 read_only = LVT_STATUS;

	if (index == LVT_LINT0 || index == LVT_LINT1)
		read_only |= LVT_REMOTE_IRR;
	if (x2apic && value & ~(lvt_valid[index] | read_only))
		return false;
	if (index == LVT_TIMER && (value & APIC_LVT_TIMER_MODE) == APIC_LVT_TIMER_MODE)
		return false; /* reserved mode */
	value &= lvt_valid[index];
	if (!(l->svr & APIC_SVR_ENABLE))
		value |= APIC_LVT_MASKED;
	if (index == LVT_TIMER)
		vlapic_timer_set_lvt(v, value);
	else
		WRITE_ONCE(l->lvt[index], value);
	return true;
}

/* "When the APIC is software disabled, the mask bits of all LVT entries are set." */
static void write_svr(struct vcpu *v, u32 value)
{
	struct vlapic *l = &v->lapic;

	WRITE_ONCE(l->svr, value & SVR_VALID);
	if (value & APIC_SVR_ENABLE)
		return;
	for (u32 i = 0; i < LVT_COUNT; i++)
		if (i == LVT_TIMER)
			vlapic_timer_set_lvt(v, l->lvt[i] | APIC_LVT_MASKED);
		else
			WRITE_ONCE(l->lvt[i], l->lvt[i] | APIC_LVT_MASKED);
}

static bool write_icr(struct vcpu *v, bool x2apic, u64 value)
{
	struct vlapic *l = &v->lapic;

	if (!x2apic) {
		l->icr = (l->icr & ~0xfffffffful) | (value & ICR_VALID);
		vlapic_ipi_send(v, (u32)l->icr, (u32)(l->icr >> 56), false);
		return true;
	}
	/* Bit 12, delivery status in xAPIC mode, is tolerated: code for both modes sets it. */
	value &= ~(u64)APIC_ICR_BUSY;
	if ((u32)value & ~ICR_VALID)
		return false;
	l->icr = value;
	vlapic_ipi_send(v, (u32)value, (u32)(value >> 32), true);
	return true;
}

/* Registers that exist in one mode only, or whose width differs. */
static bool write_special(struct vcpu *v, u32 reg, bool x2apic, u64 value)
{
	struct vlapic *l = &v->lapic;

	switch (reg) {
	case VLAPIC_ICR:
		return write_icr(v, x2apic, value);
	case VLAPIC_SELF_IPI:
		if (!x2apic || value > 0xff)
			return false;
		vlapic_ipi_send(v, APIC_ICR_SELF | (u32)value, 0, true);
		return true;
	case VLAPIC_LDR:
		if (x2apic)
			return false;
		WRITE_ONCE(l->ldr, (u32)value & 0xff000000u);
		vlapic_mirror_logical(v);
		return true;
	case VLAPIC_DFR:
		if (x2apic)
			return false;
		WRITE_ONCE(l->dfr, (u32)value | DFR_ONES);
		vlapic_mirror_logical(v);
		return true;
	case VLAPIC_ICR2:
		if (x2apic)
			return false;
		l->icr = (u32)l->icr | (value & ICR2_VALID) << 32;
		return true;
	case VLAPIC_ID:
	case VLAPIC_VERSION:
	case VLAPIC_PPR:
	case VLAPIC_TMCCT:
	case VLAPIC_ISR ... VLAPIC_IRR + 7:
		return false; /* read only */
	}
	if (!x2apic)
		vlapic_error(v, ESR_ILLEGAL_REGISTER);
	return false;
}

bool vlapic_write(struct vcpu *v, u32 reg, bool x2apic, u64 value)
{
	struct vlapic *l = &v->lapic;

	if (x2apic && reg != VLAPIC_ICR && value >> 32)
		return false;
	switch (reg) {
	case VLAPIC_TPR:
		if (x2apic && value > 0xff)
			return false;
		l->tpr = (u8)value;
		return true;
	case VLAPIC_EOI:
		if (x2apic && value)
			return false;
		vlapic_eoi(v);
		return true;
	case VLAPIC_SVR:
		if (x2apic && value & ~(u64)SVR_VALID)
			return false;
		write_svr(v, (u32)value);
		return true;
	case VLAPIC_ESR:
		if (x2apic && value)
			return false;
		l->esr = atomic_exchange(&l->esr_pending, 0);
		return true;
	case VLAPIC_LVT_CMCI:
	case VLAPIC_LVT_TIMER ... VLAPIC_LVT_ERROR:
		return write_lvt(v, lvt_index(reg), x2apic, (u32)value);
	case VLAPIC_TMICT:
		vlapic_timer_set_initial(v, (u32)value);
		return true;
	case VLAPIC_TDCR:
		if (x2apic && value & ~(u64)TDCR_VALID)
			return false;
		vlapic_timer_set_divide(v, (u32)value & TDCR_VALID);
		return true;
	}
	return write_special(v, reg, x2apic, value);
}
