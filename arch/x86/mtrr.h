/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  which memory type the firmware gave each physical address: the MTRRs of the boot CPU.
 * Callers:  main.c reads them once; priv_memory.c builds dom0's map by them, because below EPT the
 *           MTRRs no longer hold (below NPT they do).
 * Context:  mtrr_init() on the boot CPU, before dom0 runs; mtrr_type() anywhere after it.
 * Locking:  none: constant afterwards.    Lifetime: forever. Later writes by dom0 are not followed.
 * Errors:   none: what cannot be read counts as absent, what the manual leaves undefined as UC.
 */
#ifndef MINIBUS_ARCH_MTRR_H
#define MINIBUS_ARCH_MTRR_H

#include "arch/x86/mem_type.h"
#include "arch/x86/types.h"

void mtrr_init(void);

/* Type of the physical address start; it holds up to *end, which is at most limit (> start). */
enum mem_type mtrr_type(u64 start, u64 limit, u64 *end);

/* "UC", "WB" ..., for messages. */
const char *mtrr_type_name(enum mem_type type);

#endif
