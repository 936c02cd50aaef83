/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  virtual local APIC: one register page, two front ends (x2APIC MSRs, xAPIC page); its
 *           timer (one shot, periodic, TSC deadline); PV EOI.
 * Callers:  exit_msr.c, exit_mmio.c (registers); irq.c, tunnel.c, vioapic.c (post); vcpu.c
 *           (deliver); run.c (timer, PV EOI); a vendor's apic.c (vlapic_hw.h).
 * Context:  vlapic_post(), vlapic_message(): any CPU. Everything else: the vCPU's owner CPU,
 *           interrupts off.
 * Locking:  none: what is posted is atomic; the page belongs to the owner.
 * Lifetime: part of the vCPU; vlapic_init() to vlapic_destroy(), vlapic_reset() on INIT.
 * Errors:   register accesses return false: #GP in x2APIC mode, ignored / zero in xAPIC mode.
 *
 * A request goes through three places. Posted (struct posted, and level[] for level-triggered
 * ones): any CPU. Merged by the owner into IRR, and only then is TMR what the request was. Then, in
 * terms of SDM "Local APIC" / APM "Local APIC Registers": take (IRR -> armed) and commit (ISR) when
 * the guest took it, or untake (IRR again) when it did not. So a second edge of the same vector,
 * posted while the first is armed, is kept. A CPU that delivers by itself goes from IRR to ISR in
 * the same page.
 */
#ifndef HV_VLAPIC_H
#define HV_VLAPIC_H

#include "arch/x86/types.h"
#include "hv/vlapic_page.h"

struct domain;
struct vcpu;

struct vlapic {
	struct posted posted;	/* [a] */
	u32 level[VLAPIC_MAP_WORDS]; /* [a] the same, level triggered */
	u32 level_words;	/* [a] bit w: there is something in level[w] */
	struct vlapic_page *page; /* [c] registers; read by others */
	u32 id;			/* [c] APIC id */
	u32 esr_pending;	/* [a] becomes ESR when the guest writes that */
	u64 base;		/* IA32_APIC_BASE; read by others */
	u64 timer_start;    /* host TSC when the timer was armed */
	u64 timer_deadline; /* host TSC of the next expiry; ~0 = none */
	u64 tsc_deadline;   /* IA32_TSC_DEADLINE as the guest wrote it; 0 = none */
	u64 pv_eoi_msr;	    /* as written; bit 0 = on */
	void *pv_eoi;	    /* u32 in guest memory, NULL = off */
	s16 pv_eoi_vector;  /* vector whose EOI the guest may signal by the bit; -1 = none */
	/* Hardware help, see vlapic_hw.h */
	u8 hw_modes;	    /* [c] VLAPIC_HW_*: where the CPU can deliver by itself */
	bool hw_careful;    /* [c] only what the guest takes at once */
	bool hw_on;	    /* the CPU delivers at this entry: nothing is armed */
	u32 eoi_exits[VLAPIC_MAP_WORDS]; /* vectors that ever were level: their EOI must exit */
};

/* At creation: false without memory. */
bool vlapic_init(struct vcpu *v, u32 apic_id);
void vlapic_destroy(struct vcpu *v);
void vlapic_reset(struct vcpu *v);

/* Front ends. reg = VLAPIC_*; x2apic selects the access rules and 64-bit ICR. */
bool vlapic_read(struct vcpu *v, u32 reg, bool x2apic, u64 *value);
bool vlapic_write(struct vcpu *v, u32 reg, bool x2apic, u64 value);
/* IA32_APIC_BASE, IA32_TSC_DEADLINE, MSR_KVM_PV_EOI_EN; false: #GP. */
bool vlapic_set_base(struct vcpu *v, u64 value);
bool vlapic_set_tsc_deadline(struct vcpu *v, u64 value);
bool vlapic_set_pv_eoi(struct vcpu *v, u64 value);
bool vlapic_is_x2apic(const struct vcpu *v);
/* Any CPU: would a posted vector be taken, not dropped? */
bool vlapic_enabled(const struct vcpu *v);

/* Any CPU: request a vector (< 16 is ignored and counted in ESR) and tell the owner. level: EOI is
 * reported to irq_level_eoi() (dom0) or vioapic_eoi(). Dropped if the APIC is software-disabled. */
void vlapic_post(struct vcpu *v, u8 vector, bool level);
/* Any CPU: an IOAPIC's message to whom it concerns: vector, delivery mode (fixed, lowest priority)
 * and destination mode as in the ICR. Returns whether an APIC took it. */
bool vlapic_message(const struct domain *d, u32 icr_low, u32 dest, bool level);
/* Owner: highest vector with priority above PPR, or -1. */
int vlapic_pending(struct vcpu *v);
/* Owner: the priority class (0..15) under which CR8 must fall for another vector to be pending; 0:
 * none waits for that. */
u32 vlapic_tpr_threshold(const struct vcpu *v);
void vlapic_take(struct vcpu *v, u8 vector);	/* IRR -> armed */
void vlapic_untake(struct vcpu *v, u8 vector);	/* armed -> IRR */
void vlapic_commit(struct vcpu *v, u8 vector);	/* armed -> ISR, or ended by PV EOI already */
/* Owner: CR8 front end of TPR (vendors with a live V_TPR sync through these; value 0..15). */
u32 vlapic_get_cr8(const struct vcpu *v);
void vlapic_set_cr8(struct vcpu *v, u32 cr8);

/* Owner, after each exit, before or after commit: take an EOI the guest signalled by the PV bit.
 * Before each entry, after v->intr was chosen: offer the bit if only one vector could be meant and
 * nothing else is pending, withdraw it otherwise. */
void vlapic_pv_eoi_exit(struct vcpu *v);
void vlapic_pv_eoi_entry(struct vcpu *v);

/* Owner: fire if due at host TSC now; returns host TSC of the next expiry or ~0. */
u64 vlapic_timer(struct vcpu *v, u64 now);

#endif
