/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' stand-in for arch/x86/paging.h: machine addresses are the process's own, so
 *           that ASan watches every access that goes through them.
 * Callers:  hv/ under test. Context: user space. Locking, lifetime: none. Errors: none.
 */
#ifndef MINIBUS_ARCH_PAGING_H
#define MINIBUS_ARCH_PAGING_H

#include "arch/x86/layout.h"
#include "arch/x86/types.h"

#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7)
#define PTE_NX BIT(63)
#define PTE_ADDR 0x000ffffffffff000ul

/* Defined by the test that needs it. */
u64 paging_cr3(void);

static inline void *phys_to_virt(hpa_t pa)
{
	return (void *)pa.v;
}

static inline hpa_t virt_to_phys(const volatile void *va)
{
	return HPA((u64)va);
}

static inline bool paging_is_direct(hpa_t pa, u64 size)
{
	return pa.v && size;
}

#endif
