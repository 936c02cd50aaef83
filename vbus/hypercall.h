/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the hypercall instruction, and structures that hypercalls read and fill.
 * Callers:  south_*.c.
 * Context:  any for mb_hc(); may sleep for hc_buffer().    Locking: none.
 * Lifetime: after south.c found Minibus (else the instruction faults).
 * Errors:   results are -MB_E*, which are Linux's numbers (asserted in conn.c).
 */
#ifndef VBUS_HYPERCALL_H
#define VBUS_HYPERCALL_H

#include <linux/io.h>
#include <linux/slab.h>

#include "../hv/abi/cpuid.h"
#include "../hv/abi/hypercall.h"

extern bool south_vmcall; /* VMCALL instead of VMMCALL; set once at load */

static inline long mb_hc5(u32 nr, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	register u64 r10 asm("r10") = a4;
	register u64 r8 asm("r8") = a5;
	long ret;

	if (south_vmcall)
		asm volatile("vmcall" : "=a"(ret)
			     : "a"((u64)nr), "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8)
			     : "memory");
	else
		asm volatile("vmmcall" : "=a"(ret)
			     : "a"((u64)nr), "D"(a1), "S"(a2), "d"(a3), "r"(r10), "r"(r8)
			     : "memory");
	return ret;
}

static inline long mb_hc(u32 nr)
{
	return mb_hc5(nr, 0, 0, 0, 0, 0);
}

static inline long mb_hc1(u32 nr, u64 a1)
{
	return mb_hc5(nr, a1, 0, 0, 0, 0);
}

static inline long mb_hc2(u32 nr, u64 a1, u64 a2)
{
	return mb_hc5(nr, a1, a2, 0, 0, 0);
}

static inline long mb_hc3(u32 nr, u64 a1, u64 a2, u64 a3)
{
	return mb_hc5(nr, a1, a2, a3, 0, 0);
}

static inline long mb_hc4(u32 nr, u64 a1, u64 a2, u64 a3, u64 a4)
{
	return mb_hc5(nr, a1, a2, a3, a4, 0);
}

/*
 * A zeroed structure in the direct map (the stack is not in it) with struct_size set, its first
 * member. hc_gpa() is its address for a hypercall: dom0 is identity mapped.
 */
static inline void *hc_buffer(u32 size)
{
	u32 *p = kzalloc(size, GFP_KERNEL);

	if (p)
		*p = size;
	return p;
}

static inline u64 hc_gpa(volatile void *p)
{
	return virt_to_phys(p);
}

#endif
