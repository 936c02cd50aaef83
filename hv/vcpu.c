/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's life, the requests others make of it, and which event it gets at the next entry.
 */
#include "hv/vcpu.h"

#include "arch/x86/apic.h"
#include "arch/x86/atomic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/dr.h"
#include "arch/x86/fpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/trap.h"
#include "arch/x86/tsc.h"
#include "hv/domain.h"
#include "hv/guest_tsc.h"
#include "hv/irq.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/pvclock.h"
#include "hv/vlapic_hw.h"


static u32 apic_id_of(const struct domain *d, u32 id, u32 cpu)
{
	/* dom0 programs devices with hardware APIC ids, so its vCPUs carry those of their CPUs. */
	return d->privileged ? percpu(cpu)->arch.apic_id : id;
}

struct vcpu *vcpu_create(struct domain *d, u32 id, u32 cpu)
{
	struct vcpu *v = page_alloc_bytes(sizeof(*v));
	struct vcpu_start start = {.mode = VCPU_INIT};

	if (!v)
		return NULL;
	v->dom = d;
	v->id = id;
	v->cpu = cpu;
	v->intr = -1;
	v->armed = -1;
	v->wait_sipi = true;
	v->shares_cpu = true;
	v->mtrr_def_type = 0x806; /* enabled, write back: as firmware would have left it */
	list_init(&v->run_link);
	if (!d->privileged)
		/* Starts at 0, equal on all vCPUs. */
		v->tsc_offset = 0 - guest_tsc_scale(d, d->wallclock_tsc);
	v->fpu = page_alloc_bytes(fpu_area_size());
	if (!v->fpu || !vlapic_init(v, apic_id_of(d, id, cpu)) || vops->vcpu_create(v)) {
		vcpu_destroy(v);
		return NULL;
	}
	fpu_area_init(v->fpu);
	v->xcr0 = XCR0_X87;
	vops->vcpu_reset(v, &start);
	if (d->flags & MB_DOM_CR3_TRACE)
		vops->set_exiting(v, EXITING_CR3, true);
	return v;
}

void vcpu_destroy(struct vcpu *v)
{
	vops->vcpu_destroy(v);
	vlapic_destroy(v);
	if (v->fpu)
		page_free_bytes(v->fpu, fpu_area_size());
	page_free_bytes(v, sizeof(*v));
}

/* SDM "Interrupt and Exception Behavior": contributory exceptions and page faults combine. */
static bool is_contributory(u8 vector)
{
	return vector == TRAP_DE || (vector >= TRAP_TS && vector <= TRAP_GP);
}

void vcpu_inject_exception(struct vcpu *v, u8 vector, bool has_error, u32 error)
{
	if (v->exception.kind == INJECT_EXC) {
		u8 first = v->exception.vector;

		if (first == TRAP_DF) {
			domain_shutdown(v->dom, MB_REASON_TRIPLE_FAULT);
			return;
		}
		if ((is_contributory(first) || first == TRAP_PF) &&
		    (is_contributory(vector) || (first == TRAP_PF && vector == TRAP_PF))) {
			vector = TRAP_DF;
			has_error = true;
			error = 0;
		}
	}
	v->exception = (struct vcpu_inject){INJECT_EXC, vector, has_error, error};
}

void vcpu_inject_step(struct vcpu *v)
{
	vcpu_inject_exception(v, TRAP_DB, false, DR6_BS);
	v->halted = false; /* the trap ends a HLT */
}

void vcpu_kick(struct vcpu *v)
{
	struct percpu *pc = percpu(v->cpu);

	WRITE_ONCE(pc->pub.resched, 1);
	/* Full fence, pairs with run_guest() and idle(): either that CPU sees resched and the
	 * request, or we see that it is outside. */
	atomic_fetch_or(&v->pub.requests, VCPU_REQ_EVENT);
	if (pc != this_cpu() && READ_ONCE(pc->pub.outside)) {
		vcpu_count(v, KICK);
		irq_kick_cpu(v->cpu);
	}
}

void vcpu_request(struct vcpu *v, u32 requests)
{
	atomic_fetch_or(&v->pub.requests, requests);
	vcpu_kick(v);
}

