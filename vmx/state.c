/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest state in the VMCS: reset values, what the core reads, MSRs that live there, control
 * registers.
 *
 * Reset and INIT: SDM "Processor State After Reset". INIT keeps CR0.CD and NW: caches are on, as
 * firmware left them. The other two start states are those of hv/abi/hypercall.h: flat 32-bit
 * protected mode and long mode.
 *
 * Of CR0 and CR4 some bits are the hypervisor's (SDM "Guest/Host Masks and Read Shadows"): NE and
 * VMXE must be set in VMX operation; CD and NW are not switched by entries and exits, so a guest's
 * would slow the whole CPU; without MCE a machine check would reset the machine; the others belong
 * to features that no domain has. The guest sees its own value in the shadow; to change it exits.
 */
#include "vmx/vmx.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/dr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "hv/cr3_trace.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"

#define AR_CODE16 0x009bu
#define AR_DATA16 0x0093u
#define AR_CODE32 0xc09bu
#define AR_DATA32 0xc093u
#define AR_CODE64 0xa09bu
#define AR_LDT 0x0082u
#define AR_TSS32 0x008bu
#define RFLAGS_RESET 2ul
#define DR7_RESET 0x400ul
#define CR0_OWNED (CR0_NE | CR0_CD | CR0_NW)
#define CR0_HIGH 0xffffffff00000000ul
#define DEBUGCTL_BTF BIT(1)
#define DEBUGCTL_KNOWN 0xffc3ul
#define MISC_ENABLE_GUEST 0x1801ul /* fast strings; no branch trace, no PEBS */
#define PDPTE_BASE_MASK 0xffffffe0ul
#define PDPTE_RESERVED 0x1e6ul

static void set_seg(enum vmcs_seg seg, u16 selector, u32 ar, u32 limit, u64 base)
{
	vmcs_write(vmcs_nth(VMCS_GUEST_SEL, seg), selector);
	vmcs_write(vmcs_nth(VMCS_GUEST_AR, seg), ar);
	vmcs_write(vmcs_nth(VMCS_GUEST_LIMIT, seg), limit);
	vmcs_write(vmcs_nth(VMCS_GUEST_BASE, seg), base);
}

static void set_data_segs(u16 selector, u32 ar, u32 limit)
{
	set_seg(SEG_ES, selector, ar, limit, 0);
	set_seg(SEG_SS, selector, ar, limit, 0);
	set_seg(SEG_DS, selector, ar, limit, 0);
	set_seg(SEG_FS, selector, ar, limit, 0);
	set_seg(SEG_GS, selector, ar, limit, 0);
}

static void set_table(enum vmcs_seg seg)
{
	vmcs_write(vmcs_nth(VMCS_GUEST_LIMIT, seg), 0xffff);
	vmcs_write(vmcs_nth(VMCS_GUEST_BASE, seg), 0);
}

u64 vmx_cr0_mask(void)
{
	return CR0_OWNED;
}

u64 vmx_cr4_mask(void)
{
	return ~vmx_caps.cr4 | CR4_MCE;
}

static u64 guest_cr0(void)
{
	return (vmcs_read(VMCS_GUEST_CR0) & ~vmx_cr0_mask()) |
	       (vmcs_read(VMCS_CR0_SHADOW) & vmx_cr0_mask());
}

static u64 guest_cr4(void)
{
	return (vmcs_read(VMCS_GUEST_CR4) & ~vmx_cr4_mask()) |
	       (vmcs_read(VMCS_CR4_SHADOW) & vmx_cr4_mask());
}

static void set_cr0(u64 value)
{
	vmcs_write(VMCS_GUEST_CR0, (value & ~vmx_cr0_mask()) | CR0_NE | CR0_ET);
	vmcs_write(VMCS_CR0_SHADOW, value | CR0_ET);
}

static void set_cr4(u64 value)
{
	vmcs_write(VMCS_GUEST_CR4, (value & ~vmx_cr4_mask()) | CR4_VMXE |
					   (cpu_has(CPU_FEAT_MCE) ? CR4_MCE : 0));
	vmcs_write(VMCS_CR4_SHADOW, value);
}

/* LMA is "IA-32e mode guest" too. */
static void set_efer(u64 value)
{
	u64 entry = vmcs_read(VMCS_ENTRY) & ~(u64)ENTRY_LONG_MODE;

	vmcs_write(VMCS_GUEST_EFER, value);
	vmcs_write(VMCS_ENTRY, value & EFER_LMA ? entry | ENTRY_LONG_MODE : entry);
}

