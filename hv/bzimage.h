/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the Linux x86 boot protocol as far as starting dom0 needs it: check a bzImage, lay out
 *           the zero page. Documented in Linux's Documentation/x86/boot.rst and zero-page.rst.
 * Callers:  hv/priv_build.c, unit tests.    Context: boot.    Locking: none (pure).
 * Lifetime: results point into the image given.
 * Errors:   bzimage_parse() returns a text that says what is wrong, NULL if all is well.
 */
#ifndef HV_BZIMAGE_H
#define HV_BZIMAGE_H

#include "arch/x86/types.h"

struct bzimage {
	const u8 *setup;     /* real-mode part, setup header at 0x1f1 */
	u32 setup_header_end; /* offset one past the setup header */
	const u8 *kernel;    /* protected-mode part */
	u64 kernel_size;
	u64 pref_address;
	u64 init_size;	     /* memory needed from the load address on */
	u32 alignment;
	u64 initrd_max;	     /* highest address of the initrd's last byte */
	u32 cmdline_max;
};

#define BZIMAGE_ENTRY64 0x200u /* from the protected-mode part's start */

const char *bzimage_parse(const void *image, u64 size, struct bzimage *out);

/* Zero page: offsets of the fields set here. */
#define ZP_SIZE 4096u
#define ZP_SCREEN_INFO 0x000
#define ZP_RSDP 0x070
#define ZP_EXT_RAMDISK 0x0c0
#define ZP_EXT_RAMDISK_SIZE 0x0c4
#define ZP_EXT_CMDLINE 0x0c8
#define ZP_E820_COUNT 0x1e8
#define ZP_HEADER 0x1f1
#define ZP_VID_MODE 0x1fa
#define ZP_LOADER_TYPE 0x210
#define ZP_LOADFLAGS 0x211
#define ZP_RAMDISK 0x218
#define ZP_RAMDISK_SIZE 0x21c
#define ZP_CMDLINE 0x228
#define ZP_E820_TABLE 0x2d0
#define ZP_E820_MAX 128u

struct zp_e820 {
	u64 addr;
	u64 size;
	u32 type;
} PACKED;
STATIC_SIZE(struct zp_e820, 20);

/* Copies the setup header, sets the loader type, command line, initrd. zp is zeroed by the
 * caller. */
void bzimage_fill_zero_page(const struct bzimage *b, u8 *zp, u64 cmdline, u64 initrd,
			    u64 initrd_size);

#endif
