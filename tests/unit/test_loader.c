// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image loaders on made-up kernels: what they put where, and that no damaged file makes them
 * read or write outside what is theirs (files lie in exactly sized heap blocks, so that the address
 * sanitizer sees a step beyond). The last part mutates valid files at random, with a fixed seed.
 *
 * SOURCES: tools/lib_loader.c tools/lib_image.c tools/lib_image_bzimage.c tools/lib_image_pvh.c
 * SOURCES: tools/lib_image_multiboot.c tools/lib_mem.c tools/lib_e820.c tools/lib_acpi.c
 * SOURCES: tools/lib_fault.c
 */
#include "tests/unit/tap.h"

#include "hv/abi/guest.h"
#include "tests/unit/guest_buffer.h"
#include "tools/lib_bytes.h"
#include "tools/lib_e820.h"
#include "tools/lib_loader.h"

#include <elf.h>

#define MIB (1ull << 20)
#define BZ_LEN (5 * 512 + 8192u)
#define BZ_PREF (4 * MIB)
#define BZ_INIT (2 * MIB)
#define ROUNDS 20000

static const uint8_t dsdt[36] = { 'D', 'S', 'D', 'T', 36, 0, 0, 0, 2 };

/* A copy in a block of exactly len bytes. */
static struct loader_blob blob(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	return (struct loader_blob){ "file", copy, len };
}

static void make_bzimage(uint8_t *f)
{
	memset(f, 0, BZ_LEN);
	memset(f + 5 * 512, 0xcc, 8192);
	f[0x1f1] = 4;
	bytes_put(f + 0x1f4, 4, 8192 / 16);
	bytes_put(f + 0x1fe, 2, 0xaa55);
	f[0x200] = 0xeb;
	f[0x201] = 0x6a;
	memcpy(f + 0x202, "HdrS", 4);
	bytes_put(f + 0x206, 2, 0x020f);
	f[0x211] = 1;
	bytes_put(f + 0x22c, 4, 0x7fffffff);
	bytes_put(f + 0x230, 4, 2 * MIB);
	f[0x234] = 1;
	bytes_put(f + 0x238, 4, 2047);
	bytes_put(f + 0x258, 8, BZ_PREF);
	bytes_put(f + 0x260, 4, BZ_INIT);
}

#define ELF_LEN 1024u
#define ELF_TEXT 512u

/* ELF64 with one PT_LOAD at 2 MiB, a note PHYS32_ENTRY, and a multiboot header in its text. */
static void make_elf(uint8_t *f)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
			 .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_entry = 2 * MIB + 16,
			 .e_phoff = sizeof(h), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
	Elf64_Phdr p[2] = {
		{ .p_type = PT_LOAD, .p_offset = ELF_TEXT, .p_paddr = 2 * MIB,
		  .p_filesz = ELF_LEN - ELF_TEXT, .p_memsz = 1 * MIB },
		{ .p_type = PT_NOTE, .p_offset = 256, .p_filesz = 24, .p_memsz = 24 },
	};

	memset(f, 0, ELF_LEN);
	memcpy(f, &h, sizeof(h));
	memcpy(f + sizeof(h), p, sizeof(p));
	bytes_put(f + 256, 4, 4);
	bytes_put(f + 260, 4, 8);
	bytes_put(f + 264, 4, 18);
	memcpy(f + 268, "Xen", 4);
	bytes_put(f + 272, 8, 2 * MIB + 32);
	bytes_put(f + ELF_TEXT, 4, 0x1badb002);
	bytes_put(f + ELF_TEXT + 4, 4, 3);
	bytes_put(f + ELF_TEXT + 8, 4, (uint32_t)-(0x1badb002 + 3));
	f[ELF_TEXT + 16] = 0xf4;
}

/* Loads into a fresh guest. The result stays in g, plan and fault. */
static struct guest_buffer g;
static struct loader_plan plan;
static struct fault fault;

static int load(enum loader_type type, const uint8_t *kernel, size_t len, size_t ramdisk_len,
		const char *cmdline, uint64_t size)
{
	struct loader_input in = { .type = type, .kernel = blob(kernel, len), .cmdline = cmdline,
				   .vcpus = 2, .dsdt = dsdt, .dsdt_len = sizeof(dsdt) };
	uint8_t *ramdisk = ramdisk_len ? malloc(ramdisk_len) : NULL;
	int err;

	if (ramdisk)
		memset(ramdisk, 0x5a, ramdisk_len);
	in.ramdisk = (struct loader_blob){ "ramdisk", ramdisk, ramdisk_len };
	free(g.bytes);
	guest_buffer_init(&g, size);
	fault = (struct fault){ 0 };
	err = loader_load(&g.mem, &in, &plan, &fault);
	free((void *)(uintptr_t)in.kernel.data);
	free(ramdisk);
	return err;
}

