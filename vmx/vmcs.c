/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Build, check and print VMCSs.
 *
 * What exits: as little as is safe. CR0 and CR4 only for the bits of vmx_cr0_mask() and
 * vmx_cr4_mask(), no debug registers, no descriptor tables. HLT, the end of an NMI handler and CR3
 * are switched at run time. Exceptions only of guests: #DB and #AC can raise themselves for ever
 * while being delivered, no interrupt would break that off; #MC is the machine's.
 *
 * A CPU may keep a VMCS in its cache from VMPTRLD to VMCLEAR and write it back at any time. So a
 * vCPU's is loaded on one CPU at a time, and cleared when the vCPU is put.
 */
#include "vmx/vmcs.h"

#include "arch/x86/cpu_local.h"
#include "arch/x86/cr.h"
#include "arch/x86/desc.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/trap.h"
#include "hv/domain.h"
#include "hv/guest_tsc.h"
#include "hv/page_alloc.h"
#include "hv/printk.h"
#include "hv/vcpu.h"
#include "vmx/vmx.h"

#define PAT_RESET 0x0007040600070406ul
#define TIMER_TICKS 200000u /* only where caps ask for the timer at all */
#define PAUSE_GAP 128u	   /* TSC ticks: PAUSEs closer than that are one loop */
#define PAUSE_WINDOW 4096u /* TSC ticks that such a loop may last: a held lock is longer */
#define LINK_NONE (~0ul)
#define MULTIPLIER_SHIFT (48 - TSC_RATIO_FRACTION)
#define RFLAGS_RESERVED 0xffc08028ul /* bits 63:22 are seen apart */
#define AR_RESERVED 0xfffe0f00u

static void write_controls(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	const struct vmx_domain *d = v->dom->hw;

	s->proc = vmx_caps.proc | PROC_HLT;
	s->proc2 = vmx_caps.proc2 | (vmx_caps.pause ? PROC2_PAUSE_LOOP : 0);
	if (!v->dom->privileged) {
		/* Counters and cache control are the machine's, not a guest's. */
		s->proc |= PROC_RDPMC;
		s->proc2 |= PROC2_WBINVD;
	}
	if (guest_tsc_exits(v->dom)) {
		s->proc |= PROC_RDTSC; /* of RDTSCP too, and of TPAUSE, which guests do not see */
		s->proc2 &= ~PROC2_USER_WAIT;
	} else if (v->dom->tsc_ratio) {
		s->proc2 |= PROC2_TSC_SCALING;
		vmcs_write(VMCS_TSC_MULTIPLIER, v->dom->tsc_ratio << MULTIPLIER_SHIFT);
	}
	vmcs_write(VMCS_PIN, vmx_caps.pin);
	vmcs_write(VMCS_PROC, s->proc);
	vmcs_write(VMCS_PROC2, s->proc2);
	if (vmx_caps.pause) {
		vmcs_write(VMCS_PAUSE_GAP, PAUSE_GAP);
		vmcs_write(VMCS_PAUSE_WINDOW, PAUSE_WINDOW);
	}
	vmcs_write(VMCS_EXIT, vmx_caps.exit);
	vmcs_write(VMCS_ENTRY, vmx_caps.entry);
	vmcs_write(VMCS_EXCEPTIONS, v->dom->privileged ? 0 :
		   1u << TRAP_DB | 1u << TRAP_AC | 1u << TRAP_MC);
	vmcs_write(VMCS_PF_MASK, 0);
	vmcs_write(VMCS_PF_MATCH, 0);
	vmcs_write(VMCS_CR3_TARGETS, 0);
	vmcs_write(VMCS_EXIT_MSR_STORES, 0);
	vmcs_write(VMCS_EXIT_MSR_LOADS, 0);
	vmcs_write(VMCS_ENTRY_MSR_LOADS, 0);
	vmcs_write(VMCS_ENTRY_EVENT, 0);
	vmcs_write(VMCS_TPR_THRESHOLD, 0);
	vmcs_write(VMCS_IO_BITMAP_A, virt_to_phys(d->io).v);
	vmcs_write(VMCS_IO_BITMAP_B, virt_to_phys(d->io).v + PAGE_SIZE);
	vmcs_write(VMCS_MSR_BITMAP, virt_to_phys(d->msr).v);
	vmcs_write(VMCS_APIC_PAGE, virt_to_phys(v->lapic.page).v);
	vmcs_write(VMCS_TSC_OFFSET, v->tsc_offset);
	vmcs_write(VMCS_EPTP, s->eptp);
	vmcs_write(VMCS_CR0_MASK, vmx_cr0_mask());
	vmcs_write(VMCS_CR4_MASK, vmx_cr4_mask());
	if (vmx_caps.pin & PIN_TIMER)
		vmcs_write(VMCS_TIMER, TIMER_TICKS); /* without "save timer": at every entry */
}

