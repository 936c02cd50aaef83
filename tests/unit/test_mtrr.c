// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory types by the MTRRs, with MSRs the test answers: fixed ranges, overlaps, masks that are no
 * block, registers switched off or absent. A device range taken for write back would be cached in
 * dom0; RAM taken for UC would be some hundred times slower; so ranges are also compared with a
 * plain reading of the manual at random addresses.
 *
 * SOURCES: tests/fake_arch/fake_cpu.c
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/errno.h"
#include "arch/x86/msr.h"
#include "fake.h"
#include "tap.h"

static u32 features;
static u64 msrs[0x300];
static u32 missing; /* this one is #GP; 0: none */

static struct cpuid_regs test_cpuid(u32 leaf, u32 subleaf)
{
	(void)leaf;
	(void)subleaf;
	return (struct cpuid_regs){.edx = features};
}

static int test_rdmsr_safe(u32 msr, u64 *value)
{
	*value = msr == missing ? 0 : msrs[msr];
	return msr == missing ? -EIO : 0;
}

/* From here on the instructions of mtrr.c are those above; its headers are read already. */
#define cpuid test_cpuid
#define rdmsr_safe test_rdmsr_safe
#include "arch/x86/mtrr.c"

#define PHYS_BITS 40
#define TOP BIT(PHYS_BITS)

static void machine(u64 def)
{
	memset(msrs, 0, sizeof(msrs));
	features = CPUID_1_EDX_MTRR;
	missing = 0;
	msrs[MSR_MTRRCAP] = CAP_FIXED | 8;
	msrs[MSR_MTRR_DEF_TYPE] = def;
}

static void set_variable(u32 i, u64 base, u64 size, u8 type)
{
	msrs[MSR_MTRR_PHYSBASE0 + 2 * i] = base | type;
	msrs[MSR_MTRR_PHYSBASE0 + 2 * i + 1] = ((TOP - 1) & ~(size - 1)) | MASK_VALID;
}

/* [start, end) has this type, and something else follows unless end is the top. */
static bool is(u64 start, u64 end, enum mem_type type)
{
	u64 got;

	return mtrr_type(start, TOP, &got) == type && got == end;
}

static void test_absent(void)
{
	machine(0);
	features = 0;
	mtrr_init();
	ok(is(0, TOP, MEM_WB), "a CPU without MTRRs: write back");
	machine(DEF_FIXED | MEM_WB);
	set_variable(0, 0, GIB, MEM_WB);
	mtrr_init();
	ok(is(0, TOP, MEM_UC), "switched off: all uncached");
	machine(DEF_ENABLE | MEM_WT);
	mtrr_init();
	ok(is(0, TOP, MEM_WT), "none valid: the default type");
	machine(DEF_ENABLE | 3);
	mtrr_init();
	ok(is(0, TOP, MEM_UC), "a default that is no type: UC");
	machine(DEF_ENABLE | DEF_FIXED | MEM_WB);
	missing = 0x26b;
	mtrr_init();
	ok(is(0, TOP, MEM_WB), "fixed ranges that cannot be read count as off");
}

/* A usual PC: WB by default, 3..4 GiB UC; below 1 MiB the VGA window and a write-protected ROM. */
static void test_pc(void)
{
	machine(DEF_ENABLE | DEF_FIXED | MEM_WB);
	set_variable(0, 3 * GIB, GIB, MEM_UC);
	msrs[0x250] = msrs[0x258] = 0x0606060606060606;
	msrs[0x259] = 0;
	msrs[0x268] = 0x0505050505050505;
	msrs[0x269] = 0x0500050606060606;
	msrs[0x26a] = msrs[0x26b] = msrs[0x26c] = msrs[0x26d] = 0x1e1e1e1e1e1e1e1e; /* AMD: DRAM */
	msrs[0x26e] = msrs[0x26f] = 0x0505050505050505;
	mtrr_init();
	ok(is(0, 0xa0000, MEM_WB) && is(0xa0000, 0xc0000, MEM_UC) && is(0xc0000, 0xc8000, MEM_WP),
	   "64 KiB and 16 KiB ranges, joined");
	ok(is(0xc8000, 0xcd000, MEM_WB) && is(0xcd000, 0xce000, MEM_WP) &&
		   is(0xce000, 0xcf000, MEM_UC) && is(0xcf000, 0xd0000, MEM_WP),
	   "4 KiB ranges");
	ok(is(0xd0000, 0xf0000, MEM_WB) && is(0xf0000, MIB, MEM_WP),
	   "bits above the type: ignored");
	ok(is(MIB, 3 * GIB, MEM_WB) && is(3 * GIB, 4 * GIB, MEM_UC) && is(4 * GIB, TOP, MEM_WB),
	   "above: the variable range");
	ok(is(3 * GIB + 0x1000, 4 * GIB, MEM_UC) && is(0xa1000, 0xc0000, MEM_UC), "from within");
	msrs[MSR_MTRR_DEF_TYPE] &= ~DEF_FIXED;
	mtrr_init();
	ok(is(0, 3 * GIB, MEM_WB), "fixed ranges off: the variable ones and the default");
}

