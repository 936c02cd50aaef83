/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translate VM exits into struct vmexit. Nothing is handled here. SDM "VMX Basic Exit Reasons",
 * "Exit Qualification for ...", "Information for VM Exits Due to Instruction Execution".
 */
#include "vmx/vmx.h"

#include "arch/x86/trap.h"

#define PRIVILEGED_SOFT_EXC 5u /* type of INT1 */

enum map_flags {
	KNOWN = 1,
	INSN = 2, /* an instruction with a length */
	QUAL = 4, /* the qualification says something */
};

struct code_map {
	u8 code; /* enum mb_exit */
	u8 flags;
};

static const struct code_map code_map[] = {
	[REASON_EVENT] = {MB_EXIT_EXCEPTION, KNOWN | QUAL},
	[REASON_INTR] = {MB_EXIT_INTR, KNOWN},
	[REASON_TRIPLE_FAULT] = {MB_EXIT_SHUTDOWN, KNOWN},
	[REASON_INIT] = {MB_EXIT_INIT, KNOWN},
	[REASON_INTR_WINDOW] = {MB_EXIT_WINDOW, KNOWN},
	[REASON_NMI_WINDOW] = {MB_EXIT_WINDOW, KNOWN},
	[REASON_CPUID] = {MB_EXIT_CPUID, KNOWN | INSN},
	[REASON_GETSEC] = {MB_EXIT_VMINSN, KNOWN},
	[REASON_HLT] = {MB_EXIT_HLT, KNOWN | INSN},
	[REASON_INVD] = {MB_EXIT_INVD, KNOWN | INSN},
	[REASON_RDPMC] = {MB_EXIT_VMINSN, KNOWN}, /* no counters for guests */
	[REASON_RDTSC] = {MB_EXIT_RDTSC, KNOWN | INSN},
	[REASON_VMCALL] = {MB_EXIT_HYPERCALL, KNOWN | INSN},
	[REASON_VMCLEAR ... REASON_VMXON] = {MB_EXIT_VMINSN, KNOWN},
	[REASON_CR] = {MB_EXIT_CR, KNOWN | INSN | QUAL},
	[REASON_IO] = {MB_EXIT_IO, KNOWN | INSN | QUAL},
	[REASON_RDMSR] = {MB_EXIT_RDMSR, KNOWN | INSN},
	[REASON_WRMSR] = {MB_EXIT_WRMSR, KNOWN | INSN},
	[REASON_MWAIT] = {MB_EXIT_MONITOR, KNOWN},
	[REASON_MONITOR] = {MB_EXIT_MONITOR, KNOWN},
	[REASON_PAUSE] = {MB_EXIT_PAUSE, KNOWN | INSN},
	[REASON_TPR] = {MB_EXIT_WINDOW, KNOWN},
	[REASON_EOI] = {MB_EXIT_APIC, KNOWN | QUAL},
	[REASON_EPT_VIOLATION] = {MB_EXIT_NPF, KNOWN | QUAL},
	[REASON_INVEPT] = {MB_EXIT_VMINSN, KNOWN},
	[REASON_RDTSCP] = {MB_EXIT_RDTSC, KNOWN | INSN},
	[REASON_TIMER] = {MB_EXIT_PREEMPT, KNOWN},
	[REASON_INVVPID] = {MB_EXIT_VMINSN, KNOWN},
	[REASON_WBINVD] = {MB_EXIT_INVD, KNOWN | INSN},
	[REASON_XSETBV] = {MB_EXIT_XSETBV, KNOWN | INSN},
};

static void decode_event(struct vcpu *v, struct vmexit *e)
{
	u32 event = (u32)vmcs_read(VMCS_EXIT_EVENT);

	if (EVENT_TYPE(event) == EVENT_TYPE_NMI) {
		e->code = MB_EXIT_NMI;
		return;
	}
	e->exc.vector = EVENT_VECTOR(event);
	e->exc.has_error = event & EVENT_HAS_ERROR;
	e->exc.error = e->exc.has_error ? (u32)vmcs_read(VMCS_EXIT_ERROR) : 0;
	if (e->exc.vector != TRAP_DB)
		return;
	e->exc.error = (u32)(e->hw_info1 & DB_QUAL_BITS);
	/* INT1 is a trap that the exit stops before its end; injected again it is a plain #DB. */
	if (EVENT_TYPE(event) == PRIVILEGED_SOFT_EXC)
		v->rip += vmcs_read(VMCS_EXIT_INSN_LEN);
}

