/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Feature detection, once, into one table that everybody asks; and the control registers, the same
 * on every CPU. Features are looked up by {leaf, register, bit} so that adding one is one line.
 */
#include "arch/x86/cpu.h"

#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/desc.h"
#include "arch/x86/errno.h"
#include "arch/x86/io.h"
#include "arch/x86/msr.h"
#include "arch/x86/trap.h"

#define PCI_CONFIG_ADDRESS 0xcf8
#define PCI_CONFIG_DATA 0xcfc
#define PCI_CONFIG_HOST_BRIDGE 0x80000000u /* 0:0.0, vendor and device */
#define PCI_ID_I440FX 0x12378086u
#define PAT_RESET 0x0007040600070406ul /* WB WT UC- UC, twice: what every CPU has after reset */

struct feature_bit {
	u32 leaf, subleaf;
	enum cpuid_output output;
	u32 mask;
};

struct cpu_info cpu_info;

static const struct feature_bit feature_bits[CPU_FEAT_COUNT] = {
	[CPU_FEAT_SVM] = {0x80000001, 0, CPUID_ECX, CPUID_81_ECX_SVM},
	[CPU_FEAT_VMX] = {1, 0, CPUID_ECX, CPUID_1_ECX_VMX},
	[CPU_FEAT_X2APIC] = {1, 0, CPUID_ECX, CPUID_1_ECX_X2APIC},
	[CPU_FEAT_TSC_DEADLINE] = {1, 0, CPUID_ECX, CPUID_1_ECX_TSC_DEADLINE},
	[CPU_FEAT_INVARIANT_TSC] = {0x80000007, 0, CPUID_EDX, CPUID_87_EDX_INVARIANT_TSC},
	[CPU_FEAT_ARAT] = {6, 0, CPUID_EAX, CPUID_6_EAX_ARAT},
	[CPU_FEAT_XSAVE] = {1, 0, CPUID_ECX, CPUID_1_ECX_XSAVE},
	[CPU_FEAT_XSAVEOPT] = {0xd, 1, CPUID_EAX, CPUID_D1_EAX_XSAVEOPT},
	[CPU_FEAT_XSAVEC] = {0xd, 1, CPUID_EAX, CPUID_D1_EAX_XSAVEC},
	[CPU_FEAT_XSAVES] = {0xd, 1, CPUID_EAX, CPUID_D1_EAX_XSAVES},
	[CPU_FEAT_PAGE1GB] = {0x80000001, 0, CPUID_EDX, CPUID_81_EDX_PAGE1GB},
	[CPU_FEAT_NX] = {0x80000001, 0, CPUID_EDX, CPUID_81_EDX_NX},
	[CPU_FEAT_SMEP] = {7, 0, CPUID_EBX, CPUID_7_EBX_SMEP},
	[CPU_FEAT_SMAP] = {7, 0, CPUID_EBX, CPUID_7_EBX_SMAP},
	[CPU_FEAT_UMIP] = {7, 0, CPUID_ECX, CPUID_7_ECX_UMIP},
	[CPU_FEAT_PCID] = {1, 0, CPUID_ECX, CPUID_1_ECX_PCID},
	[CPU_FEAT_INVPCID] = {7, 0, CPUID_EBX, CPUID_7_EBX_INVPCID},
	[CPU_FEAT_FSGSBASE] = {7, 0, CPUID_EBX, CPUID_7_EBX_FSGSBASE},
	[CPU_FEAT_LA57] = {7, 0, CPUID_ECX, CPUID_7_ECX_LA57},
	[CPU_FEAT_PGE] = {1, 0, CPUID_EDX, CPUID_1_EDX_PGE},
	[CPU_FEAT_MCE] = {1, 0, CPUID_EDX, CPUID_1_EDX_MCE},
	[CPU_FEAT_RDTSCP] = {0x80000001, 0, CPUID_EDX, CPUID_81_EDX_RDTSCP},
	[CPU_FEAT_TSC_ADJUST] = {7, 0, CPUID_EBX, CPUID_7_EBX_TSC_ADJUST},
	[CPU_FEAT_IBPB] = {0x80000008, 0, CPUID_EBX, CPUID_88_EBX_IBPB},
	[CPU_FEAT_AMD_SPEC_CTRL] = {0x80000008, 0, CPUID_EBX,
				    CPUID_88_EBX_IBRS | CPUID_88_EBX_STIBP | CPUID_88_EBX_SSBD},
	[CPU_FEAT_AUTOIBRS] = {0x80000021, 0, CPUID_EAX, CPUID_821_EAX_AUTOIBRS},
	[CPU_FEAT_ERRPTR] = {0x80000008, 0, CPUID_EBX, CPUID_88_EBX_ERRPTR},
	[CPU_FEAT_TCE] = {0x80000001, 0, CPUID_ECX, CPUID_81_ECX_TCE},
	[CPU_FEAT_FFXSR] = {0x80000001, 0, CPUID_EDX, CPUID_81_EDX_FFXSR},
	[CPU_FEAT_NO_LMSLE] = {0x80000008, 0, CPUID_EBX, CPUID_88_EBX_NO_LMSLE},
	[CPU_FEAT_SPEC_CTRL] = {7, 0, CPUID_EDX, CPUID_7_EDX_SPEC_CTRL},
	[CPU_FEAT_ARCH_CAPS] = {7, 0, CPUID_EDX, CPUID_7_EDX_ARCH_CAPS},
	[CPU_FEAT_L1D_FLUSH] = {7, 0, CPUID_EDX, CPUID_7_EDX_L1D_FLUSH},
	[CPU_FEAT_MD_CLEAR] = {7, 0, CPUID_EDX, CPUID_7_EDX_MD_CLEAR},
	[CPU_FEAT_PKU] = {7, 0, CPUID_ECX, CPUID_7_ECX_PKU},
	[CPU_FEAT_HYPERVISOR] = {1, 0, CPUID_ECX, CPUID_1_ECX_HYPERVISOR},
};