/* Guest state that is not part of a reset. */
static void write_constant_state(void)
{
	vmcs_write(VMCS_LINK, LINK_NONE);
	vmcs_write(VMCS_GUEST_DEBUGCTL, 0);
	vmcs_write(VMCS_GUEST_PAT, PAT_RESET);
	for (u32 i = 0; i < 4; i++)
		vmcs_write(vmcs_nth(VMCS_GUEST_PDPTE, i), 0);
}

bool vmcs_create(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);

	s->vmcs = page_alloc_bytes(sizeof(*s->vmcs));
	if (!s->vmcs)
		return false;
	s->vmcs->revision = vmx_caps.revision;
	s->vmcs_pa = virt_to_phys(s->vmcs).v;
	BUG_ON(vmx_clear(s->vmcs_pa));
	vmcs_borrow(s); /* nobody else knows it */
	write_controls(v);
	write_constant_state();
	vmx_apic_create(v);
	vmcs_return(s);
	return true;
}

void vmcs_destroy(struct vmx_vcpu *s)
{
	page_free_bytes(s->vmcs, sizeof(*s->vmcs));
}

/* SDM "Host-State Area". CR0, CR4, EFER and PAT are the same on every CPU, the rest is not. */
void vmcs_set_host(void)
{
	const struct cpu_local *cl = cpu_local();

	vmcs_write(VMCS_HOST_CR0, read_cr0());
	vmcs_write(VMCS_HOST_CR3, read_cr3());
	vmcs_write(VMCS_HOST_CR4, read_cr4());
	vmcs_write(VMCS_HOST_EFER, rdmsr(MSR_EFER));
	vmcs_write(VMCS_HOST_PAT, rdmsr(MSR_PAT));
	vmcs_write(VMCS_HOST_CS_SEL, SEL_CODE64);
	vmcs_write(VMCS_HOST_SS_SEL, SEL_DATA);
	vmcs_write(VMCS_HOST_DS_SEL, SEL_DATA);
	vmcs_write(VMCS_HOST_ES_SEL, SEL_DATA);
	vmcs_write(VMCS_HOST_FS_SEL, 0);
	vmcs_write(VMCS_HOST_GS_SEL, 0);
	vmcs_write(VMCS_HOST_TR_SEL, SEL_TSS);
	vmcs_write(VMCS_HOST_FS_BASE, 0);
	vmcs_write(VMCS_HOST_GS_BASE, (u64)cl);
	vmcs_write(VMCS_HOST_TR_BASE, (u64)&cl->tss);
	vmcs_write(VMCS_HOST_GDTR_BASE, (u64)&cl->gdt);
	vmcs_write(VMCS_HOST_IDTR_BASE, desc_idt_base());
	vmcs_write(VMCS_HOST_SYSENTER_CS, 0);
	vmcs_write(VMCS_HOST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_HOST_SYSENTER_EIP, 0);
	vmcs_write(VMCS_HOST_RIP, (u64)vmx_exit_point);
}

bool vmcs_borrow(struct vmx_vcpu *s)
{
	struct vmx_cpu *c = vmx_this_cpu();

	if (s->cpu == c)
		return true;
	if (s->cpu)
		return false;
	BUG_ON(vmx_load(s->vmcs_pa));
	return true;
}

void vmcs_return(struct vmx_vcpu *s)
{
	struct vmx_cpu *c = vmx_this_cpu();

	if (s->cpu == c)
		return;
	BUG_ON(vmx_clear(s->vmcs_pa));
	if (c->vmcs)
		BUG_ON(vmx_load(c->vmcs->vmcs_pa));
}

