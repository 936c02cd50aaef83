/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  decode the few instruction forms that touch the local APIC page and MOV to and from
 *           control registers; find the length of instructions the hardware did not tell.
 * Callers:  exit_mmio.c, svm/exit.c.    Context: any.    Locking, lifetime: none (pure).
 * Errors:   -MB_EINVAL: not one of the forms; the caller decides what becomes of the guest.
 */
#ifndef HV_INSN_H
#define HV_INSN_H

#include "arch/x86/types.h"

#define INSN_MAX 15u /* bytes of the longest instruction */

struct insn_mmio {
	u8 len;
	u8 size;     /* of the memory operand: 1, 2, 4, 8 bytes */
	u8 dst_size; /* of the register operand: differs with MOVZX, MOVSX */
	bool write;  /* to memory; false: to reg */
	bool imm;    /* source is imm, else reg */
	bool xchg;   /* XCHG: both */
	bool or_, and_; /* OR/AND: the destination is also a source, flags are set */
	bool zx, sx; /* MOVZX, MOVSX */
	u8 reg;	     /* hardware number 0..15 */
	bool high8;  /* AH..BH */
	u64 value;   /* immediate, sign extended */
};

/* bytes[0..n): instruction at rip; mode64 / db as the code segment says. MOV (88 89 8A 8B A0-A3 C6
 * C7), XCHG (86 87), OR/AND (80 81 83 08-0B 20-23 forms with a memory operand), MOVZX, MOVSX and
 * MOVSXD. */
int insn_decode_mmio(const u8 *bytes, u32 n, bool mode64, bool db, struct insn_mmio *out);

/* MOV to (0F 22) or from (0F 20) a control register: its length and *gpr, the general register; 0
 * if the bytes are something else. The control register is not looked at: the exit has told it. */
u8 insn_decode_mov_cr(const u8 *bytes, u32 n, bool mode64, u8 *gpr);

/* Length of an instruction whose opcode (after legacy prefixes and REX) is op[0..op_len); 0 if the
 * bytes are something else. */
u8 insn_length_of(const u8 *bytes, u32 n, bool mode64, const u8 *op, u32 op_len);

#endif
