/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the memory map a guest is told, and the fixed places of what the tool puts below 1 MiB.
 * Callers:  the loaders (boot_params, PVH and multiboot maps), tests.
 * Context:  any.    Locking: none.    Lifetime: no state.    Errors: none.
 *
 *   0x00000..0x9efff  RAM: 0x01000 start information (PVH, multiboot), 0x10000 boot_params,
 *                     0x20000 command line
 *   0x9f000..0xfffff  reserved: 0xe0000 ACPI tables, RSDP first (so that a scan finds it too);
 *                     0xffff0 code that resets the guest
 *   0x100000..        RAM, as in hv/abi/guest.h; the local APIC's page is reserved
 */
#ifndef MINIBUS_TOOLS_LIB_E820_H
#define MINIBUS_TOOLS_LIB_E820_H

#include <stdint.h>

#define E820_START_INFO 0x1000u
#define E820_START_INFO_SIZE 0xf000u
#define E820_BOOT_PARAMS 0x10000u
#define E820_CMDLINE 0x20000u
#define E820_CMDLINE_SIZE 0x10000u
#define E820_LOW_END 0x9f000u
#define E820_ACPI 0xe0000u
#define E820_ACPI_SIZE 0x1fff0u
#define E820_BIOS_ENTRY 0xffff0u /* where old kernels jump to reboot */
#define E820_IMAGE_START 0x100000u /* kernels lie above, so they cannot meet any of the above */

#define E820_RAM 1u
#define E820_RESERVED 2u
#define E820_MAX 8u

struct e820_entry {
	uint64_t start;
	uint64_t size;
	uint32_t type; /* E820_RAM or E820_RESERVED */
};

/* Fills map in rising order; returns the number of entries. size >= 2 MiB. */
unsigned int e820_build(uint64_t size, struct e820_entry map[E820_MAX]);

#endif
