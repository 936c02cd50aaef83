/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the two things of a virtual local APIC whose layout is the hardware's: the page of
 *           registers (SDM "Virtual APIC State": virtual-APIC page; APM "AVIC Backing Page") and
 *           the descriptor into which others post (SDM "Posted-Interrupt Processing"; its fields
 *           after ON as in "Intel Virtualization Technology for Directed I/O").
 * Callers:  vlapic*.c; vmx/apic.c, svm/apic.c.
 * Context:  page: the vCPU's owner writes, others may read; descriptor: any CPU, locked operations.
 * Locking:  none.    Lifetime: vlapic_init() to vlapic_destroy().    Errors: none.
 */
#ifndef HV_VLAPIC_PAGE_H
#define HV_VLAPIC_PAGE_H

#include "arch/x86/apicdef.h"
#include "arch/x86/types.h"

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

#define VLAPIC_MAP_WORDS 8u /* of ISR, TMR, IRR: 32 vectors each */

struct vlapic_page {
	struct {
		u32 value;
		u32 reserved[3];
	} reg[PAGE_SIZE / 16];
};
STATIC_ASSERT(sizeof(struct vlapic_page) == PAGE_SIZE);
STATIC_OFFSET(struct vlapic_page, reg[VLAPIC_TPR].value, APIC_TPR);
STATIC_OFFSET(struct vlapic_page, reg[VLAPIC_ISR].value, APIC_ISR);
STATIC_OFFSET(struct vlapic_page, reg[VLAPIC_IRR].value, APIC_IRR);
STATIC_OFFSET(struct vlapic_page, reg[VLAPIC_TDCR].value, APIC_TIMER_DIVIDE);

/* The hardware wants it aligned to 64 bytes: struct vcpu sees to that. */
#define POSTED_ON (1u << 0) /* outstanding: something is in pir and its owner was told */
#define POSTED_SN (1u << 1) /* suppress notification: kick instead, the vCPU is not in its guest */
#define POSTED_NV_SHIFT 16  /* notification vector, 8 bits */

struct posted {
	u32 pir[VLAPIC_MAP_WORDS]; /* requested vectors */
	u32 control;		   /* POSTED_* */
	u32 ndst;		   /* APIC id of its CPU; in xAPIC mode in bits 8..15 */
	u32 reserved[6];
};
STATIC_ASSERT(sizeof(struct posted) == 64);
STATIC_OFFSET(struct posted, control, 32);
STATIC_OFFSET(struct posted, ndst, 36);

#endif
