/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  local APIC register offsets (xAPIC; x2APIC MSR = 0x800 + offset / 16) and bits.
 * Callers:  arch/x86/apic.c for the physical one, hv/vlapic.c for the virtual one.
 * Context, locking, lifetime, errors: constants only.
 * Reference: Intel SDM Vol 3 "Advanced Programmable Interrupt Controller"; AMD APM Vol 2 ch. 16.
 */
#ifndef MINIBUS_ARCH_APICDEF_H
#define MINIBUS_ARCH_APICDEF_H

#define APIC_DEFAULT_BASE 0xfee00000ul

#define APIC_ID 0x020
#define APIC_VERSION 0x030
#define APIC_TPR 0x080
#define APIC_APR 0x090
#define APIC_PPR 0x0a0
#define APIC_EOI 0x0b0
#define APIC_LDR 0x0d0
#define APIC_DFR 0x0e0
#define APIC_SVR 0x0f0
#define APIC_ISR 0x100 /* eight words, 0x10 apart */
#define APIC_TMR 0x180
#define APIC_IRR 0x200
#define APIC_ESR 0x280
#define APIC_LVT_CMCI 0x2f0
#define APIC_ICR 0x300
#define APIC_ICR2 0x310
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_THERMAL 0x330
#define APIC_LVT_PERF 0x340
#define APIC_LVT_LINT0 0x350
#define APIC_LVT_LINT1 0x360
#define APIC_LVT_ERROR 0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE 0x3e0
#define APIC_SELF_IPI 0x3f0 /* x2APIC only */

#define APIC_SVR_ENABLE (1u << 8)
#define APIC_SVR_FOCUS_OFF (1u << 9)
#define APIC_SVR_DIRECTED_EOI (1u << 12)

#define APIC_VERSION_MAXLVT_SHIFT 16
#define APIC_VERSION_DIRECTED_EOI (1u << 24)

#define APIC_LVT_MASKED (1u << 16)
#define APIC_LVT_LEVEL (1u << 15)
#define APIC_LVT_TIMER_PERIODIC (1u << 17)
#define APIC_LVT_TIMER_DEADLINE (2u << 17)
#define APIC_LVT_TIMER_MODE (3u << 17)

#define APIC_DM_FIXED (0u << 8)
#define APIC_DM_LOWEST (1u << 8)
#define APIC_DM_SMI (2u << 8)
#define APIC_DM_NMI (4u << 8)
#define APIC_DM_INIT (5u << 8)
#define APIC_DM_STARTUP (6u << 8)
#define APIC_DM_EXTINT (7u << 8)
#define APIC_DM_MASK (7u << 8)

#define APIC_ICR_VECTOR_MASK 0xffu
#define APIC_ICR_LOGICAL (1u << 11)
#define APIC_ICR_BUSY (1u << 12)
#define APIC_ICR_ASSERT (1u << 14)
#define APIC_ICR_LEVEL (1u << 15)
#define APIC_ICR_SHORTHAND_MASK (3u << 18)
#define APIC_ICR_SELF (1u << 18)
#define APIC_ICR_ALL (2u << 18)
#define APIC_ICR_OTHERS (3u << 18)

#define APIC_DIVIDE_1 0xbu
#define APIC_DIVIDE_16 0x3u

#define APIC_BROADCAST_XAPIC 0xffu
#define APIC_BROADCAST_X2APIC 0xffffffffu

#endif
