/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID policy: one table of what a domain sees of the machine's leaves, and the leaves a
 * hypervisor adds. SDM "CPUID", APM volume 3 Appendix E.
 *
 * A register the table does not name passes unchanged to dom0 and reads 0 in a guest. Masks of dom0
 * take away only what Minibus keeps for itself or emulates differently.
 */
#include "hv/exit.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/tsc.h"
#include "hv/abi/cpuid.h"
#include "hv/abi/tunnel.h"
#include "hv/domain.h"
#include "hv/vcpu.h"

#define EAX CPUID_EAX
#define EBX CPUID_EBX
#define ECX CPUID_ECX
#define EDX CPUID_EDX

#define ALL 0xffffffffu
#define ANY_SUBLEAF 0xffffffffu

struct rule {
	u32 leaf;
	u32 subleaf;
	u8 reg;
	u32 dom0;  /* bits dom0 sees of the machine's */
	u32 guest; /* bits a guest sees of the machine's */
};

/* Leaf 1: no MONITOR, VMX, SMX, performance counters, debug store, thermal control for guests. */
#define L1_ECX_HIDE (CPUID_1_ECX_MONITOR | CPUID_1_ECX_VMX | CPUID_1_ECX_SMX | CPUID_1_ECX_OSXSAVE)
#define L1_ECX_GUEST 0x76fa3203u
#define L1_EDX_GUEST 0x078bfbffu
/* Leaf 7: no TSC_ADJUST (one TSC, the hypervisor's), no SGX, MPX, RDT, PT, shadow stacks. */
#define L7_EBX_HIDE (CPUID_7_EBX_TSC_ADJUST | CPUID_7_EBX_PT)
#define L7_EBX_GUEST 0xf1bf07a9u
#define L7_ECX_HIDE (CPUID_7_ECX_OSPKE | CPUID_7_ECX_SHSTK | CPUID_7_ECX_PKS)
#define L7_ECX_GUEST 0x00415f5eu
#define L7_EDX_HIDE (CPUID_7_EDX_IBT | CPUID_7_EDX_UINTR)
#define L7_EDX_GUEST 0x00000010u
/*
 * 80000001: no SVM, SKINIT; no MONITORX, as there is no MONITOR (one intercept serves both); no IBS
 * and no extended APIC space, whose interrupts are not handed on. Guests moreover: no OSVW,
 * watchdog, LWP, topology and counter extensions.
 */
#define L81_ECX_HIDE                                                                        \
	(CPUID_81_ECX_SVM | CPUID_81_ECX_EXTAPIC | CPUID_81_ECX_IBS | CPUID_81_ECX_SKINIT | \
	 CPUID_81_ECX_MONITORX)
#define L81_ECX_GUEST 0x002101f3u
/* 80000008: what needs a bit of the control block or of EFER that no domain is given. */
#define L88_EBX_HIDE (CPUID_88_EBX_INVLPGB | CPUID_88_EBX_MCOMMIT)

