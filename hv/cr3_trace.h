/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  which address spaces a traced guest (MB_DOM_CR3_TRACE) switches to: every MOV to CR3
 *           that exits is kept; and which values the hardware may let through without an exit.
 * Callers:  exit_cr.c adds; vmx/state.c asks for target slots; hc_info.c reads for dom0.
 * Context:  adding: the vCPU's owner. Reading: any CPU.
 * Locking:  none: one writer, readers take what is complete (see cr3_trace_read()).
 * Lifetime: part of struct vcpu.    Errors: none.
 *
 * The CR3-target list of VMX (vcaps.cr3_targets values, 4 on all known CPUs; SVM: none) is a cache
 * of values whose loading does not exit. What is not in it exits once and goes in: into a free
 * slot, or in place of one chosen at random. Hits are not seen, so nothing better is known about
 * use; a first-in first-out list would miss always when one value more than slots takes turns, at
 * random it misses 2 of 5. So the trace tells of each new address space, not of each switch; with
 * nohelp=cr3-targets it tells of each.
 */
#ifndef HV_CR3_TRACE_H
#define HV_CR3_TRACE_H

#include "arch/x86/types.h"
#include "hv/abi/hypercall.h"

struct vcpu;

#define CR3_TRACE_RING (2 * MB_CR3_LAST) /* a reader may lag by the half that it does not want */

struct cr3_trace {
	u64 seen; /* [o] writes kept since creation; read by others without lock */
	struct mb_cr3_switch ring[CR3_TRACE_RING]; /* [o] the same; number n is at n % RING */
	u64 target[MB_CR3_TARGETS]; /* [o] operands, bit 63 included: as the hardware compares */
	u32 targets; /* [o] slots in use */
	u32 random;  /* [o] */
};

/* A MOV to CR3 with this operand exited and was done. */
void cr3_trace_add(struct vcpu *v, u64 operand);
/* The slot, below vcaps.cr3_targets, that this operand takes in the list from now on. */
u32 cr3_trace_target(struct vcpu *v, u64 operand);
/* For dom0: the newest switches, oldest first; out's struct_size is set. */
void cr3_trace_read(const struct vcpu *v, struct mb_vcpu_cr3 *out);

#endif
