/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what the parts of the virtual local APIC need of each other.
 * Callers:  vlapic*.c and their tests only.
 * Context:  the vCPU's owner CPU, except vlapic_error(), vlapic_accepts(), vlapic_get(): any CPU.
 * Locking:  none.    Lifetime: the vCPU's.    Errors: as in vlapic.h.
 */
#ifndef HV_VLAPIC_INTERNAL_H
#define HV_VLAPIC_INTERNAL_H

#include "hv/vlapic.h"

#define VLAPIC_NEVER (~0ul)

#define LVT_COUNT 7u /* CMCI, timer, thermal, perf, LINT0, LINT1, error */

/* SDM "Error Status Register (ESR)" */
#define ESR_SEND_ILLEGAL (1u << 5)
#define ESR_RECEIVE_ILLEGAL (1u << 6)
#define ESR_ILLEGAL_REGISTER (1u << 7)

#define VLAPIC_VECTOR_MIN 16u /* lower ones are reserved for exceptions */

/* The page. Words of IRR take locked operations: a CPU may set bits there for another one. */
static inline u32 *vlapic_word(const struct vlapic *l, u32 reg)
{
	return &l->page->reg[reg].value;
}

static inline u32 vlapic_get(const struct vlapic *l, u32 reg)
{
	return READ_ONCE(*vlapic_word(l, reg));
}

static inline void vlapic_put(struct vlapic *l, u32 reg, u32 value)
{
	WRITE_ONCE(*vlapic_word(l, reg), value);
}

/* map: VLAPIC_ISR, VLAPIC_TMR or VLAPIC_IRR */
static inline bool vlapic_map_test(const struct vlapic *l, u32 map, u8 vector)
{
	return vlapic_get(l, map + vector / 32) >> (vector % 32) & 1;
}

/* vlapic.c */
/* Highest vector set, or -1. */
int vlapic_map_highest(const struct vlapic *l, u32 map);
u32 vlapic_map_count(const struct vlapic *l, u32 map);
/* Enabled by IA32_APIC_BASE and SVR: takes fixed interrupts. */
bool vlapic_accepts(const struct vlapic *l);
void vlapic_eoi(struct vcpu *v);
/* End of service of a vector, however the guest said so; and what that means outside. */
void vlapic_service_end(struct vcpu *v, u8 vector);
void vlapic_report_eoi(struct vcpu *v, u8 vector);
u32 vlapic_ppr(const struct vlapic *l);
/* x2APIC logical id: SDM "Logical Destination Mode in x2APIC Mode". */
static inline u32 vlapic_x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | 1u << (id & 15);
}
/* dom0's devices use its xAPIC logical destinations: the physical APIC must answer to them. */
void vlapic_mirror_logical(struct vcpu *v);

/* vlapic_regs.c: can it be read at all? */
bool vlapic_is_readable(u32 reg, bool x2apic);

/* vlapic_post.c */
void vlapic_error(struct vcpu *v, u32 esr_bit);

/* vlapic_pveoi.c */
void vlapic_pv_eoi_withdraw(struct vlapic *l);

/* vlapic_timer.c */
void vlapic_timer_stop(struct vlapic *l);
/* Register writes; values are checked already. */
void vlapic_timer_set_lvt(struct vcpu *v, u32 lvt);
void vlapic_timer_set_initial(struct vcpu *v, u32 count);
void vlapic_timer_set_divide(struct vcpu *v, u32 tdcr);
u32 vlapic_timer_current(struct vcpu *v);

/* vlapic_ipi.c: act on an ICR written; dest is 8 bits wide in xAPIC mode. */
void vlapic_ipi_send(struct vcpu *v, u32 icr_low, u32 dest, bool x2apic);

#endif
