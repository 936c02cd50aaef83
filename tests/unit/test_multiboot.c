// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a boot loader says, and what a broken or hostile one could say: multiboot 1 and 2
 * information with good contents, with pointers and lengths that lie, and with every length cut
 * short; then the arithmetic on memory maps. Loader memory is one mapping below 4 GiB with an
 * inaccessible page behind it, so a read past its end is a crash.
 *
 * SOURCES: boot/multiboot.c boot/memory_map.c hv/string_util.c
 */
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/x86/paging.h"
#include "boot/memory_map.h"
#include "boot/multiboot.h"

#define AREA 0x30000000ul
#define AREA_SIZE 0x10000ul
#define IMAGE 0x200000ul
#define MODULE 0x1000000u
#define FIELD_FLAGS 0
#define FIELD_CMDLINE 16
#define FIELD_MODS_COUNT 20
#define FIELD_MODS 24
#define FIELD_MMAP_LENGTH 44
#define FIELD_MMAP 48
#define FIELD_LOADER 64
#define FIELD_FB 88

static struct boot_info out;
static u8 *const area = (u8 *)AREA;

static void put(unsigned int at, u64 val, unsigned int bytes)
{
	memcpy(area + at, &val, bytes);
}

static const char *parse(u32 magic, u64 at)
{
	out = (struct boot_info){.image_start = IMAGE, .image_end = IMAGE + 0x70000};
	return multiboot_parse(magic, HPA(at), &out);
}

static bool fails_with(const char *err, const char *text)
{
	if (err && strstr(err, text))
		return true;
	printf("# got: %s\n", err ? err : "success");
	return false;
}

static void put_range(unsigned int at, u64 base, u64 length, u32 type)
{
	put(at, 20, 4);
	put(at + 4, base, 8);
	put(at + 12, length, 8);
	put(at + 20, type, 4);
}

/* Multiboot 1: information at the area's start, one module, four ranges. */
static void build_mb1(void)
{
	memset(area, 0, AREA_SIZE);
	put(FIELD_FLAGS, 1u << 2 | 1u << 3 | 1u << 6 | 1u << 9, 4);
	put(FIELD_CMDLINE, AREA + 0x400, 4);
	strcpy((char *)area + 0x400, "dom0_mem=1G loglvl=debug");
	put(FIELD_LOADER, AREA + 0x300, 4);
	strcpy((char *)area + 0x300, "GRUB 2.06");
	put(FIELD_MODS_COUNT, 1, 4);
	put(FIELD_MODS, AREA + 0x200, 4);
	put(0x200, MODULE, 4);
	put(0x204, MODULE + 5000, 4);
	put(0x208, AREA + 0x500, 4);
	strcpy((char *)area + 0x500, "console=ttyS0 quiet");
	put(FIELD_MMAP_LENGTH, 96, 4);
	put(FIELD_MMAP, AREA + 0x100, 4);
	put_range(0x100, 0x100000, 0x3ff00000, 1);
	put_range(0x118, 0, 0x9fc00, 1);
	put_range(0x130, 0x9fc00, 0x400, 2);
	put_range(0x148, 0xfffc0000, 0x40000, 20);
}

static const char *parse_mb1(void)
{
	return parse(MULTIBOOT1_LOADER_MAGIC, AREA);
}