static const char *check_segments(bool long_mode, bool v86)
{
	for (u32 i = SEG_ES; i <= SEG_TR; i++) {
		u32 ar = (u32)vmcs_read(vmcs_nth(VMCS_GUEST_AR, i));
		u32 limit = (u32)vmcs_read(vmcs_nth(VMCS_GUEST_LIMIT, i));
		u64 base = vmcs_read(vmcs_nth(VMCS_GUEST_BASE, i));

		if (i == SEG_TR && ar & SEG_AR_UNUSABLE)
			return "TR is unusable";
		if (ar & SEG_AR_UNUSABLE || v86)
			continue;
		if (ar & AR_RESERVED)
			return "reserved bits of a segment's rights";
		if (((limit & 0xfff) != 0xfff && ar & 1u << 15) ||
		    (limit >> 20 && !(ar & 1u << 15)))
			return "a segment's limit does not fit its granularity";
		if (i == SEG_TR && (ar & SEG_AR_TYPE) != 11 &&
		    (long_mode || (ar & SEG_AR_TYPE) != 3))
			return "TR is no busy TSS of this mode";
		if (i == SEG_CS && long_mode && ar & SEG_AR_L && ar & SEG_AR_DB)
			return "CS.L and CS.D both set";
		if (i <= SEG_DS && base >> 32)
			return "base of CS, SS, DS or ES beyond 32 bits";
	}
	return NULL;
}

static const char *check_events(u64 rflags)
{
	u32 event = (u32)vmcs_read(VMCS_ENTRY_EVENT);
	u32 blocked = (u32)vmcs_read(VMCS_INT_STATE);
	u32 shadow = blocked & (INT_STATE_STI | INT_STATE_MOV_SS);

	if (shadow == (INT_STATE_STI | INT_STATE_MOV_SS))
		return "blocking by STI and by MOV SS";
	if (blocked & INT_STATE_STI && !(rflags & RFLAGS_IF))
		return "blocking by STI with IF clear";
	if (vmcs_read(VMCS_ACTIVITY) == ACTIVITY_HLT && shadow)
		return "halted in an interrupt shadow";
	if (!(event & EVENT_VALID))
		return NULL;
	if (EVENT_TYPE(event) == EVENT_TYPE_INTR && (!(rflags & RFLAGS_IF) || shadow))
		return "an interrupt while they are blocked";
	if (EVENT_TYPE(event) == EVENT_TYPE_NMI && blocked & (INT_STATE_MOV_SS | INT_STATE_NMI))
		return "an NMI while they are blocked";
	if (EVENT_TYPE(event) == EVENT_TYPE_EXC && EVENT_VECTOR(event) > 31)
		return "an exception with a vector that is none";
	return NULL;
}

const char *vmcs_check(void)
{
	u64 rflags = vmcs_read(VMCS_GUEST_RFLAGS), rip = vmcs_read(VMCS_GUEST_RIP);
	u64 efer = vmcs_read(VMCS_GUEST_EFER), cr0 = vmcs_read(VMCS_GUEST_CR0);
	u64 cr4 = vmcs_read(VMCS_GUEST_CR4);
	bool long_mode = vmcs_read(VMCS_ENTRY) & ENTRY_LONG_MODE;
	u32 cs = (u32)vmcs_read(vmcs_nth(VMCS_GUEST_AR, SEG_CS));
	const char *why;

	if ((cr0 & CR0_PG) && !(cr0 & CR0_PE))
		return "CR0.PG without CR0.PE";
	if (long_mode && (!(cr0 & CR0_PG) || !(cr4 & CR4_PAE)))
		return "long mode without CR0.PG or CR4.PAE";
	if (!long_mode && cr4 & CR4_PCIDE)
		return "CR4.PCIDE outside long mode";
	if (efer & ~vmx_caps.efer)
		return "EFER has a bit that this CPU lacks";
	if (!!(efer & EFER_LMA) != long_mode ||
	    ((cr0 & CR0_PG) && !(efer & EFER_LMA) != !(efer & EFER_LME)))
		return "EFER.LMA or LME does not fit the mode";
	if (vmcs_read(VMCS_LINK) != LINK_NONE)
		return "the link pointer is not all ones";
	if (!(rflags & RFLAGS_FIXED) || rflags & RFLAGS_RESERVED || rflags >> 32)
		return "reserved bits of RFLAGS";
	if (rflags & RFLAGS_VM && (long_mode || !(cr0 & CR0_PE)))
		return "virtual 8086 mode in a mode that has none";
	if (long_mode && cs & SEG_AR_L ? rip >> 48 && rip >> 48 != 0xffff : !!(rip >> 32))
		return "RIP is not canonical, or beyond 32 bits";
	why = check_segments(long_mode, rflags & RFLAGS_VM);
	return why ? why : check_events(rflags);
}