/* MSR_* of the faulting kind: the table sends the #GP to label 2 with rax = -EIO. */
int rdmsr_safe(u32 msr, u64 *val)
{
	long err;
	u64 lo = 0, hi = 0;

	__asm__ volatile("1:\trdmsr\n\t"
			 "movl %%eax, %k1\n\t"
			 "xorl %%eax, %%eax\n"
			 "2:\n" EXTABLE(1b, 2b)
			 : "=&a"(err), "+r"(lo), "+d"(hi)
			 : "c"(msr)
			 : "memory");
	*val = err ? 0 : (lo | (u64)(u32)hi << 32);
	return (int)err;
}

int wrmsr_safe(u32 msr, u64 val)
{
	long err = (long)(u32)val;

	__asm__ volatile("1:\twrmsr\n\t"
			 "xorl %%eax, %%eax\n"
			 "2:\n" EXTABLE(1b, 2b)
			 : "+a"(err)
			 : "c"(msr), "d"((u32)(val >> 32))
			 : "memory");
	return (int)err;
}

static void read_vendor(void)
{
	struct cpuid_regs r = cpuid(0, 0);
	u32 *id = (u32 *)cpu_info.vendor_id;

	cpu_info.max_leaf = r.eax;
	cpu_info.max_ext_leaf = cpuid(0x80000000, 0).eax;
	id[0] = r.ebx;
	id[1] = r.edx;
	id[2] = r.ecx;
	if (r.ebx == 0x756e6547) /* "Genu"ineIntel */
		cpu_info.vendor = CPU_VENDOR_INTEL;
	else if (r.ebx == 0x68747541 || r.ebx == 0x6f677948) /* "Auth"enticAMD, "Hygo"nGenuine */
		cpu_info.vendor = CPU_VENDOR_AMD;
}

static void read_model(void)
{
	u32 eax = cpuid(1, 0).eax;

	cpu_info.stepping = eax & 0xf;
	cpu_info.family = eax >> 8 & 0xf;
	cpu_info.model = eax >> 4 & 0xf;
	if (cpu_info.family == 0xf || cpu_info.family == 6)
		cpu_info.model |= eax >> 12 & 0xf0;
	if (cpu_info.family == 0xf)
		cpu_info.family += eax >> 20 & 0xff;
}

