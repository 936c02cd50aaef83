/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the physical local APIC of the running CPU, xAPIC (MMIO) or x2APIC (MSR) alike.
 * Callers:  smp.c, trap.c, hv interrupt and timer code.
 * Context:  the running CPU's own APIC; interrupts off for apic_ipi() in xAPIC mode (two writes).
 *           NMI context may use apic_ipi_nmi() only in a panic. Locking: none. Lifetime: from
 *           apic_init() on every CPU. Errors: apic_init() -ENODEV without a usable APIC.
 */
#ifndef MINIBUS_ARCH_APIC_H
#define MINIBUS_ARCH_APIC_H

#include "arch/x86/apicdef.h"
#include "arch/x86/types.h"

/* Vectors of the hypervisor: above all that Linux gives to devices. */
#define APIC_VECTOR_TIMER 0xf1
#define APIC_VECTOR_KICK 0xf2
#define APIC_VECTOR_NOTIFY 0xf3 /* posted interrupts: to a CPU in guest mode */
#define APIC_VECTOR_ERROR 0xfe
#define APIC_VECTOR_SPURIOUS 0xff

/*
 * Boot CPU: silences the 8259s (masked BEFORE LINT0, or the latched request is taken with vector
 * -1 on an emulator and as a spurious one on hardware), picks the mode (x2APIC if the firmware left
 * it on, or if present and allow_x2apic), maps the registers, sets up this CPU.
 */
int apic_init(bool allow_x2apic);

/* The same mode on an AP; LVTs masked, spurious vector set, enabled. */
void apic_init_ap(void);

bool apic_is_x2apic(void);
u32 apic_id(void);
void apic_eoi(void);

/* Fixed vector to one CPU. */
void apic_ipi(u32 apic_id, u8 vector);
void apic_ipi_nmi(u32 apic_id);
void apic_ipi_init(u32 apic_id);
void apic_ipi_startup(u32 apic_id, u8 page);
void apic_ipi_self(u8 vector); /* from an NMI handler as well */

/* This CPU: take the machine's NMI line (LINT1, as every board has it). */
void apic_accept_nmi(void);

/* Any register by its xAPIC offset; raw, for handing LDR/DFR/LVTs on. */
u32 apic_read(u32 offset);
void apic_write(u32 offset, u32 val);

/* One of the eight 32-bit words of ISR, TMR, IRR. */
u32 apic_isr_word(unsigned int word);
u32 apic_tmr_word(unsigned int word);
u32 apic_irr_word(unsigned int word);

/* Is this vector in service; was it level triggered? */
bool apic_in_service(u8 vector);
bool apic_is_level(u8 vector);
/* Highest vector in service, or -1. */
int apic_highest_in_service(void);

/*
 * One-shot timer on APIC_VECTOR_TIMER. TSC-deadline mode when the CPU has it, else the count-down
 * timer (which may fire early for deadlines over about 4 s: look at the clock, arm again).
 */
void apic_timer_init(void);
void apic_timer_arm(u64 deadline_tsc);
void apic_timer_stop(void);

#endif
