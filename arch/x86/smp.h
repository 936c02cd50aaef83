/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  starting the other CPUs, and who is who.
 * Callers:  hv/main.c, hv/percpu.c; smp_cpu_id() everybody.
 * Context:  smp_start_all() on the boot CPU after paging_init(), apic_init(), tsc_init().
 * Locking:  none; APs start one after another. Lifetime: CPUs are never stopped again.
 * Errors:   a CPU that does not answer within 1 s is reported by its result, not waited for.
 */
#ifndef MINIBUS_ARCH_SMP_H
#define MINIBUS_ARCH_SMP_H

#include "arch/x86/cpu_local.h"
#include "arch/x86/types.h"

/* Logical number of the running CPU. */
static inline u32 smp_cpu_id(void)
{
	u32 id;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(offsetof(struct cpu_local, id)));
	return id;
}

/* What smp_start_all() needs to know of one CPU. */
struct smp_target {
	u32 apic_id;
	bool started; /* result */
};

/*
 * Starts targets[] in order. prepare(id, apic_id) returns the CPU's cpu_local with id, apic_id,
 * stack_top and ist_top set (or NULL: out of memory). A started CPU calls ap_main() on its stack
 * with its tables loaded. trampoline: a RAM page below 1 MiB; its old content is put back.
 * CPUs that failed get no logical id. Returns the number of CPUs running, this one included.
 */
unsigned int smp_start_all(hpa_t trampoline, struct smp_target *targets, unsigned int count,
			   struct cpu_local *(*prepare)(u32 id, u32 apic_id),
			   void (*ap_main)(void));

/* Continues at fn on another stack; never returns. */
NORETURN void smp_run_on_stack(u64 stack_top, void (*fn)(void));

#endif
