/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel VMX behind struct vcpu_ops: probe, switch on, permission maps, load and run. SDM volume 3,
 * "Introduction to Virtual Machine Extensions" and the chapters after it.
 */
#include "vmx/vmx.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/desc.h"
#include "arch/x86/dr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/trap.h"
#include "hv/domain.h"
#include "hv/hwhelp.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"

#define IO_BYTES (2 * PAGE_SIZE)
#define MSR_BYTES (2 * PAGE_SIZE)
#define MSR_WRITES 2048u /* offset of the write half */

struct vmx_caps vmx_caps;

/* A word of controls: low half of its MSR = bits that are always 1, high half = bits that may be 1.
 * SDM "VMX Capability Reporting Facility". */
struct ctl_word {
	u32 msr, true_msr; /* the latter, where there is one, knows more bits that may be 0 */
	const char *name;
};

static const struct ctl_word word_pin = {MSR_VMX_PIN, MSR_VMX_TRUE_PIN, "pin-based"};
static const struct ctl_word word_proc = {MSR_VMX_PROC, MSR_VMX_TRUE_PROC, "processor-based"};
static const struct ctl_word word_proc2 = {MSR_VMX_PROC2, MSR_VMX_PROC2, "secondary"};
static const struct ctl_word word_exit = {MSR_VMX_EXIT, MSR_VMX_TRUE_EXIT, "exit"};
static const struct ctl_word word_entry = {MSR_VMX_ENTRY, MSR_VMX_TRUE_ENTRY, "entry"};

static const struct {
	const struct ctl_word *word;
	u32 bit;
	const char *name;
} ctl_names[] = {
	{&word_pin, PIN_INTR, "external-interrupt exiting"},
	{&word_pin, PIN_NMI, "NMI exiting"},
	{&word_pin, PIN_VIRTUAL_NMI, "virtual NMIs"},
	{&word_pin, PIN_TIMER, "the preemption timer"},
	{&word_proc, PROC_TPR_SHADOW, "the TPR shadow"},
	{&word_proc, PROC_IO_BITMAPS, "I/O bitmaps"},
	{&word_proc, PROC_MSR_BITMAPS, "MSR bitmaps"},
	{&word_proc, PROC_SECONDARY, "secondary controls (EPT)"},
	{&word_proc2, PROC2_EPT, "EPT (extended page tables)"},
	{&word_proc2, PROC2_UNRESTRICTED, "unrestricted guest"},
	{&word_proc2, PROC2_WBINVD, "WBINVD exiting"},
	{&word_exit, EXIT_ACK_INTR, "acknowledge interrupt on exit"},
	{&word_exit, EXIT_HOST_64, "a 64-bit host"},
};

/* Instructions that are #UD without their control: one list for the controls and for CPUID. */
static const struct {
	u32 proc2;
	struct cpuid_bits cpuid;
} insn_controls[] = {
	{PROC2_RDTSCP, {0x80000001, CPUID_EDX, CPUID_81_EDX_RDTSCP}},
	{PROC2_RDTSCP, {7, CPUID_ECX, CPUID_7_ECX_RDPID}},
	{PROC2_INVPCID, {7, CPUID_EBX, CPUID_7_EBX_INVPCID}},
	{PROC2_USER_WAIT, {7, CPUID_ECX, CPUID_7_ECX_WAITPKG}},
	{PROC2_PCONFIG, {7, CPUID_EDX, CPUID_7_EDX_PCONFIG}},
};

/* Neither in the VMCS nor switched by vcpu.c; TSC_AUX last, not every CPU has it. */
static const u32 switched_msrs[VMX_MSRS] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK, MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
};

struct vmx_cpu *vmx_this_cpu(void)
{
	return this_cpu()->vendor;
}

static const char *ctl_name(const struct ctl_word *w, u32 bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(ctl_names); i++)
		if (ctl_names[i].word == w && ctl_names[i].bit == bit)
			return ctl_names[i].name;
	return "a control";
}

/* The word with all of required, of wanted what there is, and what cannot be 0. False: one line
 * names the first that is missing. */