static void test_mb1_good(void)
{
	build_mb1();
	ok(parse_mb1() == NULL && out.protocol == 1, "multiboot 1 information");
	ok(strcmp(out.loader, "GRUB 2.06") == 0 &&
		   strcmp(out.cmdline, "dom0_mem=1G loglvl=debug") == 0,
	   "loader and command line");
	ok(out.module_count == 1 && out.modules[0].start.v == MODULE &&
		   out.modules[0].size == 5000 &&
		   strcmp(out.modules[0].cmdline, "console=ttyS0 quiet") == 0,
	   "module");
	ok(out.range_count == 4 && out.ranges[0].start == 0 && out.ranges[1].start == 0x9fc00 &&
		   out.ranges[2].start == 0x100000 && out.ranges[2].end == 0x40000000 &&
		   out.ranges[3].type == BOOT_RANGE_RESERVED,
	   "memory map: sorted, unknown types reserved");

	strcpy((char *)area + 0x300, "qemu");
	strcpy((char *)area + 0x400, "build/minibus  loglvl=info");
	strcpy((char *)area + 0x500, "vmlinuz");
	ok(parse_mb1() == NULL && strcmp(out.cmdline, "loglvl=info") == 0 &&
		   out.modules[0].cmdline[0] == '\0',
	   "QEMU's file names are removed");

	put(FIELD_FLAGS, 1u << 6, 4);
	ok(parse_mb1() == NULL && out.module_count == 0 && out.cmdline[0] == '\0' &&
		   strcmp(out.loader, "unknown") == 0,
	   "only a memory map");
	put(FIELD_FLAGS, 1u << 6 | 1u << 12, 4);
	put(FIELD_FB, 0xfd000000, 8);
	put(FIELD_FB + 8, 4096, 4);
	put(FIELD_FB + 20, 32, 1);
	ok(parse_mb1() == NULL && out.framebuffer.address == 0xfd000000 &&
		   out.framebuffer.pitch == 4096 && out.framebuffer.bits_per_pixel == 32,
	   "framebuffer");
}

static void test_mb1_pointers(void)
{
	ok(fails_with(parse(0x12345678, AREA), "multiboot loader"), "unknown magic");
	ok(fails_with(parse(MULTIBOOT1_LOADER_MAGIC, 0), "outside memory"), "no information");
	ok(fails_with(parse(MULTIBOOT1_LOADER_MAGIC, 0xffffffc0), "outside memory"),
	   "information across 4 GiB");
	build_mb1();
	put(FIELD_MMAP, 0, 4);
	ok(fails_with(parse_mb1(), "memory map lies outside"), "no pointer to the map");
	put(FIELD_MMAP, 0xfffffff0, 4);
	ok(fails_with(parse_mb1(), "memory map lies outside"), "map across 4 GiB");
	put(FIELD_MMAP, AREA + 0x100, 4);
	put(FIELD_MMAP_LENGTH, 0xffffffff, 4);
	ok(fails_with(parse_mb1(), "memory map lies outside"), "map of 4 GiB");
	put(FIELD_MMAP_LENGTH, 10, 4);
	ok(fails_with(parse_mb1(), "map is empty"), "map shorter than an entry");
	put(FIELD_FLAGS, 0, 4);
	ok(fails_with(parse_mb1(), "no memory map"), "no map at all");
	build_mb1();
	put(0x100, 4, 4);
	ok(fails_with(parse_mb1(), "malformed entry"), "entry with a size too small");
	put(0x100, 0xffffffff, 4);
	ok(parse_mb1() == NULL && out.range_count == 1, "entry with a huge size ends the map");
	build_mb1();
	put(FIELD_CMDLINE, 0, 4);
	ok(fails_with(parse_mb1(), "command line"), "no pointer to the command line");
	put(FIELD_CMDLINE, AREA + AREA_SIZE - 8, 4);
	memcpy(area + AREA_SIZE - 8, "loglvl=", 8);
	ok(parse_mb1() == NULL && strcmp(out.cmdline, "loglvl=") == 0,
	   "text that ends with the last mapped byte");
	put(FIELD_LOADER, 0, 4);
	ok(parse_mb1() == NULL && strcmp(out.loader, "unknown") == 0, "no loader name");
}

static void test_long_texts(void)
{
	build_mb1();
	put(FIELD_CMDLINE, AREA + 0x1000, 4);
	memset(area + 0x1000, 'x', BOOT_CMDLINE_MAX - 1);
	ok(parse_mb1() == NULL && strlen(out.cmdline) == BOOT_CMDLINE_MAX - 1,
	   "longest command line");
	area[0x1000 + BOOT_CMDLINE_MAX - 1] = 'x';
	ok(fails_with(parse_mb1(), "longer than 1023"), "one character more");
	build_mb1();
	put(0x208, AREA + 0x1000, 4);
	memset(area + 0x1000, 'x', 2000);
	ok(fails_with(parse_mb1(), "command line of module 1"), "module's line too long");
}

