/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  arithmetic on the loader's memory map, and the search for the ACPI root pointer.
 * Callers:  boot/multiboot.c, boot/boot_main.c, unit tests. Context: boot CPU, once.
 * Locking, lifetime: none. Errors: false or 0, see below.
 */
#ifndef MINIBUS_BOOT_MEMORY_MAP_H
#define MINIBUS_BOOT_MEMORY_MAP_H

#include "boot/boot_info.h"

/*
 * Sorts the ranges, cuts overlaps (the less usable type wins) and merges equal neighbours. False if
 * more than max pieces come out.
 */
bool memory_map_normalize(struct boot_range *ranges, unsigned int *count, unsigned int max);

/* Of a normalised map: is all of [start, end) RAM? */
bool memory_map_is_ram(const struct boot_range *ranges, unsigned int count, u64 start, u64 end);

/* BIOS machines: the RSDP in the EBDA or 0xe0000..0xfffff; v == 0: none. */
hpa_t memory_map_find_rsdp(void);

#endif
