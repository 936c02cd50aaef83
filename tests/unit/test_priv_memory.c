// SPDX-License-Identifier: GPL-2.0-only
/*
 * dom0's memory: which extents it takes, where its kernel may lie, what its E820 says. The memory
 * map of the made-up machine has a hole, firmware tables and parts that are not whole extents.
 *
 * SOURCES: hv/priv_memory.c tests/fake_arch/fake_cpu.c
 */
#include <string.h>

#include "arch/x86/cpu.h"
#include "hv/bzimage.h"
#include "hv/cmdline.h"
#include "hv/domain.h"
#include "hv/page_alloc.h"
#include "hv/priv_build.h"
#include "hv/vcpu_ops.h"
#include "tap.h"

#define EXTENTS 512u /* 1 GiB */

extern const struct cmdline_option option_dom0_mem;

static u16 owner[EXTENTS];
struct domain *dom0;
struct vendor_caps vcaps;

u64 extent_limit(void)
{
	return EXTENTS * EXTENT_SIZE;
}

u16 extent_owner(hpa_t pa)
{
	return pa.v < extent_limit() ? owner[pa.v >> EXTENT_SHIFT] : OWNER_RESERVED;
}

int extent_set_owner(hpa_t pa, u16 from, u16 to)
{
	u16 *o = &owner[pa.v >> EXTENT_SHIFT];

	if (*o != from)
		return -1;
	*o = to;
	return 0;
}

u64 extent_count(u16 who)
{
	u64 n = 0;

	for (u32 i = 0; i < EXTENTS; i++)
		n += owner[i] == who;
	return n;
}

/* What was mapped: so many parts, up to this address, so many of them wrongly. */
static u32 mapped, odd;
static u64 mapped_to;

int gpm_map(struct gpm *g, gpa_t gpa, hpa_t hpa, u64 size, u32 prot, enum mem_type type)
{
	(void)g;
	mapped++;
	odd += gpa.v != hpa.v || gpa.v != mapped_to || prot != GPM_RWX ||
	       type != (gpa.v >= 3 * GIB && gpa.v < 4 * GIB ? MEM_UC : MEM_WB);
	mapped_to = gpa.v + size;
	return 0;
}

enum mem_type mtrr_type(u64 start, u64 limit, u64 *end)
{
	*end = start < 3 * GIB ? 3 * GIB : start < 4 * GIB ? 4 * GIB : limit;
	return start >= 3 * GIB && start < 4 * GIB ? MEM_UC : MEM_WB;
}

const char *mtrr_type_name(enum mem_type type)
{
	(void)type;
	return "";
}

int gpm_unmap(struct gpm *g, gpa_t gpa, u64 size)
{
	(void)g, (void)gpa, (void)size;
	return 0;
}

static struct boot_info info;

/* 0..640K RAM, hole, 1M..1023M RAM with the hypervisor at 2M and its heap at the top; ACPI
 * above. */
static void machine(u64 dom0_bytes)
{
	info = (struct boot_info){
		.range_count = 4,
		.ranges = {
			{0, 0x9fc00, BOOT_RANGE_RAM},
			{0xf0000, 0x100000, BOOT_RANGE_RESERVED},
			{0x100000, 0x3ff00000, BOOT_RANGE_RAM},
			{0x3ff00000, 0x40000000, BOOT_RANGE_ACPI},
		},
	};
	for (u32 i = 0; i < EXTENTS; i++)
		owner[i] = OWNER_FREE;
	owner[0] = OWNER_RESERVED;
	owner[1] = OWNER_HV;
	owner[2] = OWNER_BOOT;
	owner[EXTENTS - 2] = OWNER_HV;
	owner[EXTENTS - 1] = OWNER_RESERVED;
	*(u64 *)option_dom0_mem.value = dom0_bytes;
}

