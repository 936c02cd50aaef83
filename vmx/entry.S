/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch: bool vmx_enter(struct guest_regs *regs, bool launched, u64 rsp_field).
 *
 * Runs with interrupts off. RIP, RSP and RFLAGS of the guest are in the VMCS; a VM exit loads the
 * host's segments, stack and tables from there (SDM "Loading Host State"), so C code has its GS and
 * an NMI its TSS at vmx_exit_point already. If the instruction itself fails (SDM "VM-Instruction
 * Error Numbers"), execution goes on behind it with the guest's registers: the same way back.
 */
#include "asm_offsets.h"

	.text
	.global vmx_enter
	.type vmx_enter, @function
vmx_enter:
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi				/* regs */
	vmwrite	%rsp, %rdx			/* host RSP: (RSP) = regs at the exit */

	test	%sil, %sil			/* flags stay until the jump: MOV changes none */
	mov	REGS_RAX(%rdi), %rax
	mov	REGS_RCX(%rdi), %rcx
	mov	REGS_RDX(%rdi), %rdx
	mov	REGS_RBX(%rdi), %rbx
	mov	REGS_RBP(%rdi), %rbp
	mov	REGS_RSI(%rdi), %rsi
	mov	REGS_R8(%rdi), %r8
	mov	REGS_R9(%rdi), %r9
	mov	REGS_R10(%rdi), %r10
	mov	REGS_R11(%rdi), %r11
	mov	REGS_R12(%rdi), %r12
	mov	REGS_R13(%rdi), %r13
	mov	REGS_R14(%rdi), %r14
	mov	REGS_R15(%rdi), %r15
	mov	REGS_RDI(%rdi), %rdi
	jnz	1f
	vmlaunch
	jmp	2f
1:	vmresume
2:	push	$1				/* failed */
	jmp	3f

	.global vmx_exit_point
vmx_exit_point:
	push	$0
3:	push	%rax				/* RSP: guest's RAX, result, regs */
	mov	16(%rsp), %rax			/* regs */
	mov	%rcx, REGS_RCX(%rax)
	mov	%rdx, REGS_RDX(%rax)
	mov	%rbx, REGS_RBX(%rax)
	mov	%rbp, REGS_RBP(%rax)
	mov	%rsi, REGS_RSI(%rax)
	mov	%rdi, REGS_RDI(%rax)
	mov	%r8, REGS_R8(%rax)
	mov	%r9, REGS_R9(%rax)
	mov	%r10, REGS_R10(%rax)
	mov	%r11, REGS_R11(%rax)
	mov	%r12, REGS_R12(%rax)
	mov	%r13, REGS_R13(%rax)
	mov	%r14, REGS_R14(%rax)
	mov	%r15, REGS_R15(%rax)
	pop	REGS_RAX(%rax)
	/* No guest value may steer speculation in C code. */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebx, %ebx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	pop	%rax				/* result */
	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size vmx_enter, . - vmx_enter

	.section .note.GNU-stack, "", @progbits
