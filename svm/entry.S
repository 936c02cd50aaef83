/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch: void svm_enter(struct guest_regs *regs, u64 vmcb_pa, u64 host_vmcb_pa).
 *
 * Runs with interrupts off. From CLGI to STGI nothing is delivered; with IF = 1 and V_INTR_MASKING
 * a physical interrupt ends the guest's run (APM 15.21.1) and is taken through the IDT at STGI. RAX
 * and RSP of the guest travel in the VMCB. VMRUN switches neither FS, GS, TR, LDTR nor the syscall
 * MSRs: VMLOAD and VMSAVE do (APM 15.5.2), so that C code has its GS and an NMI its TSS again.
 */
#include "asm_offsets.h"

	.text
	.global svm_enter
	.type svm_enter, @function
svm_enter:
	push	%rbp
	mov	%rsp, %rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdx				/* host_vmcb_pa */
	push	%rdi				/* regs */
	mov	%rsi, %rax			/* VMCB, kept in RAX over VMRUN by the hardware */

	clgi
	sti					/* takes effect in the guest only: GIF is 0 */
	vmload	%rax
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
	vmrun	%rax
	vmsave	%rax
	mov	8(%rsp), %rax
	vmload	%rax				/* host FS, GS, TR again */
	mov	(%rsp), %rax			/* regs */
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
	lea	56(%rsp), %rbp			/* the frame pointer saved above: for backtraces */
	stgi					/* what ended the run is taken here */
	nop
	cli
	cld
	pop	%rdi
	pop	%rdx
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size svm_enter, . - svm_enter

	.section .note.GNU-stack, "", @progbits