static void reset_common(struct vmx_vcpu *s)
{
	set_table(SEG_GDTR);
	set_table(SEG_IDTR);
	set_seg(SEG_LDTR, 0, AR_LDT, 0xffff, 0);
	set_seg(SEG_TR, 0, AR_TSS32, 0xffff, 0);
	set_efer(0);
	set_cr0(0);
	set_cr4(0);
	vmcs_write(VMCS_GUEST_CR3, 0);
	vmcs_write(VMCS_GUEST_DR7, DR7_RESET);
	vmcs_write(VMCS_GUEST_DEBUGCTL, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_CS, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_EIP, 0);
	vmcs_write(VMCS_INT_STATE, 0);
	vmcs_write(VMCS_ACTIVITY, ACTIVITY_ACTIVE);
	vmcs_write(VMCS_PENDING_DB, 0);
	vmcs_write(VMCS_ENTRY_EVENT, 0);
	s->int_state = s->int_state_hw = 0;
	s->entry_event = 0;
	s->cr2 = 0;
	s->dr6 = DR6_RESET;
	if (s->cpu) {
		write_cr2(s->cr2);
		dr6_write(s->dr6);
	}
	s->vpid_gen = 0; /* INIT ends what the TLB has */
}

static void set_start(struct vcpu *v, const struct vcpu_start *start)
{
	switch (start->mode) {
	case VCPU_INIT:
		set_seg(SEG_CS, 0xf000, AR_CODE16, 0xffff, 0xffff0000);
		set_data_segs(0, AR_DATA16, 0xffff);
		v->rip = 0xfff0;
		break;
	case VCPU_SIPI:
		set_seg(SEG_CS, (u16)(start->sipi_vector << 8), AR_CODE16, 0xffff,
			(u64)start->sipi_vector << 12);
		set_data_segs(0, AR_DATA16, 0xffff);
		v->rip = 0;
		break;
	case VCPU_FLAT32:
		set_seg(SEG_CS, 0x10, AR_CODE32, 0xffffffff, 0);
		set_data_segs(0x18, AR_DATA32, 0xffffffff);
		set_cr0(CR0_PE);
		v->rip = start->rip;
		break;
	case VCPU_LONG64:
		set_seg(SEG_CS, 0x10, AR_CODE64, 0xffffffff, 0);
		set_data_segs(0x18, AR_DATA32, 0xffffffff);
		set_cr0(CR0_PE | CR0_PG);
		vmcs_write(VMCS_GUEST_CR3, start->cr3);
		set_cr4(CR4_PAE);
		set_efer(EFER_LME | EFER_LMA);
		v->rip = start->rip;
		break;
	}
}

void vmx_reset_state(struct vcpu *v, const struct vcpu_start *start)
{
	struct vmx_vcpu *s = vmx_vcpu(v);

	BUG_ON(!vmcs_borrow(s)); /* by the contract the owner calls, or nobody runs it */
	reset_common(s);
	set_start(v, start);
	v->rflags = RFLAGS_RESET;
	v->regs.rsp = start->rsp;
	s->rip = v->rip;
	s->rflags = v->rflags;
	s->rsp = v->regs.rsp;
	vmcs_write(VMCS_GUEST_RIP, s->rip);
	vmcs_write(VMCS_GUEST_RFLAGS, s->rflags);
	vmcs_write(VMCS_GUEST_RSP, s->rsp);
	vmcs_return(s);
}

void vmx_read_sys(struct vcpu *v, struct vcpu_sys *sys)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	u32 cs;

	BUG_ON(!vmcs_borrow(s)); /* as above */
	cs = (u32)vmcs_read(vmcs_nth(VMCS_GUEST_AR, SEG_CS));
	sys->cr0 = guest_cr0();
	sys->cr3 = vmcs_read(VMCS_GUEST_CR3);
	sys->cr4 = guest_cr4();
	sys->efer = vmcs_read(VMCS_GUEST_EFER);
	sys->cs_base = vmcs_read(vmcs_nth(VMCS_GUEST_BASE, SEG_CS));
	sys->cs_limit = vmcs_read(vmcs_nth(VMCS_GUEST_LIMIT, SEG_CS));
	sys->cpl = SEG_AR_DPL(vmcs_read(vmcs_nth(VMCS_GUEST_AR, SEG_SS)));
	sys->cs_long = (sys->efer & EFER_LMA) && (cs & SEG_AR_L);
	sys->cs_db = cs & SEG_AR_DB;
	vmcs_return(s);
}

bool vmx_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	switch (msr) {
	case MSR_EFER:
		*value = vmcs_read(VMCS_GUEST_EFER);
		return true;
	case MSR_PAT:
		*value = vmcs_read(VMCS_GUEST_PAT);
		return true;
	case MSR_FEATURE_CONTROL:
		*value = FEATURE_CONTROL_LOCK; /* no VMX for domains */
		return true;
	case MSR_DEBUGCTL:
		*value = vmcs_read(VMCS_GUEST_DEBUGCTL);
		return true;
	case MSR_MISC_ENABLE: /* dom0 reads the machine's without an exit */
		*value = MISC_ENABLE_GUEST;
		return !v->dom->privileged;
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

static bool write_efer(u64 value)
{
	u64 old = vmcs_read(VMCS_GUEST_EFER);

	if (value & ~vmx_caps.efer)
		return false;
	if ((vmcs_read(VMCS_GUEST_CR0) & CR0_PG) && ((old ^ value) & EFER_LME))
		return false;
	vmcs_write(VMCS_GUEST_EFER, (value & ~EFER_LMA) | (old & EFER_LMA)); /* LMA: read only */
	return true;
}

bool vmx_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	(void)v;
	switch (msr) {
	case MSR_EFER:
		return write_efer(value);
	case MSR_PAT:
		if (!pat_valid(value))
			return false;
		vmcs_write(VMCS_GUEST_PAT, value);
		return true;
	case MSR_DEBUGCTL:
		if (value & ~DEBUGCTL_KNOWN)
			return false;
		/* Steps by branch; no branch records for domains: ignored. */
		vmcs_write(VMCS_GUEST_DEBUGCTL, value & DEBUGCTL_BTF);
		return true;
	default:
		return false;
	}
}

