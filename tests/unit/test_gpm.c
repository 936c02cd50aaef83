// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-physical maps: leaf sizes, splits, refusals, running out of memory at every allocation, the
 * flush rule, and random changes against a plain array. A wrong walk would let a domain reach
 * frames of another, so the array test compares every page after every change.
 *
 * SOURCES: hv/gpm.c hv/locks.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 * SOURCES: tests/fake_arch/fake_vcpu.c tests/fake_arch/fake_vendor.c
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/paging.h"
#include "fake.h"
#include "hv/abi/types.h"
#include "hv/domain.h"
#include "hv/gpm.h"
#include "hv/vcpu.h"
#include "tap.h"

#define TABLES 4096u

static struct gpm g;

static void start(bool huge)
{
	vcaps.leaf_1g = huge;
	if (gpm_init(&g, TABLES))
		abort();
}

static bool maps_to(u64 gpa, u64 want_hpa, u32 want_prot, u64 want_left)
{
	hpa_t hpa;
	u32 prot;
	u64 left;

	return gpm_lookup(&g, GPA(gpa), &hpa, &prot, &left) && hpa.v == want_hpa &&
	       prot == want_prot && left == want_left;
}

static bool absent(u64 gpa)
{
	hpa_t hpa;
	u32 prot;
	u64 left;

	return !gpm_lookup(&g, GPA(gpa), &hpa, &prot, &left);
}

static void test_sizes(void)
{
	start(true);
	ok(!gpm_map(&g, GPA(0), HPA(0), 4 * GIB, GPM_RWX, MEM_WB) && g.tables == 2,
	   "4 GiB are four leaves of 1 GiB");
	ok(maps_to(GIB + 123, GIB + 123, GPM_RWX, GIB - 123), "lookup: address, rights, rest");
	ok(!gpm_map(&g, GPA(8 * GIB), HPA(3 * GIB + EXTENT_SIZE), GIB, GPM_R | GPM_W, MEM_WB) &&
	   maps_to(8 * GIB, 3 * GIB + EXTENT_SIZE, GPM_R | GPM_W, EXTENT_SIZE),
	   "machine address not aligned to 1 GiB: leaves of 2 MiB");
	ok(!gpm_map(&g, GPA(16 * GIB - PAGE_SIZE), HPA(PAGE_SIZE), 2 * PAGE_SIZE, GPM_R, MEM_UC) &&
	   maps_to(16 * GIB - PAGE_SIZE, PAGE_SIZE, GPM_R, PAGE_SIZE) &&
	   maps_to(16 * GIB, 2 * PAGE_SIZE, GPM_R, PAGE_SIZE), "two pages in two tables");
	gpm_destroy(&g);

	start(false);
	ok(!gpm_map(&g, GPA(0), HPA(0), GIB, GPM_RWX, MEM_WB) &&
	   maps_to(5, 5, GPM_RWX, EXTENT_SIZE - 5), "no 1 GiB leaves on a CPU without them");
	gpm_destroy(&g);
	ok(fake_pages_bytes == 0, "destroy gives every table back");
}

static void test_refusals(void)
{
	start(true);
	ok(gpm_map(&g, GPA(1), HPA(0), PAGE_SIZE, GPM_R, MEM_WB) == -MB_EINVAL &&
	   gpm_map(&g, GPA(0), HPA(1), PAGE_SIZE, GPM_R, MEM_WB) == -MB_EINVAL &&
	   gpm_map(&g, GPA(0), HPA(0), 5, GPM_R, MEM_WB) == -MB_EINVAL &&
	   gpm_map(&g, GPA(0), HPA(0), 0, GPM_R, MEM_WB) == -MB_EINVAL &&
	   gpm_map(&g, GPA(0), HPA(0), PAGE_SIZE, 0, MEM_WB) == -MB_EINVAL &&
	   gpm_map(&g, GPA(0), HPA(0), PAGE_SIZE, 8, MEM_WB) == -MB_EINVAL &&
	   gpm_map(&g, GPA(0), HPA(BIT(52)), PAGE_SIZE, GPM_R, MEM_WB) == -MB_EINVAL,
	   "crooked addresses, sizes and rights");
	ok(gpm_map(&g, GPA(BIT(48) - PAGE_SIZE), HPA(0), 2 * PAGE_SIZE, GPM_R, MEM_WB) ==
		   -MB_EINVAL &&
	   gpm_map(&g, GPA(~PAGE_MASK), HPA(0), 2 * PAGE_SIZE, GPM_R, MEM_WB) == -MB_EINVAL &&
	   !gpm_map(&g, GPA(BIT(48) - PAGE_SIZE), HPA(0), PAGE_SIZE, GPM_R, MEM_WB),
	   "48 bits and no more; no wrap-around");
	ok(absent(BIT(48)) && absent(~0ul), "lookups beyond 48 bits find nothing");
	ok(!gpm_map(&g, GPA(EXTENT_SIZE), HPA(EXTENT_SIZE), EXTENT_SIZE, GPM_RWX, MEM_WB) &&
	   gpm_map(&g, GPA(0), HPA(GIB), GIB, GPM_RWX, MEM_WB) == -MB_EEXIST && absent(0) &&
	   maps_to(EXTENT_SIZE, EXTENT_SIZE, GPM_RWX, EXTENT_SIZE),
	   "what is mapped stays, and nothing is added before the refusal");
	gpm_destroy(&g);
}

