/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  register frames: the guest's general registers and the frame of a host trap.
 * Callers:  svm/entry.S and vmx/entry.S (by generated offsets), hv exits, trap.c, panic.c.
 * Context, locking, lifetime, errors: layouts only.
 */
#ifndef MINIBUS_ARCH_REGS_H
#define MINIBUS_ARCH_REGS_H

#include "arch/x86/types.h"

enum reg_index {
	REG_RAX,
	REG_RCX,
	REG_RDX,
	REG_RBX,
	REG_RSP,
	REG_RBP,
	REG_RSI,
	REG_RDI,
	REG_R8,
	REG_R9,
	REG_R10,
	REG_R11,
	REG_R12,
	REG_R13,
	REG_R14,
	REG_R15,
	REG_COUNT,
};

/* Hardware encoding order: gpr[n] is the register that ModRM/REX call n. */
struct guest_regs {
	union {
		struct {
			u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
			u64 r8, r9, r10, r11, r12, r13, r14, r15;
		};
		u64 gpr[REG_COUNT];
	};
};

STATIC_SIZE(struct guest_regs, 128);
STATIC_OFFSET(struct guest_regs, rsp, 8 * REG_RSP);
STATIC_OFFSET(struct guest_regs, rdi, 8 * REG_RDI);
STATIC_OFFSET(struct guest_regs, r15, 8 * REG_R15);

/* What trap_entry.S builds on the stack; regs.rsp is unused there, rsp below is the real one. */
struct trap_frame {
	struct guest_regs regs;
	u64 vector;
	u64 error;
	u64 rip;
	u64 cs;
	u64 rflags;
	u64 rsp;
	u64 ss;
};

STATIC_SIZE(struct trap_frame, 184);
STATIC_OFFSET(struct trap_frame, vector, 128);
STATIC_OFFSET(struct trap_frame, error, 136);
STATIC_OFFSET(struct trap_frame, rip, 144);
STATIC_OFFSET(struct trap_frame, ss, 176);

#endif
