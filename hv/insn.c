// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoder of the few instructions that touch the local APIC page. It does not compute the address:
 * the nested page fault has told it. So of ModRM only the register and the length matter.
 *
 * SDM Vol 2 "Instruction Format": prefixes, REX, opcode, ModRM, SIB, displacement, immediate.
 */
#include "hv/insn.h"

#include "hv/string.h"

#include "hv/abi/types.h"


#define REX_W 8u
#define REX_R 4u
#define REX_B 1u

#define MODRM_MOD(m) ((m) >> 6)
#define MODRM_REG(m) (((m) >> 3) & 7)
#define MODRM_RM(m) ((m) & 7)

struct cursor {
	const u8 *bytes;
	u32 n, at;
	u8 rex;
	bool opsize; /* 66 */
	bool adsize; /* 67 */
	bool mode64, db;
	bool overrun;
};

static u8 next_byte(struct cursor *c)
{
	if (c->at >= c->n || c->at >= INSN_MAX) {
		c->overrun = true;
		return 0;
	}
	return c->bytes[c->at++];
}

/* Little endian, sign extended. */
static u64 next_value(struct cursor *c, u32 size)
{
	u64 value = 0;

	for (u32 i = 0; i < size; i++)
		value |= (u64)next_byte(c) << (8 * i);
	if (size && size < 8)
		value = (u64)((s64)(value << (64 - 8 * size)) >> (64 - 8 * size));
	return value;
}

/* Leaves the cursor at the opcode. */
static void skip_prefixes(struct cursor *c)
{
	while (c->at < c->n) {
		switch (c->bytes[c->at]) {
		case 0x66:
			c->opsize = true;
			break;
		case 0x67:
			c->adsize = true;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0xf0:
		case 0xf2:
		case 0xf3:
			break;
		default:
			/* A REX prefix counts only directly before the opcode. */
			if (c->mode64 && (c->bytes[c->at] & 0xf0) == 0x40)
				c->rex = c->bytes[c->at++];
			return;
		}
		c->at++;
	}
}

static u8 operand_size(const struct cursor *c)
{
	if (c->rex & REX_W)
		return 8;
	return (c->mode64 || c->db) != c->opsize ? 4 : 2;
}

static u32 address_size(const struct cursor *c)
{
	if (c->mode64)
		return c->adsize ? 4 : 8;
	return c->db != c->adsize ? 4 : 2;
}

/* Consume ModRM, SIB and displacement; false if the operand is a register. */
static bool take_modrm(struct cursor *c, u8 *modrm)
{
	u32 mod, rm, disp;

	*modrm = next_byte(c);
	mod = MODRM_MOD(*modrm);
	rm = MODRM_RM(*modrm);
	if (mod == 3)
		return false;
	if (address_size(c) == 2) {
		disp = mod == 0 ? (rm == 6 ? 2 : 0) : mod;
	} else {
		if (rm == 4)
			rm = next_byte(c) & 7; /* SIB: base 5 with mod 0 has a displacement too */
		disp = mod == 0 ? (rm == 5 ? 4 : 0) : mod == 1 ? 1 : 4;
	}
	next_value(c, disp);
	return true;
}

static void set_reg(const struct cursor *c, u8 modrm, struct insn_mmio *out)
{
	out->reg = (u8)(MODRM_REG(modrm) | (c->rex & REX_R ? 8 : 0));
	/* Without REX, byte registers 4..7 are AH, CH, DH, BH. */
	if (out->dst_size == 1 && !c->rex && out->reg >= 4) {
		out->reg -= 4;
		out->high8 = true;
	}
}

static bool decode_two_byte(struct cursor *c, struct insn_mmio *out)
{
	u8 op = next_byte(c), modrm;

	if (op != 0xb6 && op != 0xb7 && op != 0xbe && op != 0xbf)
		return false;
	out->size = op & 1 ? 2 : 1;
	out->dst_size = operand_size(c);
	out->zx = op < 0xb8;
	out->sx = !out->zx;
	if (!take_modrm(c, &modrm))
		return false;
	set_reg(c, modrm, out);
	return true;
}

