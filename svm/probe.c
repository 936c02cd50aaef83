/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Can this machine do it, and what does it have? APM volume 2, 15.4 "Enabling SVM". A machine that
 * cannot is told in one line what is missing; nothing is switched on here.
 */
#include "svm/svm.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "hv/hwhelp.h"
#include "hv/printk.h"

struct svm_caps svm_caps;

/* A reserved bit of EFER in the control block is VMEXIT_INVALID (APM 15.5.1). */
static u64 efer_bits(void)
{
	u64 bits = EFER_SCE | EFER_LME | EFER_LMA;

	if (cpu_has(CPU_FEAT_NX))
		bits |= EFER_NXE;
	if (cpu_has(CPU_FEAT_FFXSR))
		bits |= EFER_FFXSR;
	if (cpu_has(CPU_FEAT_TCE))
		bits |= EFER_TCE;
	if (cpu_has(CPU_FEAT_AUTOIBRS))
		bits |= EFER_AUTOIBRS;
	if (!cpu_has(CPU_FEAT_NO_LMSLE))
		bits |= EFER_LMSLE;
	return bits;
}

static void probe_help(u32 edx)
{
	svm_caps.nrips = hw_help(HW_HELP_NRIPS, edx & CPUID_8A_EDX_NRIPS);
	svm_caps.decode = hw_help(HW_HELP_DECODE, edx & CPUID_8A_EDX_DECODE_ASSISTS);
	svm_caps.flush_asid = hw_help(HW_HELP_FLUSH_ASID, edx & CPUID_8A_EDX_FLUSH_BY_ASID);
	svm_caps.pause = hw_help(HW_HELP_PAUSE, edx & CPUID_8A_EDX_PAUSE_FILTER);
	vcaps.tsc_scaling = hw_help(HW_HELP_TSC_SCALING, edx & CPUID_8A_EDX_TSC_SCALE);
	vcaps.leaf_1g = hw_help(HW_HELP_LEAF_1G, cpu_has(CPU_FEAT_PAGE1GB));
	svm_apic_probe(edx);
	svm_caps.bochs = cpu_is_bochs();
	/* For guests that are hypervisors; ours have no SVM. */
	hw_help_unused(HW_HELP_VGIF, edx & CPUID_8A_EDX_VGIF);
}

int svm_probe(void)
{
	struct cpuid_regs r;
	u64 vm_cr;
	u32 edx;

	if (!cpu_has(CPU_FEAT_SVM)) {
		pr_error("SVM: CPUID 80000001h does not offer it: AMD CPU with SVM needed, or "
			 "switched off by the firmware or the outer hypervisor\n");
		return -MB_ENODEV;
	}
	r = cpuid(0x8000000a, 0);
	edx = r.edx;
	svm_caps.features = edx;
	svm_caps.asids = r.ebx;
	svm_caps.efer = efer_bits();
	if (!(edx & CPUID_8A_EDX_NPT)) {
		pr_error("SVM: no nested paging (CPUID 8000000Ah edx bit 0): needed\n");
		return -MB_ENODEV;
	}
	if (svm_caps.asids < 2) {
		pr_error("SVM: %u address space ids (CPUID 8000000Ah ebx): at least 2 needed\n",
			 svm_caps.asids);
		return -MB_ENODEV;
	}
	if (!rdmsr_safe(MSR_VM_CR, &vm_cr) && vm_cr & VM_CR_SVMDIS) { /* some emulators lack it */
		pr_error("SVM: VM_CR.SVMDIS is set%s\n",
			 edx & CPUID_8A_EDX_SVM_LOCK ?
				 ": locked by the firmware, enable SVM in its setup" : "");
		return -MB_ENODEV;
	}
	probe_help(edx);
	pr_info("SVM: %u ASIDs, features %x\n", svm_caps.asids, edx);
	return 0;
}
