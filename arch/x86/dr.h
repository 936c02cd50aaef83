/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the debug address registers, which neither VMCB nor VMCS switches.
 * Callers:  hv/vcpu.c, vmx/ at a vCPU switch. Context: own CPU, interrupts off.
 * Locking, errors: none. Lifetime: harmless values while DR7 is at its reset value, as it is in the
 *           hypervisor after every exit.
 */
#ifndef MINIBUS_ARCH_DR_H
#define MINIBUS_ARCH_DR_H

#include "arch/x86/types.h"

#define DR6_RESET 0xffff0ff0ul
#define DR6_HIT 0xful   /* B3:0 */
#define DR6_BS 0x4000u /* single step */

static inline void dr_read(u64 dr[4])
{
	__asm__ volatile("mov %%db0, %0" : "=r"(dr[0]));
	__asm__ volatile("mov %%db1, %0" : "=r"(dr[1]));
	__asm__ volatile("mov %%db2, %0" : "=r"(dr[2]));
	__asm__ volatile("mov %%db3, %0" : "=r"(dr[3]));
}

static inline void dr_write(const u64 dr[4])
{
	__asm__ volatile("mov %0, %%db0" ::"r"(dr[0]));
	__asm__ volatile("mov %0, %%db1" ::"r"(dr[1]));
	__asm__ volatile("mov %0, %%db2" ::"r"(dr[2]));
	__asm__ volatile("mov %0, %%db3" ::"r"(dr[3]));
}

/* DR6, which a VMCS does not hold either. */
static inline u64 dr6_read(void)
{
	u64 val;

	__asm__ volatile("mov %%db6, %0" : "=r"(val));
	return val;
}

static inline void dr6_write(u64 val)
{
	__asm__ volatile("mov %0, %%db6" ::"r"(val));
}

#endif
