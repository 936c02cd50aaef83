// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who owns which memory: extents by a made-up memory map (holes, modules, the image), the heap of
 * 4 KiB pages, exhaustion, and the refusal of wrong frees. RAM is a mapping of this process at the
 * pretended addresses; the fake paging.h takes machine addresses as they are.
 *
 * SOURCES: hv/page_alloc.c hv/page_heap.c hv/locks.c tests/fake_arch/fake_cpu.c
 */
#include "tests/unit/tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/boot_info.h"
#include "hv/page_alloc.h"
#include "hv/printk.h"
#include "tests/fake_arch/fake.h"

#define RAM_START 0x20000000ul /* 512 MiB */
#define RAM_SIZE (256 * MIB)
#define RAM_END (RAM_START + RAM_SIZE)
#define HOLE_START (RAM_START + 100 * MIB + 4096) /* reserved piece: its extents are no RAM */
#define HOLE_END (HOLE_START + 3 * MIB)
#define HIGH_START (4 * GIB)
#define HIGH_SIZE (64 * MIB) /* never touched: not mapped here */
#define IMAGE_START (RAM_START + 2 * MIB)
#define MODULE_START (RAM_START + 6 * MIB - 100)
#define MODULE_SIZE 200ul /* crosses an extent border */

static struct boot_info info;

static void setup(void)
{
	info = (struct boot_info){
		.range_count = 6,
		.ranges = {{0, 0x9fc00, BOOT_RANGE_RAM},
			   {0x9fc00, 0xa0000, BOOT_RANGE_RESERVED},
			   {RAM_START, HOLE_START, BOOT_RANGE_RAM},
			   {HOLE_START, HOLE_END, BOOT_RANGE_RESERVED},
			   {HOLE_END, RAM_END, BOOT_RANGE_RAM},
			   {HIGH_START, HIGH_START + HIGH_SIZE, BOOT_RANGE_RAM}},
		.module_count = 1,
		.modules = {{.start = HPA(MODULE_START), .size = MODULE_SIZE}},
		.image_start = IMAGE_START,
		.image_end = IMAGE_START + MIB,
	};
}

