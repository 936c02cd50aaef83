/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the part of the per-CPU state that the machine layer needs; GS points at it.
 * Callers:  arch/x86, hv/percpu.h (embeds it as the first member of struct percpu), assembly.
 * Context:  own CPU only, except id/apic_id (constant) and online.
 * Locking:  none; online is written once by its CPU. Lifetime: from percpu creation on, for good.
 * Errors:   none.
 */
#ifndef MINIBUS_ARCH_CPU_LOCAL_H
#define MINIBUS_ARCH_CPU_LOCAL_H

#include "arch/x86/desc.h"
#include "arch/x86/types.h"

#define CPUS_MAX 128

struct cpu_local {
	struct cpu_local *self; /* gs:0 */
	u32 id;			/* dense, 0..cpu_count-1; 0 is the boot CPU */
	u32 apic_id;
	u64 stack_top;	   /* of the CPU's one stack, 16-byte aligned */
	u64 ist_top[IST_COUNT]; /* tops of the #DF, NMI and #MC stacks */
	u32 online;	   /* 1 once the CPU runs on its own tables */
	u32 trap_depth;	   /* exceptions being handled; > 1 in a panic means: say less */
	struct gdt gdt;
	struct tss tss;
};

STATIC_OFFSET(struct cpu_local, self, 0);

static inline struct cpu_local *cpu_local(void)
{
	struct cpu_local *p;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(p));
	return p;
}

#endif
