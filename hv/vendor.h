/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the second half of the start: virtualisation on, dom0 built, every CPU into its loop.
 * Callers:  main.c, as the last call of the boot CPU and of each other CPU.
 * Context:  all CPUs are up; interrupts off.    Locking: none.    Lifetime: once; do not return.
 * Errors:   end in a line on the consoles that says why.
 */
#ifndef HV_VENDOR_H
#define HV_VENDOR_H

#include "arch/x86/types.h"

NORETURN void vendor_main(void);
NORETURN void vendor_cpu_main(void);

#endif