static void take_init(struct vcpu *v)
{
	struct vcpu_start start = {.mode = VCPU_INIT};

	vlapic_reset(v);
	vops->vcpu_reset(v, &start);
	vops->set_exiting(v, EXITING_CPUID, true);
	vops->set_exiting(v, EXITING_IRET, false);
	v->regs = (struct guest_regs){0};
	v->regs.rdx = cpuid(1, 0).eax;
	v->inject.kind = INJECT_NONE;
	v->exception.kind = INJECT_NONE;
	v->halted = false;
	v->blocked = false;
	v->nmi_pending = false;
	v->nmi_blocked = false;
	v->call_state = 0;
	v->wait_sipi = true;
}

static void take_sipi(struct vcpu *v)
{
	struct vcpu_start start = {.mode = VCPU_SIPI, .sipi_vector = READ_ONCE(v->sipi_vector)};

	if (!v->wait_sipi)
		return; /* Linux sends two; the second finds the vCPU running */
	vops->vcpu_reset(v, &start);
	v->wait_sipi = false;
}

void vcpu_take_requests(struct vcpu *v)
{
	u32 r;

	if (!READ_ONCE(v->pub.requests))
		return;
	r = atomic_exchange(&v->pub.requests, 0);
	if (r & VCPU_REQ_INIT)
		take_init(v);
	if (r & VCPU_REQ_SIPI)
		take_sipi(v);
	if (r & VCPU_REQ_NMI)
		v->nmi_pending = !v->wait_sipi;
	if (r & VCPU_REQ_CALL_DONE)
		v->blocked = false;
}

u64 vcpu_timers(struct vcpu *v, u64 now)
{
	u64 next = vlapic_timer(v, now);

	return v->blocked ? MIN(next, v->call_deadline) : next;
}

bool vcpu_has_work(struct vcpu *v)
{
	u32 requests = READ_ONCE(v->pub.requests);

	if (!READ_ONCE(v->pub.runnable))
		return false;
	if (requests & ~VCPU_REQ_EVENT)
		return true;
	if (v->wait_sipi)
		return false;
	if (!v->halted && !v->blocked)
		return true;
	if (v->nmi_pending && !v->nmi_blocked)
		return true;
	if ((v->rflags & RFLAGS_IF) && vlapic_pending(v) >= 0)
		return true;
	return v->blocked && tsc_now() >= v->call_deadline;
}

static void arm_nmi_or_exception(struct vcpu *v)
{
	if (v->inject.kind != INJECT_NONE)
		return; /* broken off at the last entry: once more */
	if (v->exception.kind == INJECT_EXC) {
		v->inject = v->exception;
		v->exception.kind = INJECT_NONE;
		vcpu_count(v, INJECT_EXC);
		if (v->nmi_pending && !v->nmi_blocked)
			apic_ipi_self(APIC_VECTOR_KICK); /* come back at once for the NMI */
	} else if (v->nmi_pending && !v->nmi_blocked) {
		v->inject = (struct vcpu_inject){.kind = INJECT_NMI};
		v->nmi_pending = false;
		v->nmi_blocked = true;
		vops->set_exiting(v, EXITING_IRET, true);
		vcpu_count(v, INJECT_NMI);
	}
}

void vcpu_arm_events(struct vcpu *v)
{
	int vector;

	v->halted = false; /* run.c enters only who has work: the wait is over */
	v->blocked = false;
	arm_nmi_or_exception(v);
	vlapic_hw_choose(v);
	vector = v->lapic.hw_on ? -1 : vlapic_pending(v);
	v->intr = (s16)vector;
	v->armed = (s16)vector;
	if (vector >= 0)
		vlapic_take(v, (u8)vector);
}

void vcpu_settle_events(struct vcpu *v)
{
	if (v->armed < 0)
		return;
	/* While armed the vector was neither in IRR nor in ISR, so an edge that came meanwhile has
	 * its own IRR bit and is not lost by either. */
	if (v->intr < 0) {
		vlapic_commit(v, (u8)v->armed);
		vcpu_count(v, INJECT_INTR);
	} else {
		vlapic_untake(v, (u8)v->armed);
	}
	v->armed = -1;
	v->intr = -1;
}

void vcpu_load(struct vcpu *v)
{
	fpu_restore(v->fpu, v->xcr0);
	dr_write(v->dr);
	vops->vcpu_load(v);
}

void vcpu_put(struct vcpu *v)
{
	vops->vcpu_put(v);
	dr_read(v->dr);
	v->xcr0 = fpu_xcr0();
	fpu_save(v->fpu);
}
