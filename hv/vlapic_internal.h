/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what the parts of the virtual local APIC need of each other.
 * Callers:  vlapic.c, vlapic_regs.c, vlapic_timer.c, vlapic_ipi.c and their tests only.
 * Context:  the vCPU's owner CPU, except vlapic_error() and vlapic_accepts(): any CPU.
 * Locking:  none.    Lifetime: the vCPU's.    Errors: as in vlapic.h.
 */
#ifndef HV_VLAPIC_INTERNAL_H
#define HV_VLAPIC_INTERNAL_H

#include "hv/vlapic.h"

#define VLAPIC_NEVER (~0ul)

/* Index in vlapic.lvt[] */
enum { LVT_CMCI, LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

/* SDM "Error Status Register (ESR)" */
#define ESR_SEND_ILLEGAL (1u << 5)
#define ESR_RECEIVE_ILLEGAL (1u << 6)
#define ESR_ILLEGAL_REGISTER (1u << 7)

#define VLAPIC_VECTOR_MIN 16u /* lower ones are reserved for exceptions */

/* vlapic.c */
/* Enabled by IA32_APIC_BASE and SVR: takes fixed interrupts. */
bool vlapic_accepts(const struct vlapic *l);
void vlapic_error(struct vcpu *v, u32 esr_bit);
void vlapic_eoi(struct vcpu *v);
u32 vlapic_ppr(const struct vlapic *l);
/* x2APIC logical id: SDM "Logical Destination Mode in x2APIC Mode". */
static inline u32 vlapic_x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | 1u << (id & 15);
}
/* dom0's devices use its xAPIC logical destinations: the physical APIC must answer to them. */
void vlapic_mirror_logical(struct vcpu *v);

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