static bool vmx_ctl(const struct ctl_word *w, u32 required, u32 wanted, u32 *word)
{
	bool has_true = rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE;
	u64 range = rdmsr(has_true ? w->true_msr : w->msr);
	u32 allowed = (u32)(range >> 32), missing = required & ~allowed;

	*word = (u32)range | required | (wanted & allowed);
	if (!missing)
		return true;
	missing &= ~missing + 1;
	pr_error("VMX: this CPU lacks %s (%s controls, bit %d): needed\n", ctl_name(w, missing),
		 w->name, __builtin_ctz(missing));
	return false;
}

static bool probe_ept(u64 *ept)
{
	static const struct {
		u64 bit;
		const char *name;
	} needed[] = {
		{EPT_CAP_WALK_4, "page walks of 4 levels"}, {EPT_CAP_WB, "write-back tables"},
		{EPT_CAP_2M, "2 MiB pages"}, {EPT_CAP_INVEPT, "INVEPT"},
		{EPT_CAP_INVEPT_SINGLE, "INVEPT of one context"},
		{EPT_CAP_INVEPT_ALL, "INVEPT of all contexts"},
	};

	*ept = rdmsr(MSR_VMX_EPT_VPID_CAP);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (*ept & needed[i].bit)
			continue;
		pr_error("VMX: EPT without %s (MSR 48Ch, bit %d): needed\n", needed[i].name,
			 __builtin_ctzl(needed[i].bit));
		return false;
	}
	return true;
}

static void hide_insns(void)
{
	vcaps.hidden_count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(insn_controls); i++)
		if (!(vmx_caps.proc2 & insn_controls[i].proc2))
			vcaps.hidden[vcaps.hidden_count++] = insn_controls[i].cpuid;
}

static bool probe_controls(u64 *ept)
{
	struct vmx_caps *c = &vmx_caps;
	bool bochs = cpu_is_bochs();
	u32 insns = 0;

	for (size_t i = 0; i < ARRAY_SIZE(insn_controls); i++)
		insns |= insn_controls[i].proc2;
	/* What old CPUs lack comes first. Bochs takes no interrupt exit after an entry with IF = 0
	 * until the guest sets IF: the preemption timer bounds that. */
	if (!vmx_ctl(&word_proc, PROC_TPR_SHADOW | PROC_IO_BITMAPS | PROC_MSR_BITMAPS |
		     PROC_SECONDARY | PROC_TSC_OFFSET | PROC_MWAIT | PROC_MONITOR | PROC_HLT |
		     PROC_INTR_WINDOW | PROC_NMI_WINDOW | PROC_RDPMC | PROC_RDTSC, 0, &c->proc) ||
	    !vmx_ctl(&word_proc2, PROC2_EPT | PROC2_UNRESTRICTED | PROC2_WBINVD,
		     PROC2_VPID | PROC2_PAUSE_LOOP | PROC2_TSC_SCALING | PROC2_APICV | insns,
		     &c->proc2) ||
	    !probe_ept(ept) ||
	    !vmx_ctl(&word_pin, PIN_INTR | PIN_NMI | PIN_VIRTUAL_NMI | (bochs ? PIN_TIMER : 0),
		     PIN_POSTED, &c->pin) ||
	    !vmx_ctl(&word_exit, EXIT_HOST_64 | EXIT_ACK_INTR | EXIT_SAVE_DEBUG | EXIT_SAVE_PAT |
		     EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER, 0, &c->exit) ||
	    !vmx_ctl(&word_entry, ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER |
		     ENTRY_LONG_MODE, 0, &c->entry))
		return false;
	/* Asked for above so that they are known to exist; per vCPU and at run time. */
	c->proc &= ~(PROC_HLT | PROC_INTR_WINDOW | PROC_NMI_WINDOW | PROC_RDPMC | PROC_RDTSC);
	c->proc2 &= ~PROC2_WBINVD;
	c->entry &= ~ENTRY_LONG_MODE;
	if (c->proc & (PROC_CR3_LOAD | PROC_CR3_STORE | PROC_INVLPG)) {
		pr_error("VMX: this CPU cannot leave CR3 and INVLPG to the guest: needed\n");
		return false;
	}
	hide_insns();
	return true;
}

