/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  reading what a multiboot 1 or 2 loader left in memory.
 * Callers:  boot/boot_main.c, unit tests. Context: boot CPU, once, while the loader's memory is
 *           still untouched and mapped. Locking: none. Lifetime: *out is complete afterwards, see
 *           boot/boot_info.h. Errors: a text with the reason; *out is then not to be used.
 */
#ifndef MINIBUS_BOOT_MULTIBOOT_H
#define MINIBUS_BOOT_MULTIBOOT_H

#include "boot/boot_info.h"

#define MULTIBOOT1_LOADER_MAGIC 0x2badb002u
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289u

/* image_start and image_end of *out are set by the caller. NULL or what is wrong. */
const char *multiboot_parse(u32 magic, hpa_t info, struct boot_info *out);

#endif
