/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  for CPUs that do a local APIC's work on the register page themselves: who delivers at
 *           an entry, what the CPU is told, what it tells us.
 * Callers:  vmx/apic.c, svm/apic.c; vcpu.c, vlapic*.c.
 * Context:  the vCPU's owner CPU, interrupts off.    Locking: none.
 * Lifetime: a vendor sets hw_modes and hw_careful of struct vlapic in vcpu_create(), for ever.
 * Errors:   none.
 *
 * While the CPU delivers, IRR and ISR in the page are what it goes by and what it leaves behind, so
 * each entry may be made either way.
 */
#ifndef HV_VLAPIC_HW_H
#define HV_VLAPIC_HW_H

#include "arch/x86/types.h"
#include "hv/vlapic.h"

/* Bits of hw_modes: modes of the APIC in which the CPU can deliver. */
#define VLAPIC_HW_XAPIC 1u
#define VLAPIC_HW_X2APIC 2u

/*
 * vcpu_arm_events(): merges, decides for the next entry and remembers it in hw_on. A careful CPU
 * (one with a bug: it interrupts although IF = 0 when the request came while IF = 0) delivers only
 * if there is nothing to deliver, or one vector that the guest takes at once.
 */
void vlapic_hw_choose(struct vcpu *v);

/* Everything posted goes into IRR and TMR; new level vectors into eoi_exits. */
void vlapic_merge(struct vcpu *v);
/* Highest vector requested and in service, 0: none. */
u8 vlapic_hw_requested(const struct vcpu *v);
u8 vlapic_hw_in_service(const struct vcpu *v);
/* x2APIC register: is a read right that comes straight from the page? */
bool vlapic_hw_reads(u32 reg);

/* From here on posts notify the CPU (APIC_VECTOR_NOTIFY), which merges pir by itself; then merges
 * what is there. vlapic_hw_deaf(): posts kick again; first thing after an exit. */
void vlapic_hw_listen(struct vcpu *v);
void vlapic_hw_deaf(struct vcpu *v);

/* The CPU has ended service of a vector of eoi_exits, or left that to us. */
void vlapic_hw_ended(struct vcpu *v, u8 vector);
/* The CPU has set a vector in the pages of its receivers, some of which do not run: tell them. */
void vlapic_hw_sent(struct vcpu *v, u8 vector);
/* The CPU put a vector in service, but its delivery broke off: requested again. */
void vlapic_hw_return(struct vcpu *v, u8 vector);

#endif