/* What is used where it is there. */
static void probe_options(u64 ept)
{
	const u64 invvpid = EPT_CAP_INVVPID | EPT_CAP_INVVPID_ALL;
	u64 misc = rdmsr(MSR_VMX_MISC), arch = 0;
	struct vmx_caps *c = &vmx_caps;
	u32 targets = (u32)(misc >> 16 & 0x1ff);

	c->vpid = hw_help(HW_HELP_VPID, c->proc2 & PROC2_VPID && (ept & invvpid) == invvpid);
	if (!c->vpid)
		c->proc2 &= ~PROC2_VPID;
	c->pause = hw_help(HW_HELP_PAUSE, c->proc2 & PROC2_PAUSE_LOOP);
	c->proc2 &= ~PROC2_PAUSE_LOOP; /* per vCPU, at run time */
	c->invvpid_single = ept & EPT_CAP_INVVPID_SINGLE;
	vcaps.tsc_scaling = hw_help(HW_HELP_TSC_SCALING, c->proc2 & PROC2_TSC_SCALING);
	c->proc2 &= ~PROC2_TSC_SCALING; /* in the VMCS of who wants it */
	vcaps.leaf_1g = hw_help(HW_HELP_LEAF_1G, ept & EPT_CAP_1G);
	vcaps.cr3_targets = hw_help(HW_HELP_CR3_TARGETS, targets) ?
				    MIN(targets, (u32)MB_CR3_TARGETS) : 0;
	c->bochs = cpu_is_bochs();
	vmx_apic_probe();
	/* Bochs does not wake a CLI; HLT in the guest; others may have no such activity state. */
	c->hlt_exits = c->bochs || !(misc & VMX_MISC_HLT);
	c->efer = EFER_SCE | EFER_LME | EFER_LMA | (cpu_has(CPU_FEAT_NX) ? EFER_NXE : 0);
	c->cr4 = rdmsr(MSR_VMX_CR4_FIXED1) &
		 ~(CR4_VMXE | CR4_SMXE | CR4_CET | CR4_PKS | CR4_UINTR | CR4_FRED);
	if (cpu_has(CPU_FEAT_ARCH_CAPS))
		arch = rdmsr(MSR_ARCH_CAPABILITIES);
	/* Enhanced IBRS: no domain's branch predictions steer the hypervisor. */
	c->spec_ctrl = cpu_has(CPU_FEAT_SPEC_CTRL) && arch & ARCH_CAP_IBRS_ALL ? SPEC_CTRL_IBRS : 0;
	c->flush_l1d = cpu_has(CPU_FEAT_L1D_FLUSH) &&
		       !(arch & (ARCH_CAP_RDCL_NO | ARCH_CAP_NO_L1DFL));
	c->clear_buffers = cpu_has(CPU_FEAT_MD_CLEAR) && !(arch & ARCH_CAP_MDS_NO);
}

static int vmx_probe(void)
{
	u64 feature, basic, ept;

	if (!cpu_has(CPU_FEAT_VMX)) {
		pr_error("VMX: CPUID 1 does not offer it: Intel CPU with VMX needed, or switched "
			 "off by the firmware or the outer hypervisor\n");
		return -MB_ENODEV;
	}
	if (!rdmsr_safe(MSR_FEATURE_CONTROL, &feature) && feature & FEATURE_CONTROL_LOCK &&
	    !(feature & FEATURE_CONTROL_VMX)) {
		pr_error("VMX: FEATURE_CONTROL (MSR 3Ah) = %lx: locked without VMX by the "
			 "firmware, enable virtualisation in its setup\n", feature);
		return -MB_ENODEV;
	}
	basic = rdmsr(MSR_VMX_BASIC);
	vmx_caps = (struct vmx_caps){.revision = (u32)basic & 0x7fffffff};
	if ((basic >> VMX_BASIC_TYPE_SHIFT & 0xf) != MEM_WB || basic & VMX_BASIC_32BIT) {
		pr_error("VMX: VMX_BASIC (MSR 480h) = %lx: no write-back or 64-bit VMCS\n", basic);
		return -MB_ENODEV;
	}
	if (!probe_controls(&ept))
		return -MB_ENODEV;
	probe_options(ept);
	pr_info("VMX: revision %x, controls %x %x %x %x %x, EPT %lx%s\n", vmx_caps.revision,
		vmx_caps.pin, vmx_caps.proc, vmx_caps.proc2, vmx_caps.exit, vmx_caps.entry, ept,
		vmx_caps.bochs ? ", Bochs" : "");
	return 0;
}

