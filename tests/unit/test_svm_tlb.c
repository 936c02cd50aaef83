// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLB tags with more vCPUs than tags: no entry of one vCPU may be found by another, so between two
 * owners of a tag there is a flush, and after rights were taken from a map a vCPU runs with a tag
 * that holds nothing. With flush by ASID and without. A model of the TLB remembers who may have
 * left entries under which tag.
 *
 * SOURCES: svm/npt.c tests/fake_arch/fake_cpu.c
 */
#include <stdlib.h>

#include "fake.h"
#include "hv/domain.h"
#include "hv/vcpu.h"
#include "svm/svm.h"
#include "tap.h"

#define ASIDS 8u
#define VCPUS 20u

struct svm_caps svm_caps = {.asids = ASIDS};

static struct svm_cpu cpu = {.asid_gen = 1, .asid_next = ASIDS};
static struct domain domains[VCPUS];
static struct vcpu vcpus[VCPUS];
static struct svm_vcpu parts[VCPUS];
static struct vmcb blocks[VCPUS];

/* The TLB: under each tag, whose entries and of which generation of its map. -1: none. */
static struct {
	int owner;
	u32 gen;
} tlb[ASIDS];

struct svm_cpu *svm_this_cpu(void)
{
	return &cpu;
}

static u32 whole_flushes;

/* What VMRUN does first. */
static u32 flush(const struct vmcb *b)
{
	switch (b->tlb_control) {
	case TLB_FLUSH_ALL:
		for (u32 i = 0; i < ASIDS; i++)
			tlb[i].owner = -1;
		whole_flushes++;
		return 1;
	case TLB_FLUSH_ASID:
		if (svm_caps.flush_asid && b->asid < ASIDS)
			tlb[b->asid].owner = -1;
		return 1;
	}
	return 0;
}

/* One entry of vCPU i; returns whether all that it can find in the TLB is its own and fresh. */
static bool run(int i, u32 *flushes)
{
	struct vcpu *v = &vcpus[i];
	u32 asid;

	npt_prepare_tlb(v);
	asid = blocks[i].asid;
	*flushes += flush(&blocks[i]);
	if (!asid || asid >= ASIDS)
		return false;
	if (tlb[asid].owner >= 0 && (tlb[asid].owner != i || tlb[asid].gen != v->dom->gpm.gen))
		return false;
	tlb[asid].owner = i;
	tlb[asid].gen = v->dom->gpm.gen;
	return true;
}

/* Both ways; nothing differs but the price of a flush. */
static void test_asids(bool by_asid)
{
	u32 flushes = 0, before;
	bool fine = true;

	svm_caps.flush_asid = by_asid;
	cpu = (struct svm_cpu){.asid_gen = 1, .asid_next = ASIDS};
	for (u32 i = 0; i < VCPUS; i++) {
		parts[i] = (struct svm_vcpu){.vmcb = &blocks[i]};
		vcpus[i] = (struct vcpu){.dom = &domains[i], .hw = &parts[i]};
		domains[i].gpm.gen = 1;
	}
	/* What a system before us left: entries of nobody we know under every tag. */
	for (u32 i = 0; i < ASIDS; i++)
		tlb[i].owner = (int)VCPUS;
	ok(run(0, &flushes) && flushes == 1, "the first entry on a CPU flushes what was there");
	fine = run(0, &flushes) && run(0, &flushes);
	ok(fine && flushes == 1, "a vCPU that runs again keeps its entries");
	before = blocks[0].asid;
	domains[0].gpm.gen++;
	if (by_asid)
		ok(run(0, &flushes) && blocks[0].asid == before && flushes == 2,
		   "rights taken: its tag is flushed");
	else
		ok(run(0, &flushes) && blocks[0].asid != before && flushes == 1,
		   "rights taken: another tag, no flush");
	ok(vcpus[0].counters[MB_CNT_TLB_FLUSH] == 2, "counted");
	fine = true;
	srandom(5);
	for (u32 n = 0; n < 100000 && fine; n++) {
		int i = (int)((u32)random() % VCPUS);

		if (random() % 8 == 0)
			domains[i].gpm.gen++;
		fine = run(i, &flushes);
	}
	ok(fine, "100000 random entries of 20 vCPUs with 7 tags: never a foreign or stale entry");
	ok(by_asid == !whole_flushes, "the whole TLB is flushed only where one tag cannot be");
	before = flushes;
	for (u32 n = 0; n < 70; n++)
		fine = fine && run((int)(n % 7), &flushes);
	ok(fine && flushes - before <= (by_asid ? 8 : 2),
	   "7 vCPUs fit: no flush once each has its tag");
}

int main(void)
{
	fake_cpu_set(0);
	test_asids(true);
	test_asids(false);
	return tap_done();
}