static const struct rule rules[] = {
	{0x00000000, ANY_SUBLEAF, EBX, ALL, ALL},
	{0x00000000, ANY_SUBLEAF, ECX, ALL, ALL},
	{0x00000000, ANY_SUBLEAF, EDX, ALL, ALL},
	{0x00000001, ANY_SUBLEAF, EAX, ALL, ALL},
	{0x00000001, ANY_SUBLEAF, EBX, ALL, 0x0000ff00},
	{0x00000001, ANY_SUBLEAF, ECX, ~L1_ECX_HIDE, L1_ECX_GUEST & ~L1_ECX_HIDE},
	{0x00000001, ANY_SUBLEAF, EDX, ALL, L1_EDX_GUEST},
	{0x00000002, ANY_SUBLEAF, EAX, ALL, ALL},
	{0x00000002, ANY_SUBLEAF, EBX, ALL, ALL},
	{0x00000002, ANY_SUBLEAF, ECX, ALL, ALL},
	{0x00000002, ANY_SUBLEAF, EDX, ALL, ALL},
	{0x00000005, ANY_SUBLEAF, EAX, 0, 0}, /* MONITOR */
	{0x00000005, ANY_SUBLEAF, EBX, 0, 0},
	{0x00000005, ANY_SUBLEAF, ECX, 0, 0},
	{0x00000005, ANY_SUBLEAF, EDX, 0, 0},
	{0x00000006, ANY_SUBLEAF, EAX, ALL, CPUID_6_EAX_ARAT},
	{0x00000007, 0, EAX, ALL, 0},
	{0x00000007, 0, EBX, ~L7_EBX_HIDE, L7_EBX_GUEST & ~L7_EBX_HIDE},
	{0x00000007, 0, ECX, ~L7_ECX_HIDE, L7_ECX_GUEST & ~L7_ECX_HIDE},
	{0x00000007, 0, EDX, ~L7_EDX_HIDE, L7_EDX_GUEST},
	{0x00000007, 1, EAX, ~(CPUID_71_EAX_FRED | CPUID_71_EAX_MSRLIST), 0},
	{0x0000000d, 0, EAX, ALL, ALL},
	{0x0000000d, 0, EBX, ALL, ALL},
	{0x0000000d, 0, ECX, ALL, ALL},
	{0x0000000d, 0, EDX, ALL, ALL},
	/* No XSAVES: supervisor state would need IA32_XSS switched. */
	{0x0000000d, 1, EAX, ~CPUID_D1_EAX_XSAVES, 0x7},
	{0x0000000d, 1, EBX, ALL, ALL}, /* size of the compacted format: XSAVEC has it too */
	{0x0000000d, 1, ECX, 0, 0},
	{0x80000000, ANY_SUBLEAF, EBX, ALL, ALL},
	{0x80000000, ANY_SUBLEAF, ECX, ALL, ALL},
	{0x80000000, ANY_SUBLEAF, EDX, ALL, ALL},
	{0x80000001, ANY_SUBLEAF, EAX, ALL, ALL},
	{0x80000001, ANY_SUBLEAF, ECX, ~L81_ECX_HIDE, L81_ECX_GUEST},
	{0x80000001, ANY_SUBLEAF, EDX, ALL, ALL},
	{0x80000006, ANY_SUBLEAF, EAX, ALL, ALL},
	{0x80000006, ANY_SUBLEAF, EBX, ALL, ALL},
	{0x80000006, ANY_SUBLEAF, ECX, ALL, ALL},
	{0x80000006, ANY_SUBLEAF, EDX, ALL, ALL},
	{0x80000007, ANY_SUBLEAF, EDX, ALL, CPUID_87_EDX_INVARIANT_TSC},
	{0x80000008, ANY_SUBLEAF, EAX, ALL, ALL},
	/* Guests: CLZERO, error-pointer restore. */
	{0x80000008, ANY_SUBLEAF, EBX, ~L88_EBX_HIDE, 0x00000005},
	{0x8000000a, ANY_SUBLEAF, EAX, 0, 0}, /* SVM */
	{0x8000000a, ANY_SUBLEAF, EBX, 0, 0},
	{0x8000000a, ANY_SUBLEAF, ECX, 0, 0},
	{0x8000000a, ANY_SUBLEAF, EDX, 0, 0},
	{0x8000001f, ANY_SUBLEAF, EAX, 0, 0}, /* memory encryption: works on host entries only */
	{0x8000001f, ANY_SUBLEAF, EBX, 0, 0},
	{0x8000001f, ANY_SUBLEAF, ECX, 0, 0},
	{0x8000001f, ANY_SUBLEAF, EDX, 0, 0},
};

/* Highest leaves a guest is told of. */
#define GUEST_MAX_LEAF 0x0du
#define GUEST_MAX_EXT 0x80000008u
#define KVM_BASE 0x40000000u
#define KVM_FEATURES 0x40000001u

/* KVM_FEATURE_*: CLOCKSOURCE, NOP_IO_DELAY, CLOCKSOURCE2, PV_EOI, CLOCKSOURCE_STABLE. */
#define KVM_FEATURE_BITS (1u << 0 | 1u << 1 | 1u << 3 | 1u << 6 | 1u << 24)

static u32 *reg_of(struct cpuid_regs *r, u8 reg)
{
	switch (reg) {
	case EAX:
		return &r->eax;
	case EBX:
		return &r->ebx;
	case ECX:
		return &r->ecx;
	default:
		return &r->edx;
	}
}

static void apply_rules(const struct domain *d, u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	struct cpuid_regs in = *r;

	if (!d->privileged)
		*r = (struct cpuid_regs){0};
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *p = &rules[i];

		if (p->leaf != leaf || (p->subleaf != ANY_SUBLEAF && p->subleaf != subleaf))
			continue;
		*reg_of(r, p->reg) =
			*reg_of(&in, p->reg) & (d->privileged ? p->dom0 : p->guest);
	}
	for (u32 i = 0; i < vcaps.hidden_count; i++)
		if (vcaps.hidden[i].leaf == leaf && (leaf >= 0x80000000 || !subleaf))
			*reg_of(r, (u8)vcaps.hidden[i].reg) &= ~vcaps.hidden[i].mask;
	/* Components of the extended state: sizes and offsets, for every subleaf from 2. */
	if (leaf == 0xd && subleaf >= 2)
		*r = in;
}