/* False after one line. The lock bit set by us lasts until reset. */
static bool unlock_feature(void)
{
	u64 feature;

	if (rdmsr_safe(MSR_FEATURE_CONTROL, &feature))
		return true; /* some outer hypervisors have VMX without the MSR */
	if (!(feature & FEATURE_CONTROL_LOCK))
		wrmsr_safe(MSR_FEATURE_CONTROL,
			   feature | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	else if (!(feature & FEATURE_CONTROL_VMX))
		pr_error("VMX: CPU %u: FEATURE_CONTROL is locked without VMX\n", smp_cpu_id());
	return !(feature & FEATURE_CONTROL_LOCK) || feature & FEATURE_CONTROL_VMX;
}

static int vmx_cpu_enable(void)
{
	struct vmx_cpu *c = page_alloc_bytes(sizeof(*c));
	struct vmcs *region = page_alloc_bytes(sizeof(*region));

	if (!c || !region) {
		pr_error("VMX: no memory for CPU %u\n", smp_cpu_id());
		goto err;
	}
	if (!unlock_feature())
		goto err;
	region->revision = vmx_caps.revision;
	c->region_pa = virt_to_phys(region).v;
	write_cr4(read_cr4() | CR4_VMXE);
	if (vmx_on(c->region_pa)) {
		pr_error("VMX: CPU %u: VMXON fails\n", smp_cpu_id());
		write_cr4(read_cr4() & ~CR4_VMXE);
		goto err;
	}
	/* What was left by others before us. */
	BUG_ON(vmx_invept(INVEPT_ALL, 0));
	c->vpid_gen = 1; /* vCPUs start with 0: they take a VPID at their first entry here */
	c->vpid_next = VPID_COUNT; /* the first entry flushes */
	this_cpu()->vendor = c;
	if (vmx_caps.spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, vmx_caps.spec_ctrl);
	return 0;

err:
	if (region)
		page_free_bytes(region, sizeof(*region));
	if (c)
		page_free_bytes(c, sizeof(*c));
	return -MB_EIO;
}

static void vmx_cpu_disable(void)
{
	struct vmx_cpu *c = vmx_this_cpu();

	if (c->vmcs)
		vmx_clear(c->vmcs->vmcs_pa);
	vmx_off();
	write_cr4(read_cr4() & ~CR4_VMXE);
}

static void vmx_domain_destroy(struct domain *d)
{
	struct vmx_domain *m = d->hw;

	if (!m)
		return;
	if (m->io)
		page_free_bytes(m->io, IO_BYTES);
	if (m->msr)
		page_free_bytes(m->msr, MSR_BYTES);
	page_free_bytes(m, sizeof(*m));
	d->hw = NULL;
}

static int vmx_domain_create(struct domain *d)
{
	struct vmx_domain *m = page_alloc_bytes(sizeof(*m));

	if (!m)
		return -MB_ENOMEM;
	d->hw = m;
	m->io = page_alloc_bytes(IO_BYTES);
	m->msr = page_alloc_bytes(MSR_BYTES);
	if (!m->io || !m->msr) {
		vmx_domain_destroy(d);
		return -MB_ENOMEM;
	}
	memset(m->io, 0xff, IO_BYTES);
	memset(m->msr, 0xff, MSR_BYTES);
	vmx_apic_msrs(m->msr + MSR_APIC);
	return 0;
}

static void vmx_vcpu_destroy(struct vcpu *v)
{
	struct vmx_vcpu *s = v->hw;

	if (!s)
		return;
	BUG_ON(s->cpu); /* sched_detach() has put it */
	if (s->vmcs)
		vmcs_destroy(s);
	page_free_bytes(s, sizeof(*s));
	v->hw = NULL;
}

static int vmx_vcpu_create(struct vcpu *v)
{
	struct vmx_vcpu *s = page_alloc_bytes(sizeof(*s));

	if (!s)
		return -MB_ENOMEM;
	v->hw = s;
	s->eptp = ept_pointer(v->dom->gpm.root_pa);
	s->spec_ctrl = vmx_caps.spec_ctrl;
	if (!vmcs_create(v)) {
		vmx_vcpu_destroy(v);
		return -MB_ENOMEM;
	}
	return 0;
}

static u32 msr_count(void)
{
	return cpu_has(CPU_FEAT_RDTSCP) ? VMX_MSRS : VMX_MSRS - 1;
}

/* The domain before may have left traces that speculation reads or follows. */
static void separate_domains(struct vmx_cpu *c, u32 domain)
{
	static const u16 selector = SEL_DATA;

	if (c->predicted_for == domain)
		return;
	c->predicted_for = domain;
	if (cpu_has(CPU_FEAT_SPEC_CTRL))
		wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
	if (vmx_caps.flush_l1d)
		wrmsr(MSR_FLUSH_CMD, FLUSH_CMD_L1D);
	if (vmx_caps.clear_buffers)
		__asm__ volatile("verw %0" ::"m"(selector) : "cc");
}

static void vmx_vcpu_load(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	struct vmx_cpu *c = vmx_this_cpu();

	BUG_ON(c->vmcs || s->cpu || vmx_load(s->vmcs_pa));
	c->vmcs = s;
	s->cpu = c;
	if (s->host != c) {
		vmcs_set_host();
		s->host = c;
	}
	for (u32 i = 0; i < msr_count(); i++)
		wrmsr(switched_msrs[i], s->msrs[i]);
	write_cr2(s->cr2);
	dr6_write(s->dr6);
	separate_domains(c, v->dom->id);
	if (s->spec_ctrl != vmx_caps.spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, s->spec_ctrl);
}

static void vmx_vcpu_put(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);

	for (u32 i = 0; i < msr_count(); i++)
		s->msrs[i] = rdmsr(switched_msrs[i]);
	s->cr2 = read_cr2();
	s->dr6 = dr6_read();
	if (cpu_has(CPU_FEAT_SPEC_CTRL)) {
		/* dom0 sets it for itself; it costs others much. */
		s->spec_ctrl = rdmsr(MSR_SPEC_CTRL);
		if (s->spec_ctrl != vmx_caps.spec_ctrl)
			wrmsr(MSR_SPEC_CTRL, vmx_caps.spec_ctrl);
	}
	BUG_ON(vmx_clear(s->vmcs_pa));
	s->launched = false;
	s->cpu = NULL;
	vmx_this_cpu()->vmcs = NULL;
}

