/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control registers and XCR0. With nested paging a guest's own control registers are its own: MOV
 * exits only where the hardware cannot leave a bit to the guest (VMX: CR0.NE, CR4.VMXE), or for
 * CR3 while dom0 traces a domain's address spaces. XSETBV exits always on VMX, never on SVM.
 */
#include "hv/exit.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/fpu.h"
#include "hv/domain.h"
#include "hv/vcpu.h"

/* Bits above the physical address width are reserved, but for "keep the TLB" with PCIDs (SDM Vol 2
 * "MOV - Move to/from Control Registers"). */
static bool cr3_valid(const struct vcpu_sys *sys, u64 value)
{
	u64 allowed = cpu_info.phys_mask | (sys->cr4 & CR4_PCIDE ? CR3_NOFLUSH : 0);

	return !(value & ~allowed);
}

static void read_cr(struct vcpu *v, const struct vcpu_sys *sys)
{
	u64 value = v->exit.cr.cr == 0 ? sys->cr0 : v->exit.cr.cr == 3 ? sys->cr3 : sys->cr4;

	/* Outside 64-bit mode the operand has 32 bits, and a write to it clears the upper half. */
	v->regs.gpr[v->exit.cr.gpr] = sys->cs_long ? value : (u32)value;
}

enum exit_action exit_cr(struct vcpu *v)
{
	struct vcpu_sys sys;
	u64 value;

	if (!v->exit.insn_len)
		return EXIT_RETRY; /* other bytes were there when the vendor looked: once more */
	vops->read_sys(v, &sys);
	if (!v->exit.cr.write) {
		read_cr(v, &sys);
		return EXIT_RESUME;
	}
	value = v->regs.gpr[v->exit.cr.gpr];
	if (!sys.cs_long)
		value = (u32)value;
	if ((v->exit.cr.cr == 3 && !cr3_valid(&sys, value)) ||
	    !vops->cr_write(v, v->exit.cr.cr, value)) {
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	if (v->exit.cr.cr == 3)
		cr3_trace_add(v, value);
	return EXIT_RESUME;
}

/*
 * SDM Vol 2 "XSETBV": ECX 0 only (XCR0), privilege level 0, no bit the CPU lacks, no combination it
 * forbids; else #GP(0). #UD for a clear CR4.OSXSAVE comes before the exit. A domain is shown all
 * components the machine has, so what the CPU accepts is what CPUID leaf 0Dh says.
 */
enum exit_action exit_xsetbv(struct vcpu *v)
{
	u64 value = (u32)v->regs.rax | v->regs.rdx << 32;
	struct vcpu_sys sys;

	vops->read_sys(v, &sys);
	if (sys.cpl || (u32)v->regs.rcx || !fpu_set_xcr0(value)) {
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	return EXIT_RESUME;
}