static int fails(int err, int expected, const char *text)
{
	if (err == -expected && fault.err == expected && strstr(fault.text, text))
		return 1;
	printf("# err %d, fault %d: %s\n", err, fault.err, fault.text);
	return 0;
}

static void test_bzimage(void)
{
	uint8_t f[BZ_LEN];
	const uint8_t *zp;

	make_bzimage(f);
	ok(!load(LOADER_DETECT, f, BZ_LEN, 5000, "quiet", 16 * MIB), "bzImage loads");
	zp = g.bytes + E820_BOOT_PARAMS;
	ok(plan.type == LOADER_LINUX && plan.entry.rip == BZ_PREF &&
	   plan.entry.rsi == E820_BOOT_PARAMS && plan.entry.mode == MB_MODE_FLAT32,
	   "entry at pref_address, rsi = boot_params");
	ok(g.bytes[BZ_PREF] == 0xcc && g.bytes[BZ_PREF + 8191] == 0xcc && !g.bytes[BZ_PREF + 8192],
	   "the protected-mode part is where it belongs, whole");
	ok(!memcmp(zp + 0x202, "HdrS", 4) && zp[0x210] == 0xff &&
	   !memcmp(zp + 0x1f1, f + 0x1f1, 15),
	   "the setup header is copied, type_of_loader set");
	ok(bytes_get(zp + 0x218, 4) == 16 * MIB - 8192 && bytes_get(zp + 0x21c, 4) == 5000 &&
	   g.bytes[16 * MIB - 8192] == 0x5a && g.bytes[16 * MIB - 8192 + 4999] == 0x5a,
	   "ramdisk at the top of RAM, page aligned");
	ok(!strcmp((char *)g.bytes + bytes_get(zp + 0x228, 4), "quiet"), "command line");
	ok(g.bytes[E820_BIOS_ENTRY] == 0xba &&
	   bytes_get(g.bytes + E820_BIOS_ENTRY + 1, 2) == MB_GUEST_RESET,
	   "the BIOS entry writes the reset register");
	ok(bytes_get(zp + 0x70, 8) == E820_ACPI && !memcmp(g.bytes + E820_ACPI, "RSD PTR ", 8),
	   "acpi_rsdp_addr");
	ok(zp[0x1e8] == 4 && bytes_get(zp + 0x2d0 + 40, 8) == MIB &&
	   bytes_get(zp + 0x2d0 + 48, 8) == 15 * MIB && bytes_get(zp + 0x2d0 + 56, 4) == 1,
	   "e820: four entries, RAM from 1 MiB to the end");
	f[0x201] = 0xff;
	ok(!load(LOADER_DETECT, f, BZ_LEN, 0, "", 16 * MIB) && !g.bytes[E820_BOOT_PARAMS + 0x2d0],
	   "a long setup header does not reach into the map");
	make_bzimage(f);
	bytes_put(f + 0x22c, 4, 8 * MIB - 1);
	ok(!load(LOADER_DETECT, f, BZ_LEN, 4096, "", 16 * MIB) && plan.ramdisk_end == 8 * MIB,
	   "initrd_addr_max is obeyed");
}

static void test_bzimage_damage(void)
{
	uint8_t f[BZ_LEN];
	static char line[3000];

	make_bzimage(f);
	ok(fails(load(LOADER_LINUX, f, BZ_LEN - 4096, 0, "", 16 * MIB), EINVAL, "truncated"),
	   "a file cut short");
	ok(fails(load(LOADER_LINUX, f, 5 * 512, 0, "", 16 * MIB), EINVAL, "truncated"),
	   "a file that is only the setup part");
	ok(fails(load(LOADER_LINUX, f, 0x230, 0, "", 16 * MIB), ENOEXEC, "not a bzImage"),
	   "a file that ends in the header");
	ok(fails(load(LOADER_LINUX, f, 0, 0, "", 16 * MIB), EINVAL, "empty"), "an empty file");
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 4 * MIB), ENOSPC, "needs 6 MiB"),
	   "a guest too small for the kernel, with the size that would do");
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 2 * MIB), ENOSPC, "memory=4"),
	   "a guest too small for anything");
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 11 * MIB, "", 16 * MIB), ENOSPC, "needs 18 MiB"),
	   "a ramdisk too large for the guest");
	ok(!load(LOADER_LINUX, f, BZ_LEN, 10 * MIB, "", 16 * MIB) &&
	   plan.ramdisk_start == plan.kernel_end, "a ramdisk that just fits");
	memset(line, 'x', 2048);
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, line, 16 * MIB), E2BIG, "2047"),
	   "a command line longer than the kernel takes");
	bytes_put(f + 0x22c, 4, 7 * MIB);
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 2 * MIB, "", 16 * MIB), ENOSPC, "highest address"),
	   "a ramdisk that the kernel's limit leaves no room for");
	make_bzimage(f);
	bytes_put(f + 0x206, 2, 0x0204);
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 16 * MIB), EINVAL, "2.10"),
	   "an old protocol");
	make_bzimage(f);
	f[0x211] = 0;
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 16 * MIB), EINVAL, "zImage"), "a zImage");
	make_bzimage(f);
	f[0x201] = 0x10;
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 16 * MIB), EINVAL, "impossible length"),
	   "a header that ends before init_size");
	make_bzimage(f);
	bytes_put(f + 0x258, 8, 0x1000);
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 16 * MIB), EINVAL, "preferred address"),
	   "pref_address over the boot information");
	bytes_put(f + 0x258, 8, ~0ull);
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 16 * MIB), EINVAL, "preferred address"),
	   "pref_address at the end of 64 bits");
	make_bzimage(f);
	bytes_put(f + 0x260, 4, 0xffffffff);
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 16 * MIB), ENOSPC, "no guest"),
	   "init_size of 4 GiB");
	make_bzimage(f);
	f[0x1f1] = 255;
	ok(fails(load(LOADER_LINUX, f, BZ_LEN, 0, "", 16 * MIB), EINVAL, "truncated"),
	   "more setup sectors than the file has");
	memset(f, 0, BZ_LEN);
	ok(fails(load(LOADER_DETECT, f, BZ_LEN, 0, "", 16 * MIB), ENOEXEC, "neither"),
	   "no kernel at all");
}