static void test_modules(void)
{
	static const struct {
		u32 start, end;
		const char *problem;
	} bad[] = {
		{MODULE, MODULE, "is empty"},
		{MODULE + 1, MODULE, "is empty"},
		{IMAGE + 0x1000, IMAGE + 0x2000, "overlaps the hypervisor"},
		{IMAGE - 0x1000, IMAGE + 1, "overlaps the hypervisor"},
		{0x9f000, 0xa0000, "is not in RAM"},
		{0xf0000000, 0xf0001000, "is not in RAM"},
		{0x3ffff000, 0x40001000, "is not in RAM"},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		build_mb1();
		put(0x200, bad[i].start, 4);
		put(0x204, bad[i].end, 4);
		ok(fails_with(parse_mb1(), bad[i].problem), bad[i].problem);
	}
	build_mb1();
	put(0x204, IMAGE, 4);
	put(0x200, IMAGE - 16, 4);
	ok(parse_mb1() == NULL, "a module that ends where the hypervisor begins");
	build_mb1();
	put(FIELD_MODS_COUNT, 2, 4);
	memcpy(area + 0x210, area + 0x200, 16);
	ok(fails_with(parse_mb1(), "overlaps another"), "two modules in one place");
	for (u32 i = 0; i < BOOT_MODULES_MAX + 1; i++) {
		memcpy(area + 0x200 + 16 * i, area + 0x200, 16);
		put(0x200 + 16 * i, MODULE + i * 0x10000, 4);
		put(0x204 + 16 * i, MODULE + i * 0x10000 + 1, 4);
	}
	put(FIELD_LOADER, 0, 4);
	put(FIELD_MODS_COUNT, BOOT_MODULES_MAX, 4);
	ok(parse_mb1() == NULL && out.module_count == BOOT_MODULES_MAX, "as many as fit");
	put(FIELD_MODS_COUNT, BOOT_MODULES_MAX + 1, 4);
	ok(fails_with(parse_mb1(), "more than 8"), "one more");
	put(FIELD_MODS_COUNT, 0xffffffff, 4);
	ok(fails_with(parse_mb1(), "more than 8"), "4 billion");
	build_mb1();
	put(FIELD_MODS, 0xfffffff8, 4);
	ok(fails_with(parse_mb1(), "module list"), "module list across 4 GiB");
}

/* Multiboot 2: tags are appended; end() closes them. */
static unsigned int mb2_at;

static void mb2_start(void)
{
	memset(area, 0, AREA_SIZE);
	mb2_at = 8;
}

static void mb2_tag(u32 type, const void *body, u32 size)
{
	put(mb2_at, type, 4);
	put(mb2_at + 4, size + 8, 4);
	memcpy(area + mb2_at + 8, body, size);
	mb2_at += (size + 8 + 7) & ~7u;
}

static void mb2_end(void)
{
	mb2_tag(0, "", 0);
	put(0, mb2_at, 4);
}

static void mb2_memory(void)
{
	struct {
		u32 entry_size, version;
		struct {
			u64 base, length;
			u32 type, zero;
		} e[3];
	} map = {24, 0, {{0, 0xa0000, 1, 0}, {0x100000, 0x3ff00000, 1, 0}, {0x3000, 0x1000, 4, 0}}};

	mb2_tag(6, &map, sizeof(map));
}

static void mb2_module(u32 start, u32 end, const char *text)
{
	u8 body[200];

	memcpy(body, &start, 4);
	memcpy(body + 4, &end, 4);
	strcpy((char *)body + 8, text);
	mb2_tag(3, body, 8 + (u32)strlen(text) + 1);
}

static const char *parse_mb2(void)
{
	return parse(MULTIBOOT2_LOADER_MAGIC, AREA);
}

static void build_mb2(void)
{
	u64 system_table = 0x3f9ec018;
	u8 framebuffer[31] = {0};
	u32 efi_map[2 + 12] = {48, 1};

	mb2_start();
	mb2_tag(1, "loglvl=debug", 13);
	mb2_tag(2, "GRUB 2.06", 10);
	mb2_module(MODULE, MODULE + 77, "quiet");
	mb2_memory();
	put(mb2_at + 8, 0, 8);
	memcpy(framebuffer, &(u64){0xfd000000}, 8);
	framebuffer[20] = 32;
	framebuffer[21] = 1;
	framebuffer[24] = 16;
	framebuffer[25] = 8;
	mb2_tag(8, framebuffer, sizeof(framebuffer));
	mb2_tag(12, &system_table, 8);
	mb2_tag(14, "RSD PTR 0123456789ab", 20);
	mb2_tag(15, "RSD PTR new456789abcdef0123456789abc", 36);
	mb2_tag(17, efi_map, sizeof(efi_map));
	mb2_tag(0x1234, "something new", 14);
	mb2_end();
}

