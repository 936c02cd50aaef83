/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the start of the hypervisor proper: the visible list of what is initialised when.
 * Callers:  boot/boot_main.c. Context: boot CPU, 64-bit mode, interrupts off, boot stack, early
 *           tables (first 4 GiB mapped). Locking: none. Lifetime: once. Errors: ends in a line on
 *           the consoles that says why, and a halted machine.
 */
#ifndef MINIBUS_HV_MAIN_H
#define MINIBUS_HV_MAIN_H

#include "boot/boot_info.h"

NORETURN void hv_main(const struct boot_info *info);

/* The boot information, for those who come later in the list. */
const struct boot_info *main_boot_info(void);

/* Seconds since 1970 at boot, from the real-time clock; 0 if unknown. */
u64 main_boot_time(void);

#endif
