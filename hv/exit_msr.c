/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSR policy: one table says which MSRs a domain reaches without an exit; the handlers below answer
 * for the rest. An MSR that nobody answers for gives #GP, as on a CPU that lacks it.
 *
 * dom0 owns the machine's MSRs but those that would touch the hypervisor: virtualisation, the local
 * APIC and its timer, EFER, the time-stamp counter. A guest reaches only what belongs to its own
 * instruction set and is switched with it.
 */
#include "hv/exit.h"
#include "hv/exit_msr.h"

#include "arch/x86/msr.h"
#include "arch/x86/tsc.h"
#include "hv/domain.h"
#include "hv/guest_tsc.h"
#include "hv/printk.h"
#include "hv/pvclock.h"
#include "hv/vcpu.h"

/* dom0: everything passes but these (both directions unless said). */
static const u32 dom0_intercepted[] = {
	MSR_APIC_BASE, MSR_TSC_DEADLINE, MSR_TSC_ADJUST, MSR_XSS, MSR_EFER,
	MSR_VM_CR, MSR_VM_HSAVE_PA, MSR_TSC_RATIO, MSR_DEBUGCTL,
	MSR_KVM_WALL_CLOCK, MSR_KVM_SYSTEM_TIME, MSR_FEATURE_CONTROL,
};

/* Guests: only these pass; VMLOAD/VMSAVE or a vCPU switch carries them. */
static const u32 guest_passed[] = {
	MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR, MSR_LSTAR, MSR_CSTAR,
	MSR_SYSCALL_MASK, MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
};

#define DOM0_MSR_RANGE 0x2000u
#define MTRR_DEF_TYPE_BITS 0xcfful /* enable, fixed enable, type */

static void setup_dom0(struct domain *d)
{
	static const u32 base[] = {0, 0xc0000000, 0xc0010000};

	for (size_t i = 0; i < ARRAY_SIZE(base); i++)
		for (u32 n = 0; n < DOM0_MSR_RANGE; n++)
			vops->msr_intercept(d, base[i] + n, false, false);
	for (size_t i = 0; i < ARRAY_SIZE(dom0_intercepted); i++)
		vops->msr_intercept(d, dom0_intercepted[i], true, true);
	for (u32 msr = MSR_X2APIC_FIRST; msr <= MSR_X2APIC_LAST; msr++)
		vops->msr_intercept(d, msr, true, true);
	for (u32 msr = MSR_VMX_FIRST; msr <= MSR_VMX_LAST; msr++)
		vops->msr_intercept(d, msr, true, true);
	vops->msr_intercept(d, MSR_TSC, false, true);
}

void exit_msr_setup(struct domain *d)
{
	if (d->privileged) {
		setup_dom0(d);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(guest_passed); i++)
		vops->msr_intercept(d, guest_passed[i], false, false);
	vops->msr_intercept(d, MSR_TSC, guest_tsc_exits(d), true);
}

/* Registers every x86 OS reads, with the plainest value that is true of a virtual CPU. */
static bool read_fixed(u32 msr, u64 *value)
{
	switch (msr) {
	case MSR_PLATFORM_ID:
	case MSR_UCODE_REV:
	case MSR_MCG_CAP: /* no banks */
	case MSR_MCG_STATUS:
	case MSR_MTRRCAP: /* no variable or fixed ranges */
	case MSR_MISC_ENABLE:
	case MSR_AMD_HWCR:
	case MSR_AMD_SYSCFG:
		*value = 0;
		return true;
	default:
		return false;
	}
}

/* Writes that may be ignored because they only switch off what is not there. */
static bool write_fixed(u32 msr)
{
	switch (msr) {
	case MSR_UCODE_REV:
	case MSR_MCG_STATUS:
	case MSR_MISC_ENABLE:
	case MSR_AMD_HWCR:
		return true;
	default:
		return false;
	}
}

/* Kept for reading back only: guest memory is write back whatever a guest says. */
static bool write_mtrr_def_type(struct vcpu *v, u64 value)
{
	u8 type = (u8)value;

	if (value & ~MTRR_DEF_TYPE_BITS || type > 6 || type == 2 || type == 3)
		return false;
	v->mtrr_def_type = value;
	return true;
}

static bool read_msr(struct vcpu *v, u32 msr, u64 *value)
{
	if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
		return vlapic_is_x2apic(v) &&
		       vlapic_read(v, msr - MSR_X2APIC_FIRST, true, value);
	switch (msr) {
	case MSR_APIC_BASE:
		*value = v->lapic.base;
		return true;
	case MSR_TSC_DEADLINE:
		*value = v->lapic.tsc_deadline;
		return true;
	case MSR_TSC:
		*value = guest_tsc_at(v, tsc_now());
		return true;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW:
		*value = v->pvclock_msr;
		return true;
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW:
		*value = 0;
		return true;
	case MSR_KVM_PV_EOI_EN:
		*value = v->lapic.pv_eoi_msr;
		return true;
	case MSR_MTRR_DEF_TYPE:
		*value = v->mtrr_def_type;
		return true;
	default:
		return vops->msr_read(v, msr, value) ||
		       (!v->dom->privileged && read_fixed(msr, value));
	}
}

static bool write_msr(struct vcpu *v, u32 msr, u64 value)
{
	if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
		return vlapic_is_x2apic(v) &&
		       vlapic_write(v, msr - MSR_X2APIC_FIRST, true, value);
	switch (msr) {
	case MSR_APIC_BASE:
		return vlapic_set_base(v, value);
	case MSR_TSC_DEADLINE:
		return vlapic_set_tsc_deadline(v, value);
	case MSR_TSC:
		/* One TSC for all: Linux writes it only to repair skew, which there is none of. */
		printk_limited(LOG_DEBUG, "d%uv%u: write of the TSC ignored\n", v->dom->id, v->id);
		return true;
	case MSR_KVM_SYSTEM_TIME:
	case MSR_KVM_SYSTEM_TIME_NEW:
		return pvclock_set_system(v, value);
	case MSR_KVM_WALL_CLOCK:
	case MSR_KVM_WALL_CLOCK_NEW:
		return pvclock_set_wall(v, value);
	case MSR_KVM_PV_EOI_EN:
		return vlapic_set_pv_eoi(v, value);
	case MSR_MTRR_DEF_TYPE:
		return write_mtrr_def_type(v, value);
	default:
		return vops->msr_write(v, msr, value) ||
		       (!v->dom->privileged && write_fixed(msr));
	}
}

enum exit_action exit_rdmsr(struct vcpu *v)
{
	u32 msr = (u32)v->regs.rcx;
	u64 value;

	if (!read_msr(v, msr, &value)) {
		printk_limited(LOG_DEBUG, "d%uv%u: read of MSR %x at %lx: #GP\n", v->dom->id,
			       v->id, msr, v->rip);
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	v->regs.rax = (u32)value;
	v->regs.rdx = value >> 32;
	return EXIT_RESUME;
}

enum exit_action exit_wrmsr(struct vcpu *v)
{
	u32 msr = (u32)v->regs.rcx;
	u64 value = (u32)v->regs.rax | v->regs.rdx << 32;

	if (!write_msr(v, msr, value)) {
		printk_limited(LOG_DEBUG, "d%uv%u: write of MSR %x = %lx at %lx: #GP\n",
			       v->dom->id, v->id, msr, value, v->rip);
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	return EXIT_RESUME;
}