static void test_mb2_good(void)
{
	build_mb2();
	ok(parse_mb2() == NULL && out.protocol == 2, "multiboot 2 information");
	ok(strcmp(out.loader, "GRUB 2.06") == 0 && strcmp(out.cmdline, "loglvl=debug") == 0,
	   "loader and command line");
	ok(out.module_count == 1 && out.modules[0].start.v == MODULE && out.modules[0].size == 77 &&
		   strcmp(out.modules[0].cmdline, "quiet") == 0,
	   "module");
	ok(out.range_count == 4 && out.ranges[0].end == 0x3000 && out.ranges[1].type == 4 &&
		   out.ranges[2].start == 0x4000,
	   "memory map: a hole cut into RAM");
	ok(out.efi && out.efi_system_table == 0x3f9ec018 && out.efi_memmap_size == 48 &&
		   out.efi_desc_size == 48 && out.efi_memmap.v > AREA,
	   "EFI system table and memory map");
	ok(out.rsdp_size == 36 && memcmp(out.rsdp_copy, "RSD PTR new", 11) == 0,
	   "the newer RSDP is kept");
	ok(out.framebuffer.address == 0xfd000000 && out.framebuffer.bits_per_pixel == 32 &&
		   out.framebuffer.red_pos == 16 && out.framebuffer.red_size == 8,
	   "framebuffer");
}

static void test_mb2_broken(void)
{
	u32 total;

	build_mb2();
	memcpy(&total, area, 4);
	put(0, 0, 4);
	ok(fails_with(parse_mb2(), "outside memory"), "total size 0");
	put(0, 0x80000000, 4);
	ok(fails_with(parse_mb2(), "outside memory"), "total size 2 GiB");
	put(0, total - 8, 4);
	ok(fails_with(parse_mb2(), "no end"), "no end tag");
	build_mb2();
	put(12, 7, 4);
	ok(fails_with(parse_mb2(), "malformed tag"), "tag smaller than its head");
	put(12, 0xfffffff9, 4);
	ok(fails_with(parse_mb2(), "malformed tag"), "tag of 4 GiB");

	mb2_start();
	mb2_tag(6, "\x10\0\0\0\0\0\0\0", 8);
	mb2_end();
	ok(fails_with(parse_mb2(), "map is malformed"), "map with entries of 16 bytes");
	mb2_start();
	mb2_tag(6, "", 0);
	mb2_end();
	ok(fails_with(parse_mb2(), "map is malformed"), "map without a head");
	mb2_start();
	mb2_tag(3, "abcdefgh", 8);
	mb2_end();
	ok(fails_with(parse_mb2(), "malformed module"), "module without a text");
	mb2_start();
	mb2_memory();
	mb2_tag(3, "\0\0\0\1\1\0\0\1zzz", 11);
	mb2_end();
	ok(fails_with(parse_mb2(), "command line of module"), "module's text without an end");
	mb2_start();
	mb2_memory();
	mb2_tag(1, "xxxx", 4);
	mb2_end();
	ok(fails_with(parse_mb2(), "command line"), "command line without an end");
	mb2_start();
	mb2_memory();
	mb2_tag(8, "x", 1);
	mb2_tag(12, "", 0);
	mb2_tag(14, "RSD", 3);
	mb2_tag(17, "x", 1);
	mb2_end();
	ok(parse_mb2() == NULL && out.framebuffer.address == 0 && out.rsdp_size == 0 &&
		   out.efi_memmap_size == 0,
	   "tags cut short are ignored");
	mb2_start();
	mb2_end();
	ok(fails_with(parse_mb2(), "map is empty"), "nothing but an end");
}

