/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory type range registers. SDM Vol 3 "Memory Type Range Registers (MTRRs)".
 *
 * Precedence (SDM "MTRR Precedences"): MTRRs off: all UC. Below 1 MiB the fixed ranges, if on.
 * Else the variable ranges that match: one, or several of one type: that type; UC among them: UC;
 * WT and WB: WT; other mixtures are undefined, taken as UC. None: the default type.
 *
 * AMD's TOP_MEM2, which makes RAM above 4 GiB write back whatever the MTRRs say, is left out: below
 * NPT the hardware looks all of this up itself, and the types found here are not used.
 */
#include "arch/x86/mtrr.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"

#define CAP_COUNT(cap) ((u32)(cap) & 0xff)
#define CAP_FIXED BIT(8)
#define DEF_FIXED BIT(10)
#define DEF_ENABLE BIT(11)
#define MASK_VALID BIT(11)
#define TYPE(value) ((u8)((value) & 7)) /* AMD has more bits above: where reads and writes go */

#define FIXED_END MIB
#define FIXED_MSRS 11
#define VARIABLE_MAX 40 /* more would reach the MSR numbers of the fixed ranges */

struct variable {
	u64 base, mask;
	u8 type;
};

/* The fixed ranges: 8 per MSR, from 0 up to 1 MiB without a gap. */
static const struct fixed_msr {
	u32 msr;
	u32 start;
	u32 granule; /* bytes of one range */
} fixed_msrs[FIXED_MSRS] = {
	{0x250, 0x00000, 0x10000}, {0x258, 0x80000, 0x4000}, {0x259, 0xa0000, 0x4000},
	{0x268, 0xc0000, 0x1000},  {0x269, 0xc8000, 0x1000}, {0x26a, 0xd0000, 0x1000},
	{0x26b, 0xd8000, 0x1000},  {0x26c, 0xe0000, 0x1000}, {0x26d, 0xe8000, 0x1000},
	{0x26e, 0xf0000, 0x1000},  {0x26f, 0xf8000, 0x1000},
};

static bool enabled, fixed_enabled;
static u8 default_type;
static u64 fixed[FIXED_MSRS]; /* 8 types each */
static struct variable variables[VARIABLE_MAX];
static u32 variable_count;

static void read_variable(u32 count)
{
	for (u32 i = 0; i < MIN(count, VARIABLE_MAX); i++) {
		struct variable *v = &variables[variable_count];
		u64 base, mask;

		if (rdmsr_safe(MSR_MTRR_PHYSBASE0 + 2 * i, &base) ||
		    rdmsr_safe(MSR_MTRR_PHYSBASE0 + 2 * i + 1, &mask) || !(mask & MASK_VALID))
			continue;
		v->mask = mask & cpu_info.phys_mask & ~PAGE_MASK;
		v->base = base & v->mask;
		v->type = TYPE(base);
		variable_count++;
	}
}

void mtrr_init(void)
{
	u64 cap, def;

	variable_count = 0;
	fixed_enabled = false;
	if (!(cpuid(1, 0).edx & CPUID_1_EDX_MTRR) || rdmsr_safe(MSR_MTRRCAP, &cap) ||
	    rdmsr_safe(MSR_MTRR_DEF_TYPE, &def)) {
		enabled = true; /* without MTRRs the page tables alone decide, as with all WB */
		default_type = MEM_WB;
		return;
	}
	enabled = def & DEF_ENABLE;
	default_type = TYPE(def);
	if (!enabled)
		return;
	read_variable(CAP_COUNT(cap));
	if (!(cap & CAP_FIXED) || !(def & DEF_FIXED))
		return;
	fixed_enabled = true;
	for (u32 i = 0; i < FIXED_MSRS; i++)
		if (rdmsr_safe(fixed_msrs[i].msr, &fixed[i]))
			fixed_enabled = false;
}

static enum mem_type known_type(u8 type)
{
	return type == MEM_WC || type == MEM_WT || type == MEM_WP || type == MEM_WB ?
		       (enum mem_type)type : MEM_UC;
}

static enum mem_type fixed_type(u64 a, u64 *end)
{
	u32 i = FIXED_MSRS - 1, n;

	while (a < fixed_msrs[i].start)
		i--;
	n = (u32)(a - fixed_msrs[i].start) / fixed_msrs[i].granule;
	*end = fixed_msrs[i].start + (u64)(n + 1) * fixed_msrs[i].granule;
	return known_type(TYPE(fixed[i] >> (8 * n)));
}

/* Next address above a where this range may begin or end. */
static u64 next_edge(const struct variable *v, u64 a)
{
	u64 granule = v->mask & (0 - v->mask); /* lowest bit that is compared; 0: all memory */

	if (!granule)
		return ~0ul;
	/* The usual mask is ones above zeros: one block. Else the pattern repeats per granule. */
	if ((v->mask | (granule - 1)) != cpu_info.phys_mask)
		return ALIGN_DOWN(a, granule) + granule;
	return a < v->base ? v->base : a < v->base + granule ? v->base + granule : ~0ul;
}

static enum mem_type combine(enum mem_type a, enum mem_type b)
{
	if (a == b)
		return a;
	if ((a == MEM_WT && b == MEM_WB) || (a == MEM_WB && b == MEM_WT))
		return MEM_WT;
	return MEM_UC;
}

static enum mem_type variable_type(u64 a, u64 *end)
{
	enum mem_type type = known_type(default_type);
	bool found = false;

	*end = ~0ul;
	for (u32 i = 0; i < variable_count; i++) {
		const struct variable *v = &variables[i];
		enum mem_type here = known_type(v->type);

		*end = MIN(*end, next_edge(v, a));
		if ((a & v->mask) != v->base)
			continue;
		type = found ? combine(type, here) : here;
		found = true;
	}
	return type;
}

static enum mem_type type_at(u64 a, u64 *end)
{
	*end = ~0ul;
	if (!enabled)
		return MEM_UC;
	if (fixed_enabled && a < FIXED_END)
		return fixed_type(a, end);
	return variable_type(a, end);
}

enum mem_type mtrr_type(u64 start, u64 limit, u64 *end)
{
	enum mem_type type = type_at(start, end);
	u64 next;

	while (*end < limit && type_at(*end, &next) == type)
		*end = next;
	*end = MIN(*end, limit);
	return type;
}

const char *mtrr_type_name(enum mem_type type)
{
	static const char *const names[] = {
		[MEM_UC] = "UC", [MEM_WC] = "WC", [MEM_WT] = "WT", [MEM_WP] = "WP", [MEM_WB] = "WB",
	};

	return names[type];
}
