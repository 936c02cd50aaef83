/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  per-CPU state. Private fields belong to their CPU alone; what others may touch lives in
 *           struct percpu_public, so that the sharing rule is in the type.
 * Callers:  hv/, svm/, vmx/. Context: this_cpu() anywhere after percpu_init_boot().
 * Locking:  private: none (own CPU). public: atomics, or as the field says.
 * Lifetime: created at boot, never destroyed. Errors: percpu_create() returns NULL without memory.
 */
#ifndef MINIBUS_HV_PERCPU_H
#define MINIBUS_HV_PERCPU_H

#include "arch/x86/cpu_local.h"
#include "arch/x86/smp.h"
#include "arch/x86/types.h"
#include "hv/list.h"
#include "hv/locks.h"

/* Any CPU may read; writers as noted. */
struct percpu_public {
	u32 stopped;  /* 1: stopped by a panic; written by the owner */
	u32 outside;  /* 1: in a guest or in HLT, or about to be: only a kick gets its attention */
	u32 resched;  /* 1: somebody woke a vCPU of this CPU; set by anyone, taken by the owner */
} ALIGNED(64);

struct vcpu;
struct sched_cpu;

struct percpu {
	/* private part: own CPU only */
	struct cpu_local arch; /* first: GS points here */
	u8 lock_level;	       /* innermost level held, 0: none */
	u8 lock_count;
	struct vcpu *current;  /* vCPU whose state is loaded, NULL: none */
	void *vendor;	       /* svm/ or vmx/ per-CPU area */
	u64 irq_count;	       /* physical interrupts taken */
	u64 idle_window;       /* TSC ticks it polls before it halts */
	struct list run_queue; /* sched.c: vCPUs attached here; run_lock */
	u32 run_count;	       /* how many; run_lock to change */
	u64 wake_due;	       /* sched.c: when who a doorbell woke may preempt; 0: nobody waits */
	struct spinlock run_lock;

	struct percpu_public pub;
};

STATIC_OFFSET(struct percpu, arch, 0);

extern unsigned int cpu_count; /* CPUs running; constant after boot */
extern struct percpu *percpu_table[CPUS_MAX];

static inline struct percpu *this_cpu(void)
{
	return (struct percpu *)cpu_local();
}

static inline struct percpu *percpu(unsigned int id)
{
	return percpu_table[id];
}

/* Boot CPU, first thing in C: GS, GDT, TSS, IDT on the static boot stacks. */
void percpu_init_boot(void);

/* After paging_init(): the boot stacks' guard pages become absent. */
void percpu_guard_boot_stacks(void);

/* Memory and stacks of one more CPU. */
struct cpu_local *percpu_create(u32 id, u32 apic_id);

/* Logical id of a physical APIC id, or -1. */
int percpu_by_apic_id(u32 apic_id);

#endif
