/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the CPUID instruction and the bit numbers of its answers.
 * Callers:  arch/x86/cpu.c, hv/exit_cpuid.c, svm/, vmx/. Context: any. Locking, lifetime,
 * errors:   none; a leaf above the maximum gives what the CPU gives.
 */
#ifndef MINIBUS_ARCH_CPUID_H
#define MINIBUS_ARCH_CPUID_H

#include "arch/x86/types.h"

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

enum cpuid_output { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* Some bits of one register of a leaf's subleaf 0. */
struct cpuid_bits {
	u32 leaf;
	enum cpuid_output reg;
	u32 mask;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* leaf 1 */
#define CPUID_1_ECX_PCLMUL (1u << 1)
#define CPUID_1_ECX_MONITOR (1u << 3)
#define CPUID_1_ECX_VMX (1u << 5)
#define CPUID_1_ECX_SMX (1u << 6)
#define CPUID_1_ECX_PCID (1u << 17)
#define CPUID_1_ECX_X2APIC (1u << 21)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_ECX_XSAVE (1u << 26)
#define CPUID_1_ECX_OSXSAVE (1u << 27)
#define CPUID_1_ECX_RDRAND (1u << 30)
#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_1_EDX_TSC (1u << 4)
#define CPUID_1_EDX_MSR (1u << 5)
#define CPUID_1_EDX_PAE (1u << 6)
#define CPUID_1_EDX_MCE (1u << 7)
#define CPUID_1_EDX_APIC (1u << 9)
#define CPUID_1_EDX_MTRR (1u << 12)
#define CPUID_1_EDX_PGE (1u << 13)
#define CPUID_1_EDX_MCA (1u << 14)
#define CPUID_1_EDX_PAT (1u << 16)
#define CPUID_1_EDX_FXSR (1u << 24)
#define CPUID_1_EDX_HTT (1u << 28)

/* leaf 6 */
#define CPUID_6_EAX_ARAT (1u << 2)

/* leaf 7 subleaf 0 */
#define CPUID_7_EBX_FSGSBASE (1u << 0)
#define CPUID_7_EBX_TSC_ADJUST (1u << 1)
#define CPUID_7_EBX_SMEP (1u << 7)
#define CPUID_7_EBX_INVPCID (1u << 10)
#define CPUID_7_EBX_SMAP (1u << 20)
#define CPUID_7_EBX_PT (1u << 25)
#define CPUID_7_ECX_UMIP (1u << 2)
#define CPUID_7_ECX_PKU (1u << 3)
#define CPUID_7_ECX_OSPKE (1u << 4)
#define CPUID_7_ECX_WAITPKG (1u << 5)
#define CPUID_7_ECX_SHSTK (1u << 7)
#define CPUID_7_ECX_LA57 (1u << 16)
#define CPUID_7_ECX_RDPID (1u << 22)
#define CPUID_7_ECX_PKS (1u << 31)
#define CPUID_7_EDX_UINTR (1u << 5)
#define CPUID_7_EDX_MD_CLEAR (1u << 10)
#define CPUID_7_EDX_PCONFIG (1u << 18)
#define CPUID_7_EDX_IBT (1u << 20)
#define CPUID_7_EDX_SPEC_CTRL (1u << 26)
#define CPUID_7_EDX_L1D_FLUSH (1u << 28)
#define CPUID_7_EDX_ARCH_CAPS (1u << 29)

/* leaf 7 subleaf 1 */
#define CPUID_71_EAX_FRED (3u << 17)	/* and LKGS */
#define CPUID_71_EAX_MSRLIST (1u << 27)

/* leaf 0xd subleaf 1 */
#define CPUID_D1_EAX_XSAVEOPT (1u << 0)
#define CPUID_D1_EAX_XSAVEC (1u << 1)
#define CPUID_D1_EAX_XSAVES (1u << 3)

/* leaf 0x80000001 */
#define CPUID_81_ECX_SVM (1u << 2)
#define CPUID_81_ECX_EXTAPIC (1u << 3)
#define CPUID_81_ECX_IBS (1u << 10)
#define CPUID_81_ECX_SKINIT (1u << 12)
#define CPUID_81_ECX_TCE (1u << 17)
#define CPUID_81_ECX_MONITORX (1u << 29)
#define CPUID_81_EDX_SYSCALL (1u << 11)
#define CPUID_81_EDX_NX (1u << 20)
#define CPUID_81_EDX_FFXSR (1u << 25)
#define CPUID_81_EDX_PAGE1GB (1u << 26)
#define CPUID_81_EDX_RDTSCP (1u << 27)
#define CPUID_81_EDX_LM (1u << 29)

/* leaf 0x80000007 */
#define CPUID_87_EDX_INVARIANT_TSC (1u << 8)

/* leaf 0x80000008 */
#define CPUID_88_EBX_ERRPTR (1u << 2) /* FXRSTOR, XRSTOR always load the error pointers */
#define CPUID_88_EBX_INVLPGB (1u << 3)
#define CPUID_88_EBX_MCOMMIT (1u << 8)
#define CPUID_88_EBX_IBPB (1u << 12)
#define CPUID_88_EBX_IBRS (1u << 14)
#define CPUID_88_EBX_STIBP (1u << 15)
#define CPUID_88_EBX_NO_LMSLE (1u << 20)
#define CPUID_88_EBX_SSBD (1u << 24)

/* leaf 0x80000021 */
#define CPUID_821_EAX_AUTOIBRS (1u << 8)

/* leaf 0x8000000a */
#define CPUID_8A_EDX_NPT (1u << 0)
#define CPUID_8A_EDX_LBRV (1u << 1)
#define CPUID_8A_EDX_SVM_LOCK (1u << 2)
#define CPUID_8A_EDX_NRIPS (1u << 3)
#define CPUID_8A_EDX_TSC_SCALE (1u << 4)
#define CPUID_8A_EDX_VMCB_CLEAN (1u << 5)
#define CPUID_8A_EDX_FLUSH_BY_ASID (1u << 6)
#define CPUID_8A_EDX_DECODE_ASSISTS (1u << 7)
#define CPUID_8A_EDX_PAUSE_FILTER (1u << 10)
#define CPUID_8A_EDX_PAUSE_THRESHOLD (1u << 12)
#define CPUID_8A_EDX_AVIC (1u << 13)
#define CPUID_8A_EDX_VGIF (1u << 16)
#define CPUID_8A_EDX_X2AVIC (1u << 18)

#endif