/* Information of every length up to the whole, at the very end of mapped memory. */
static void test_mb2_every_cut(void)
{
	static u8 whole[4096];
	unsigned int accepted = 0;
	u32 total;

	build_mb2();
	memcpy(&total, area, 4);
	memcpy(whole, area, total);
	for (u32 cut = 8; cut <= total; cut += 8) {
		u8 *at = area + AREA_SIZE - cut;

		memcpy(at, whole, cut);
		memcpy(at, &cut, 4);
		accepted += parse(MULTIBOOT2_LOADER_MAGIC, (u64)at) == NULL;
	}
	ok(accepted == 1, "information cut at any place: no read past it, only the whole is taken");
}

static void test_too_many_ranges(void)
{
	static struct boot_range r[BOOT_RANGES_MAX];
	unsigned int n = BOOT_RANGES_MAX;

	build_mb1();
	for (unsigned int i = 0; i < BOOT_RANGES_MAX + 1; i++)
		put_range(0x1000 + 24 * i, 0x100000ul * i, 0x1000, 1);
	put(FIELD_FLAGS, 1u << 6, 4);
	put(FIELD_MMAP, AREA + 0x1000, 4);
	put(FIELD_MMAP_LENGTH, 24 * BOOT_RANGES_MAX, 4);
	ok(parse_mb1() == NULL && out.range_count == BOOT_RANGES_MAX, "256 ranges");
	put(FIELD_MMAP_LENGTH, 24 * (BOOT_RANGES_MAX + 1), 4);
	ok(fails_with(parse_mb1(), "more than 256"), "257 ranges");

	for (unsigned int i = 0; i < BOOT_RANGES_MAX - 1; i++)
		r[i] = (struct boot_range){0x2000ul * i + 0x1000, 0x2000ul * i + 0x2000, 2};
	r[BOOT_RANGES_MAX - 1] = (struct boot_range){0, 0x10000000, 1};
	ok(!memory_map_normalize(r, &n, BOOT_RANGES_MAX), "more pieces than fit");
}

static void test_normalize(void)
{
	struct boot_range r[16] = {
		{0x5000, 0x9000, BOOT_RANGE_RAM},  {0x1000, 0x5000, BOOT_RANGE_RAM},
		{0x2000, 0x3000, BOOT_RANGE_ACPI}, {0x2800, 0x3800, BOOT_RANGE_RESERVED},
		{0x8000, 0xa000, BOOT_RANGE_BAD},  {0x20000, ~0ul, BOOT_RANGE_RESERVED},
	};
	static const struct boot_range want[] = {
		{0x1000, 0x2000, BOOT_RANGE_RAM},      {0x2000, 0x2800, BOOT_RANGE_ACPI},
		{0x2800, 0x3800, BOOT_RANGE_RESERVED}, {0x3800, 0x8000, BOOT_RANGE_RAM},
		{0x8000, 0xa000, BOOT_RANGE_BAD},      {0x20000, ~0ul, BOOT_RANGE_RESERVED},
	};
	unsigned int n = 6;
	bool same = memory_map_normalize(r, &n, 16) && n == ARRAY_SIZE(want);

	for (unsigned int i = 0; same && i < n; i++)
		same = r[i].start == want[i].start && r[i].end == want[i].end &&
		       r[i].type == want[i].type;
	ok(same, "sorted, cut, merged; the less usable type wins");
	ok(memory_map_is_ram(r, n, 0x1000, 0x2000), "RAM");
	ok(!memory_map_is_ram(r, n, 0x1000, 0x2001), "RAM and one byte more");
	ok(!memory_map_is_ram(r, n, 0x1800, 0x1800), "nothing is not RAM");
	ok(!memory_map_is_ram(r, n, 0xa000, 0xb000), "a hole is not RAM");
	n = 0;
	ok(memory_map_normalize(r, &n, 16) && n == 0, "an empty map");
}

int main(void)
{
	/* The area, and after it a page that may not be touched. */
	void *p = mmap(area, AREA_SIZE + PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != area || mprotect(area + AREA_SIZE, PAGE_SIZE, PROT_NONE)) {
		printf("Bail out! no mapping at the pretended loader memory\n");
		return 1;
	}
	test_mb1_good();
	test_mb1_pointers();
	test_long_texts();
	test_modules();
	test_mb2_good();
	test_mb2_broken();
	test_mb2_every_cut();
	test_too_many_ranges();
	test_normalize();
	return tap_done();
}
