/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events into the guest. NMI and exceptions by EVENTINJ (APM 15.20 "Event Injection"); an external
 * interrupt by V_IRQ (APM 15.21 "Interrupt and Local APIC Support"): the CPU takes it as soon as
 * the guest's IF and interrupt shadow allow, so no window exit is ever needed. V_IGN_TPR: priority
 * was decided by the virtual local APIC.
 *
 * An exit may come before the guest took the event: V_IRQ still set, or EXITINTINFO valid (the
 * event was under way and a fault, say a nested one, broke it off). Such an event is offered again.
 */
#include "svm/svm.h"

#include "arch/x86/cr.h"
#include "arch/x86/trap.h"
#include "hv/guest_mem.h"
#include "hv/vlapic_hw.h"

#define INSN_HLT 0xf4

/*
 * QEMU's VMRUN forgets the interrupt shadow that #VMEXIT stored. Were V_IRQ taken between STI and
 * HLT, the wake-up meant to end that HLT would be gone: finish the HLT first. Hardware honours the
 * field and waits by itself; there this only costs one look in a rare case.
 */
static void step_over_shadowed_hlt(struct vcpu *v, struct vmcb *b)
{
	u8 op;

	if (!(b->int_state & INT_STATE_SHADOW) || !(v->rflags & RFLAGS_IF) ||
	    guest_fetch(v, &op, 1) != 1 || op != INSN_HLT)
		return;
	v->rip++;
	b->int_state = 0;
}

static u64 exception_event(struct vmcb *b, const struct vcpu_inject *e)
{
	u64 event = EVENT_VALID | EVENT_TYPE_EXC << EVENT_TYPE_SHIFT | e->vector;

	/* EVENTINJ does not touch DR6. */
	if (e->vector == TRAP_DB)
		b->dr6 |= e->error;
	/* Real mode has no error codes, and the hardware would push this one. */
	if (e->has_error && (b->cr0 & CR0_PE))
		event |= EVENT_HAS_ERROR | (u64)e->error << EVENT_ERROR_SHIFT;
	return event;
}

/*
 * Bochs decides which events are masked before it is in the guest: a V_IRQ that came with IF set
 * waits until the guest changes IF, perhaps for ever. There such an interrupt goes by EVENTINJ.
 */
static bool inject_at_once(const struct vcpu *v, const struct vmcb *b)
{
	return svm_caps.bochs && v->inject.kind == INJECT_NONE && v->rflags & RFLAGS_IF &&
	       !(b->int_state & INT_STATE_SHADOW);
}

/*
 * From the same cause there: a guest that is entered with IF clear gets no INTR exit until it
 * changes IF itself. SVM has no timer that would end its run, so a spin of it would keep the CPU
 * from all others. A good guest's spin has a PAUSE: that exits then, and what is pending is taken.
 */
static void arm_pause(const struct vcpu *v, struct vmcb *b)
{
	if (svm_vcpu(v)->pause || (svm_caps.bochs && !(v->rflags & RFLAGS_IF)))
		b->intercept1 |= INTERCEPT1_PAUSE;
	else
		b->intercept1 &= ~INTERCEPT1_PAUSE;
}

void svm_inject_arm(struct vcpu *v)
{
	struct vmcb *b = svm_vcpu(v)->vmcb;

	arm_pause(v, b);
	b->eventinj = 0;
	if (v->inject.kind == INJECT_NMI)
		b->eventinj = EVENT_VALID | EVENT_TYPE_NMI << EVENT_TYPE_SHIFT | TRAP_NMI;
	else if (v->inject.kind == INJECT_EXC)
		b->eventinj = exception_event(b, &v->inject);

	b->vintr &= ~(VINTR_V_IRQ | 0xful << VINTR_PRIO_SHIFT | 0xfful << VINTR_VECTOR_SHIFT |
		      VINTR_TPR_MASK);
	b->vintr |= vlapic_get_cr8(v);
	if (v->intr < 0)
		return;
	step_over_shadowed_hlt(v, b);
	if (inject_at_once(v, b)) {
		b->eventinj = EVENT_VALID | EVENT_TYPE_INTR << EVENT_TYPE_SHIFT | (u64)v->intr;
		return;
	}
	b->vintr |= VINTR_V_IRQ | (u64)(v->intr >> 4) << VINTR_PRIO_SHIFT |
		    (u64)v->intr << VINTR_VECTOR_SHIFT;
}

/* Takes the event of EXITINTINFO back for the next entry. */
static void offer_again(struct vcpu *v, u64 info, bool *intr_taken)
{
	switch (EVENT_TYPE(info)) {
	case EVENT_TYPE_INTR:
		/* Only an interrupt of ours can be under way; or of AVIC, which took it already. */
		if (v->lapic.hw_on)
			vlapic_hw_return(v, EVENT_VECTOR(info));
		*intr_taken = false;
		break;
	case EVENT_TYPE_NMI:
		v->inject = (struct vcpu_inject){.kind = INJECT_NMI};
		break;
	case EVENT_TYPE_EXC:
		/* INT3 and INTO run again; #DB has its bits in DR6 already. */
		if (EVENT_VECTOR(info) == TRAP_BP || EVENT_VECTOR(info) == TRAP_OF)
			break;
		v->inject = (struct vcpu_inject){
			.kind = INJECT_EXC,
			.vector = EVENT_VECTOR(info),
			.has_error = info & EVENT_HAS_ERROR,
			.error = info & EVENT_HAS_ERROR ? (u32)(info >> EVENT_ERROR_SHIFT) : 0,
		};
		break;
	default:
		break; /* software interrupt: the instruction runs again */
	}
}

void svm_inject_settle(struct vcpu *v)
{
	struct vmcb *b = svm_vcpu(v)->vmcb;
	bool intr_taken = !(b->vintr & VINTR_V_IRQ) && (u32)b->exitcode != VMEXIT_INVALID;

	/* After VMEXIT_INVALID nothing was delivered; EVENTINJ is cleared by hardware on any
	 * other. */
	if ((u32)b->exitcode != VMEXIT_INVALID)
		v->inject.kind = INJECT_NONE;
	if (b->exitintinfo & EVENT_VALID)
		offer_again(v, b->exitintinfo, &intr_taken);
	if (v->intr >= 0 && intr_taken)
		v->intr = -1;
	b->vintr &= ~VINTR_V_IRQ;
	if (!v->lapic.hw_on) /* AVIC keeps it in the page */
		vlapic_set_cr8(v, b->vintr & 0xf);
}
