/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Build, check and print control blocks.
 *
 * What is intercepted (APM 15.9 "Instruction Intercepts"): as little as is safe. No control or
 * debug registers, no descriptor tables. HLT, PAUSE, CPUID and IRET are switched at run time.
 * Exceptions only of guests: #DB and #AC can raise themselves for ever while being delivered, no
 * interrupt would break that off; #MC is the machine's.
 */
#include "svm/vmcb.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "hv/domain.h"
#include "hv/guest_tsc.h"
#include "hv/page_alloc.h"
#include "hv/printk.h"
#include "hv/vcpu.h"
#include "svm/svm.h"

#define CR0_RESERVED 0xffffffff00000000ul
#define PAT_RESET 0x0007040600070406ul

/*
 * A PAUSE takes some 50 cycles, a turn of a loop around it perhaps twice that: 4096 of them are
 * about 100 us, longer than a running vCPU holds a spin lock, a hundredth of a slice. PAUSEs more
 * than the threshold apart (cycles) are not one loop, the count starts again.
 */
#define PAUSE_COUNT 4096
#define PAUSE_THRESHOLD 512

/* APM 15.14.4 "Pause Intercept Filtering". */
static void set_pause_filter(struct vmcb *b)
{
	b->pause_count = PAUSE_COUNT;
	if (svm_caps.features & CPUID_8A_EDX_PAUSE_THRESHOLD)
		b->pause_threshold = PAUSE_THRESHOLD;
}

struct vmcb *vmcb_create(struct vcpu *v)
{
	const struct svm_domain *sd = v->dom->hw;
	struct vmcb *b = page_alloc_bytes(sizeof(*b));

	if (!b)
		return NULL;
	b->intercept1 = INTERCEPT1_INTR | INTERCEPT1_NMI | INTERCEPT1_INIT | INTERCEPT1_CPUID |
			INTERCEPT1_INVLPGA | INTERCEPT1_IOIO | INTERCEPT1_MSR | INTERCEPT1_FERR |
			INTERCEPT1_SHUTDOWN | INTERCEPT1_HLT;
	b->intercept2 = INTERCEPT2_VMRUN | INTERCEPT2_VMMCALL | INTERCEPT2_VMLOAD |
			INTERCEPT2_VMSAVE | INTERCEPT2_STGI | INTERCEPT2_CLGI | INTERCEPT2_SKINIT |
			INTERCEPT2_MONITOR | INTERCEPT2_MWAIT;
	if (!v->dom->privileged) {
		/* Counters and cache control are the machine's, not a guest's. */
		b->intercept1 |= INTERCEPT1_RDPMC | INTERCEPT1_INVD;
		b->intercept2 |= INTERCEPT2_WBINVD | INTERCEPT2_RDPRU;
		b->intercept_exception = INTERCEPT_EXC_DB | INTERCEPT_EXC_AC | INTERCEPT_EXC_MC;
	}
	if (guest_tsc_exits(v->dom)) {
		b->intercept1 |= INTERCEPT1_RDTSC;
		b->intercept2 |= INTERCEPT2_RDTSCP;
	}
	if (svm_caps.pause)
		set_pause_filter(b);
	b->iopm_pa = virt_to_phys(sd->iopm).v;
	b->msrpm_pa = virt_to_phys(sd->msrpm).v;
	b->tsc_offset = v->tsc_offset;
	b->asid = 1;
	b->vintr = VINTR_MASKING | VINTR_IGN_TPR;
	b->np_control = 1;
	b->ncr3 = v->dom->gpm.root_pa.v;
	b->g_pat = PAT_RESET;
	return b;
}

void vmcb_destroy(struct vmcb *b)
{
	page_free_bytes(b, sizeof(*b));
}

const char *vmcb_check(const struct vmcb *b)
{
	bool long_mode = (b->efer & EFER_LME) && (b->cr0 & CR0_PG);

	if (!(b->efer & EFER_SVME))
		return "EFER.SVME is clear";
	if (b->efer & ~(svm_caps.efer | EFER_SVME))
		return "EFER has a bit that this CPU lacks";
	if (!(b->cr0 & CR0_CD) && (b->cr0 & CR0_NW))
		return "CR0.NW without CR0.CD";
	if (b->cr0 & CR0_RESERVED)
		return "CR0 bits 63:32";
	if (b->cr4 >> 32)
		return "CR4 bits 63:32";
	if ((b->cr0 & CR0_PG) && !(b->cr0 & CR0_PE))
		return "CR0.PG without CR0.PE";
	if (b->dr6 >> 32)
		return "DR6 bits 63:32";
	if (b->dr7 >> 32)
		return "DR7 bits 63:32";
	if (long_mode && !(b->cr4 & CR4_PAE))
		return "long mode without CR4.PAE";
	if (long_mode && (b->cs.attrib & VMCB_SEG_L) && (b->cs.attrib & VMCB_SEG_DB))
		return "CS.L and CS.D both set";
	if (long_mode && (b->cr3 & ~cpu_info.phys_mask & ~(BIT(63) | 0xfff)))
		return "CR3 beyond the physical address width";
	if (!(b->intercept2 & INTERCEPT2_VMRUN))
		return "VMRUN is not intercepted";
	if (!b->asid || b->asid >= svm_caps.asids)
		return "ASID 0, or more than the CPU has";
	if ((b->iopm_pa | b->msrpm_pa | b->ncr3) & PAGE_MASK)
		return "a permission map or nCR3 is not page aligned";
	if ((b->iopm_pa | b->msrpm_pa | b->ncr3) & ~cpu_info.phys_mask)
		return "a permission map or nCR3 beyond the physical address width";
	if ((b->eventinj & EVENT_VALID) && EVENT_TYPE(b->eventinj) == EVENT_TYPE_EXC &&
	    (EVENT_VECTOR(b->eventinj) > 31 || EVENT_VECTOR(b->eventinj) == 2))
		return "EVENTINJ: an exception with a vector that is none";
	return NULL;
}

static void dump_seg(const char *name, const struct vmcb_seg *s)
{
	pr_error("  %s sel %04x attr %03x limit %08x base %016lx\n", name, s->selector, s->attrib,
		 s->limit, s->base);
}

void vmcb_dump(const struct vmcb *b)
{
	pr_error("  exit %lx info1 %lx info2 %lx intinfo %lx nrip %lx\n", b->exitcode, b->exitinfo1,
		 b->exitinfo2, b->exitintinfo, b->nrip);
	pr_error("  intercepts %x %x vintr %lx int_state %lx eventinj %lx asid %u tlb %u\n",
		 b->intercept1, b->intercept2, b->vintr, b->int_state, b->eventinj, b->asid,
		 b->tlb_control);
	pr_error("  rip %016lx rsp %016lx rax %016lx rflags %lx cpl %u\n", b->rip, b->rsp, b->rax,
		 b->rflags, b->cpl);
	pr_error("  cr0 %lx cr2 %lx cr3 %lx cr4 %lx efer %lx dr6 %lx dr7 %lx ncr3 %lx pat %lx\n",
		 b->cr0, b->cr2, b->cr3, b->cr4, b->efer, b->dr6, b->dr7, b->ncr3, b->g_pat);
	dump_seg("es", &b->es);
	dump_seg("cs", &b->cs);
	dump_seg("ss", &b->ss);
	dump_seg("ds", &b->ds);
	dump_seg("fs", &b->fs);
	dump_seg("gs", &b->gs);
	dump_seg("tr", &b->tr);
}