static bool is_64bit(void)
{
	return vmcs_read(VMCS_ENTRY) & ENTRY_LONG_MODE &&
	       vmcs_read(vmcs_nth(VMCS_GUEST_AR, SEG_CS)) & SEG_AR_L;
}

/* What the core has changed since the exit. */
static void write_registers(struct vcpu *v, struct vmx_vcpu *s)
{
	if (v->rip != s->rip) {
		/* An instruction was completed: its shadow is over. */
		s->int_state &= ~(INT_STATE_STI | INT_STATE_MOV_SS);
		if (v->rip >> 32 && !is_64bit())
			v->rip = (u32)v->rip; /* EIP wraps */
		vmcs_write(VMCS_GUEST_RIP, v->rip);
		s->rip = v->rip;
	}
	if (v->rflags != s->rflags)
		vmcs_write(VMCS_GUEST_RFLAGS, v->rflags);
	s->rflags = v->rflags;
	if (v->regs.rsp != s->rsp)
		vmcs_write(VMCS_GUEST_RSP, v->regs.rsp);
}

static void read_registers(struct vcpu *v, struct vmx_vcpu *s)
{
	v->rip = s->rip = vmcs_read(VMCS_GUEST_RIP);
	v->rflags = s->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	v->regs.rsp = s->rsp = vmcs_read(VMCS_GUEST_RSP);
	s->int_state = s->int_state_hw = (u32)vmcs_read(VMCS_INT_STATE);
	if (!(s->proc & PROC_HLT) && vmcs_read(VMCS_ACTIVITY) == ACTIVITY_HLT) {
		/* Out of its HLT by something else: the core waits on for it. */
		vmcs_write(VMCS_ACTIVITY, ACTIVITY_ACTIVE);
		v->halted = true;
	}
}

/* What ended the run, and what came with it. The interrupt was acknowledged by the exit; an NMI was
 * not, and NMIs stay blocked until an IRET: the handler's. */
static void take_host_events(const struct vmx_vcpu *s)
{
	u32 event = 0;

	if (s->reason == REASON_INTR || s->reason == REASON_EVENT)
		event = (u32)vmcs_read(VMCS_EXIT_EVENT);
	if (s->reason == REASON_INTR && event & EVENT_VALID)
		trap_interrupt(EVENT_VECTOR(event));
	else if (event & EVENT_VALID && EVENT_TYPE(event) == EVENT_TYPE_NMI)
		__asm__ volatile("int $2" ::: "memory");
	irq_window();
}