static void test_unmap(void)
{
	u32 gen;

	start(true);
	gpm_map(&g, GPA(0), HPA(0), 2 * GIB, GPM_R | GPM_X, MEM_WB);
	gen = g.gen;
	ok(!gpm_unmap(&g, GPA(4 * GIB), GIB) && g.gen == gen, "nothing there: no new generation");
	ok(!gpm_unmap(&g, GPA(GIB + PAGE_SIZE), PAGE_SIZE) && g.gen == gen + 1 &&
	   absent(GIB + PAGE_SIZE) && maps_to(GIB, GIB, GPM_R | GPM_X, PAGE_SIZE) &&
	   maps_to(GIB + 2 * PAGE_SIZE, GIB + 2 * PAGE_SIZE, GPM_R | GPM_X, PAGE_SIZE) &&
	   maps_to(GIB + EXTENT_SIZE, GIB + EXTENT_SIZE, GPM_R | GPM_X, EXTENT_SIZE) &&
	   maps_to(0, 0, GPM_R | GPM_X, GIB), "one page out of a 1 GiB leaf splits it twice");
	ok(!gpm_unmap(&g, GPA(0), 4 * GIB) && absent(0) && absent(GIB) && absent(2 * GIB - 1),
	   "unmap across tables and holes");
	ok(!gpm_map(&g, GPA(GIB), HPA(5 * GIB), GIB, GPM_RWX, MEM_WB) &&
	   maps_to(GIB, 5 * GIB, GPM_RWX, PAGE_SIZE) &&
	   maps_to(GIB + EXTENT_SIZE + 1, 5 * GIB + EXTENT_SIZE + 1, GPM_RWX, EXTENT_SIZE - 1),
	   "mapped again where tables are already");
	gpm_destroy(&g);
}

/* The entry that maps gpa, which lies under 4 KiB leaves. */
static u64 raw_entry(u64 gpa)
{
	u64 *table = g.root;

	for (u32 shift = 39; shift > 12; shift -= 9)
		table = phys_to_virt(HPA(table[(gpa >> shift) & 511] & PTE_ADDR));
	return table[(gpa >> 12) & 511];
}

static void test_uncached_split(void)
{
	start(true);
	gpm_map(&g, GPA(0), HPA(EXTENT_SIZE), EXTENT_SIZE, GPM_R | GPM_W, MEM_UC);
	gpm_unmap(&g, GPA(0), PAGE_SIZE);
	ok(maps_to(PAGE_SIZE, EXTENT_SIZE + PAGE_SIZE, GPM_R | GPM_W, PAGE_SIZE),
	   "a split keeps address and rights");
	ok((raw_entry(PAGE_SIZE) & (PTE_PCD | PTE_PS | PTE_W | PTE_NX)) ==
	   (PTE_PCD | PTE_W | PTE_NX), "and memory type");
	gpm_map(&g, GPA(0), HPA(0), PAGE_SIZE, GPM_RWX, MEM_WB);
	ok(!(raw_entry(0) & PTE_PCD), "beside it write back");
	gpm_destroy(&g);
}