static void read_brand(void)
{
	u32 text[12];
	const char *from = (const char *)text;
	unsigned int n = 0;

	if (cpu_info.max_ext_leaf < 0x80000004) {
		for (; n < 12; n++)
			cpu_info.brand[n] = cpu_info.vendor_id[n];
		return;
	}
	for (u32 i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid(0x80000002 + i, 0);

		text[4 * i] = r.eax;
		text[4 * i + 1] = r.ebx;
		text[4 * i + 2] = r.ecx;
		text[4 * i + 3] = r.edx;
	}
	while (*from == ' ' && from < (const char *)text + 47)
		from++;
	while (from < (const char *)text + 48 && *from)
		cpu_info.brand[n++] = *from++;
}

static void read_features(void)
{
	for (unsigned int i = 0; i < CPU_FEAT_COUNT; i++) {
		const struct feature_bit *f = &feature_bits[i];
		u32 max = f->leaf & 0x80000000 ? cpu_info.max_ext_leaf : cpu_info.max_leaf;
		struct cpuid_regs r;
		u32 out[4];

		if (f->leaf > max)
			continue;
		r = cpuid(f->leaf, f->subleaf);
		out[CPUID_EAX] = r.eax;
		out[CPUID_EBX] = r.ebx;
		out[CPUID_ECX] = r.ecx;
		out[CPUID_EDX] = r.edx;
		if (out[f->output] & f->mask)
			cpu_info.features |= BIT(i);
	}
}

bool cpu_is_bochs(void)
{
	if (cpu_has(CPU_FEAT_HYPERVISOR))
		return false;
	outl(PCI_CONFIG_ADDRESS, PCI_CONFIG_HOST_BRIDGE);
	return inl(PCI_CONFIG_DATA) == PCI_ID_I440FX;
}

const char *cpu_identify(void)
{
	u32 edx = cpuid(1, 0).edx;

	read_vendor();
	read_model();
	read_brand();
	read_features();
	/* XSAVEC of Bochs 2.7 puts AVX's part elsewhere than XRSTOR reads it: a kernel that saves
	 * with it mixes up the registers of its processes. */
	if (cpu_is_bochs())
		cpu_info.features &= ~BIT(CPU_FEAT_XSAVEC);
	cpu_info.phys_bits = 36;
	cpu_info.virt_bits = 48;
	if (cpu_info.max_ext_leaf >= 0x80000008) {
		u32 eax = cpuid(0x80000008, 0).eax;

		cpu_info.phys_bits = eax & 0xff;
		cpu_info.virt_bits = eax >> 8 & 0xff;
	}
	cpu_info.phys_mask = BIT(cpu_info.phys_bits) - 1;
	if (!(edx & CPUID_1_EDX_APIC))
		return "the CPU has no local APIC";
	if (!(edx & CPUID_1_EDX_TSC))
		return "the CPU has no time stamp counter";
	if (!(edx & CPUID_1_EDX_FXSR))
		return "the CPU has no FXSAVE";
	return NULL;
}

void cpu_setup(void)
{
	u64 cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpu_has(CPU_FEAT_PGE))
		cr4 |= CR4_PGE;
	if (cpu_has(CPU_FEAT_MCE))
		cr4 |= CR4_MCE;
	if (cpu_has(CPU_FEAT_SMEP))
		cr4 |= CR4_SMEP;
	if (cpu_has(CPU_FEAT_UMIP))
		cr4 |= CR4_UMIP;
	if (cpu_has(CPU_FEAT_XSAVE))
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	wrmsr(MSR_PAT, PAT_RESET);
}

NORETURN void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

NORETURN void cpu_reset(void)
{
	struct table_register none = {0, 0};

	irq_disable();
	for (unsigned int i = 0; i < 0x10000 && inb(0x64) & 2; i++)
		;
	outb(0x64, 0xfe);
	for (unsigned int i = 0; i < 100000; i++)
		inb(0x80);
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x06);
	for (unsigned int i = 0; i < 100000; i++)
		inb(0x80);
	__asm__ volatile("lidt %0; int3" ::"m"(none));
	cpu_halt_forever();
}
