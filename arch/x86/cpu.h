/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what the processor is and can do; per-CPU control register setup.
 * Callers:  boot, hv, svm/, vmx/. Context: cpu_identify() once on the boot CPU, before anything
 *           reads cpu_info; cpu_setup() once on every CPU. Locking: cpu_info is constant
 *           afterwards.
 * Lifetime: forever. Errors: cpu_identify() returns a reason when the CPU lacks a necessity.
 */
#ifndef MINIBUS_ARCH_CPU_H
#define MINIBUS_ARCH_CPU_H

#include "arch/x86/types.h"

enum cpu_vendor {
	CPU_VENDOR_OTHER,
	CPU_VENDOR_INTEL,
	CPU_VENDOR_AMD, /* and Hygon */
};

/* The features anybody here asks for; cpu_has(). */
enum cpu_feature {
	CPU_FEAT_SVM,
	CPU_FEAT_VMX,
	CPU_FEAT_X2APIC,
	CPU_FEAT_TSC_DEADLINE,
	CPU_FEAT_INVARIANT_TSC,
	CPU_FEAT_ARAT, /* local APIC timer runs in all idle states */
	CPU_FEAT_XSAVE,
	CPU_FEAT_XSAVEOPT,
	CPU_FEAT_XSAVEC, /* and it works */
	CPU_FEAT_XSAVES,
	CPU_FEAT_PAGE1GB,
	CPU_FEAT_NX,
	CPU_FEAT_SMEP,
	CPU_FEAT_SMAP,
	CPU_FEAT_UMIP,
	CPU_FEAT_PCID,
	CPU_FEAT_INVPCID,
	CPU_FEAT_FSGSBASE,
	CPU_FEAT_LA57,
	CPU_FEAT_PGE,
	CPU_FEAT_MCE,
	CPU_FEAT_RDTSCP,
	CPU_FEAT_TSC_ADJUST,
	CPU_FEAT_IBPB,
	CPU_FEAT_AMD_SPEC_CTRL, /* MSR SPEC_CTRL by AMD's enumeration */
	CPU_FEAT_AUTOIBRS,
	CPU_FEAT_ERRPTR, /* x87 error pointers are always loaded */
	CPU_FEAT_TCE,
	CPU_FEAT_FFXSR,
	CPU_FEAT_NO_LMSLE,
	CPU_FEAT_SPEC_CTRL,
	CPU_FEAT_ARCH_CAPS,
	CPU_FEAT_L1D_FLUSH,
	CPU_FEAT_MD_CLEAR, /* VERW clears buffers */
	CPU_FEAT_PKU,
	CPU_FEAT_HYPERVISOR, /* we run nested */
	CPU_FEAT_COUNT,
};

struct cpu_info {
	enum cpu_vendor vendor;
	u32 max_leaf;
	u32 max_ext_leaf;
	unsigned int family, model, stepping;
	unsigned int phys_bits; /* MAXPHYADDR */
	unsigned int virt_bits;
	u64 phys_mask; /* bits of an address that may be set: (1 << phys_bits) - 1 */
	u64 features;  /* by enum cpu_feature */
	char vendor_id[13];
	char brand[49]; /* leading blanks removed */
};

STATIC_ASSERT(CPU_FEAT_COUNT <= 64);

extern struct cpu_info cpu_info;

static inline bool cpu_has(enum cpu_feature feature)
{
	return cpu_info.features & BIT(feature);
}

/* NULL if the CPU will do, else what it lacks. */
const char *cpu_identify(void);

/* The Bochs emulator, some of whose deviations need a way round: the chipset of 1996, whatever the
 * CPU (only under its BIOS do ACPI tables name it), and no hypervisor bit, which QEMU and KVM show.
 */
bool cpu_is_bochs(void);

/* CR0.WP, CR4 (PGE, MCE, SMEP, UMIP, OSFXSR, OSXSAVE as present), EFER.NXE and PAT of this CPU. */
void cpu_setup(void);

/* Enters the next power state that ends only with an NMI or reset. */
NORETURN void cpu_halt_forever(void);

/* Reset by keyboard controller, port 0xcf9, then triple fault. */
NORETURN void cpu_reset(void);

#endif