/* Every allocation of a map or unmap fails once, in turn. */
static void test_no_memory(void)
{
	bool clean = true;
	u32 failed = 0;

	for (u32 at = 1; at < 12; at++) {
		int err;

		start(true);
		gpm_map(&g, GPA(0), HPA(0), GIB, GPM_RWX, MEM_WB);
		fake_fail_at = at;
		err = gpm_map(&g, GPA(GIB - PAGE_SIZE + GIB), HPA(0), 600 * GIB, GPM_R, MEM_WB);
		fake_fail_at = 0;
		failed += err == -MB_ENOMEM;
		if (err)
			clean = clean && absent(2 * GIB - PAGE_SIZE) && absent(2 * GIB) &&
				absent(100 * GIB);
		fake_fail_at = 1;
		if (gpm_unmap(&g, GPA(PAGE_SIZE), PAGE_SIZE) != -MB_ENOMEM ||
		    !maps_to(PAGE_SIZE, PAGE_SIZE, GPM_RWX, GIB - PAGE_SIZE))
			clean = false;
		fake_fail_at = 0;
		gpm_destroy(&g);
		clean = clean && !fake_pages_bytes;
	}
	ok(failed >= 3 && clean, "out of memory: all or nothing, nothing leaks");

	fake_fail_at = 1;
	ok(gpm_init(&g, TABLES) == -MB_ENOMEM, "no memory for the root");
	fake_fail_at = 0;
	gpm_destroy(&g);
	gpm_init(&g, 3);
	ok(gpm_map(&g, GPA(0), HPA(0), PAGE_SIZE, GPM_R, MEM_WB) == -MB_ENOMEM && absent(0) &&
	   g.tables <= 3, "the quota holds");
	gpm_destroy(&g);
}

#define MODEL_PAGES 4096u /* 16 MiB round a 1 GiB boundary */
#define MODEL_BASE (GIB - MODEL_PAGES / 2 * PAGE_SIZE)

static u64 model[MODEL_PAGES]; /* hpa | rights; 0: absent */

static bool model_agrees(void)
{
	for (u32 i = 0; i < MODEL_PAGES; i++) {
		hpa_t hpa;
		u32 prot;
		u64 left;
		bool there = gpm_lookup(&g, GPA(MODEL_BASE + i * PAGE_SIZE), &hpa, &prot, &left);

		if (there != (model[i] != 0) || (there && (hpa.v | prot) != model[i]))
			return false;
	}
	return true;
}

static bool model_map(u32 at, u32 count)
{
	u64 hpa = (u64)(random() % 4096) * (random() % 4 ? EXTENT_SIZE : PAGE_SIZE);
	u32 prot = 1 + (u32)random() % 7;
	bool taken = false;
	int err;

	/* Often congruent, so that large leaves are used. */
	if (random() % 2)
		hpa = ALIGN_DOWN(hpa, GIB) + MODEL_BASE + at * PAGE_SIZE;
	for (u32 i = at; i < at + count; i++)
		taken = taken || model[i];
	err = gpm_map(&g, GPA(MODEL_BASE + at * PAGE_SIZE), HPA(hpa), count * PAGE_SIZE, prot,
		      random() & 1 ? MEM_WB : MEM_UC);
	for (u32 i = 0; !taken && i < count; i++)
		model[at + i] = (hpa + i * PAGE_SIZE) | prot;
	return err == (taken ? -MB_EEXIST : 0);
}

static void test_model(void)
{
	bool fine = true;

	start(true);
	srandom(7);
	for (u32 round = 0; round < 1500 && fine; round++) {
		u32 at = (u32)random() % MODEL_PAGES;
		u32 count = 1 + (u32)random() % (random() % 3 ? 64 : 1500);

		if (random() % 3 == 0)
			at = ALIGN_DOWN(at, 512);
		count = MIN(count, MODEL_PAGES - at);
		if (random() % 2) {
			fine = model_map(at, count);
		} else {
			fine = !gpm_unmap(&g, GPA(MODEL_BASE + at * PAGE_SIZE), count * PAGE_SIZE);
			memset(&model[at], 0, count * sizeof(model[0]));
		}
		fine = fine && model_agrees();
	}
	ok(fine, "1500 random changes agree with an array, page by page");
	gpm_destroy(&g);
	ok(!fake_pages_bytes, "and give all tables back");
}

static void test_flushed(void)
{
	static struct domain d;
	static struct vcpu v[3];

	d.nr_vcpus = 3;
	for (u32 i = 0; i < 3; i++)
		d.vcpu[i] = &v[i];
	d.gpm.gen = 5;
	v[0].gpm_gen = 4;
	v[1].gpm_gen = 5;
	v[1].pub.in_guest = 1;
	ok(gpm_flushed(&d) && !v[0].pub.requests, "outside the guest, or flushed: done");
	v[2].gpm_gen = 4;
	v[2].pub.in_guest = 1;
	ok(!gpm_flushed(&d) && v[2].pub.requests && !v[1].pub.requests,
	   "in the guest with old entries: not done, and kicked");
	v[2].pub.in_guest = 0;
	ok(gpm_flushed(&d), "it left the guest: done");
}

int main(void)
{
	fake_cpu_set(0);
	test_sizes();
	test_refusals();
	test_unmap();
	test_uncached_split();
	test_no_memory();
	test_model();
	test_flushed();
	return tap_done();
}
