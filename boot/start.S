/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the loader's 32-bit mode to boot_main() in the higher half.
 *
 * The first tables map the low 4 GiB three times: at 0 (we run there), at the direct map's base
 * and, the first GiB, at the image's base. paging_init() replaces them; nothing of this file is
 * mapped in the image afterwards.
 *
 *   register  holds
 *   esi       loader magic       (from eax)
 *   edi       loader information (from ebx)
 */
#include "arch/x86/layout.h"

#define CR0_LONG 0x80010023 /* PG WP NE MP PE */
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define TABLE 0x03	/* present, writable */
#define LEAF_2M 0x83	/* the same, large */
#define PHYS(x) ((x) - IMAGE_BASE)

	.section .boot.text, "ax"
	.code32
	.globl start
start:
	cli
	cld
	movl %eax, %esi
	movl %ebx, %edi
	movl $boot_stack32_top, %esp
	pushl $0
	popfl

	/* The loader should have cleared these; they are the ground all C stands on. */
	movl %edi, %ebx
	xorl %eax, %eax
	movl $PHYS(_bss_start), %edi
	movl $PHYS(_bss_end), %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	rep stosl
	movl $boot_tables, %edi
	movl $(boot_tables_end - boot_tables) / 4, %ecx
	rep stosl
	movl %ebx, %edi

	/* CPUID exists if bit 21 of EFLAGS can be changed. */
	pushfl
	popl %eax
	movl %eax, %ecx
	xorl $0x200000, %eax
	pushl %eax
	popfl
	pushfl
	popl %eax
	cmpl %eax, %ecx
	je no_long_mode
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb no_long_mode
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx
	jnc no_long_mode
	btl $20, %edx
	jnc no_nx

	movl $boot_pdpt_low + TABLE, boot_pml4
	movl $boot_pdpt_low + TABLE, boot_pml4 + 8 * 256
	movl $boot_pdpt_high + TABLE, boot_pml4 + 8 * 511
	movl $boot_pd + TABLE, boot_pdpt_high + 8 * 510
	movl $boot_pd + TABLE, boot_pdpt_low
	movl $boot_pd + 0x1000 + TABLE, boot_pdpt_low + 8
	movl $boot_pd + 0x2000 + TABLE, boot_pdpt_low + 16
	movl $boot_pd + 0x3000 + TABLE, boot_pdpt_low + 24
	movl $LEAF_2M, %eax
	xorl %ecx, %ecx
1:	movl %eax, boot_pd(, %ecx, 8)
	addl $0x200000, %eax
	incl %ecx
	cmpl $2048, %ecx
	jb 1b

	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl $CR0_LONG, %eax
	movl %eax, %cr0
	lgdt boot_gdtr
	ljmp $0x08, $start64

no_long_mode:
	movl $text_no_long_mode, %ebx
	jmp say_and_stop
no_nx:
	movl $text_no_nx, %ebx

/* ebx: text. To the VGA text screen and COM1 as the firmware left them, with 8 bits a character. */
say_and_stop:
	movw $0x3fb, %dx
	movb $3, %al
	outb %al, %dx
	movl $0xb8000, %edi
1:	movb (%ebx), %al
	testb %al, %al
	jz 3f
	movb $0x4f, %ah
	movw %ax, (%edi)
	addl $2, %edi
	movb %al, %cl
	movw $0x3fd, %dx
	movl $100000, %ebp
2:	inb %dx, %al
	decl %ebp
	jz 4f
	testb $0x20, %al
	jz 2b
4:	movb %cl, %al
	movw $0x3f8, %dx
	outb %al, %dx
	incl %ebx
	jmp 1b
3:	cli
	hlt
	jmp 3b

text_no_long_mode:
	.asciz "Minibus: this CPU has no 64-bit mode. Stopped.\r\n"
text_no_nx:
	.asciz "Minibus: this CPU has no NX bit, or the firmware hides it. Stopped.\r\n"

	.code64
start64:
	movl $0x10, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq $boot_stacks + BOOT_STACK_TOP, %rsp	/* higher half from here on */
	xorl %ebp, %ebp			/* end of the call chain */
	movl %esi, %eax
	movl %edi, %esi			/* 2nd argument: information */
	movl %eax, %edi			/* 1st argument: magic */
	movq $boot_main, %rax
	pushq $0			/* return address of the outermost function */
	jmp *%rax

	.section .boot.data, "aw"
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* 0x08: 64-bit code */
	.quad 0x00cf93000000ffff	/* 0x10: data */
boot_gdtr:
	.short . - boot_gdt - 1
	.long boot_gdt

	.section .boot.bss, "aw", @nobits
	.balign 4096
boot_tables:
boot_pml4:
	.skip 4096
boot_pdpt_low:
	.skip 4096
boot_pdpt_high:
	.skip 4096
boot_pd:
	.skip 4 * 4096
boot_tables_end:
	.skip 256
boot_stack32_top:

	.section .note.GNU-stack, "", @progbits
