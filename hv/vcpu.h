/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a virtual CPU: its state, its pending events, its life.
 * Callers:  everything in hv/, svm/, vmx/.
 * Context:  legend below: [o] owner CPU only (interrupts off), [a] any CPU by atomics, [c] set at
 *           creation, constant after, [d] under domain lock while the vCPU is not attached.
 * Locking:  none of its own; what others may touch is in struct vcpu_public.
 * Lifetime: vcpu_create() to vcpu_destroy(), inside its domain's.
 * Errors:   creation returns NULL without memory; events cannot fail.
 */
#ifndef HV_VCPU_H
#define HV_VCPU_H

#include "arch/x86/regs.h"
#include "arch/x86/types.h"
#include "hv/abi/hypercall.h"
#include "hv/cr3_trace.h"
#include "hv/exit.h"
#include "hv/list.h"
#include "hv/vcpu_ops.h"
#include "hv/vlapic.h"

struct domain;
struct fpu_area;

/*
 * NMI or exception for the next entry; run() sets kind to NONE when the guest has taken it. An
 * external interrupt is armed beside it in vcpu.intr: run() sets that to -1 when taken.
 */
enum inject_kind { INJECT_NONE, INJECT_NMI, INJECT_EXC };

struct vcpu_inject {
	enum inject_kind kind;
	u8 vector;
	bool has_error;
	u32 error; /* #DB: bits to set in DR6 */
};

/* What other CPUs may touch. */
struct vcpu_public {
	u32 requests; /* [a] VCPU_REQ_* bits; set + vcpu_kick(), taken by the owner */
	u32 runnable; /* [a] 0 while paused, not started or ended */
	u32 in_guest; /* [a] 1 from before the last look at requests and gpm.gen until after exit */
};

#define VCPU_REQ_INIT (1u << 0)
#define VCPU_REQ_SIPI (1u << 1)
#define VCPU_REQ_NMI (1u << 2)
#define VCPU_REQ_CALL_DONE (1u << 3)
#define VCPU_REQ_EVENT (1u << 4) /* look again: something was posted */

struct vcpu {
	struct vlapic lapic;	/* see vlapic.h; first: begins with struct posted */
	struct guest_regs regs;	/* [o] */
	u64 rip, rflags;	/* [o] */
	struct vmexit exit;	/* [o] the last exit */
	struct vcpu_inject inject; /* [o] armed for the next entry */
	s16 intr;		/* [o] vector for the next entry; run() sets -1 when taken */
	s16 armed;		/* [o] what intr was before run(); -1: none */
	bool nmi_pending;	/* [o] */
	struct vcpu_inject exception; /* [o] fault raised by emulation, goes first */
	struct vcpu_public pub;
	struct cr3_trace cr3;	/* see cr3_trace.h */

	struct domain *dom;	/* [c] */
	u32 id;			/* [c] 0.. in its domain */
	u32 cpu;		/* [d] logical CPU it is pinned to */
	void *hw;		/* [c] vendor's part */
	void *fpu;		/* [c] XSAVE area; [o] content while not loaded */
	u64 xcr0;		/* [o] while not loaded */
	u64 dr[4];		/* [o] DR0-3 while not loaded */
	struct list run_link; /* sched.c */

	bool waiting;		/* [o] was switched out for want of work */
	bool shares_cpu;	/* [o] HLT and spinning exit now: others want the CPU */
	bool halted;		/* [o] HLT: wait for an interrupt */
	bool wait_sipi;		/* [o] INIT received, waiting for SIPI */
	bool nmi_blocked;	/* [o] inside an NMI handler, until IRET */
	bool blocked;		/* [o] EXIT_BLOCK: wait for any request */
	u8 sipi_vector;		/* [a] valid with VCPU_REQ_SIPI */
	u8 call_state;		/* [a] tunnel.c */
	u64 call_deadline;	/* [o] TSC */
	u32 gpm_gen;		/* [o] generation of the map this vCPU's TLB entries belong to */
	u64 slice_end;		/* [o] TSC */

	/* MSRs kept in software */
	u64 pvclock_msr;	/* [o] pvclock.c */
	u64 tsc_offset;		/* [c] see guest_tsc.h */
	u64 mtrr_def_type;	/* [o] guests; dom0 has the machine's */

	u64 run_tsc;		/* [o] time run, TSC ticks */
	u64 exits[MB_STATS_EXITS];	 /* [o] read by others without lock */
	u64 counters[MB_STATS_COUNTERS]; /* mostly [o]; increments from elsewhere may be lost */
};

/* The vCPU is at the start of a page: the CPU wants 64 bytes of alignment, Bochs 3.0 4096. */
STATIC_OFFSET(struct vcpu, lapic.posted, 0);

#define vcpu_count(v, what) ((v)->counters[MB_CNT_##what]++)

/* Domain creation. The vCPU is not attached to a CPU and not runnable. NULL: no memory. */
struct vcpu *vcpu_create(struct domain *d, u32 id, u32 cpu);
void vcpu_destroy(struct vcpu *v);

/* Owner: raise a fault to be delivered at the next entry (SDM/APM "Exceptions"). A second one while
 * one waits becomes a double fault, a third ends the domain as a triple fault. */
void vcpu_inject_exception(struct vcpu *v, u8 vector, bool has_error, u32 error);
#define vcpu_inject_gp(v) vcpu_inject_exception(v, 13, true, 0)
#define vcpu_inject_ud(v) vcpu_inject_exception(v, 6, false, 0)

/* Owner: the trap after an instruction that was emulated with TF set (APM "Single-Step"). */
void vcpu_inject_step(struct vcpu *v);

/* Any CPU: set request bits and make the vCPU look at them soon. */
void vcpu_request(struct vcpu *v, u32 requests);
/* Any CPU: something for v changed (interrupt posted): wake it or make it exit. Sends at most one
 * IPI; none if its CPU is in the hypervisor anyway. */
void vcpu_kick(struct vcpu *v);

/* Owner: when must v be looked at again: its timers, a call that waits. Fires what is due. */
u64 vcpu_timers(struct vcpu *v, u64 now);
/* Owner: has v anything to do (false: halted or blocked with nothing pending)? */
bool vcpu_has_work(struct vcpu *v);
/* Owner: take requests (INIT, SIPI, NMI, call done). */
void vcpu_take_requests(struct vcpu *v);
/* Owner, directly before run(): choose the events of this entry. After it: settle what was
 * taken. */
void vcpu_arm_events(struct vcpu *v);
void vcpu_settle_events(struct vcpu *v);

/* This CPU: the one vCPU whose registers (FPU, DR, MSRs) are in the hardware; NULL: none. */
void vcpu_load(struct vcpu *v);
void vcpu_put(struct vcpu *v);

#endif
