/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  control registers, RFLAGS, and the instructions that go with them.
 * Callers:  arch/x86, svm/, vmx/, hv CR exits. Context: any; acts on the running CPU.
 * Locking, lifetime: none. Errors: a reserved bit set by us is #GP and so a panic.
 */
#ifndef MINIBUS_ARCH_CR_H
#define MINIBUS_ARCH_CR_H

#include "arch/x86/types.h"

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR3_NOFLUSH BIT(63) /* of a MOV to CR3 with PCIDs: keep the TLB. Not stored. */

#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_LA57 BIT(12)
#define CR4_VMXE BIT(13)
#define CR4_SMXE BIT(14)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)
#define CR4_CET BIT(23)
#define CR4_PKS BIT(24)
#define CR4_UINTR BIT(25)
#define CR4_FRED BIT(32)

#define RFLAGS_CF BIT(0)
#define RFLAGS_FIXED BIT(1)
#define RFLAGS_ZF BIT(6)
#define RFLAGS_TF BIT(8)
#define RFLAGS_IF BIT(9)
#define RFLAGS_DF BIT(10)
#define RFLAGS_RF BIT(16)
#define RFLAGS_VM BIT(17)
#define RFLAGS_AC BIT(18)

#define CR_ACCESSORS(n) \
	static inline u64 read_cr##n(void) \
	{ \
		u64 val; \
\
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(val)::"memory"); \
		return val; \
	} \
	static inline void write_cr##n(u64 val) \
	{ \
		__asm__ volatile("mov %0, %%cr" #n ::"r"(val) : "memory"); \
	}

CR_ACCESSORS(0)
CR_ACCESSORS(2)
CR_ACCESSORS(3)
CR_ACCESSORS(4)
CR_ACCESSORS(8)

static inline u64 read_rflags(void)
{
	u64 val;

	__asm__ volatile("pushfq; popq %0" : "=r"(val)::"memory");
	return val;
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline bool irq_enabled(void)
{
	return read_rflags() & RFLAGS_IF;
}

/* Opens a window of at least one instruction in which pending interrupts are taken. */
static inline void irq_window(void)
{
	__asm__ volatile("sti; nop; nop; cli" ::: "memory");
}

/* Sleeps until an interrupt was taken. STI opens only after HLT began, so no wake-up is lost. */
static inline void irq_wait(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

static inline void invlpg(u64 va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

static inline u64 xgetbv(u32 index)
{
	u32 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(index));
	return lo | (u64)hi << 32;
}

static inline void xsetbv(u32 index, u64 val)
{
	__asm__ volatile("xsetbv" ::"c"(index), "a"((u32)val), "d"((u32)(val >> 32)) : "memory");
}

#endif
