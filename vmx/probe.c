/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Can this machine do it, and what does it have? SDM volume 3, "VMX Capability Reporting Facility".
 * A machine that cannot is told in one line what is missing; nothing is switched on here.
 */
#include "vmx/vmx.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "hv/hwhelp.h"
#include "hv/printk.h"

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

int vmx_probe(void)
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
