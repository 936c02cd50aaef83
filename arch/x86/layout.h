/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  where things lie, shared by C and assembly (so: plain numbers only).
 * Callers:  paging.h, the .S files of boot; linker.ld repeats the numbers. Context, locking,
 *           lifetime, errors: constants only.
 */
#ifndef MINIBUS_ARCH_LAYOUT_H
#define MINIBUS_ARCH_LAYOUT_H

#define LOAD_ADDRESS 0x200000
#define IMAGE_BASE 0xffffffff80000000
#define DIRECT_MAP_BASE 0xffff800000000000
#define WINDOW_BASE 0xffffff0000000000
#define WINDOW_SIZE 0x0000004000000000

/* One stack per CPU, and one each for #DF, NMI and #MC. */
#define STACK_SIZE 0x4000
#define IST_STACK_SIZE 0x2000

/* The boot CPU's stack in boot_stacks (hv/percpu.c): a guard page, then the stack. */
#define BOOT_STACK_TOP (0x1000 + STACK_SIZE)

#endif
