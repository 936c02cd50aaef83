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
#include "hv/vlapic_hw.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/apicdef.h"
#include "arch/x86/atomic.h"

#define SVR_VALID (0xffu | APIC_SVR_ENABLE | APIC_SVR_FOCUS_OFF)
#define ICR_VALID 0x000ccfffu /* vector, mode, logical, level, trigger, shorthand */
#define ICR2_VALID 0xff000000u
#define TDCR_VALID 0xbu
#define DFR_ONES 0x0fffffffu

#define LVT_STATUS (1u << 12)	  /* read only, always 0 here */
#define LVT_REMOTE_IRR (1u << 14) /* read only, LINT0/1 */
#define LVT_MODE APIC_DM_MASK
#define LVT_POLARITY (1u << 13)

static u32 lvt_valid(u32 reg)
{
	switch (reg) {
	case VLAPIC_LVT_TIMER:
		return 0xff | APIC_LVT_TIMER_MODE | APIC_LVT_MASKED;
	case VLAPIC_LVT_ERROR:
		return 0xff | APIC_LVT_MASKED;
	case VLAPIC_LVT_LINT0:
	case VLAPIC_LVT_LINT1:
		return 0xff | LVT_MODE | LVT_POLARITY | APIC_LVT_LEVEL | APIC_LVT_MASKED;
	default: /* CMCI, thermal, performance counters */
		return 0xff | LVT_MODE | APIC_LVT_MASKED;
	}
}

bool vlapic_is_readable(u32 reg, bool x2apic)
{
	switch (reg) {
	case VLAPIC_ID:
	case VLAPIC_VERSION:
	case VLAPIC_TPR:
	case VLAPIC_PPR:
	case VLAPIC_LDR:
	case VLAPIC_SVR:
	case VLAPIC_ISR ... VLAPIC_IRR + VLAPIC_MAP_WORDS - 1:
	case VLAPIC_ESR:
	case VLAPIC_LVT_CMCI:
	case VLAPIC_ICR:
	case VLAPIC_LVT_TIMER ... VLAPIC_TMCCT:
	case VLAPIC_TDCR:
		return true;
	case VLAPIC_EOI: /* write only; the page reads as zero */
	case VLAPIC_DFR:
	case VLAPIC_ICR2:
		return !x2apic;
	default:
		return false;
	}
}

bool vlapic_read(struct vcpu *v, u32 reg, bool x2apic, u64 *value)
{
	const struct vlapic *l = &v->lapic;

	*value = 0;
	if (!vlapic_is_readable(reg, x2apic)) {
		if (!x2apic)
			vlapic_error(v, ESR_ILLEGAL_REGISTER);
		return false;
	}
	vlapic_merge(v);
	switch (reg) {
	case VLAPIC_PPR:
		*value = vlapic_ppr(l);
		break;
	case VLAPIC_TMCCT:
		*value = vlapic_timer_current(v);
		break;
	case VLAPIC_ICR:
		*value = vlapic_get(l, reg);
		if (x2apic)
			*value |= (u64)vlapic_get(l, VLAPIC_ICR2) << 32;
		break;
	default:
		*value = vlapic_get(l, reg);
	}
	return true;
}

static bool write_lvt(struct vcpu *v, u32 reg, bool x2apic, u32 value)
{
	struct vlapic *l = &v->lapic;
	u32 valid = lvt_valid(reg), read_only = LVT_STATUS;

	if (reg == VLAPIC_LVT_LINT0 || reg == VLAPIC_LVT_LINT1)
		read_only |= LVT_REMOTE_IRR;
	if (x2apic && value & ~(valid | read_only))
		return false;
	if (reg == VLAPIC_LVT_TIMER && (value & APIC_LVT_TIMER_MODE) == APIC_LVT_TIMER_MODE)
		return false; /* reserved mode */
	value &= valid;
	if (!(vlapic_get(l, VLAPIC_SVR) & APIC_SVR_ENABLE))
		value |= APIC_LVT_MASKED;
	if (reg == VLAPIC_LVT_TIMER)
		vlapic_timer_set_lvt(v, value);
	else
		vlapic_put(l, reg, value);
	return true;
}

/* "When the APIC is software disabled, the mask bits of all LVT entries are set." */
static void write_svr(struct vcpu *v, u32 value)
{
	struct vlapic *l = &v->lapic;

	vlapic_put(l, VLAPIC_SVR, value & SVR_VALID);
	if (value & APIC_SVR_ENABLE)
		return;
	vlapic_timer_set_lvt(v, vlapic_get(l, VLAPIC_LVT_TIMER) | APIC_LVT_MASKED);
	vlapic_put(l, VLAPIC_LVT_CMCI, vlapic_get(l, VLAPIC_LVT_CMCI) | APIC_LVT_MASKED);
	for (u32 reg = VLAPIC_LVT_THERMAL; reg <= VLAPIC_LVT_ERROR; reg++)
		vlapic_put(l, reg, vlapic_get(l, reg) | APIC_LVT_MASKED);
}

static bool write_icr(struct vcpu *v, bool x2apic, u64 value)
{
	struct vlapic *l = &v->lapic;
	u32 low = (u32)value;

	if (!x2apic) {
		low &= ICR_VALID;
		vlapic_put(l, VLAPIC_ICR, low);
		vlapic_ipi_send(v, low, vlapic_get(l, VLAPIC_ICR2) >> 24, false);
		return true;
	}
	/* Bit 12, delivery status in xAPIC mode, is tolerated: code for both modes sets it. */
	low &= ~APIC_ICR_BUSY;
	if (low & ~ICR_VALID)
		return false;
	vlapic_put(l, VLAPIC_ICR, low);
	vlapic_put(l, VLAPIC_ICR2, (u32)(value >> 32));
	vlapic_ipi_send(v, low, (u32)(value >> 32), true);
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
		vlapic_put(l, VLAPIC_LDR, (u32)value & 0xff000000u);
		vlapic_mirror_logical(v);
		return true;
	case VLAPIC_DFR:
		if (x2apic)
			return false;
		vlapic_put(l, VLAPIC_DFR, (u32)value | DFR_ONES);
		vlapic_mirror_logical(v);
		return true;
	case VLAPIC_ICR2:
		if (x2apic)
			return false;
		vlapic_put(l, VLAPIC_ICR2, (u32)value & ICR2_VALID);
		return true;
	case VLAPIC_ID:
	case VLAPIC_VERSION:
	case VLAPIC_PPR:
	case VLAPIC_TMCCT:
	case VLAPIC_ISR ... VLAPIC_IRR + VLAPIC_MAP_WORDS - 1:
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
		vlapic_put(l, VLAPIC_TPR, (u8)value);
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
		vlapic_put(l, VLAPIC_ESR, atomic_exchange(&l->esr_pending, 0));
		return true;
	case VLAPIC_LVT_CMCI:
	case VLAPIC_LVT_TIMER ... VLAPIC_LVT_ERROR:
		return write_lvt(v, reg, x2apic, (u32)value);
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
