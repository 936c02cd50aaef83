// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MMIO decoder: bytes as the assembler makes them, against what SDM Vol 2 says they are; cut at
 * every length; and random bytes in buffers of exact size, so that ASan sees a read too far.
 *
 * SOURCES: hv/insn.c
 */
#include <stdlib.h>
#include <string.h>

#include "hv/abi/types.h"
#include "hv/insn.h"
#include "tap.h"

#define M64 true, false
#define M32 false, true
#define M16 false, false

struct sample {
	const char *name;
	bool mode64, db;
	u8 bytes[12];
	struct insn_mmio want;
};

#define INSN(...) ((struct insn_mmio){__VA_ARGS__})
#define LOAD(l, s, r) INSN(.len = l, .size = s, .dst_size = s, .reg = r)
#define STORE(l, s, r) INSN(.len = l, .size = s, .dst_size = s, .reg = r, .write = true)
#define IMM(l, s, val) \
	INSN(.len = l, .size = s, .dst_size = s, .write = true, .imm = true, .value = (u64)(val))
#define EXTEND(l, s, d, r, how) INSN(.len = l, .size = s, .dst_size = d, .reg = r, .how = true)

static const struct sample good[] = {
	{"mov %eax,0x300(%rdi)", M64, {0x89, 0x87, 0, 3, 0, 0}, STORE(6, 4, 0)},
	{"mov 0x20(%rax),%edx", M64, {0x8b, 0x50, 0x20}, LOAD(3, 4, 2)},
	{"mov %r9d,(%r12)", M64, {0x45, 0x89, 0x0c, 0x24}, STORE(4, 4, 9)},
	{"mov (%r13),%r15d", M64, {0x45, 0x8b, 0x7d, 0}, LOAD(4, 4, 15)},
	{"mov -0x40(%rbp,%rcx,4),%r8", M64, {0x4c, 0x8b, 0x44, 0x8d, 0xc0}, LOAD(5, 8, 8)},
	{"mov %bl,0x80(%rsi)", M64, {0x88, 0x9e, 0x80, 0, 0, 0}, STORE(6, 1, 3)},
	{"mov %sil,(%rsi)", M64, {0x40, 0x88, 0x36}, STORE(3, 1, 6)},
	{"mov (%rdi),%ah", M64, {0x8a, 0x27},
	 INSN(.len = 2, .size = 1, .dst_size = 1, .reg = 0, .high8 = true)},
	{"movl $0xc4500,0x5fe300(%rip)", M64,
	 {0xc7, 0x05, 0, 0xe3, 0x5f, 0, 0, 0x45, 0x0c, 0}, IMM(10, 4, 0xc4500)},
	{"movl $-1,0xb0(%rax)", M64, {0xc7, 0x80, 0xb0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	 IMM(10, 4, -1l)},
	{"movb $0x7f,(%rax)", M64, {0xc6, 0, 0x7f}, IMM(3, 1, 0x7f)},
	{"movw $0x1234,(%rax)", M64, {0x66, 0xc7, 0, 0x34, 0x12}, IMM(5, 2, 0x1234)},
	{"movq $-2,(%rax)", M64, {0x48, 0xc7, 0, 0xfe, 0xff, 0xff, 0xff}, IMM(7, 8, -2l)},
	{"movabs 0xfee00020,%eax", M64, {0xa1, 0x20, 0, 0xe0, 0xfe, 0, 0, 0, 0}, LOAD(9, 4, 0)},
	{"movabs %rax,0xfee000b0", M64, {0x48, 0xa3, 0xb0, 0, 0xe0, 0xfe, 0, 0, 0, 0},
	 STORE(10, 8, 0)},
	{"addr32 mov 0xfee00020,%eax", M64, {0x67, 0xa1, 0x20, 0, 0xe0, 0xfe}, LOAD(6, 4, 0)},
	{"xchg %ecx,0xb0(%rdx)", M64, {0x87, 0x8a, 0xb0, 0, 0, 0},
	 INSN(.len = 6, .size = 4, .dst_size = 4, .reg = 1, .write = true, .xchg = true)},
	{"xchg %dh,(%rdx)", M64, {0x86, 0x32},
	 INSN(.len = 2, .size = 1, .dst_size = 1, .reg = 2, .high8 = true, .write = true,
	      .xchg = true)},
	{"orl $0x100,0xf0(%rax)", M64, {0x81, 0x88, 0xf0, 0, 0, 0, 0, 1, 0, 0},
	 INSN(.len = 10, .size = 4, .dst_size = 4, .write = true, .imm = true, .or_ = true,
	      .value = 0x100)},
	{"andl $-2,0xf0(%rax)", M64, {0x83, 0xa0, 0xf0, 0, 0, 0, 0xfe},
	 INSN(.len = 7, .size = 4, .dst_size = 4, .write = true, .imm = true, .and_ = true,
	      .value = ~1ul)},
	{"orb $1,(%rax)", M64, {0x80, 0x08, 1},
	 INSN(.len = 3, .size = 1, .dst_size = 1, .write = true, .imm = true, .or_ = true,
	      .value = 1)},
	{"or %ecx,(%rax)", M64, {0x09, 0x08},
	 INSN(.len = 2, .size = 4, .dst_size = 4, .reg = 1, .write = true, .or_ = true)},
	{"or (%rax),%ecx", M64, {0x0b, 0x08},
	 INSN(.len = 2, .size = 4, .dst_size = 4, .reg = 1, .or_ = true)},
	{"and %r10,(%rax)", M64, {0x4c, 0x21, 0x10},
	 INSN(.len = 3, .size = 8, .dst_size = 8, .reg = 10, .write = true, .and_ = true)},
	{"and (%rax),%r10b", M64, {0x44, 0x22, 0x10},
	 INSN(.len = 3, .size = 1, .dst_size = 1, .reg = 10, .and_ = true)},
	{"movzbl (%rax),%ecx", M64, {0x0f, 0xb6, 0x08}, EXTEND(3, 1, 4, 1, zx)},
	{"movzwl (%rax),%r9d", M64, {0x44, 0x0f, 0xb7, 0x08}, EXTEND(4, 2, 4, 9, zx)},
	{"movsbl (%rax),%ecx", M64, {0x0f, 0xbe, 0x08}, EXTEND(3, 1, 4, 1, sx)},
	{"movswq (%rax),%rcx", M64, {0x48, 0x0f, 0xbf, 0x08}, EXTEND(4, 2, 8, 1, sx)},
	{"movslq (%rax),%rcx", M64, {0x48, 0x63, 0x08}, EXTEND(3, 4, 8, 1, sx)},
	{"movzbw (%rax),%cx", M64, {0x66, 0x0f, 0xb6, 0x08}, EXTEND(4, 1, 2, 1, zx)},
	{"lock orl $1,(%rax)", M64, {0xf0, 0x83, 0x08, 1},
	 INSN(.len = 4, .size = 4, .dst_size = 4, .write = true, .imm = true, .or_ = true,
	      .value = 1)},
	{"mov %ds:(%rsp),%eax", M64, {0x3e, 0x8b, 0x04, 0x24}, LOAD(4, 4, 0)},
	{"movl $1,%fs:0x10(%eax)", M64, {0x64, 0x67, 0xc7, 0x40, 0x10, 1, 0, 0, 0}, IMM(9, 4, 1)},
	{"32: mov %eax,0xfee000b0", M32, {0xa3, 0xb0, 0, 0xe0, 0xfe}, STORE(5, 4, 0)},
	{"32: mov 0xfee00020,%ecx", M32, {0x8b, 0x0d, 0x20, 0, 0xe0, 0xfe}, LOAD(6, 4, 1)},
	{"32: movl $5,(%esp)", M32, {0xc7, 0x04, 0x24, 5, 0, 0, 0}, IMM(7, 4, 5)},
	{"32: mov %al,0x10(%ebp,%esi,2)", M32, {0x88, 0x44, 0x75, 0x10}, STORE(4, 1, 0)},
	{"32: movw $7,(%ebx)", M32, {0x66, 0xc7, 0x03, 7, 0}, IMM(5, 2, 7)},
	{"32: mov %eax,0x10(%bx,%si)", M32, {0x67, 0x89, 0x40, 0x10}, STORE(4, 4, 0)},
	{"32: addr16 mov %eax,0x1234", M32, {0x67, 0xa3, 0x34, 0x12}, STORE(4, 4, 0)},
	{"32: 0x48 is no REX", M32, {0x48, 0x8b, 0}, INSN(0)},
	{"16: mov %ax,(%bx)", M16, {0x89, 0x07}, STORE(2, 2, 0)},
	{"16: mov %eax,0x300(%di)", M16, {0x66, 0x89, 0x85, 0, 3}, STORE(5, 4, 0)},
	{"16: mov %eax,(%edi)", M16, {0x67, 0x66, 0x89, 0x07}, STORE(4, 4, 0)},
	{"16: movw $3,0x20", M16, {0xc7, 0x06, 0x20, 0, 3, 0}, IMM(6, 2, 3)},
	{"register operand", M64, {0x89, 0xc3}, INSN(0)},
	{"addl is not a form", M64, {0x83, 0, 1}, INSN(0)},
	{"cmpl is not a form", M64, {0x83, 0x38, 1}, INSN(0)},
	{"MOV group, wrong reg field", M64, {0xc7, 0x48, 0, 0, 0, 0, 0}, INSN(0)},
	{"two-byte opcode that is none", M64, {0x0f, 0x0b}, INSN(0)},
	{"HLT", M64, {0xf4}, INSN(0)},
};

static bool same(const struct insn_mmio *a, const struct insn_mmio *b)
{
	return a->len == b->len && a->size == b->size && a->dst_size == b->dst_size &&
	       a->write == b->write && a->imm == b->imm && a->xchg == b->xchg &&
	       a->or_ == b->or_ && a->and_ == b->and_ && a->zx == b->zx && a->sx == b->sx &&
	       a->reg == b->reg && a->high8 == b->high8 && a->value == b->value;
}

/* Decode from a heap block of exactly n bytes. */
static int decode_exact(const u8 *bytes, u32 n, bool mode64, bool db, struct insn_mmio *out)
{
	u8 *copy = malloc(n ? n : 1);
	int err;

	memcpy(copy, bytes, n);
	err = insn_decode_mmio(copy, n, mode64, db, out);
	free(copy);
	return err;
}

static void test_sample(const struct sample *s)
{
	struct insn_mmio out;
	int err = decode_exact(s->bytes, sizeof(s->bytes), s->mode64, s->db, &out);
	bool cut = true;

	if (!s->want.len) {
		ok(err == -MB_EINVAL, s->name);
		return;
	}
	for (u32 n = 0; n < s->want.len; n++) {
		struct insn_mmio part;

		cut = cut && decode_exact(s->bytes, n, s->mode64, s->db, &part) == -MB_EINVAL;
	}
	ok(!err && same(&out, &s->want) && cut, s->name);
}

static void test_limits(void)
{
	u8 bytes[20];
	struct insn_mmio out;

	memset(bytes, 0x66, sizeof(bytes));
	memcpy(bytes + 12, "\x8b\x50\x20", 3);
	ok(!insn_decode_mmio(bytes, 20, true, false, &out) && out.len == 15,
	   "15 bytes are allowed");
	memset(bytes, 0x66, sizeof(bytes));
	memcpy(bytes + 13, "\x8b\x50\x20", 3);
	ok(insn_decode_mmio(bytes, 20, true, false, &out) == -MB_EINVAL, "16 bytes are not");
	memcpy(bytes, "\x48\x66\x8b\x50\x20", 5);
	ok(insn_decode_mmio(bytes, 5, true, false, &out) == -MB_EINVAL,
	   "REX before a legacy prefix is not taken for one");
}

static void test_length_of(void)
{
	static const u8 cpuid[] = {0x0f, 0xa2}, pause[] = {0x90};

	ok(insn_length_of((const u8 *)"\x0f\xa2\x90", 3, true, cpuid, 2) == 2, "CPUID is 2");
	ok(insn_length_of((const u8 *)"\x66\x48\x0f\xa2", 4, true, cpuid, 2) == 4,
	   "CPUID with prefixes is 4");
	ok(insn_length_of((const u8 *)"\x48\x0f\xa2", 3, false, cpuid, 2) == 0,
	   "0x48 before it is another instruction in 32-bit code");
	ok(insn_length_of((const u8 *)"\xf3\x90", 2, true, pause, 1) == 2, "PAUSE is 2");
	ok(insn_length_of((const u8 *)"\x0f", 1, true, cpuid, 2) == 0, "cut: 0");
	ok(insn_length_of((const u8 *)"\x0f\xa3", 2, true, cpuid, 2) == 0, "something else: 0");
	ok(insn_length_of((const u8 *)"", 0, true, cpuid, 2) == 0, "nothing: 0");
}

static void test_random(void)
{
	bool fine = true;

	srandom(1);
	for (u32 round = 0; round < 300000 && fine; round++) {
		u8 bytes[16], n = (u8)(random() % 17);
		struct insn_mmio out;

		for (u32 i = 0; i < sizeof(bytes); i++)
			bytes[i] = (u8)random();
		if (!decode_exact(bytes, n, random() & 1, random() & 1, &out))
			fine = out.len && out.len <= n && out.len <= 15 && out.reg < 16 &&
			       (out.size == 1 || out.size == 2 || out.size == 4 || out.size == 8) &&
			       out.dst_size >= 1 && out.dst_size <= 8;
	}
	ok(fine, "300000 random strings: bounded, in range");
}

static void test_mov_cr(void)
{
	u8 gpr = 99;

	ok(insn_decode_mov_cr((const u8[]){0x0f, 0x22, 0xd8}, 3, true, &gpr) == 3 && gpr == 0,
	   "mov %rax,%cr3");
	ok(insn_decode_mov_cr((const u8[]){0x41, 0x0f, 0x20, 0xdf}, 4, true, &gpr) == 4 &&
		   gpr == 15, "mov %cr3,%r15");
	ok(insn_decode_mov_cr((const u8[]){0x44, 0x0f, 0x22, 0x1a}, 4, true, &gpr) == 4 &&
		   gpr == 2, "REX.R and mod do not change the register");
	ok(insn_decode_mov_cr((const u8[]){0x66, 0x0f, 0x22, 0xdf}, 4, false, &gpr) == 4 &&
		   gpr == 7, "32-bit code, with a prefix");
	ok(!insn_decode_mov_cr((const u8[]){0x0f, 0x22}, 2, true, &gpr) &&
		   !insn_decode_mov_cr((const u8[]){0x0f, 0x23, 0xd8}, 3, true, &gpr) &&
		   !insn_decode_mov_cr((const u8[]){0x90, 0x22, 0xd8}, 3, true, &gpr),
	   "cut short, MOV to DR, something else: refused");
}

int main(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(good); i++)
		test_sample(&good[i]);
	test_limits();
	test_length_of();
	test_mov_cr();
	test_random();
	return tap_done();
}
