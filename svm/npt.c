/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nested page tables: entry format and TLB tags (ASIDs).
 *
 * An NPT entry has the layout of a long-mode page-table entry; the hardware walks it as a user
 * access, so every present entry carries U (APM 15.25.5 "Nested Table Walk"). No memory type is put
 * in: write back there leaves it to the guest's PAT and the machine's MTRRs (APM 15.25.8 "Combining
 * Memory Types, MTRRs"), while UC would take write combining from dom0's frame buffer.
 *
 * ASIDs are handed out per CPU in generations. A vCPU whose ASID is of an old generation takes a
 * new one. After rights were taken from its map its entries are stale:
 *
 *  (a) the CPU can flush one ASID (APM 15.16.2 "TLB Flush", flush by ASID): it flushes this one.
 *      Flushed is an ASID when it is handed out, too, so a new generation costs the others nothing;
 *  (b) it can not: the vCPU takes a new ASID as if its generation were old; only when all were
 *      handed out the whole TLB is flushed, the hypervisor's entries with it.
 *
 * A vCPU that comes to another CPU, or comes back, takes a new ASID there: what it left behind may
 * be older than what it has flushed since.
 */
#include "svm/svm.h"

#include "arch/x86/atomic.h"
#include "arch/x86/paging.h"
#include "hv/domain.h"

u64 npt_entry(hpa_t hpa, u32 prot, bool leaf, enum mem_type type)
{
	u64 e = hpa.v | PTE_P | PTE_U;

	(void)type;
	if (!leaf)
		return e | PTE_W;
	if (prot & GPM_W)
		e |= PTE_W;
	if (!(prot & GPM_X))
		e |= PTE_NX;
	/* Neither accessed nor dirty bits are used; set, they save the walker its writes. */
	return e | PTE_A | PTE_D;
}

static void take_asid(struct svm_vcpu *s, struct svm_cpu *c)
{
	if (c->asid_next >= svm_caps.asids) {
		c->asid_gen++;
		c->asid_next = 1; /* 0 is the host's */
		if (!svm_caps.flush_asid)
			s->vmcb->tlb_control = TLB_FLUSH_ALL;
	}
	s->vmcb->asid = c->asid_next++;
	s->asid_gen = c->asid_gen;
}

void npt_prepare_tlb(struct vcpu *v)
{
	struct svm_vcpu *s = svm_vcpu(v);
	struct svm_cpu *c = svm_this_cpu();
	u32 gen = atomic_load(&v->dom->gpm.gen);

	s->vmcb->tlb_control = TLB_KEEP;
	if (s->tlb_cpu != c) {
		s->tlb_cpu = c;
		s->asid_gen = 0;
	}
	if (s->asid_gen == c->asid_gen && v->gpm_gen == gen)
		return;
	if (v->gpm_gen != gen)
		vcpu_count(v, TLB_FLUSH);
	if (svm_caps.flush_asid)
		s->vmcb->tlb_control = TLB_FLUSH_ASID;
	if (s->asid_gen != c->asid_gen || !svm_caps.flush_asid)
		take_asid(s, c);
	v->gpm_gen = gen;
}

void npt_flush_guest(struct vcpu *v)
{
	svm_vcpu(v)->asid_gen = 0; /* no CPU's generation: npt_prepare_tlb() takes a new ASID */
}
