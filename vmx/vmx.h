/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what the files of vmx/ share: per-CPU and per-vCPU parts, capabilities.
 * Callers:  vmx/ only.    Context: the owner CPU, interrupts off, unless said.
 * Locking:  none: per CPU or per vCPU.    Lifetime: as their owners'.    Errors: said per function.
 */
#ifndef VMX_VMX_H
#define VMX_VMX_H

#include "arch/x86/types.h"
#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"
#include "vmx/vmcs.h"

struct vmx_cpu;

#define VPID_COUNT 0x10000u

/* MSRs that neither VMCS nor vcpu.c switches: vmx.c has their numbers. */
#define VMX_MSRS 6u

/* The vendor part of a vCPU (vcpu.hw). Fields named as in the VMCS say what that holds now, so that
 * only changes are written. */
struct vmx_vcpu {
	struct vmcs *vmcs;
	u64 vmcs_pa;
	struct vmx_cpu *cpu;	/* on which the VMCS is loaded; NULL: none */
	struct vmx_cpu *host;	/* whose host state the VMCS has; NULL: none yet */
	bool launched;
	u64 eptp;
	struct vmx_cpu *tlb_cpu; /* where it ran last; NULL: nowhere */
	u64 vpid_gen;		/* generation of tlb_cpu's VPIDs that vpid belongs to */
	u16 vpid;

	u64 rip, rflags, rsp;
	u32 proc, proc2;
	u32 int_state, int_state_hw; /* as it shall be, as it is */
	u32 entry_event;
	u32 tpr_threshold;

	bool apic_on;		/* the controls of apic.c */
	u32 eoi_exits[VLAPIC_MAP_WORDS];

	u32 reason;		/* of the last exit */
	bool iret_exiting;	/* the core waits for the end of an NMI handler */

	u64 msrs[VMX_MSRS];	/* while not loaded */
	u64 spec_ctrl;
	u64 cr2, dr6;
};

/* The vendor part of a domain (domain.hw): one bit per port, two per MSR. */
struct vmx_domain {
	u8 *io;		/* 8 KiB: bitmaps A and B */
	u8 *msr;	/* 4 KiB: read low, read high, write low, write high; then the same for
			 * vCPUs whose local APIC the CPU does */
};

/* The vendor part of a CPU. */
struct vmx_cpu {
	u64 region_pa;		/* VMXON */
	struct vmx_vcpu *vmcs;	/* loaded; NULL: none */
	u64 vpid_gen;
	u32 vpid_next;
	u32 predicted_for;	/* domain that the branch predictors were trained by */
};

struct vmx_caps {
	u32 revision;
	u32 pin, proc, proc2, exit, entry; /* what every VMCS starts with */
	u64 cr4;	/* bits a domain may set */
	u64 efer;
	u64 spec_ctrl;	/* the hypervisor's own value */
	bool vpid;
	bool pause; /* loops of PAUSE can exit */
	bool apicv, posted;
	bool invvpid_single;
	bool flush_l1d;	 /* between domains */
	bool clear_buffers;
	bool hlt_exits;	 /* HLT must exit always */
	bool bochs;	 /* its NMI exits leave NMIs blocked */
};
extern struct vmx_caps vmx_caps;

/* probe.c */
int vmx_probe(void);

/* vmx.c: this CPU's part. */
struct vmx_cpu *vmx_this_cpu(void);

#define MSR_APIC PAGE_SIZE /* offset of that second bitmap */

/* vmx.c: an MSR in a bitmap. */
void vmx_msr_set(u8 *map, u32 msr, bool read, bool write);

/* apic.c */
void vmx_apic_probe(void);
/* x2APIC MSRs in a bitmap that intercepts all. */
void vmx_apic_msrs(u8 *map);
/* Into the VMCS of a new vCPU, which is loaded; at each entry; first thing after each exit. */
void vmx_apic_create(struct vcpu *v);
void vmx_apic_arm(struct vcpu *v);
void vmx_apic_settle(struct vcpu *v);

/* entry.S: load guest registers, VMLAUNCH or VMRESUME, save guest registers. true: the instruction
 * failed, the guest did not run. rsp_field: VMCS_HOST_RSP. */
bool vmx_enter(struct guest_regs *regs, bool launched, u64 rsp_field);
extern const char vmx_exit_point[]; /* host RIP */

/* exit.c: fill v->exit from the VMCS; handles nothing. */
void vmx_decode_exit(struct vcpu *v);

/* inject.c: v->inject and v->intr into the VMCS; and what became of them. */
void vmx_inject_arm(struct vcpu *v);
void vmx_inject_settle(struct vcpu *v);

/* state.c */
void vmx_reset_state(struct vcpu *v, const struct vcpu_start *start);
void vmx_read_sys(struct vcpu *v, struct vcpu_sys *sys);
bool vmx_msr_read(struct vcpu *v, u32 msr, u64 *value);
bool vmx_msr_write(struct vcpu *v, u32 msr, u64 value);
bool vmx_cr_write(struct vcpu *v, u32 cr, u64 value);
/* CR0 and CR4 bits that are the hypervisor's: the guest sees its own in the shadow. */
u64 vmx_cr0_mask(void);
u64 vmx_cr4_mask(void);

/* ept.c: leaf format; a VPID that is valid on this CPU and no stale entries. */
u64 ept_entry(hpa_t hpa, u32 prot, bool leaf, enum mem_type type);
u64 ept_pointer(hpa_t root);
void ept_prepare_tlb(struct vcpu *v);
/* What this vCPU has in the TLB by its own page tables is gone. */
void ept_flush_guest(struct vcpu *v);

static inline struct vmx_vcpu *vmx_vcpu(const struct vcpu *v)
{
	return v->hw;
}

static inline void vmx_set_proc(struct vmx_vcpu *s, u32 proc, u32 proc2)
{
	if (proc != s->proc)
		vmcs_write(VMCS_PROC, proc);
	if (proc2 != s->proc2)
		vmcs_write(VMCS_PROC2, proc2);
	s->proc = proc;
	s->proc2 = proc2;
}

#endif
