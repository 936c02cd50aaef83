/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the neutral VM exit: svm/exit.c and vmx/exit.c fill struct vmexit, exit.c dispatches it
 *           through one const table to the handlers below, run.c acts on what they return.
 * Callers:  run.c calls exit_dispatch(); only exit.c calls the handlers.
 * Context:  the CPU that runs the vCPU, interrupts off, on that CPU's hypervisor stack.
 * Locking:  none held on entry.    Lifetime: one exit.
 * Errors:   a guest's mistake becomes the architectural fault (vcpu_inject_exception) or, if the
 *           manual names none, domain_kill(); never a BUG.
 */
#ifndef HV_EXIT_H
#define HV_EXIT_H

#include "arch/x86/types.h"
#include "hv/abi/hypercall.h"
#include "hv/insn.h"

struct vcpu;

/* What a handler wants done with the vCPU. rip moves in run.c only. */
enum exit_action {
	EXIT_RESUME, /* instruction done: rip += insn_len, go on */
	EXIT_RETRY,  /* run the same instruction again (a fault was injected, or a step was done) */
	EXIT_BLOCK,  /* as RETRY, but not before something happens for this vCPU */
	EXIT_KILL,   /* the domain has ended; never enter this vCPU again */
};

struct vmexit {
	enum mb_exit code;
	u8 insn_len;  /* of the exiting instruction; 0 where there is none */
	u8 fetched;   /* so many bytes at rip, where the hardware gave them; 0: it did not */
	u8 bytes[INSN_MAX];
	u64 hw_code;  /* as the hardware said, for messages */
	u64 hw_info1;
	u64 hw_info2;
	const char *what; /* OTHER, INVALID: in words, or NULL */
	union {
		struct {
			u16 port;
			u8 size; /* 1, 2, 4 */
			bool in;
			bool string; /* INS/OUTS */
			bool rep;
		} io;
		struct {
			gpa_t gpa;
			bool write;
			bool exec;
			bool walk; /* while the CPU read the guest's own page tables */
		} npf;
		struct {
			u8 vector;
			bool has_error;
			u32 error;
		} exc;
		struct {
			bool aux; /* RDTSCP */
		} rdtsc;
		struct {
			u8 cr;	    /* 0, 3, 4 */
			u8 gpr;	    /* hardware number 0..15 */
			bool write; /* to the control register */
		} cr;
		struct {
			u8 vector; /* the CPU has ended its service; or sent it to others */
			bool sent;
		} apic;
		struct {
			bool nmi; /* the guest left its NMI handler; else for run.c to look again */
		} window;
	};
};

/* Counts the exit and runs its handler. */
enum exit_action exit_dispatch(struct vcpu *v);

/* exit_cpuid.c */
enum exit_action exit_cpuid(struct vcpu *v);
/* exit_msr.c: ecx = number, edx:eax = value */
enum exit_action exit_rdmsr(struct vcpu *v);
enum exit_action exit_wrmsr(struct vcpu *v);
/* exit_io.c */
enum exit_action exit_io(struct vcpu *v);
/* exit_mmio.c: nested page fault; local APIC page, else the domain's fault */
enum exit_action exit_npf(struct vcpu *v);
/* exit_hypercall.c */
enum exit_action exit_hypercall(struct vcpu *v);
/* exit_cr.c: MOV to and from control registers, XSETBV */
enum exit_action exit_cr(struct vcpu *v);
enum exit_action exit_xsetbv(struct vcpu *v);
/* guest_tsc.c: RDTSC and RDTSCP */
enum exit_action exit_rdtsc(struct vcpu *v);
/* exit_misc.c */
enum exit_action exit_intr(struct vcpu *v);	/* taken by the host already: nothing left */
enum exit_action exit_nmi(struct vcpu *v);
enum exit_action exit_exception(struct vcpu *v); /* #DB, #AC: back to the guest; #MC: its end */
enum exit_action exit_init(struct vcpu *v);
enum exit_action exit_hlt(struct vcpu *v);
enum exit_action exit_shutdown(struct vcpu *v);	/* triple fault */
enum exit_action exit_invd(struct vcpu *v);
enum exit_action exit_pause(struct vcpu *v);
enum exit_action exit_window(struct vcpu *v);	/* the guest can take what it could not */
enum exit_action exit_apic(struct vcpu *v);	/* the CPU did a part of the local APIC's work */
enum exit_action exit_vminsn(struct vcpu *v);	/* VMRUN, VMXON ...: #UD */
enum exit_action exit_invalid(struct vcpu *v);	/* the hardware refused the state */
enum exit_action exit_other(struct vcpu *v);

#endif