static void test_overlap(void)
{
	machine(DEF_ENABLE | MEM_UC);
	set_variable(0, 0, 4 * GIB, MEM_WB);
	set_variable(1, GIB, GIB, MEM_UC);
	set_variable(2, 2 * GIB, GIB, MEM_WT);
	set_variable(3, 3 * GIB, GIB, MEM_WC);
	set_variable(5, 3 * GIB, GIB, MEM_WB);
	mtrr_init();
	ok(is(0, GIB, MEM_WB) && is(GIB, 2 * GIB, MEM_UC), "UC over WB: UC");
	ok(is(2 * GIB, 3 * GIB, MEM_WT), "WT over WB: WT");
	ok(is(3 * GIB, TOP, MEM_UC), "WC over WB is undefined: UC; so is the default behind it");
	msrs[MSR_MTRR_PHYSBASE0 + 7] &= ~MASK_VALID;
	mtrr_init();
	ok(is(3 * GIB, 4 * GIB, MEM_WB), "one that is not valid does not count; twice WB is WB");
}

static u8 plain_type(u64 a)
{
	u32 seen = 0;

	for (u32 i = 0; i < 8; i++) {
		u64 base = msrs[MSR_MTRR_PHYSBASE0 + 2 * i];
		u64 mask = msrs[MSR_MTRR_PHYSBASE0 + 2 * i + 1];

		if ((mask & MASK_VALID) && ((a ^ base) & mask & (TOP - 1) & ~PAGE_MASK) == 0)
			seen |= 1u << (base & 7);
	}
	switch (seen) {
	case 0:
		return (u8)(msrs[MSR_MTRR_DEF_TYPE] & 7);
	case 1u << MEM_WC:
		return MEM_WC;
	case 1u << MEM_WT:
	case 1u << MEM_WT | 1u << MEM_WB:
		return MEM_WT;
	case 1u << MEM_WP:
		return MEM_WP;
	case 1u << MEM_WB:
		return MEM_WB;
	default:
		return MEM_UC;
	}
}

/* Walks all of memory: each part has one type, at its ends and inside; neighbours differ. */
static bool walk_agrees(void)
{
	enum mem_type before = MEM_UC;

	for (u64 a = 0, end; a < TOP; a = end) {
		enum mem_type type = mtrr_type(a, TOP, &end);
		u64 inside = a + ((u64)random() << 12) % (end - a);

		if (end <= a || plain_type(a) != type || plain_type(end - 1) != type ||
		    plain_type(inside) != type || (a && type == before))
			return false;
		before = type;
	}
	return true;
}

static void test_random(void)
{
	static const u8 types[] = {MEM_UC, MEM_WC, MEM_WT, MEM_WP, MEM_WB, MEM_WB, MEM_WB};
	bool fine = true;

	srandom(3);
	for (u32 round = 0; round < 300 && fine; round++) {
		machine(DEF_ENABLE | types[random() % 7]);
		for (u32 i = 0; i < 8; i++) {
			u64 size = BIT(24 + random() % 12);

			set_variable(i, ((u64)random() << 24) % (16 * GIB) & ~(size - 1), size,
				     types[random() % 7]);
			if (random() % 8 == 0) /* bits of the mask left out, as old firmware does */
				msrs[MSR_MTRR_PHYSBASE0 + 2 * i + 1] &= ~(BIT(36) | BIT(38));
			if (random() % 4 == 0)
				msrs[MSR_MTRR_PHYSBASE0 + 2 * i + 1] &= ~MASK_VALID;
		}
		mtrr_init();
		fine = walk_agrees();
	}
	ok(fine, "300 random sets, overlapping, with odd masks: as the manual's table says");
}

int main(void)
{
	fake_cpu_set(0);
	cpu_info.phys_bits = PHYS_BITS;
	cpu_info.phys_mask = TOP - 1;
	test_absent();
	test_pc();
	test_overlap();
	test_random();
	ok(!strcmp(mtrr_type_name(MEM_WP), "WP"), "names");
	return tap_done();
}