/* True if fn() ends in a panic (the fake one aborts). */
static bool panics(void (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_no_memory(void)
{
	setup();
	info.range_count = 2;
	ok(page_alloc_init(&info) != NULL, "640 KiB of RAM: refused with a reason");
	info = (struct boot_info){.range_count = 1,
				  .ranges = {{HIGH_START, HIGH_START + GIB, BOOT_RANGE_RAM}}};
	ok(page_alloc_init(&info) != NULL, "RAM above 4 GiB only: refused");
}

static void test_owners(void)
{
	u64 ram = 0, total;

	setup();
	ok(page_alloc_init(&info) == NULL, "a machine of 320 MiB");
	ok(extent_limit() == HIGH_START + HIGH_SIZE, "the table ends where RAM ends");
	ok(extent_owner(HPA(0)) == OWNER_RESERVED, "the first extent is reserved");
	ok(extent_owner(HPA(IMAGE_START)) == OWNER_HV, "the image is the hypervisor's");
	ok(extent_owner(HPA(RAM_START)) == OWNER_FREE, "plain RAM is free");
	ok(extent_owner(HPA(MODULE_START)) == OWNER_BOOT &&
		   extent_owner(HPA(MODULE_START + MODULE_SIZE)) == OWNER_BOOT,
	   "a module keeps both extents it touches");
	ok(extent_owner(HPA(HOLE_START)) == OWNER_RESERVED &&
		   extent_owner(HPA(HOLE_END)) == OWNER_RESERVED &&
		   extent_owner(HPA(HOLE_START - 2 * MIB)) == OWNER_FREE &&
		   extent_owner(HPA(HOLE_END + 2 * MIB)) == OWNER_FREE,
	   "extents that are partly RAM are reserved");
	ok(extent_owner(HPA(RAM_END - 1)) == OWNER_HV, "the heap is at the top below 4 GiB");
	ok(extent_owner(HPA(2 * GIB)) == OWNER_RESERVED, "a hole is reserved");
	ok(extent_owner(HPA(~0ul)) == OWNER_RESERVED, "beyond all RAM is reserved");
	for (u32 owner = 0; owner < 0x10000; owner++)
		ram += extent_count((u16)owner);
	total = extent_limit() / EXTENT_SIZE;
	ok(ram == total, "the counters add up to all extents");
	extent_release_boot();
	ok(extent_owner(HPA(MODULE_START)) == OWNER_FREE && extent_count(OWNER_BOOT) == 0,
	   "the module's memory becomes free");
}

static void test_extents(void)
{
	u64 free = extent_count(OWNER_FREE);
	unsigned int n = 0;
	hpa_t a, b, c;

	ok(extent_alloc(7, 3, &a) == 0 && a.v == HIGH_START + HIGH_SIZE - 3 * EXTENT_SIZE,
	   "the first run comes from the top");
	ok(extent_owner(a) == 7 && extent_count(7) == 3 && extent_count(OWNER_FREE) == free - 3,
	   "and has its owner");
	ok(extent_alloc(8, 1, &b) == 0 && b.v == a.v - EXTENT_SIZE, "the next one is below");
	ok(extent_alloc_aligned(8, 2, 16, &c) == 0 && c.v % (16 * EXTENT_SIZE) == 0,
	   "aligned to 32 MiB");
	extent_free(a, 3);
	ok(extent_count(7) == 0 && extent_owner(a) == OWNER_FREE, "freed");
	ok(extent_set_owner(b, 7, 9) == -EBUSY && extent_owner(b) == 8, "set: not the owner");
	ok(extent_set_owner(b, 8, 9) == 0 && extent_owner(b) == 9, "set: given away");
	ok(extent_set_owner(HPA(~0ul), 8, 9) == -EINVAL, "set: no such extent");
	ok(extent_alloc(7, 0, &a) == -EINVAL && extent_alloc_aligned(7, 1, 3, &a) == -EINVAL,
	   "silly sizes");
	ok(extent_alloc(7, 0xffffffff, &a) != 0, "more than there is");
	ok(extent_alloc(7, 60, &a) == -ENOMEM || extent_owner(a) == 7, "a long run");
	while (extent_alloc(5, 1, &a) == 0)
		n++;
	ok(extent_count(OWNER_FREE) == 0 && extent_count(5) == n, "all of it, one by one");
}

static void free_free_extent(void)
{
	extent_free(HPA(RAM_START), 1);
	extent_free(HPA(RAM_START), 1);
}

static void free_hv_extent(void)
{
	extent_free(HPA(IMAGE_START), 1);
}

static void free_odd_extent(void)
{
	extent_free(HPA(RAM_START + 4096), 1);
}

static void free_page_twice(void)
{
	hpa_t pa = page_alloc(0);

	page_free(pa, 0);
	page_free(pa, 0);
}

static void free_page_with_wrong_order(void)
{
	page_free(page_alloc(1), 4);
}

static void free_page_outside(void)
{
	page_free(HPA(RAM_START), 0);
}

static void test_wrong_frees(void)
{
	ok(panics(free_free_extent), "freeing an extent twice panics");
	ok(panics(free_hv_extent), "freeing the hypervisor's extent panics");
	ok(panics(free_odd_extent), "freeing half an extent panics");
	ok(panics(free_page_twice), "freeing a page twice panics");
	ok(panics(free_page_with_wrong_order), "freeing more pages than allocated panics");
	ok(panics(free_page_outside), "freeing a page outside the heap panics");
}

static bool is_zero(const void *p, u64 size)
{
	const u8 *b = p;

	while (size-- > 0) {
		if (b[size])
			return false;
	}
	return true;
}

static void test_pages(void)
{
	static hpa_t all[RAM_SIZE / PAGE_SIZE];
	struct page_alloc_stats before, after;
	u64 n = 0;
	hpa_t a, b;
	void *p;

	page_alloc_get_stats(&before);
	ok(before.total * PAGE_SIZE > 5 * MIB && before.used == 0, "the heap has its size");
	a = page_alloc(0);
	b = page_alloc(3);
	ok(a.v && b.v && b.v % (8 * PAGE_SIZE) == 0, "pages are aligned to their size");
	ok(extent_owner(a) == OWNER_HV && extent_owner(b) == OWNER_HV, "and the hypervisor's");
	memset((void *)b.v, 0xa5, 8 * PAGE_SIZE);
	page_free(b, 3);
	ok(page_alloc(3).v == b.v && is_zero((void *)b.v, 8 * PAGE_SIZE), "used again, zeroed");
	page_free(b, 3);
	page_free(a, 0);
	p = page_alloc_bytes(5000);
	page_alloc_get_stats(&after);
	ok(p && after.used == 2, "5000 bytes take two pages");
	page_free_bytes(p, 5000);
	page_alloc_get_stats(&after);
	ok(after.used == 0 && after.peak >= 9, "all given back; the peak is remembered");

	while ((all[n] = page_alloc(0)).v)
		n++;
	page_alloc_get_stats(&after);
	ok(n == after.total && after.used == n && after.failures == 1, "every page can be had");
	ok(page_alloc(0).v == 0 && page_alloc(5).v == 0 && !page_alloc_bytes(1), "then no more");
	page_free(all[n / 2], 0);
	ok(page_alloc(0).v == all[n / 2].v, "the one that came back is found");
	while (n > 0)
		page_free(all[--n], 0);
	page_alloc_get_stats(&after);
	ok(after.used == 0 && page_alloc(9).v, "then 2 MiB in one piece again");
}

static void test_log_area(void)
{
	u8 *log = page_alloc_log_area();

	ok((u64)log == RAM_END - PRINTK_LOG_SIZE, "the log lies at the very end of the heap");
	ok(log[0] == 0x5a, "and was not cleared");
}

int main(void)
{
	void *ram = mmap((void *)RAM_START, RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (ram != (void *)RAM_START) {
		printf("Bail out! no mapping at the pretended RAM\n");
		return 1;
	}
	/* What earlier owners left must not shine through. */
	memset((void *)(RAM_END - 16 * MIB), 0x5a, 16 * MIB);
	fake_cpu_set(0);
	test_no_memory();
	test_owners();
	test_pages();
	test_log_area();
	test_wrong_frees();
	test_extents();
	return tap_done();
}