static void vmx_run(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	bool failed;

	ept_prepare_tlb(v);
	write_registers(v, s);
	vmx_inject_arm(v);
	failed = vmx_enter(&v->regs, s->launched, VMCS_HOST_RSP);
	vmx_apic_settle(v);
	if (failed) {
		s->reason = REASON_INSN_FAILED;
	} else {
		s->reason = (u32)vmcs_read(VMCS_EXIT_REASON);
		if (!(s->reason & REASON_ENTRY_FAILED)) {
			s->launched = true;
			read_registers(v, s);
		}
	}
	take_host_events(s);
	vmx_inject_settle(v);
	vmx_decode_exit(v);
}

/* Byte offset and bit of an MSR's read permission. SDM "MSR-Bitmap Address". */
static bool msr_bit(u32 msr, u32 *bit)
{
	if (msr < 0x2000)
		*bit = msr;
	else if (msr - 0xc0000000 < 0x2000)
		*bit = 1024 * 8 + (msr - 0xc0000000);
	else
		return false;
	return true;
}

static void set_bit(u8 *map, u32 bit, bool on)
{
	u8 mask = (u8)(1u << (bit & 7));

	map[bit / 8] = (u8)(on ? map[bit / 8] | mask : map[bit / 8] & ~mask);
}

void vmx_msr_set(u8 *map, u32 msr, bool read, bool write)
{
	u32 bit;

	if (!msr_bit(msr, &bit))
		return; /* outside the map: always intercepted */
	set_bit(map, bit, read);
	set_bit(map + MSR_WRITES, bit, write);
}

static void vmx_msr_intercept(struct domain *d, u32 msr, bool read, bool write)
{
	struct vmx_domain *m = d->hw;

	vmx_msr_set(m->msr, msr, read, write);
	if (msr >> 8 != MSR_X2APIC_FIRST >> 8)
		vmx_msr_set(m->msr + MSR_APIC, msr, read, write);
}

static void vmx_io_intercept(struct domain *d, u16 port, u32 count, bool on)
{
	struct vmx_domain *m = d->hw;

	for (u32 p = port; p < port + count && p < 0x10000; p++)
		set_bit(m->io, p, on);
}

static void vmx_set_exiting(struct vcpu *v, enum vcpu_exiting what, bool on)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	u32 bit = what == EXITING_HLT ? PROC_HLT : what == EXITING_CR3 ? PROC_CR3_LOAD : 0;
	u32 bit2 = what == EXITING_PAUSE && vmx_caps.pause ? PROC2_PAUSE_LOOP : 0;

	if (what == EXITING_IRET)
		s->iret_exiting = on; /* vmx_inject_arm() opens the window */
	if (!(bit | bit2) || (what == EXITING_HLT && vmx_caps.hlt_exits) || !vmcs_borrow(s))
		return;
	vmx_set_proc(s, on ? s->proc | bit : s->proc & ~bit,
		     on ? s->proc2 | bit2 : s->proc2 & ~bit2);
	vmcs_return(s);
}

static void vmx_dump(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	const char *why;

	if (!vmcs_borrow(s)) {
		pr_error("  VMCS: loaded on another CPU\n");
		return;
	}
	why = vmcs_check();
	if (why)
		pr_error("  VMCS: %s\n", why);
	vmcs_dump();
	vmcs_return(s);
}

const struct vcpu_ops vmx_ops = {
	.name = "vmx",
	.probe = vmx_probe,
	.cpu_enable = vmx_cpu_enable,
	.cpu_disable = vmx_cpu_disable,
	.domain_create = vmx_domain_create,
	.domain_destroy = vmx_domain_destroy,
	.vcpu_create = vmx_vcpu_create,
	.vcpu_destroy = vmx_vcpu_destroy,
	.vcpu_reset = vmx_reset_state,
	.vcpu_load = vmx_vcpu_load,
	.vcpu_put = vmx_vcpu_put,
	.run = vmx_run,
	.read_sys = vmx_read_sys,
	.msr_read = vmx_msr_read,
	.msr_write = vmx_msr_write,
	.cr_write = vmx_cr_write,
	.msr_intercept = vmx_msr_intercept,
	.io_intercept = vmx_io_intercept,
	.set_exiting = vmx_set_exiting,
	.gpm_entry = ept_entry,
	.dump = vmx_dump,
};
