// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invalidation rule on SVM (hv/gpm.h) against a model of TLBs, tlb_model.h: svm/npt.c and
 * hv/gpm.c with random maps, unmaps, moves, wrap-arounds of ASIDs. No emulator keeps entries as
 * long as hardware may, so a forgotten flush shows here or at a user's. That it would show here is
 * tested too: with the rule broken in each of several ways the model must complain.
 *
 * SOURCES: svm/npt.c hv/gpm.c hv/locks.c tests/unit/tlb_model.c tests/fake_arch/fake_cpu.c
 */
#include <string.h>

#include "fake.h"
#include "svm/svm.h"
#include "tap.h"
#include "tests/unit/tlb_model.h"

#define STEPS 200000u
#define ASIDS 6u

struct svm_caps svm_caps;

static struct svm_cpu cpus[TLB_CPUS];
static struct svm_vcpu parts[TLB_DOMAINS * TLB_VCPUS];
static struct vmcb blocks[TLB_DOMAINS * TLB_VCPUS];

struct svm_cpu *svm_this_cpu(void)
{
	return &cpus[tlb_cpu];
}

static void start(void)
{
	/* As svm_cpu_enable() leaves them. */
	for (u32 i = 0; i < TLB_CPUS; i++)
		cpus[i] = (struct svm_cpu){.asid_gen = 1, .asid_next = ASIDS};
}

static void vcpu_init(struct vcpu *v, u32 nr)
{
	parts[nr] = (struct svm_vcpu){.vmcb = &blocks[nr]};
	memset(&blocks[nr], 0, sizeof(blocks[nr]));
	v->hw = &parts[nr];
}

static u32 enter(struct vcpu *v)
{
	const struct vmcb *b = svm_vcpu(v)->vmcb;

	if (b->tlb_control == TLB_FLUSH_ALL)
		tlb_flush_all();
	else if (b->tlb_control == TLB_FLUSH_ASID)
		tlb_flush_tag(b->asid);
	return b->asid;
}

static void leave(struct vcpu *v)
{
	(void)v;
}

static void skip_tags(void)
{
	/* There are few of them. */
}

static void hide_move(struct vcpu *v)
{
	svm_vcpu(v)->tlb_cpu = svm_this_cpu();
}

static const struct tlb_vendor vendor = {
	.gpm_entry = npt_entry,
	.start = start,
	.vcpu_init = vcpu_init,
	.prepare = npt_prepare_tlb,
	.enter = enter,
	.exit = leave,
	.flush_guest = npt_flush_guest,
	.skip_tags = skip_tags,
	.hide_move = hide_move,
};

static void good(const char *name)
{
	const char *broken = NULL;

	for (u32 seed = 1; seed <= 3 && !broken; seed++)
		broken = tlb_run(&vendor, MUTANT_NONE, seed, STEPS);
	ok(!broken, name);
	printf("# %s; last run: %u uses of cached entries, %u frames changed owner\n",
	       broken ? broken : "no rule broken", tlb_hits, tlb_recycled);
	ok(tlb_hits > STEPS / 20 && tlb_recycled > STEPS / 100, "and something happened");
}

static void bad(enum tlb_mutant mutant, const char *name)
{
	const char *broken = NULL;

	for (u32 seed = 1; seed <= 20 && !broken; seed++)
		broken = tlb_run(&vendor, mutant, seed, STEPS);
	ok(broken, name);
	printf("# %s\n", broken ? broken : "no rule broken");
}

int main(void)
{
	fake_cpu_set(0);
	svm_caps = (struct svm_caps){.asids = ASIDS};
	good("new ASIDs instead of flushes: no old translation is used");
	bad(MUTANT_NO_FULL_FLUSH, "noticed: no flush when all ASIDs were handed out");
	svm_caps.flush_asid = true;
	good("flush by ASID: no old translation is used");
	bad(MUTANT_NO_TAG_FLUSH, "noticed: an ASID is not flushed");
	bad(MUTANT_NO_GUEST_FLUSH, "noticed: an emulated write of CR3 does not flush");
	bad(MUTANT_HIDE_GEN, "noticed: a vCPU does not look at gen");
	bad(MUTANT_NO_GEN, "noticed: unmapping does not count gen");
	bad(MUTANT_FAILED_MAP, "noticed: a map that failed half way does not count gen");
	bad(MUTANT_NO_WAIT, "noticed: frames given on without gpm_flushed()");
	bad(MUTANT_LATE_IN_GUEST, "noticed: in_guest set after the look at gen");
	bad(MUTANT_HIDE_MOVE, "noticed: a vCPU keeps its ASID on another CPU");
	return tap_done();
}