static void test_elf(void)
{
	uint8_t f[ELF_LEN];
	const uint8_t *info;

	make_elf(f);
	ok(!load(LOADER_DETECT, f, ELF_LEN, 100, "a b", 8 * MIB), "PVH ELF loads");
	info = g.bytes + E820_START_INFO;
	ok(plan.type == LOADER_PVH && plan.entry.rip == 2 * MIB + 32 &&
	   plan.entry.rbx == E820_START_INFO, "entry from the note, rbx = start info");
	ok(bytes_get(info, 4) == 0x336ec578 && bytes_get(info + 12, 4) == 1 &&
	   !strcmp((char *)g.bytes + bytes_get(info + 24, 8), "a b") &&
	   bytes_get(info + 32, 8) == E820_ACPI && bytes_get(info + 48, 4) == 4, "start info");
	ok(bytes_get(g.bytes + bytes_get(info + 16, 8), 8) == plan.ramdisk_start &&
	   bytes_get(g.bytes + bytes_get(info + 16, 8) + 8, 8) == 100, "its module entry");
	ok(!load(LOADER_MULTIBOOT, f, ELF_LEN, 100, "a b", 8 * MIB), "multiboot ELF loads");
	ok(plan.entry.rax == 0x2badb002 && plan.entry.rip == 2 * MIB + 16 &&
	   plan.entry.rbx == E820_START_INFO, "entry of the ELF file, eax and ebx");
	ok(bytes_get(info = g.bytes + E820_START_INFO, 4) == 0x24d &&
	   bytes_get(info + 8, 4) == 7 * 1024 && bytes_get(info + 20, 4) == 1 &&
	   bytes_get(info + 44, 4) == 4 * 24, "multiboot information");
	ok(bytes_get(g.bytes + bytes_get(info + 24, 4), 4) == plan.ramdisk_start &&
	   bytes_get(g.bytes + bytes_get(info + 24, 4) + 4, 4) == plan.ramdisk_end, "its module");
	bytes_put(f + ELF_TEXT + 4, 4, 7);
	bytes_put(f + ELF_TEXT + 8, 4, (uint32_t)-(0x1badb002 + 7));
	ok(fails(load(LOADER_MULTIBOOT, f, ELF_LEN, 0, "", 8 * MIB), EINVAL, "0x4"),
	   "a multiboot kernel that wants a screen");
}