static void dump_seg(const char *name, u32 seg)
{
	pr_error("  %s sel %04x rights %05x limit %08x base %016lx\n", name,
		 (u32)vmcs_read(vmcs_nth(VMCS_GUEST_SEL, seg)),
		 (u32)vmcs_read(vmcs_nth(VMCS_GUEST_AR, seg)),
		 (u32)vmcs_read(vmcs_nth(VMCS_GUEST_LIMIT, seg)),
		 vmcs_read(vmcs_nth(VMCS_GUEST_BASE, seg)));
}

void vmcs_dump(void)
{
	static const char names[][5] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};

	pr_error("  exit %lx qualification %lx event %lx idt event %lx gpa %lx insn error %lu\n",
		 vmcs_read(VMCS_EXIT_REASON), vmcs_read(VMCS_EXIT_QUAL),
		 vmcs_read(VMCS_EXIT_EVENT), vmcs_read(VMCS_IDT_EVENT), vmcs_read(VMCS_GUEST_PA),
		 vmcs_read(VMCS_INSN_ERROR));
	pr_error("  pin %lx proc %lx %lx exit %lx entry %lx exceptions %lx\n",
		 vmcs_read(VMCS_PIN), vmcs_read(VMCS_PROC), vmcs_read(VMCS_PROC2),
		 vmcs_read(VMCS_EXIT), vmcs_read(VMCS_ENTRY), vmcs_read(VMCS_EXCEPTIONS));
	pr_error("  entry event %lx blocked %lx activity %lx pending db %lx tpr threshold %lx\n",
		 vmcs_read(VMCS_ENTRY_EVENT), vmcs_read(VMCS_INT_STATE), vmcs_read(VMCS_ACTIVITY),
		 vmcs_read(VMCS_PENDING_DB), vmcs_read(VMCS_TPR_THRESHOLD));
	pr_error("  rip %016lx rsp %016lx rflags %lx dr7 %lx\n", vmcs_read(VMCS_GUEST_RIP),
		 vmcs_read(VMCS_GUEST_RSP), vmcs_read(VMCS_GUEST_RFLAGS),
		 vmcs_read(VMCS_GUEST_DR7));
	pr_error("  cr0 %lx (shown %lx) cr3 %lx cr4 %lx (shown %lx) efer %lx pat %lx eptp %lx\n",
		 vmcs_read(VMCS_GUEST_CR0), vmcs_read(VMCS_CR0_SHADOW), vmcs_read(VMCS_GUEST_CR3),
		 vmcs_read(VMCS_GUEST_CR4), vmcs_read(VMCS_CR4_SHADOW), vmcs_read(VMCS_GUEST_EFER),
		 vmcs_read(VMCS_GUEST_PAT), vmcs_read(VMCS_EPTP));
	for (u32 i = SEG_ES; i <= SEG_TR; i++)
		dump_seg(names[i], i);
}

/* SDM "VM-Instruction Error Numbers". */
const char *vmcs_error_name(u32 error)
{
	static const char *const names[] = {
		[0] = "no current VMCS",
		[4] = "VMLAUNCH of a VMCS that is not clear",
		[5] = "VMRESUME of a VMCS that was not launched",
		[7] = "invalid control fields",
		[8] = "invalid host state",
		[26] = "VM entry in an interrupt shadow of MOV SS",
	};

	return error < ARRAY_SIZE(names) && names[error] ? names[error] : "VM entry failed";
}
