/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the loop of every CPU: choose a vCPU, enter it, act on its exit, again; or idle.
 * Callers:  main.c, as the last call of each CPU.
 * Context:  the CPU's own stack, interrupts off except while in a guest or idle.
 * Locking:  none held.    Lifetime: for ever.    Errors: none.
 */
#ifndef HV_RUN_H
#define HV_RUN_H

#include "arch/x86/types.h"

NORETURN void run_cpu(void);

#endif