/* PAE paging outside long mode keeps four entries in the CPU, loaded with CR3. False: one has a
 * reserved bit, or they are not in memory. SDM "PDPTE Registers". */
static bool load_pdptes(struct vcpu *v, u64 cr3)
{
	u64 pdpte[4];

	if (guest_read(v->dom, GPA(cr3 & PDPTE_BASE_MASK), pdpte, sizeof(pdpte)))
		return false;
	for (u32 i = 0; i < 4; i++)
		if (pdpte[i] & PTE_P && pdpte[i] & (PDPTE_RESERVED | ~cpu_info.phys_mask))
			return false;
	for (u32 i = 0; i < 4; i++)
		vmcs_write(vmcs_nth(VMCS_GUEST_PDPTE, i), pdpte[i]);
	return true;
}

static bool uses_pdptes(u64 cr0, u64 cr4, u64 efer)
{
	return cr0 & CR0_PG && cr4 & CR4_PAE && !(efer & EFER_LMA);
}

/* SDM Vol 2 "MOV - Move to/from Control Registers". An application processor of Linux sets PG and
 * NE at once, so the way into long mode is here too. */
static bool guest_write_cr0(struct vcpu *v, u64 value)
{
	u64 old = guest_cr0(), cr4 = guest_cr4(), efer = vmcs_read(VMCS_GUEST_EFER);
	bool cs_long = vmcs_read(vmcs_nth(VMCS_GUEST_AR, SEG_CS)) & SEG_AR_L;

	if (value & CR0_HIGH || (value & CR0_NW && !(value & CR0_CD)) ||
	    (value & CR0_PG && !(value & CR0_PE)))
		return false;
	if (value & CR0_PG && !(old & CR0_PG) && efer & EFER_LME) {
		if (!(cr4 & CR4_PAE) || cs_long)
			return false;
		efer |= EFER_LMA;
	} else if (!(value & CR0_PG) && old & CR0_PG) {
		if (cr4 & CR4_PCIDE || (efer & EFER_LMA && cs_long))
			return false;
		efer &= ~EFER_LMA;
	}
	if (uses_pdptes(value, cr4, efer) && (old ^ value) & (CR0_PG | CR0_CD | CR0_NW) &&
	    !load_pdptes(v, vmcs_read(VMCS_GUEST_CR3)))
		return false;
	set_efer(efer);
	set_cr0(value);
	return true;
}

static bool guest_write_cr4(struct vcpu *v, u64 value)
{
	u64 old = guest_cr4(), cr0 = guest_cr0(), efer = vmcs_read(VMCS_GUEST_EFER);
	u64 cr3 = vmcs_read(VMCS_GUEST_CR3);

	if (value & ~vmx_caps.cr4)
		return false;
	if (efer & EFER_LMA && (!(value & CR4_PAE) || (old ^ value) & CR4_LA57))
		return false;
	if (value & CR4_PCIDE && !(old & CR4_PCIDE) && (!(efer & EFER_LMA) || cr3 & PAGE_MASK))
		return false;
	if (uses_pdptes(cr0, value, efer) &&
	    (old ^ value) & (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP) && !load_pdptes(v, cr3))
		return false;
	set_cr4(value);
	return true;
}

/* The list of operands that do not exit, compared in all 64 bits (SDM "CR3-Target Controls"). What
 * such a MOV does, PDPTEs and flush included, the CPU does itself. */
static void add_cr3_target(struct vcpu *v, u64 value)
{
	if (!(vmx_vcpu(v)->proc & PROC_CR3_LOAD) || !vcaps.cr3_targets)
		return;
	vmcs_write(vmcs_nth(VMCS_CR3_TARGET, cr3_trace_target(v, value)), value);
	vmcs_write(VMCS_CR3_TARGETS, v->cr3.targets);
}

static bool guest_write_cr3(struct vcpu *v, u64 value)
{
	u64 cr3 = value & ~CR3_NOFLUSH;

	if (uses_pdptes(guest_cr0(), guest_cr4(), vmcs_read(VMCS_GUEST_EFER)) &&
	    !load_pdptes(v, cr3))
		return false;
	vmcs_write(VMCS_GUEST_CR3, cr3);
	add_cr3_target(v, value);
	return true;
}

bool vmx_cr_write(struct vcpu *v, u32 cr, u64 value)
{
	bool done = cr == 0 ? guest_write_cr0(v, value) :
		    cr == 3 ? guest_write_cr3(v, value) : cr == 4 && guest_write_cr4(v, value);

	if (done && !(cr == 3 && value & CR3_NOFLUSH))
		ept_flush_guest(v);
	return done;
}
