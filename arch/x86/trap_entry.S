/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 256 entry stubs, 32 bytes each, that all end in trap_dispatch(struct trap_frame *).
 *
 * The CPU aligns RSP to 16 and pushes ss, rsp, rflags, cs, rip and, for some exceptions, an error
 * code; the stubs make the frame the same for all. For vectors that carry an error code but could
 * also arrive as an interrupt sent with that number (0x11, 0x15, 0x1d, 0x1e: a device can be
 * programmed so), bit 3 of RSP tells whether a code was pushed: five words leave it set, six clear.
 * Vectors below 0x10 cannot be sent by an APIC.
 */
	.section .text.trap_entry, "ax"
	.globl trap_stubs
	.balign 32
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 32
	.if vector == 8 || (vector >= 10 && vector <= 14)
		/* always with an error code */
	.elseif vector == 17 || vector == 21 || vector == 29 || vector == 30
		testb $8, %spl
		jz 1f
		pushq $0
1:
	.else
		pushq $0
	.endif
	pushq $vector
	jmp trap_common
	.set vector, vector + 1
	.endr

	.balign 32
trap_common:
	pushq %r15
	pushq %r14
	pushq %r13
	pushq %r12
	pushq %r11
	pushq %r10
	pushq %r9
	pushq %r8
	pushq %rdi
	pushq %rsi
	pushq %rbp
	pushq $0		/* regs.rsp: unused */
	pushq %rbx
	pushq %rdx
	pushq %rcx
	pushq %rax
	cld
	movq %rsp, %rdi		/* rdi: struct trap_frame * */
	subq $8, %rsp		/* 23 words were pushed on an aligned stack */
	call trap_dispatch
	addq $8, %rsp
	popq %rax
	popq %rcx
	popq %rdx
	popq %rbx
	addq $8, %rsp
	popq %rbp
	popq %rsi
	popq %rdi
	popq %r8
	popq %r9
	popq %r10
	popq %r11
	popq %r12
	popq %r13
	popq %r14
	popq %r15
	addq $16, %rsp		/* vector, error code */
	iretq

	.section .note.GNU-stack, "", @progbits
