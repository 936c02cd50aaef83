/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events into the guest, one per entry, by the VM-entry interruption information (SDM "Event
 * Injection"). An interrupt that the guest cannot take yet waits for an interrupt-window exit, an
 * NMI behind MOV SS for an NMI-window exit. CR8 is the TPR of the page that is the guest's local
 * APIC (TPR shadow); a threshold makes a TPR exit when the guest lowers it under a request that
 * waits.
 *
 * An exit may come before the guest took the event: IDT-vectoring information valid (the event was
 * under way and a fault, say one of the EPT, broke it off). Such an event is offered again.
 */
#include "vmx/vmx.h"

#include "arch/x86/cr.h"
#include "arch/x86/dr.h"
#include "arch/x86/trap.h"
#include "hv/vlapic_hw.h"

#define DEBUGCTL_BTF BIT(1)

/* A #DB does not touch DR6 when it is injected; what an interrupted instruction left pending is
 * delivered with it. SDM "Debug Status Register (DR6)". */
static void set_dr6(const struct vcpu_inject *e)
{
	u64 bits = e->error | (vmcs_read(VMCS_PENDING_DB) & DB_QUAL_BITS);

	dr6_write((dr6_read() & ~DR6_HIT) | bits);
}

static u32 exception_event(const struct vcpu_inject *e)
{
	u32 event = EVENT_VALID | EVENT_TYPE_EXC << EVENT_TYPE_SHIFT | e->vector;

	if (e->vector == TRAP_DB)
		set_dr6(e);
	/* Real mode has no error codes; with one the entry would fail. */
	if (e->has_error && vmcs_read(VMCS_GUEST_CR0) & CR0_PE) {
		event |= EVENT_HAS_ERROR;
		vmcs_write(VMCS_ENTRY_ERROR, e->error & 0xffff); /* more bits fail the entry */
	}
	return event;
}

/* The event of this entry; 0: none, or not now. */
static u32 choose_event(struct vcpu *v, struct vmx_vcpu *s)
{
	switch (v->inject.kind) {
	case INJECT_NMI:
		if (s->int_state & (INT_STATE_MOV_SS | INT_STATE_NMI))
			return 0;
		/* Some CPUs refuse it behind STI, where others deliver it. */
		s->int_state &= ~INT_STATE_STI;
		return EVENT_VALID | EVENT_TYPE_NMI << EVENT_TYPE_SHIFT | TRAP_NMI;
	case INJECT_EXC:
		return exception_event(&v->inject);
	case INJECT_NONE:
		break;
	}
	if (v->intr >= 0 && v->rflags & RFLAGS_IF &&
	    !(s->int_state & (INT_STATE_STI | INT_STATE_MOV_SS)))
		return EVENT_VALID | EVENT_TYPE_INTR << EVENT_TYPE_SHIFT | (u32)v->intr;
	return 0;
}

/* SDM "Checks on Guest Non-Register State": in an interrupt shadow a single step must be pending
 * exactly if one is due. */
static void write_int_state(struct vcpu *v, struct vmx_vcpu *s)
{
	if (s->int_state & (INT_STATE_STI | INT_STATE_MOV_SS)) {
		u64 pending = vmcs_read(VMCS_PENDING_DB) & ~PENDING_DB_BS;

		if (v->rflags & RFLAGS_TF && !(vmcs_read(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF))
			pending |= PENDING_DB_BS;
		vmcs_write(VMCS_PENDING_DB, pending);
	}
	if (s->int_state != s->int_state_hw)
		vmcs_write(VMCS_INT_STATE, s->int_state);
	s->int_state_hw = s->int_state;
}

static void write_tpr_threshold(struct vcpu *v, struct vmx_vcpu *s)
{
	u32 threshold = vlapic_tpr_threshold(v);

	if (threshold != s->tpr_threshold)
		vmcs_write(VMCS_TPR_THRESHOLD, threshold);
	s->tpr_threshold = threshold;
}

void vmx_inject_arm(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	u32 event = choose_event(v, s);
	u32 proc = s->proc & ~(PROC_INTR_WINDOW | PROC_NMI_WINDOW);

	if (event != s->entry_event)
		vmcs_write(VMCS_ENTRY_EVENT, event);
	s->entry_event = event;
	if (v->intr >= 0 && (!event || EVENT_TYPE(event) != EVENT_TYPE_INTR))
		proc |= PROC_INTR_WINDOW;
	if (s->iret_exiting || (v->inject.kind == INJECT_NMI && !event))
		proc |= PROC_NMI_WINDOW;
	vmx_set_proc(s, proc, s->proc2);
	write_int_state(v, s);
	write_tpr_threshold(v, s);
	vmx_apic_arm(v);
}

/* Takes the event of the IDT-vectoring information back for the next entry. */
static void offer_again(struct vcpu *v, struct vmx_vcpu *s, u32 info, bool *intr_taken)
{
	switch (EVENT_TYPE(info)) {
	case EVENT_TYPE_INTR:
		/* Only an interrupt of ours can be under way, or one that the CPU delivered. */
		if (v->lapic.hw_on)
			vlapic_hw_return(v, EVENT_VECTOR(info));
		*intr_taken = false;
		break;
	case EVENT_TYPE_NMI:
		v->inject = (struct vcpu_inject){.kind = INJECT_NMI};
		s->int_state &= ~INT_STATE_NMI; /* blocked by its own delivery */
		break;
	case EVENT_TYPE_EXC:
		v->inject = (struct vcpu_inject){
			.kind = INJECT_EXC,
			.vector = EVENT_VECTOR(info),
			.has_error = info & EVENT_HAS_ERROR,
			.error = info & EVENT_HAS_ERROR ? (u32)vmcs_read(VMCS_IDT_ERROR) : 0,
		};
		break;
	default:
		break; /* INT n, INT3, INTO, INT1: the instruction runs again */
	}
}

/* SDM "Information for VM Exits Due to Vectored Events": an IRET that faults has unblocked NMIs
 * already, and runs again. Bochs blocks them at an NMI exit. */
static void correct_nmi_blocking(struct vcpu *v, struct vmx_vcpu *s)
{
	u32 event;

	if (s->reason == REASON_EPT_VIOLATION) {
		if (vmcs_read(VMCS_EXIT_QUAL) & EPT_IRET_UNBLOCKED)
			s->int_state |= INT_STATE_NMI;
		return;
	}
	if (s->reason != REASON_EVENT)
		return;
	event = (u32)vmcs_read(VMCS_EXIT_EVENT);
	if (EVENT_TYPE(event) != EVENT_TYPE_NMI) {
		if (event & EVENT_IRET_UNBLOCKED && EVENT_VECTOR(event) != TRAP_DF)
			s->int_state |= INT_STATE_NMI;
	} else if (vmx_caps.bochs && !v->nmi_blocked) {
		s->int_state &= ~INT_STATE_NMI;
	}
}

void vmx_inject_settle(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	u32 event = s->entry_event, info;
	bool intr_taken = event & EVENT_VALID && EVENT_TYPE(event) == EVENT_TYPE_INTR;

	if (s->reason & REASON_ENTRY_FAILED)
		return; /* nothing was delivered */
	s->entry_event = event & ~EVENT_VALID; /* the exit clears that bit */
	if (event & EVENT_VALID && !intr_taken)
		v->inject.kind = INJECT_NONE;
	info = (u32)vmcs_read(VMCS_IDT_EVENT);
	if (info & EVENT_VALID)
		offer_again(v, s, info, &intr_taken);
	else
		correct_nmi_blocking(v, s);
	if (v->intr >= 0 && intr_taken)
		v->intr = -1;
}
