/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The application processors' way from real mode to 64-bit mode. smp.c copies this block to a page
 * below 1 MiB, fills ap_params in the copy, and maps that page at its own address while CPUs start.
 * Protected mode is skipped: PE and PG are set by one write, as both vendors allow.
 */
#include "arch/x86/layout.h"

#define CR0_LONG 0x80010023 /* PG WP NE MP PE; caches on (CD and NW clear) */
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define REL(x) ((x) - ap_trampoline)

	.section .rodata.ap_trampoline, "a"
	.balign 16
	.globl ap_trampoline
	.globl ap_trampoline_end
	.globl ap_trampoline_long
	.globl ap_params
	.globl ap_gdt
	.code16
ap_trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds			/* the page is segment base: addresses are REL() */
	lgdtl REL(ap_gdtr)
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl REL(ap_cr3), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $EFER_LME_NXE, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_LONG, %eax
	movl %eax, %cr0
	ljmpl *REL(ap_far_pointer)

	.code64
ap_trampoline_long:
	movl $0x10, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq ap_stack(%rip), %rsp
	movq ap_argument(%rip), %rdi	/* struct cpu_local of this CPU */
	movq ap_entry(%rip), %rax
	xorl %ebp, %ebp
	pushq $0			/* return address of the outermost function */
	jmp *%rax

	.balign 8
ap_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* 0x08: 64-bit code */
	.quad 0x00cf93000000ffff	/* 0x10: data */

	/* struct ap_params of smp.c */
	.balign 8
ap_params:
ap_cr3:
	.long 0
ap_far_pointer:
	.long 0				/* linear address of ap_trampoline_long in the copy */
	.short 0x08
ap_gdtr:
	.short 3 * 8 - 1
	.long 0				/* linear address of ap_gdt in the copy */
ap_stack:
	.quad 0
ap_argument:
	.quad 0
ap_entry:
	.quad 0
ap_trampoline_end:

	.section .note.GNU-stack, "", @progbits
