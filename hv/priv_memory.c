/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dom0's memory. dom0 is identity mapped, so it gets real addresses: the lowest RAM, where every
 * device can reach it. What it does not own (the hypervisor, the guest pool) is reserved in its
 * E820 and absent from its map. RAM in extents that are not wholly RAM (below 1 MiB, beside
 * firmware tables) goes to dom0 too, with all device memory.
 */
#include "hv/priv_build.h"

#include "arch/x86/apicdef.h"
#include "arch/x86/cpu.h"
#include "arch/x86/mtrr.h"
#include "arch/x86/paging.h"
#include "hv/bzimage.h"
#include "hv/cmdline.h"
#include "hv/domain.h"
#include "hv/page_alloc.h"
#include "hv/printk.h"
#include "hv/string.h"
#include "hv/vcpu_ops.h"

#define DOM0_MEM_MIN (192 * MIB)
#define MAP_TOP_1G (1ul << 40)	/* with 1 GiB leaves: the first TiB costs two tables */
#define MAP_TOP_2M (1ul << 36)	/* without: 64 GiB cost 66 */

static u64 dom0_mem;
const struct cmdline_option option_dom0_mem = {
	.name = "dom0_mem",
	.type = CMDLINE_SIZE,
	.value = &dom0_mem,
	.help = "RAM for dom0 (default: half of the machine's); the rest is the guests'",
};

static bool is_dom0_owner(u16 owner)
{
	return owner == OWNER_DOM0 || owner == OWNER_RESERVED;
}

static u64 ram_bytes(const struct boot_info *info)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < info->range_count; i++)
		if (info->ranges[i].type == BOOT_RANGE_RAM)
			sum += info->ranges[i].end - info->ranges[i].start;
	return sum;
}

const char *priv_take_memory(const struct boot_info *info)
{
	static char error[128];
	u64 want = dom0_mem ? dom0_mem : ram_bytes(info) / 2;
	u64 got = 0;

	if (!dom0_mem && want < DOM0_MEM_MIN)
		want = DOM0_MEM_MIN;
	for (u64 e = 0; e < extent_limit() >> EXTENT_SHIFT && got < want; e++) {
		hpa_t pa = HPA(e << EXTENT_SHIFT);

		if (!extent_set_owner(pa, OWNER_FREE, OWNER_DOM0) ||
		    !extent_set_owner(pa, OWNER_BOOT, OWNER_DOM0))
			got += EXTENT_SIZE;
	}
	if (dom0_mem && got < want) {
		snprintf(error, sizeof(error),
			 "dom0_mem=%luM is more than the %lu MiB this machine has to give",
			 want / MIB, got / MIB);
		return error;
	}
	if (got < DOM0_MEM_MIN) {
		snprintf(error, sizeof(error),
		       "dom0 gets %lu MiB of RAM and needs %lu: too little memory, or dom0_mem= "
		       "too small", got / MIB, DOM0_MEM_MIN / MIB);
		return error;
	}
	pr_info("dom0: %lu MiB of RAM, guest pool %lu MiB\n", got / MIB,
		extent_count(OWNER_FREE) * EXTENT_SIZE / MIB);
	return NULL;
}

bool priv_is_ram(u64 start, u64 size)
{
	for (u64 a = ALIGN_DOWN(start, EXTENT_SIZE); a < start + size; a += EXTENT_SIZE)
		if (extent_owner(HPA(a)) != OWNER_DOM0)
			return false;
	return true;
}

u64 priv_find_ram(u64 size, u64 align, u64 max, u64 avoid, u64 avoid_end)
{
	u64 top = MIN(max + 1, extent_limit());
	u64 a;

	if (size > top)
		return 0;
	/* Downwards: at each step either the place is free, or step below what is in the way. */
	for (a = ALIGN_DOWN(top - size, align); a >= MIB; a -= align) {
		if (a < avoid_end && a + size > avoid)
			continue;
		if (priv_is_ram(a, size))
			return a;
	}
	return 0;
}

/*
 * All of [0, top), each part with the memory type that the firmware gave it: EPT stands in for the
 * MTRRs. dom0's own writes to the MTRRs reach the machine and are what dom0 reads back, but its map
 * stays as it is: Linux asks for write combining by the PAT, which UC in EPT leaves room for.
 */
static int map_identity(u64 top)
{
	int err = 0;

	for (u64 a = 0, end; a < top && !err; a = end) {
		enum mem_type type = mtrr_type(a, top, &end);

		pr_debug("dom0: %lx-%lx %s\n", a, end - 1, mtrr_type_name(type));
		err = gpm_map(&dom0->gpm, GPA(a), HPA(a), end - a, GPM_RWX, type);
	}
	return err;
}

/* Maps everything; then takes away what is not dom0's. */
const char *priv_map_memory(void)
{
	u64 top = vcaps.leaf_1g ? MAP_TOP_1G : MAP_TOP_2M;

	if (map_identity(MIN(top, cpu_info.phys_mask + 1)))
		return "no memory for dom0's map: hv_heap= is too small";
	for (u64 e = 0; e < extent_limit() >> EXTENT_SHIFT; e++) {
		hpa_t pa = HPA(e << EXTENT_SHIFT);

		if (is_dom0_owner(extent_owner(pa)))
			continue;
		if (gpm_unmap(&dom0->gpm, GPA(pa.v), EXTENT_SIZE))
			return "no memory for dom0's map: hv_heap= is too small";
	}
	if (gpm_unmap(&dom0->gpm, GPA(APIC_DEFAULT_BASE), PAGE_SIZE))
		return "no memory for dom0's map: hv_heap= is too small";
	return NULL;
}

struct e820_builder {
	struct zp_e820 *table;
	u32 count;
	u64 acpi_page;
};

/* Appends, merging with the entry before. Entries beyond the table's end are lost as reserved are:
 * Linux takes absent for unusable, which is safe. */
static void append(struct e820_builder *b, u64 start, u64 end, u32 type)
{
	struct zp_e820 *last = b->count ? &b->table[b->count - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->type == type && last->addr + last->size == start) {
		last->size += end - start;
		return;
	}
	if (b->count < ZP_E820_MAX)
		b->table[b->count++] = (struct zp_e820){start, end - start, type};
}

static void append_ram(struct e820_builder *b, u64 start, u64 end)
{
	u64 p = b->acpi_page;

	if (p && p >= start && p < end) {
		append(b, start, p, BOOT_RANGE_RAM);
		append(b, p, p + PAGE_SIZE, BOOT_RANGE_ACPI);
		append(b, p + PAGE_SIZE, end, BOOT_RANGE_RAM);
	} else {
		append(b, start, end, BOOT_RANGE_RAM);
	}
}

void priv_fill_e820(const struct boot_info *info, u8 *zp, u64 acpi_page)
{
	struct e820_builder b = {
		.table = (struct zp_e820 *)(zp + ZP_E820_TABLE),
		.acpi_page = acpi_page,
	};

	for (unsigned int i = 0; i < info->range_count; i++) {
		const struct boot_range *r = &info->ranges[i];
		u64 a, next;

		if (r->type != BOOT_RANGE_RAM) {
			append(&b, r->start, r->end, r->type);
			continue;
		}
		for (a = r->start; a < r->end; a = next) {
			next = MIN(ALIGN_DOWN(a, EXTENT_SIZE) + EXTENT_SIZE, r->end);
			if (is_dom0_owner(extent_owner(HPA(a))))
				append_ram(&b, a, next);
			else
				append(&b, a, next, BOOT_RANGE_RESERVED);
		}
	}
	zp[ZP_E820_COUNT] = (u8)b.count;
}
