/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that assembly shares with C. Compiled to text only; the Makefile turns the marked lines
 * into asm_offsets.h, so no offset is ever typed by hand.
 */
#include "arch/x86/cpu_local.h"
#include "arch/x86/regs.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))

void asm_offsets(void);

void asm_offsets(void)
{
	DEFINE(REGS_RAX, offsetof(struct guest_regs, rax));
	DEFINE(REGS_RCX, offsetof(struct guest_regs, rcx));
	DEFINE(REGS_RDX, offsetof(struct guest_regs, rdx));
	DEFINE(REGS_RBX, offsetof(struct guest_regs, rbx));
	DEFINE(REGS_RSP, offsetof(struct guest_regs, rsp));
	DEFINE(REGS_RBP, offsetof(struct guest_regs, rbp));
	DEFINE(REGS_RSI, offsetof(struct guest_regs, rsi));
	DEFINE(REGS_RDI, offsetof(struct guest_regs, rdi));
	DEFINE(REGS_R8, offsetof(struct guest_regs, r8));
	DEFINE(REGS_R9, offsetof(struct guest_regs, r9));
	DEFINE(REGS_R10, offsetof(struct guest_regs, r10));
	DEFINE(REGS_R11, offsetof(struct guest_regs, r11));
	DEFINE(REGS_R12, offsetof(struct guest_regs, r12));
	DEFINE(REGS_R13, offsetof(struct guest_regs, r13));
	DEFINE(REGS_R14, offsetof(struct guest_regs, r14));
	DEFINE(REGS_R15, offsetof(struct guest_regs, r15));
	DEFINE(REGS_SIZE, sizeof(struct guest_regs));
	DEFINE(CPU_SELF, offsetof(struct cpu_local, self));
	DEFINE(CPU_ID, offsetof(struct cpu_local, id));
	DEFINE(CPU_STACK_TOP, offsetof(struct cpu_local, stack_top));
}
