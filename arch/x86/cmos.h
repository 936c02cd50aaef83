/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the real-time clock, read once at boot as the wall clock's start.
 * Callers:  hv/main.c. Context: boot CPU before dom0 runs (the ports are dom0's afterwards).
 * Locking, lifetime: none. Errors: 0 when the clock does not answer sensibly.
 */
#ifndef MINIBUS_ARCH_CMOS_H
#define MINIBUS_ARCH_CMOS_H

#include "arch/x86/types.h"

/* Seconds since 1970-01-01 00:00 UTC, taking the clock as UTC. */
u64 cmos_read_time(void);

#endif
