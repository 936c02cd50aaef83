/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what the files of svm/ share: per-CPU and per-vCPU parts, capabilities.
 * Callers:  svm/ only.    Context: the owner CPU, interrupts off, unless said.
 * Locking:  none: per CPU or per vCPU.    Lifetime: as their owners'.    Errors: said per function.
 */
#ifndef SVM_SVM_H
#define SVM_SVM_H

#include "arch/x86/types.h"
#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"
#include "svm/vmcb.h"

/* The vendor part of a vCPU (vcpu.hw). */
struct svm_vcpu {
	struct vmcb *vmcb;
	u64 vmcb_pa;
	struct svm_cpu *tlb_cpu; /* where it ran last; NULL: nowhere */
	u64 asid_gen;	/* generation of tlb_cpu's ASIDs that vmcb->asid belongs to */
	u64 tsc_aux;	/* MSRs kept outside the VMCB, while not loaded */
	u64 spec_ctrl;
	u64 *avic_id;	/* its entry in the domain's table of APIC ids; NULL: no AVIC */
	bool pause;	/* the core wants exits for PAUSE */
};

/* The vendor part of a domain (domain.hw): permission maps, one bit or two per port and MSR. */
struct svm_domain {
	u8 *iopm;	/* 12 KiB, in 4 pages */
	u8 *msrpm;	/* 8 KiB */
	u8 *msrpm_apic;	/* the same for entries with AVIC; this and the next NULL without */
	u64 *avic_ids;	/* by APIC id: page, CPU, whether it runs */
	u8 *avic_logical;
};

/* The vendor part of a CPU. */
struct svm_cpu {
	u64 host_save_pa; /* VM_HSAVE_PA */
	u64 host_vmcb_pa; /* host state that VMLOAD brings back after each exit */
	u64 asid_gen;
	u32 asid_next;
	u64 tsc_ratio;	   /* in MSR_TSC_RATIO: the format is that of guest_tsc.h */
	u32 predicted_for; /* domain that the branch predictors were trained by */
};

struct svm_caps {
	u32 features;	/* CPUID 8000000A edx */
	u32 asids;
	u64 efer; /* bits that a domain may set; others end in VMEXIT_INVALID */
	/* Hardware help that is used (hv/hwhelp.h). */
	bool nrips;	 /* exits carry the next instruction's address */
	bool decode;	 /* exits carry instruction bytes and register numbers */
	bool flush_asid; /* VMRUN can flush one ASID */
	bool pause;	 /* PAUSEs can be counted */
	bool bochs;	 /* looks at what IF masks only when it changes in the guest */
	bool avic;	 /* the CPU does local APICs in x2APIC mode */
};
extern struct svm_caps svm_caps;

#define MSRPM_BYTES (2 * PAGE_SIZE)

/* probe.c */
int svm_probe(void);

/* svm.c: this CPU's part. */
struct svm_cpu *svm_this_cpu(void);
/* In a permission map: are reads and writes of that MSR intercepted? */
void svm_msrpm_set(u8 *map, u32 msr, bool read, bool write);

/* entry.S: load guest state, VMRUN, save guest state, take the physical interrupts that came. */
void svm_enter(struct guest_regs *regs, u64 vmcb_pa, u64 host_vmcb_pa);

/* exit.c: fill v->exit from the control block; handles nothing. */
void svm_decode_exit(struct vcpu *v);

/* inject.c: v->inject and v->intr into the control block; and what became of them. */
void svm_inject_arm(struct vcpu *v);
void svm_inject_settle(struct vcpu *v);

/* state.c */
void svm_reset_state(struct vcpu *v, const struct vcpu_start *start);
void svm_read_sys(struct vcpu *v, struct vcpu_sys *sys);
bool svm_msr_read(struct vcpu *v, u32 msr, u64 *value);
bool svm_msr_write(struct vcpu *v, u32 msr, u64 value);
bool svm_cr_write(struct vcpu *v, u32 cr, u64 value);

/* apic.c, probe and creation: false without memory; whatever there is goes with destroy. */
void svm_apic_probe(u32 edx);
bool svm_apic_domain_create(struct svm_domain *s);
void svm_apic_domain_destroy(struct svm_domain *s);
void svm_apic_create(struct vcpu *v);
/* apic.c: the vCPU takes no interrupts until it is armed again (INIT, destruction). */
void svm_apic_reset(struct vcpu *v);
/* apic.c: last thing before VMRUN, first thing after #VMEXIT; and what an exit of AVIC means. */
void svm_apic_arm(struct vcpu *v);
void svm_apic_settle(struct vcpu *v);
void svm_apic_decode(struct vcpu *v, const struct vmcb *b);

/* npt.c: leaf format; an ASID that is valid on this CPU and has no stale entries. */
u64 npt_entry(hpa_t hpa, u32 prot, bool leaf, enum mem_type type);
void npt_prepare_tlb(struct vcpu *v);
/* What this vCPU has in the TLB is not used any more, from its next entry on. */
void npt_flush_guest(struct vcpu *v);

static inline struct svm_vcpu *svm_vcpu(const struct vcpu *v)
{
	return v->hw;
}

#endif
