/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  physical interrupts: the hypervisor's own vectors, and devices' on their way to dom0.
 * Callers:  trap.c (handler), vlapic.c (level EOI), run.c and sched.c (timer, kicks).
 * Context:  handler: interrupts off, any CPU, between exit and next entry or while idle.
 * Locking:  none: everything is per CPU.    Lifetime: from irq_init_cpu() on.
 * Errors:   none; unknown vectors are given to dom0 like any other.
 *
 * Devices belong to dom0, whose vCPU i is pinned to CPU i, and physical destinations are hardware
 * APIC ids: so a device vector that arrives on a CPU is for the dom0 vCPU there. Edge: EOI at once.
 * Level (physical TMR bit): left in the physical ISR until dom0's EOI; a physical EOI ends the
 * highest ISR bit, so EOIs of dom0 that come out of order wait until theirs is highest.
 */
#ifndef HV_IRQ_H
#define HV_IRQ_H

#include "arch/x86/types.h"

struct vcpu;

/* The hypervisor's own vectors are APIC_VECTOR_* in arch/x86/apic.h. */

void irq_init_cpu(void);
/* Owner of a dom0 vCPU: dom0 ended `vector`, which came level triggered. */
void irq_level_eoi(struct vcpu *v, u8 vector);
/* Owner: the vCPU was reset (INIT): end every level interrupt it had not. */
void irq_level_flush(struct vcpu *v);
/* This CPU: have the timer vector arrive at host TSC `deadline` (~0: never). Early is possible,
 * late only by interrupt latency. Keeps the current programming if it is the same. */
void irq_set_deadline(u64 deadline);
/* NMI handler: give it to the dom0 vCPU of this CPU; takes no lock. False: there is none (boot). */
bool irq_nmi(void);
/* A CPU that runs a guest: let it merge posted interrupts (vlapic_post.c), without an exit. */
void irq_notify_cpu(u32 cpu);
/* Another CPU (or this one: no-op): make it leave the guest or its idle loop. */
void irq_kick_cpu(u32 cpu);

#endif
