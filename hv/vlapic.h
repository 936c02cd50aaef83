/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  virtual local APIC: one register file, two front ends (x2APIC MSRs, xAPIC page); its
 *           timer (one shot, periodic, TSC deadline); PV EOI.
 * Callers:  exit_msr.c, exit_mmio.c (registers); irq.c, tunnel.c, vioapic.c (post); vcpu.c
 *           (deliver); run.c (timer, PV EOI).
 * Context:  vlapic_post(), vlapic_message(): any CPU. Everything else: the vCPU's owner CPU,
 *           interrupts off.
 * Locking:  none: irr is atomic; the rest belongs to the owner.
 * Lifetime: part of the vCPU; vlapic_init() at creation, vlapic_reset() on INIT.
 * Errors:   register accesses return false: #GP in x2APIC mode, ignored / zero in xAPIC mode.
 *
 * Delivery, in terms of SDM "Local APIC" / APM "Local APIC Registers": take (IRR -> armed), then
 * commit (ISR) when the guest took it, or untake (IRR again) when it did not. So a second edge of
 * the same vector, posted while the first is armed, is kept in IRR.
 */
#ifndef HV_VLAPIC_H
#define HV_VLAPIC_H

#include "arch/x86/types.h"

struct domain;
struct vcpu;

/* Register numbers: xAPIC offset >> 4 = x2APIC MSR - 0x800. */
#define VLAPIC_ID 0x02
#define VLAPIC_VERSION 0x03
#define VLAPIC_TPR 0x08
#define VLAPIC_PPR 0x0a
#define VLAPIC_EOI 0x0b
#define VLAPIC_LDR 0x0d
#define VLAPIC_DFR 0x0e
#define VLAPIC_SVR 0x0f
#define VLAPIC_ISR 0x10
#define VLAPIC_TMR 0x18
#define VLAPIC_IRR 0x20
#define VLAPIC_ESR 0x28
#define VLAPIC_LVT_CMCI 0x2f
#define VLAPIC_ICR 0x30
#define VLAPIC_ICR2 0x31
#define VLAPIC_LVT_TIMER 0x32
#define VLAPIC_LVT_THERMAL 0x33
#define VLAPIC_LVT_PERF 0x34
#define VLAPIC_LVT_LINT0 0x35
#define VLAPIC_LVT_LINT1 0x36
#define VLAPIC_LVT_ERROR 0x37
#define VLAPIC_TMICT 0x38
#define VLAPIC_TMCCT 0x39
#define VLAPIC_TDCR 0x3e
#define VLAPIC_SELF_IPI 0x3f

struct vlapic {
	u32 irr[8];	/* [a] requested */
	u32 isr[8];	/* in service */
	u32 tmr[8];	/* level triggered (dom0's device interrupts) */
	u32 id;		/* APIC id */
	u64 base;	/* IA32_APIC_BASE */
	u32 tpr, ldr, dfr, svr, esr, esr_pending;
	u64 icr;
	u32 lvt[7];	/* CMCI, timer, thermal, perf, LINT0, LINT1, error */
	u32 tmict, tdcr;
	u64 timer_start;    /* host TSC when the timer was armed */
	u64 timer_deadline; /* host TSC of the next expiry; ~0 = none */
	u64 tsc_deadline;   /* IA32_TSC_DEADLINE as the guest wrote it; 0 = none */
	u64 pv_eoi_msr;	    /* as written; bit 0 = on */
	void *pv_eoi;	    /* u32 in guest memory, NULL = off */
	s16 pv_eoi_vector;  /* vector whose EOI the guest may signal by the bit; -1 = none */
};

void vlapic_init(struct vcpu *v, u32 apic_id);
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

/* Any CPU: request a vector (< 16 is ignored and counted in ESR) and kick. level: EOI is reported
 * to irq_level_eoi() (dom0) or vioapic_eoi(). Dropped if the APIC is software-disabled. */
void vlapic_post(struct vcpu *v, u8 vector, bool level);
/* Any CPU: an IOAPIC's message to whom it concerns: vector, delivery mode (fixed, lowest priority)
 * and destination mode as in the ICR. Returns whether an APIC took it. */
bool vlapic_message(const struct domain *d, u32 icr_low, u32 dest, bool level);
/* Owner: highest vector with priority above PPR, or -1. */
int vlapic_pending(struct vcpu *v);
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
