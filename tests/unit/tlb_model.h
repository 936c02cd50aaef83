/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a model of CPUs' TLBs, of vCPUs that use them and of a dom0 that changes maps
 *           meanwhile, run against the real hv/gpm.c and one vendor's real rule (svm/npt.c,
 *           vmx/ept.c).
 * Callers:  test_tlb_svm.c, test_tlb_vmx.c: they stand for the instructions and the VM entry.
 * Context:  user space, one thread; interleavings come from a random generator.
 * Locking:  none.    Lifetime: one tlb_run() after the other.
 * Errors:   tlb_run() says which rule was broken; wrong use aborts.
 *
 * What a TLB may hold (SDM "Caching Translation Information"; APM 15.16 "TLB Control"): what a
 * guest's own page tables and the nested ones say together (COMBINED), by tag and on VMX by root;
 * and what the nested tables alone say (NESTED): on VMX by root, shared by all tags; on SVM by tag.
 * It may hold anything a walk found, drop anything at any time, and use any entry that matches.
 */
#ifndef TESTS_TLB_MODEL_H
#define TESTS_TLB_MODEL_H

#include "hv/domain.h"
#include "hv/vcpu.h"

#define TLB_CPUS 3
#define TLB_DOMAINS 3
#define TLB_VCPUS 2 /* of each domain */

/* Ways to break the rule, to see that the model notices. */
enum tlb_mutant {
	MUTANT_NONE,
	MUTANT_NO_ROOT_FLUSH,	/* INVEPT does nothing */
	MUTANT_LOSE_ROOT_FLUSH, /* one of 20 */
	MUTANT_NO_TAG_FLUSH,	/* INVVPID, or the flush of one ASID */
	MUTANT_NO_FULL_FLUSH,	/* of all tags, at the wrap-around */
	MUTANT_NO_GUEST_FLUSH,	/* emulated write of CR3 */
	MUTANT_HIDE_GEN,	/* the vCPU believes it has flushed */
	MUTANT_NO_GEN,		/* unmapping does not tell */
	MUTANT_FAILED_MAP,	/* a map that failed half way does not tell */
	MUTANT_NO_WAIT,		/* frames are given away without gpm_flushed() */
	MUTANT_LATE_IN_GUEST,	/* in_guest is set after the look at gen */
	MUTANT_HIDE_MOVE,	/* the vCPU believes it was on this CPU before */
	MUTANT_COUNT,
};
extern enum tlb_mutant tlb_mutant;

struct tlb_vendor {
	bool nested_by_root; /* else by tag */
	u64 (*gpm_entry)(hpa_t hpa, u32 prot, bool leaf, enum mem_type type);
	void (*start)(void);		   /* CPUs as after reset */
	void (*vcpu_init)(struct vcpu *v, u32 nr); /* new vCPU number nr */
	void (*prepare)(struct vcpu *v);   /* the rule */
	u32 (*enter)(struct vcpu *v);	   /* what VM entry does to the TLB; the tag it runs with */
	void (*exit)(struct vcpu *v);	   /* the same for VM exit */
	void (*flush_guest)(struct vcpu *v);
	void (*skip_tags)(void);	   /* this CPU: come near the wrap-around */
	void (*hide_move)(struct vcpu *v); /* MUTANT_HIDE_MOVE */
};

extern u32 tlb_cpu; /* the one that acts */
u32 tlb_random(u32 n);

/* The instructions, on tlb_cpu. */
void tlb_flush_all(void);
void tlb_flush_tag(u32 tag);	/* COMBINED, and NESTED if that goes by tag */
void tlb_flush_tags(u32 from);	/* COMBINED of all tags >= from */
void tlb_flush_root(u64 root);	/* both kinds, all tags */

/* So many random steps; NULL, or the rule that was broken. */
const char *tlb_run(const struct tlb_vendor *vendor, enum tlb_mutant mutant, u32 seed, u32 steps);
/* Uses of cached entries, and frames that changed owner, in the last run: it was not idle. */
extern u32 tlb_hits, tlb_recycled;

#endif