/* Bits that follow the domain's own state, not the machine's. */
static void apply_state(struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	const struct domain *d = v->dom;
	struct vcpu_sys sys;

	switch (leaf) {
	case 0x0:
		if (!d->privileged)
			r->eax = MIN(cpu_info.max_leaf, GUEST_MAX_LEAF);
		break;
	case 0x1:
		vops->read_sys(v, &sys);
		if (sys.cr4 & CR4_OSXSAVE)
			r->ecx |= CPUID_1_ECX_OSXSAVE;
		r->ecx |= CPUID_1_ECX_HYPERVISOR | CPUID_1_ECX_X2APIC | CPUID_1_ECX_TSC_DEADLINE;
		r->ebx = (r->ebx & 0x00ffffff) | v->lapic.id << 24;
		if (!d->privileged && d->nr_vcpus > 1) {
			r->edx |= CPUID_1_EDX_HTT;
			r->ebx |= MIN(d->nr_vcpus, 255u) << 16;
		}
		break;
	case 0x7:
		vops->read_sys(v, &sys);
		if (subleaf == 0 && (r->ecx & CPUID_7_ECX_PKU) && (sys.cr4 & CR4_PKE))
			r->ecx |= CPUID_7_ECX_OSPKE;
		break;
	case 0xd:
		if (subleaf == 1 && !cpu_has(CPU_FEAT_XSAVEC))
			r->eax &= ~CPUID_D1_EAX_XSAVEC;
		break;
	case 0x80000000:
		if (!d->privileged)
			r->eax = MIN(cpu_info.max_ext_leaf, GUEST_MAX_EXT);
		break;
	case 0x80000008:
		if (!d->privileged)
			r->ecx = d->nr_vcpus - 1;
		break;
	}
}

static struct cpuid_regs hypervisor_leaf(const struct vcpu *v, u32 leaf)
{
	const struct domain *d = v->dom;

	switch (leaf) {
	case KVM_BASE: /* "KVMKVMKVM\0\0\0" */
		return (struct cpuid_regs){KVM_FEATURES, 0x4b4d564b, 0x564b4d56, 0x4d};
	case KVM_FEATURES:
		return (struct cpuid_regs){.eax = KVM_FEATURE_BITS};
	case MB_CPUID_BASE:
		return (struct cpuid_regs){MB_CPUID_MAX, MB_CPUID_SIG_EBX, MB_CPUID_SIG_ECX,
					   MB_CPUID_SIG_EDX};
	case MB_CPUID_VERSION:
		return (struct cpuid_regs){
			MB_ABI_VERSION,
			MB_FEATURE_TUNNEL | (d->privileged ? MB_FEATURE_PRIVILEGED : 0) |
				(vops == &svm_ops ? 0 : MB_FEATURE_VMCALL),
			d->id, v->id};
	case MB_CPUID_TUNNEL:
		return (struct cpuid_regs){d->tunnel.nr_ports, MB_EVQ_PRIOS,
					   sizeof(struct mb_call_slot), d->nr_vcpus};
	default:
		return (struct cpuid_regs){0};
	}
}

/* A leaf beyond the highest one answers as the highest basic leaf on Intel; as zeros on AMD. */
static bool beyond(const struct domain *d, u32 leaf)
{
	if (leaf >= 0x80000000)
		return leaf > (d->privileged ? cpu_info.max_ext_leaf : GUEST_MAX_EXT);
	return leaf > (d->privileged ? cpu_info.max_leaf : GUEST_MAX_LEAF);
}

enum exit_action exit_cpuid(struct vcpu *v)
{
	u32 leaf = (u32)v->regs.rax, subleaf = (u32)v->regs.rcx;
	struct cpuid_regs r = {0};

	if (leaf >= KVM_BASE && leaf < 0x50000000) {
		r = hypervisor_leaf(v, leaf);
	} else if (!beyond(v->dom, leaf)) {
		r = cpuid(leaf, subleaf);
		apply_rules(v->dom, leaf, subleaf, &r);
		apply_state(v, leaf, subleaf, &r);
	}
	if (!v->dom->privileged && leaf >= 0x80000002 && leaf <= 0x80000004)
		r = cpuid(leaf, 0); /* brand string */
	v->regs.rax = r.eax;
	v->regs.rbx = r.ebx;
	v->regs.rcx = r.ecx;
	v->regs.rdx = r.edx;
	return EXIT_RESUME;
}
