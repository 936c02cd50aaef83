/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what the boot loader told us, in one neutral and checked form.
 * Callers:  boot/multiboot.c fills it, hv reads it. Context: built once before anything else.
 * Locking:  constant after hv_main() was called. Lifetime: forever; nothing points into loader
 *           memory except modules[] (data) and the two EFI pointers.
 * Errors:   multiboot_parse() returns a text that says what is wrong.
 *
 * boot/ is above hv/ in the include order; this header alone is also read by hv/ and svm/.
 */
#ifndef MINIBUS_BOOT_INFO_H
#define MINIBUS_BOOT_INFO_H

#include "arch/x86/types.h"

#define BOOT_CMDLINE_MAX 1024
#define BOOT_MODULES_MAX 8
#define BOOT_RANGES_MAX 256
#define BOOT_LOADER_MAX 64
#define BOOT_RSDP_MAX 36

/* As E820; anything else a loader reports is treated as reserved. */
enum boot_range_type {
	BOOT_RANGE_RAM = 1,
	BOOT_RANGE_RESERVED = 2,
	BOOT_RANGE_ACPI = 3,
	BOOT_RANGE_NVS = 4,
	BOOT_RANGE_BAD = 5,
};

struct boot_range {
	u64 start, end; /* [start, end) */
	u32 type;
};

struct boot_module {
	hpa_t start;
	u64 size;
	char cmdline[BOOT_CMDLINE_MAX];
};

struct boot_framebuffer {
	u64 address; /* 0: none given */
	u32 pitch, width, height;
	u8 bits_per_pixel;
	u8 type; /* 1 RGB, 2 EGA text */
	u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};

struct boot_info {
	char loader[BOOT_LOADER_MAX];
	unsigned int protocol; /* multiboot 1 or 2 */
	char cmdline[BOOT_CMDLINE_MAX];

	unsigned int range_count;
	struct boot_range ranges[BOOT_RANGES_MAX]; /* sorted, not overlapping, neighbours merged */
	unsigned int module_count;
	struct boot_module modules[BOOT_MODULES_MAX];

	hpa_t rsdp;	   /* where the firmware has it; 0: only the copy is known, or nothing */
	u32 rsdp_size;	   /* of the copy; 0: no RSDP known */
	u8 rsdp_copy[BOOT_RSDP_MAX];

	struct boot_framebuffer framebuffer;

	bool efi;	     /* started by UEFI firmware */
	u64 efi_system_table; /* 64-bit system table, 0 if not given */
	hpa_t efi_memmap;    /* the loader's copy of the EFI memory map, 0 if not given */
	u32 efi_memmap_size;
	u32 efi_desc_size;
	u32 efi_desc_version;

	u64 image_start, image_end; /* the hypervisor itself, physical, whole pages */
};

#endif
