/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sorting of host traps: NMI, interrupt, repaired exception, fatal exception. What to do about them
 * is decided above: hv/ registers handlers.
 */
#include "arch/x86/trap.h"

#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cpu_local.h"
#include "arch/x86/errno.h"

#define VECTOR_FIRST_APIC 0x10 /* lowest vector that an APIC can deliver */
#define VECTOR_FIRST_IRQ 0x20

extern const struct extable_entry _extable_start[], _extable_end[]; /* linker.ld */

static void (*irq_handler)(struct trap_frame *frame, unsigned int vector);
static bool (*nmi_handler)(struct trap_frame *frame);
static void (*fatal_handler)(const struct trap_frame *frame);

static const char *const names[] = {
	[TRAP_DE] = "#DE divide error",
	[TRAP_DB] = "#DB debug",
	[TRAP_NMI] = "NMI",
	[TRAP_BP] = "#BP breakpoint",
	[TRAP_OF] = "#OF overflow",
	[TRAP_BR] = "#BR bound range",
	[TRAP_UD] = "#UD invalid opcode",
	[TRAP_NM] = "#NM device not available",
	[TRAP_DF] = "#DF double fault",
	[TRAP_TS] = "#TS invalid TSS",
	[TRAP_NP] = "#NP segment not present",
	[TRAP_SS] = "#SS stack fault",
	[TRAP_GP] = "#GP general protection",
	[TRAP_PF] = "#PF page fault",
	[TRAP_MF] = "#MF x87 error",
	[TRAP_AC] = "#AC alignment check",
	[TRAP_MC] = "#MC machine check",
	[TRAP_XM] = "#XM SIMD error",
	[TRAP_VE] = "#VE virtualization",
	[TRAP_CP] = "#CP control protection",
};

void trap_set_irq_handler(void (*fn)(struct trap_frame *frame, unsigned int vector))
{
	irq_handler = fn;
}

void trap_set_nmi_handler(bool (*fn)(struct trap_frame *frame))
{
	nmi_handler = fn;
}

void trap_set_fatal_handler(void (*fn)(const struct trap_frame *frame))
{
	fatal_handler = fn;
}

const char *trap_name(unsigned int vector)
{
	if (vector < ARRAY_SIZE(names) && names[vector])
		return names[vector];
	return vector < VECTOR_FIRST_IRQ ? "reserved exception" : "interrupt";
}

static bool fix_up(struct trap_frame *frame)
{
	for (const struct extable_entry *e = _extable_start; e < _extable_end; e++) {
		if ((u64)&e->insn + (u64)(s64)e->insn != frame->rip)
			continue;
		frame->rip = (u64)&e->fixup + (u64)(s64)e->fixup;
		frame->regs.rax = (u64)-EIO;
		return true;
	}
	return false;
}

/*
 * A device (so dom0) can be programmed to send 0x10..0x1f, the numbers of exceptions. An interrupt
 * is in service in the local APIC, an exception is not.
 */
static bool is_interrupt(unsigned int vector)
{
	if (vector >= VECTOR_FIRST_IRQ)
		return true;
	return vector >= VECTOR_FIRST_APIC && apic_in_service((u8)vector);
}

void trap_interrupt(unsigned int vector)
{
	if (irq_handler)
		irq_handler(NULL, vector);
}

void trap_dispatch(struct trap_frame *frame)
{
	unsigned int vector = (unsigned int)frame->vector;

	if (vector == TRAP_NMI) {
		if (nmi_handler && nmi_handler(frame))
			return;
	} else if (is_interrupt(vector)) {
		if (irq_handler) {
			irq_handler(frame, vector);
			return;
		}
	} else if (fix_up(frame)) {
		return;
	}

	cpu_local()->trap_depth++;
	if (fatal_handler)
		fatal_handler(frame);
	cpu_halt_forever();
}
