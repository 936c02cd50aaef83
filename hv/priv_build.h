/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  build dom0 out of the boot modules: memory, map, Linux's start state.
 * Callers:  main.c, once.
 * Context:  boot CPU, the others are up and idle in run_cpu().    Locking: none needed.
 * Lifetime: dom0 lives as long as the machine.
 * Errors:   a line of text that says what is wrong; the caller ends the boot with it.
 */
#ifndef HV_PRIV_BUILD_H
#define HV_PRIV_BUILD_H

#include "boot/boot_info.h"

/* NULL: dom0 is ready, domain_start(dom0) may follow. */
const char *priv_build(const struct boot_info *info);

/* priv_memory.c: give dom0 its extents, lowest first, and map it. */
const char *priv_take_memory(const struct boot_info *info);
const char *priv_map_memory(void);
/* dom0 RAM [start, start + size), aligned, as high as possible with its last byte <= max, not
 * touching [avoid, avoid_end); 0: none. */
u64 priv_find_ram(u64 size, u64 align, u64 max, u64 avoid, u64 avoid_end);
bool priv_is_ram(u64 start, u64 size);
/* E820 of dom0 into the zero page. acpi_page: one page to be typed ACPI, 0: none. */
void priv_fill_e820(const struct boot_info *info, u8 *zp, u64 acpi_page);

#endif
