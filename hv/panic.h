/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the end, when the hypervisor itself is broken: say all, stop all, halt or reboot.
 * Callers:  BUG_ON, traps; never for anything a guest can cause.
 * Context:  any, also NMI and with locks held. Locking: none taken; the first CPU wins, others
 *           stop.
 * Lifetime: panic_init() once handlers can be set. Errors: does not return.
 */
#ifndef MINIBUS_HV_PANIC_H
#define MINIBUS_HV_PANIC_H

#include "arch/x86/regs.h"

NORETURN void panic(const char *fmt, ...) PRINTF(1, 2);

/* With the registers of a trap. */
NORETURN void panic_trap(const struct trap_frame *frame);

/* Registers trap handlers: fatal exceptions and the stopping NMI. */
void panic_init(void);

/* True from the first panic on. */
bool panic_in_progress(void);

/* In the NMI handler: stops this CPU for good if a panic wants it. */
void panic_stop_if_requested(void);

/* Hook that prints more (trace records, the current vCPU); called once, may be NULL. */
void panic_set_dump(void (*fn)(void));

/* Symbol that contains addr and the offset in it; NULL if none. */
const char *panic_symbol(u64 addr, u64 *offset);

/* Prints the call chain from a frame pointer on. */
void panic_backtrace(u64 rip, u64 rbp);

/* Orderly end of the machine: prints reason, stops the other CPUs, resets or halts. */
NORETURN void panic_stop_machine(const char *reason, bool reboot);

#endif
