/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry of a bare test guest: multiboot 1 in flat 32-bit mode, then long mode with the first 4 GiB
 * mapped one to one (what is not RAM there faults in the nested tables, as some tests want).
 * Other vCPUs come through ap_start, which guest_start_cpu() copies to AP_PAGE.
 */
#define AP_PAGE 0x8000
#define CR4_PAE 0x20
#define CR4_OSFXSR 0x200
#define EFER 0xc0000080
#define EFER_LME 0x100
#define CR0_ON 0x80010001	/* PG, WP, PE */

	.section .multiboot, "a"
	.align 4
	.long 0x1badb002, 0x3, -(0x1badb002 + 0x3)

	.text
	.code32
	.globl start
start:
	cli
	movl	$stack_top, %esp
	lgdt	gdt_desc
	movl	%eax, boot_magic
	movl	%ebx, boot_info
	/* pml4[0] -> pdpt, pdpt[0..3] -> pd, 2 MiB pages */
	movl	$pdpt + 3, pml4
	movl	$pd + 3, %eax
	xorl	%ecx, %ecx
1:	movl	%eax, pdpt(, %ecx, 8)
	addl	$0x1000, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jne	1b
	xorl	%ecx, %ecx
2:	movl	%ecx, %eax
	shll	$21, %eax
	orl	$0x83, %eax
	movl	%eax, pd(, %ecx, 8)
	incl	%ecx
	cmpl	$2048, %ecx
	jne	2b
	call	long_mode_on
	ljmp	$0x8, $start64

long_mode_on:
	movl	$CR4_PAE | CR4_OSFXSR, %eax
	movl	%eax, %cr4
	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$CR0_ON, %eax
	movl	%eax, %cr0
	ret

	.code64
start64:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	lidt	idt_desc(%rip)
	call	guest_begin		/* does not return */

/* The page of another vCPU: real mode at AP_PAGE, to 32 bits, then the same road. */
	.code16
	.globl ap_start, ap_start_end
ap_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	AP_PAGE + (ap_gdt_desc - ap_start)
	movl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$0x18, $ap_start32
	.align 8
ap_gdt_desc:
	.word	gdt_end - gdt - 1
	.long	gdt
ap_start_end:

	.code32
ap_start32:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	ap_stack, %esp
	call	long_mode_on
	ljmp	$0x8, $ap_start64
	.code64
ap_start64:
	lidt	idt_desc(%rip)
	call	guest_ap_begin		/* does not return */

/* 256 entries of 16 bytes: vector on the stack, a zero error code where the CPU gives none. */
	.align 16
	.globl trap_stubs
trap_stubs:
	vector = 0
	.rept 256
	.align 16
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || \
	      vector == 29 || vector == 30)
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap_common
	vector = vector + 1
	.endr

trap_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	guest_trap
	movq	%rbx, %rsp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.data
	.align 16
gdt:	.quad	0
	.quad	0x00af9a000000ffff	/* 0x08: 64-bit code */
	.quad	0x00cf92000000ffff	/* 0x10: data */
	.quad	0x00cf9a000000ffff	/* 0x18: 32-bit code */
	.quad	0x00affa000000ffff	/* 0x20: 64-bit code, CPL 3 */
	.quad	0x00cff2000000ffff	/* 0x28: data, CPL 3 */
gdt_end:
gdt_desc:
	.word	gdt_end - gdt - 1
	.long	gdt
	.globl idt_desc
	.align 8
	.word	0, 0, 0
idt_desc:
	.word	4095
	.quad	idt
	.globl boot_magic, boot_info, ap_stack
boot_magic: .long 0
boot_info: .long 0
ap_stack: .long 0

	.bss
	.align 4096
	.globl pml4, pd
pml4:	.skip 4096
pdpt:	.skip 4096
pd:	.skip 4 * 4096
	.globl idt
idt:	.skip 4096
	.skip 16384
stack_top:
	.section .note.GNU-stack, "", @progbits
