/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest state in the control block: reset values, what the core reads, MSRs that live there.
 *
 * Reset and INIT: APM volume 2, 14.1.3 "Processor Initialization State". INIT keeps
 * CR0.CD and NW: caches are on, as firmware left them, else all memory would be uncached. The other
 * two start states are those of hv/abi/hypercall.h: flat 32-bit protected mode and long mode.
 */
#include "svm/svm.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/dr.h"
#include "arch/x86/msr.h"
#include "hv/domain.h"

#define ATTR_CODE16 0x09b
#define ATTR_DATA16 0x093
#define ATTR_CODE32 0xc9b
#define ATTR_DATA32 0xc93
#define ATTR_CODE64 0xa9b
#define ATTR_LDT 0x082
#define ATTR_TSS32 0x08b
#define RFLAGS_RESET 2ul
#define DR7_RESET 0x400ul
#define DEBUGCTL_MAX 0x3ful

static void set_seg(struct vmcb_seg *s, u16 selector, u16 attrib, u32 limit, u64 base)
{
	*s = (struct vmcb_seg){selector, attrib, limit, base};
}

static void set_data_segs(struct vmcb *b, u16 selector, u16 attrib, u32 limit)
{
	set_seg(&b->es, selector, attrib, limit, 0);
	set_seg(&b->ss, selector, attrib, limit, 0);
	set_seg(&b->ds, selector, attrib, limit, 0);
	set_seg(&b->fs, selector, attrib, limit, 0);
	set_seg(&b->gs, selector, attrib, limit, 0);
}

static void reset_common(struct vmcb *b)
{
	set_seg(&b->gdtr, 0, 0, 0xffff, 0);
	set_seg(&b->idtr, 0, 0, 0xffff, 0);
	set_seg(&b->ldtr, 0, ATTR_LDT, 0xffff, 0);
	set_seg(&b->tr, 0, ATTR_TSS32, 0xffff, 0);
	b->cpl = 0;
	b->efer = EFER_SVME;
	b->cr0 = CR0_ET;
	b->cr2 = 0;
	b->cr3 = 0;
	b->cr4 = 0;
	b->dr6 = DR6_RESET;
	b->dr7 = DR7_RESET;
	b->star = b->lstar = b->cstar = b->sfmask = b->kernel_gs_base = 0;
	b->sysenter_cs = b->sysenter_esp = b->sysenter_eip = 0;
	b->int_state = 0;
	b->eventinj = 0;
	b->vintr = VINTR_MASKING | VINTR_IGN_TPR;
}

void svm_reset_state(struct vcpu *v, const struct vcpu_start *start)
{
	struct vmcb *b = svm_vcpu(v)->vmcb;

	reset_common(b);
	svm_apic_reset(v);
	v->rflags = RFLAGS_RESET;
	v->regs.rsp = start->rsp;
	switch (start->mode) {
	case VCPU_INIT:
		set_seg(&b->cs, 0xf000, ATTR_CODE16, 0xffff, 0xffff0000);
		set_data_segs(b, 0, ATTR_DATA16, 0xffff);
		v->rip = 0xfff0;
		break;
	case VCPU_SIPI:
		set_seg(&b->cs, (u16)(start->sipi_vector << 8), ATTR_CODE16, 0xffff,
			(u64)start->sipi_vector << 12);
		set_data_segs(b, 0, ATTR_DATA16, 0xffff);
		v->rip = 0;
		break;
	case VCPU_FLAT32:
		set_seg(&b->cs, 0x10, ATTR_CODE32, 0xffffffff, 0);
		set_data_segs(b, 0x18, ATTR_DATA32, 0xffffffff);
		b->cr0 |= CR0_PE;
		v->rip = start->rip;
		break;
	case VCPU_LONG64:
		set_seg(&b->cs, 0x10, ATTR_CODE64, 0xffffffff, 0);
		set_data_segs(b, 0x18, ATTR_DATA32, 0xffffffff);
		b->cr0 |= CR0_PE | CR0_PG;
		b->cr3 = start->cr3;
		b->cr4 = CR4_PAE;
		b->efer |= EFER_LME | EFER_LMA;
		v->rip = start->rip;
		break;
	}
	b->rip = v->rip;
	npt_flush_guest(v); /* INIT ends what the TLB has */
}

void svm_read_sys(struct vcpu *v, struct vcpu_sys *sys)
{
	const struct vmcb *b = svm_vcpu(v)->vmcb;

	sys->cr0 = b->cr0;
	sys->cr3 = b->cr3;
	sys->cr4 = b->cr4;
	sys->efer = b->efer & ~EFER_SVME;
	sys->cs_base = b->cs.base;
	sys->cs_limit = b->cs.limit;
	sys->cpl = b->cpl;
	sys->cs_long = (b->efer & EFER_LMA) && (b->cs.attrib & VMCB_SEG_L);
	sys->cs_db = b->cs.attrib & VMCB_SEG_DB;
}

bool svm_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	const struct vmcb *b = svm_vcpu(v)->vmcb;

	switch (msr) {
	case MSR_EFER:
		*value = b->efer & ~EFER_SVME;
		return true;
	case MSR_PAT:
		*value = b->g_pat;
		return true;
	case MSR_VM_CR:
		*value = VM_CR_SVMDIS | VM_CR_LOCK; /* no SVM for domains */
		return true;
	case MSR_DEBUGCTL:
		*value = 0;
		return true;
	default:
		return false;
	}
}

static bool pat_valid(u64 pat)
{
	for (int i = 0; i < 8; i++, pat >>= 8) {
		u8 type = (u8)pat;

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

static bool write_efer(struct vmcb *b, u64 value)
{
	if (value & ~svm_caps.efer)
		return false;
	if ((b->cr0 & CR0_PG) && ((b->efer ^ value) & EFER_LME))
		return false;
	/* LMA is read only; SVME must stay set while the guest runs (APM 15.5.1). */
	b->efer = (value & ~EFER_LMA) | (b->efer & EFER_LMA) | EFER_SVME;
	return true;
}

bool svm_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	struct vmcb *b = svm_vcpu(v)->vmcb;

	switch (msr) {
	case MSR_EFER:
		return write_efer(b, value);
	case MSR_PAT:
		if (!pat_valid(value))
			return false;
		b->g_pat = value;
		return true;
	case MSR_DEBUGCTL:
		return value <= DEBUGCTL_MAX; /* no branch records for domains: ignored */
	default:
		return false;
	}
}

bool svm_cr_write(struct vcpu *v, u32 cr, u64 value)
{
	if (cr != 3)
		return false; /* CR0 and CR4 are never intercepted */
	svm_vcpu(v)->vmcb->cr3 = value & ~CR3_NOFLUSH;
	if (!(value & CR3_NOFLUSH))
		npt_flush_guest(v);
	return true;
}