/* 80, 81, 83: group 1; /1 is OR, /4 is AND. */
static bool decode_group1(struct cursor *c, u8 op, struct insn_mmio *out)
{
	u8 modrm;

	if (!take_modrm(c, &modrm))
		return false;
	out->or_ = MODRM_REG(modrm) == 1;
	out->and_ = MODRM_REG(modrm) == 4;
	out->write = true;
	out->imm = true;
	out->value = next_value(c, op == 0x81 ? MIN(out->size, 4) : 1);
	return out->or_ || out->and_;
}

/* A0..A3: accumulator and an absolute address. */
static bool decode_moffs(struct cursor *c, u8 op, struct insn_mmio *out)
{
	next_value(c, address_size(c));
	out->write = op & 2;
	return true;
}

static bool decode_mov_imm(struct cursor *c, struct insn_mmio *out)
{
	u8 modrm;

	if (!take_modrm(c, &modrm) || MODRM_REG(modrm) != 0)
		return false;
	out->write = true;
	out->imm = true;
	out->value = next_value(c, MIN(out->size, 4));
	return true;
}

/* The forms reg,mem and mem,reg: opcode bit 1 is the direction, set: to the register. */
static bool decode_reg_mem(struct cursor *c, u8 op, struct insn_mmio *out)
{
	u8 modrm;

	if (!take_modrm(c, &modrm))
		return false;
	set_reg(c, modrm, out);
	out->write = !(op & 2);
	return true;
}

static bool decode_one_byte(struct cursor *c, u8 op, struct insn_mmio *out)
{
	u8 modrm;

	out->size = op & 1 ? operand_size(c) : 1;
	out->dst_size = out->size;
	switch (op) {
	case 0x88 ... 0x8b:
		return decode_reg_mem(c, op, out);
	case 0x08 ... 0x0b:
		out->or_ = true;
		return decode_reg_mem(c, op, out);
	case 0x20 ... 0x23:
		out->and_ = true;
		return decode_reg_mem(c, op, out);
	case 0x86:
	case 0x87:
		out->xchg = true;
		out->write = true;
		if (!take_modrm(c, &modrm))
			return false;
		set_reg(c, modrm, out);
		return true;
	case 0x80:
	case 0x81:
	case 0x83:
		return decode_group1(c, op, out);
	case 0xa0 ... 0xa3:
		return decode_moffs(c, op, out);
	case 0xc6:
	case 0xc7:
		return decode_mov_imm(c, out);
	case 0x63: /* MOVSXD; ARPL outside 64-bit mode */
		out->size = 4;
		out->dst_size = operand_size(c);
		out->sx = true;
		return c->mode64 && out->dst_size >= 4 && decode_reg_mem(c, 2, out);
	}
	return false;
}

int insn_decode_mmio(const u8 *bytes, u32 n, bool mode64, bool db, struct insn_mmio *out)
{
	struct cursor c = {.bytes = bytes, .n = n, .mode64 = mode64, .db = db};
	bool good;
	u8 op;

	*out = (struct insn_mmio){0};
	skip_prefixes(&c);
	op = next_byte(&c);
	good = op == 0x0f ? decode_two_byte(&c, out) : decode_one_byte(&c, op, out);
	if (!good || c.overrun)
		return -MB_EINVAL;
	out->len = (u8)c.at;
	return 0;
}

u8 insn_decode_mov_cr(const u8 *bytes, u32 n, bool mode64, u8 *gpr)
{
	struct cursor c = {.bytes = bytes, .n = n, .mode64 = mode64};
	u8 op, modrm;

	skip_prefixes(&c);
	if (next_byte(&c) != 0x0f)
		return 0;
	op = next_byte(&c);
	modrm = next_byte(&c); /* mod is ignored: the operand is a register always */
	if (c.overrun || (op != 0x20 && op != 0x22))
		return 0;
	*gpr = (u8)(MODRM_RM(modrm) | (c.rex & REX_B ? 8 : 0));
	return (u8)c.at;
}

u8 insn_length_of(const u8 *bytes, u32 n, bool mode64, const u8 *op, u32 op_len)
{
	struct cursor c = {.bytes = bytes, .n = MIN(n, INSN_MAX), .mode64 = mode64};

	skip_prefixes(&c);
	if (op_len > c.n - c.at || memcmp(bytes + c.at, op, op_len))
		return 0;
	return (u8)(c.at + op_len);
}
