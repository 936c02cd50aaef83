/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  guest-physical map: the nested page tables of a domain (NPT, EPT), one walker for both.
 * Callers:  domain.c, priv_build.c build; guest_mem.c, exit_mmio.c look up; vendors read root.
 * Context:  changes: dom0 hypercalls and boot. Lookups: any CPU, lock free (tables are only freed
 *           with the domain; entries change atomically).
 * Locking:  g->lock (LOCK_GPM) for changes.    Lifetime: gpm_init() to gpm_destroy().
 * Errors:   -MB_ENOMEM (heap or quota), -MB_EEXIST (already mapped), -MB_EINVAL (alignment).
 *
 * Four levels, 48 bits. Leaves of 1 GiB, 2 MiB and 4 KiB; map() uses the largest that fits. Entry
 * layout: address in bits 12..51 and leaf bit 7 (at 2 MiB and above) are equal in NPT and EPT; an
 * entry of 0 is absent; bits 52..54 hold gpm.c's copy of the rights; everything else comes from
 * vops->gpm_entry(), which needs to set neither those nor bit 7, and which may not depend on the
 * level: a split hands a leaf's bits down to its parts.
 *
 * Invalidation rule. docs/architecture.md says why each part is needed; test_tlb_svm, test_tlb_vmx
 * run the code that keeps it against a model of the TLB.
 *
 *  (1) After an entry lost rights (an unmap, or a map that failed half way) gen is incremented.
 *  (2) A vCPU sets in_guest, then looks at gen; if its gpm_gen differs it flushes, and only then
 *      enters the guest. It also flushes, and takes a new tag, on a CPU it comes to.
 *  (3) gpm_flushed() is true when each vCPU of the domain is outside or has the present gen: only
 *      then may the frames go to somebody else. (Or else no vCPU of the domain may ever enter
 *      again, as when it is destroyed.)
 *  (4) New entries need no flush: absence is not cached (SDM "Caching Translation Information";
 *      AMD alike). A split maps what was mapped.
 */
#ifndef HV_GPM_H
#define HV_GPM_H

#include "arch/x86/mem_type.h"
#include "arch/x86/types.h"
#include "hv/locks.h"

struct domain;

struct gpm {
	u64 *root;   /* 4 KiB page, 512 entries */
	hpa_t root_pa;
	u32 gen;     /* [a] */
	u32 tables;  /* pages in use, root included */
	u32 max_tables; /* quota */
	struct spinlock lock;
};

int gpm_init(struct gpm *g, u32 max_tables);
void gpm_destroy(struct gpm *g);

/* prot: GPM_*; type: what the memory at hpa is. gpa, hpa, size multiples of 4 KiB. */
int gpm_map(struct gpm *g, gpa_t gpa, hpa_t hpa, u64 size, u32 prot, enum mem_type type);
/* Absent parts are skipped. Splits larger leaves. Increments gen if anything was present. */
int gpm_unmap(struct gpm *g, gpa_t gpa, u64 size);

/* hpa of gpa, *prot its rights, *left bytes until the end of that leaf. false: absent. */
bool gpm_lookup(const struct gpm *g, gpa_t gpa, hpa_t *hpa, u32 *prot, u64 *left);

/* true when no vCPU of d can still use entries older than the current gen (each has flushed, or is
 * not running); kicks those that have not. Never waits. */
bool gpm_flushed(struct domain *d);

#endif