static void test_elf_damage(void)
{
	uint8_t f[ELF_LEN];
	Elf64_Phdr *p = (Elf64_Phdr *)(void *)(f + sizeof(Elf64_Ehdr));
	Elf64_Ehdr *h = (Elf64_Ehdr *)(void *)f;

	make_elf(f);
	ok(fails(load(LOADER_PVH, f, ELF_LEN - 1, 0, "", 8 * MIB), EINVAL, "truncated"),
	   "an ELF file cut short");
	ok(fails(load(LOADER_PVH, f, 70, 0, "", 8 * MIB), EINVAL, "outside the file"),
	   "an ELF file that is only its header");
	ok(fails(load(LOADER_PVH, f, 20, 0, "", 8 * MIB), EINVAL, "outside the file"),
	   "an ELF file that ends in its header");
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 7 * MIB, "", 8 * MIB), ENOSPC, "needs 10 MiB"),
	   "a ramdisk too large");
	h->e_phoff = ~0ull - 8;
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), EINVAL, "damaged"),
	   "program headers at the end of 64 bits");
	make_elf(f);
	p->p_paddr = 0x8000;
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), EINVAL, "below 1 MiB"),
	   "a segment over the boot information");
	p->p_paddr = 0xfffffffffffff000;
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), EINVAL, "contradict"),
	   "a segment that wraps around");
	p->p_paddr = MB_GUEST_LAPIC_BASE;
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), ENOSPC, "no guest"),
	   "a segment on the local APIC");
	make_elf(f);
	p->p_memsz = 1;
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), EINVAL, "contradict"),
	   "a segment larger in the file than in memory");
	make_elf(f);
	p->p_type = PT_NULL;
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), ENOEXEC, "nothing to load"),
	   "no segment at all");
	make_elf(f);
	bytes_put(f + 272, 8, 9 * MIB);
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), EINVAL, "PVH entry"),
	   "a PVH entry outside the kernel");
	bytes_put(f + 260, 4, 0xfffffff0);
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), ENOEXEC, "no PVH entry"),
	   "a note longer than its segment");
	h->e_machine = EM_AARCH64;
	ok(fails(load(LOADER_PVH, f, ELF_LEN, 0, "", 8 * MIB), ENOEXEC, "for x86"),
	   "another machine's kernel");
}

static uint32_t seed = 0x4d42;

static uint32_t noise(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* Damages up to 8 bytes, in the headers mostly, with the values that break sums. */
static void mutate(uint8_t *f, size_t len)
{
	static const uint8_t edges[] = { 0x00, 0xff, 0x7f, 0x80, 0x01, 0xfe };
	unsigned int count = 1 + noise() % 8;

	while (count--) {
		size_t at = noise() % 4 ? (noise() % 2 ? 0x1f1 + noise() % 0x90 : noise() % 300) :
					  noise() % len;

		f[at % len] = noise() % 2 ? edges[noise() % sizeof(edges)] : (uint8_t)noise();
	}
}

static void test_random(const char *name, enum loader_type type, void (*make)(uint8_t *),
			size_t full)
{
	static uint8_t f[BZ_LEN];
	struct guest_mem *mem = &g.mem;
	unsigned int loaded = 0, silent = 0, bad = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct loader_input in = { .type = type, .cmdline = "x", .vcpus = 1, .dsdt = dsdt,
					   .dsdt_len = sizeof(dsdt) };
		uint8_t disk[64] = { 0 };
		size_t len = noise() % 8 ? full : noise() % (full + 1);

		make(f);
		mutate(f, full);
		in.kernel = blob(f, len);
		in.ramdisk = (struct loader_blob){ "ramdisk", disk,
						    noise() % 2 ? sizeof(disk) : 0 };
		fault = (struct fault){ 0 };
		if (!loader_load(mem, &in, &plan, &fault))
			loaded++;
		else if (!fault.err || !*fault.text)
			silent++;
		if (plan.ramdisk_end && plan.ramdisk_start < plan.kernel_end)
			bad++;
		free((void *)(uintptr_t)in.kernel.data);
	}
	printf("# %s: %u of %u mutations still load\n", name, loaded, ROUNDS);
	ok(loaded && loaded < ROUNDS, name);
	ok(!g.bad_writes && !silent && !bad,
	   "... nothing outside RAM, no silent failure, no overlap");
}

int main(void)
{
	struct e820_entry map[E820_MAX];

	test_bzimage();
	test_bzimage_damage();
	test_elf();
	test_elf_damage();
	ok(e820_build(4096 * MIB, map) == 5 &&
	   map[2].start + map[2].size == MB_GUEST_RAM_HOLE_START &&
	   map[4].start == MB_GUEST_RAM_HIGH_START && map[4].size == 1024 * MIB,
	   "e820 of a 4 GiB guest: the last GiB lies above 4 GiB");
	ok(mem_contains(4096 * MIB, MB_GUEST_RAM_HIGH_START, 1024 * MIB) &&
	   !mem_contains(4096 * MIB, MB_GUEST_RAM_HIGH_START, 1024 * MIB + 1) &&
	   !mem_contains(4096 * MIB, MB_GUEST_RAM_HOLE_START - 1, 2) &&
	   !mem_contains(16 * MIB, 1, ~0ull), "bounds of RAM");
	free(g.bytes);
	guest_buffer_init(&g, 16 * MIB);
	test_random("random bzImages", LOADER_DETECT, make_bzimage, BZ_LEN);
	test_random("random PVH files", LOADER_PVH, make_elf, ELF_LEN);
	test_random("random multiboot files", LOADER_MULTIBOOT, make_elf, ELF_LEN);
	free(g.bytes);
	return tap_done();
}