static void test_take(void)
{
	machine(256 * MIB);
	ok(!priv_take_memory(&info), "256 MiB are there");
	ok(extent_count(OWNER_DOM0) == 128 && owner[2] == OWNER_DOM0 && owner[129] == OWNER_DOM0 &&
		   owner[130] == OWNER_FREE,
	   "the lowest ones, boot modules' memory with them");
	ok(owner[1] == OWNER_HV && owner[0] == OWNER_RESERVED, "not the hypervisor's");
	machine(0);
	ok(!priv_take_memory(&info) && extent_count(OWNER_DOM0) == 256, "by default half of RAM");
	machine(64 * GIB);
	ok(priv_take_memory(&info) != NULL, "more than there is: refused");
	machine(16 * MIB);
	ok(priv_take_memory(&info) != NULL, "less than a kernel needs: refused");
}

static void test_find(void)
{
	u64 a;

	machine(256 * MIB);
	priv_take_memory(&info);
	a = priv_find_ram(48 * MIB, PAGE_SIZE, 0xffffffff, 0, 0);
	ok(a == 0x10400000 - 48 * MIB, "as high as dom0's memory goes");
	ok(priv_find_ram(MIB, PAGE_SIZE, 0xffffff, 0, 0) == 0xf00000, "below a limit");
	a = priv_find_ram(MIB, PAGE_SIZE, 0xffffffff, 0x10000000, 0x10400000);
	ok(a == 0xff00000, "not over what must be avoided");
	ok(!priv_find_ram(GIB, PAGE_SIZE, 0xffffffff, 0, 0), "too much: none");
	ok(!priv_is_ram(0x200000, PAGE_SIZE) && priv_is_ram(0x400000, MIB), "RAM is dom0's only");
}

/* Type of the entry that holds address a, 0 if none does. */
static u32 type_of(const u8 *zp, u64 a)
{
	for (u32 i = 0; i < zp[ZP_E820_COUNT]; i++) {
		struct zp_e820 e;

		memcpy(&e, zp + ZP_E820_TABLE + i * sizeof(e), sizeof(e));
		if (a >= e.addr && a < e.addr + e.size)
			return e.type;
	}
	return 0;
}

static void test_e820(void)
{
	u8 zp[ZP_SIZE] = {0};

	machine(256 * MIB);
	priv_take_memory(&info);
	priv_fill_e820(&info, zp, 0x8000000);
	ok(type_of(zp, 0) == 1 && type_of(zp, 0x150000) == 1, "low memory is RAM");
	ok(type_of(zp, 0xf0000) == 2 && type_of(zp, 0xa0000) == 0, "firmware and holes stay");
	ok(type_of(zp, 0x200000) == 2 && type_of(zp, 0x3fffff) == 2, "the hypervisor is reserved");
	ok(type_of(zp, 0x400000) == 1 && type_of(zp, 0x103fffff) == 1, "dom0's extents are RAM");
	ok(type_of(zp, 0x10400000) == 2 && type_of(zp, 0x3fdfffff) == 2, "the guest pool is not");
	ok(type_of(zp, 0x3fe00000) == 1 && type_of(zp, 0x3ff00000) == 3, "ends of extents, ACPI");
	ok(type_of(zp, 0x8000000) == 3 && type_of(zp, 0x8001000) == 1, "the RSDP's page is ACPI");
	ok(zp[ZP_E820_COUNT] < 16, "neighbours are merged");
}

static void test_map(void)
{
	static struct domain d;

	dom0 = &d;
	machine(256 * MIB);
	priv_take_memory(&info);
	ok(!priv_map_memory() && mapped == 3 && !odd && mapped_to == 64 * GIB,
	   "dom0's map: identical, each part with the type that the MTRRs give it");
	mapped = 0;
	mapped_to = 0;
	vcaps.leaf_1g = true;
	ok(!priv_map_memory() && mapped == 3 && !odd && mapped_to == 1024 * GIB,
	   "more of it where leaves are larger");
}

int main(void)
{
	cpu_info.phys_mask = BIT(40) - 1;
	test_take();
	test_find();
	test_e820();
	test_map();
	return tap_done();
}
