/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' stand-in for arch/x86/cpu_local.h: each thread is a CPU of its own.
 * Callers:  hv/percpu.h; tests set the id with fake_cpu_set().
 * Context:  user space, any thread. Locking: none, thread local.
 * Lifetime: the thread's. Errors: none.
 */
#ifndef MINIBUS_ARCH_CPU_LOCAL_H
#define MINIBUS_ARCH_CPU_LOCAL_H

#include "arch/x86/desc.h"
#include "arch/x86/types.h"

#define CPUS_MAX 128

struct cpu_local {
	struct cpu_local *self;
	u32 id;
	u32 apic_id;
	struct gdt gdt;
	struct tss tss;
};

struct cpu_local *cpu_local(void);

#endif