static void decode_cr(struct vmexit *e)
{
	u64 q = e->hw_info1;

	e->cr.cr = CR_NUMBER(q);
	e->cr.gpr = CR_GPR(q);
	e->cr.write = CR_ACCESS(q) == 0;
	if (CR_ACCESS(q) > 1) { /* CLTS, LMSW: none of their bits is ours */
		e->code = MB_EXIT_OTHER;
		e->what = "CLTS or LMSW";
	}
}

static void decode_io(struct vmexit *e)
{
	u64 q = e->hw_info1;

	e->io.port = IO_PORT(q);
	e->io.size = IO_SIZE(q);
	e->io.in = q & IO_IN;
	e->io.string = q & IO_STRING;
	e->io.rep = q & IO_REP;
}

static void decode_npf(struct vmexit *e)
{
	u64 q = e->hw_info1;

	e->hw_info2 = vmcs_read(VMCS_GUEST_PA);
	e->npf.gpa = GPA(e->hw_info2);
	e->npf.write = q & EPT_WRITE;
	e->npf.exec = q & EPT_EXEC;
	e->npf.walk = !(q & EPT_NOT_WALK);
}

static void decode_failed_entry(struct vmexit *e, u32 reason)
{
	e->code = MB_EXIT_INVALID;
	e->hw_code = reason;
	if (reason == REASON_INSN_FAILED) {
		e->hw_info1 = vmcs_read(VMCS_INSN_ERROR);
		e->what = vmcs_error_name((u32)e->hw_info1);
		return;
	}
	e->hw_info1 = vmcs_read(VMCS_EXIT_QUAL);
	if (REASON_NUMBER(reason) == REASON_BAD_MACHINE)
		e->what = "machine check at VM entry";
}

static void decode_other(struct vmexit *e, u32 reason)
{
	e->code = MB_EXIT_OTHER;
	e->hw_info1 = vmcs_read(VMCS_EXIT_QUAL);
	if (reason == REASON_TASK_SWITCH) {
		e->what = "hardware task switch, not emulated under VMX";
	} else if (reason == REASON_EPT_MISCONFIG) {
		e->hw_info2 = vmcs_read(VMCS_GUEST_PA);
		e->what = "misconfigured EPT entry";
	}
}

void vmx_decode_exit(struct vcpu *v)
{
	u32 reason = vmx_vcpu(v)->reason;
	struct vmexit *e = &v->exit;
	const struct code_map *m;

	e->hw_code = REASON_NUMBER(reason);
	e->hw_info1 = 0;
	e->hw_info2 = 0;
	e->insn_len = 0;
	e->fetched = 0;
	e->what = NULL;
	if (reason & REASON_ENTRY_FAILED) {
		decode_failed_entry(e, reason);
		return;
	}
	if (reason >= ARRAY_SIZE(code_map) || !code_map[reason].flags) {
		decode_other(e, reason);
		return;
	}
	m = &code_map[reason];
	e->code = m->code;
	if (m->flags & INSN)
		e->insn_len = (u8)vmcs_read(VMCS_EXIT_INSN_LEN);
	if (m->flags & QUAL)
		e->hw_info1 = vmcs_read(VMCS_EXIT_QUAL);
	switch (e->code) {
	case MB_EXIT_EXCEPTION:
		decode_event(v, e);
		break;
	case MB_EXIT_WINDOW:
		/* For an NMI that waits behind MOV SS it is not the end of a handler. */
		e->window.nmi = reason == REASON_NMI_WINDOW && v->inject.kind != INJECT_NMI;
		break;
	case MB_EXIT_CR:
		decode_cr(e);
		break;
	case MB_EXIT_IO:
		decode_io(e);
		break;
	case MB_EXIT_APIC:
		e->apic.vector = (u8)e->hw_info1;
		e->apic.sent = false;
		break;
	case MB_EXIT_NPF:
		decode_npf(e);
		break;
	case MB_EXIT_RDTSC:
		e->rdtsc.aux = reason == REASON_RDTSCP;
		break;
	default:
		break;
	}
}
