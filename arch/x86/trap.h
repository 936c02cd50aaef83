/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what happens on a host exception, NMI or interrupt.
 * Callers:  hv registers its handlers at boot; trap_entry.S calls trap_dispatch().
 * Context:  handlers run with interrupts off, on the CPU's stack (interrupts) or an IST stack
 *           (#DF, NMI, #MC). An NMI handler takes no locks. Locking: handlers are set once, on the
 *           boot CPU, before others start. Lifetime: forever. Errors: an exception without a fixup
 *           goes to the fatal handler; without one the CPU halts.
 */
#ifndef MINIBUS_ARCH_TRAP_H
#define MINIBUS_ARCH_TRAP_H

#include "arch/x86/regs.h"

#define TRAP_DE 0
#define TRAP_DB 1
#define TRAP_NMI 2
#define TRAP_BP 3
#define TRAP_OF 4
#define TRAP_BR 5
#define TRAP_UD 6
#define TRAP_NM 7
#define TRAP_DF 8
#define TRAP_TS 10
#define TRAP_NP 11
#define TRAP_SS 12
#define TRAP_GP 13
#define TRAP_PF 14
#define TRAP_MF 16
#define TRAP_AC 17
#define TRAP_MC 18
#define TRAP_XM 19
#define TRAP_VE 20
#define TRAP_CP 21

/* Vectors 0x20..0xff, and 0x10..0x1f if the local APIC has them in service. The handler EOIs.
 * frame is NULL from trap_interrupt(). */
void trap_set_irq_handler(void (*fn)(struct trap_frame *frame, unsigned int vector));

/* Returns true if the NMI was dealt with (stop, handed to dom0); false makes it fatal. */
void trap_set_nmi_handler(bool (*fn)(struct trap_frame *frame));

/* Does not return: prints and stops the machine. */
void trap_set_fatal_handler(void (*fn)(const struct trap_frame *frame));

/* Does the CPU push an error code for this exception? */
static inline bool trap_has_error(unsigned int vector)
{
	return vector == TRAP_DF || (vector >= TRAP_TS && vector <= TRAP_PF) || vector == TRAP_AC ||
	       vector == TRAP_CP;
}

/* "#GP general protection" and the like. */
const char *trap_name(unsigned int vector);

/* An interrupt that came another way than through the IDT: to the same handler. */
void trap_interrupt(unsigned int vector);

/* Called by trap_entry.S only. */
void trap_dispatch(struct trap_frame *frame);

/*
 * One entry of the exception table: a fault at insn continues at fixup with rax = -EIO (-5).
 * Addresses are relative to the entry's own field, so the table needs no relocation.
 */
struct extable_entry {
	s32 insn;
	s32 fixup;
};

STATIC_SIZE(struct extable_entry, 8);

#define EXTABLE(insn, fixup) \
	".pushsection .extable, \"a\"\n" \
	".balign 4\n" \
	".long " #insn " - .\n" \
	".long " #fixup " - .\n" \
	".popsection\n"

#endif
