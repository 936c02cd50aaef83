/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the VMX instructions. SDM Vol 3 "VMX Instruction Reference".
 * Callers:  vmx/.    Context: the CPU itself, interrupts off; all but vmx_on() after it.
 * Locking, lifetime: none.
 * Errors:   true (vmx_on: not 0) where the manual says VMfailInvalid or VMfailValid.
 */
#ifndef MINIBUS_ARCH_VMX_INSN_H
#define MINIBUS_ARCH_VMX_INSN_H

#include "arch/x86/trap.h"
#include "arch/x86/types.h"

struct vmx_inv_desc {
	u64 tag; /* INVEPT: EPTP; INVVPID: VPID */
	u64 address;
};
STATIC_SIZE(struct vmx_inv_desc, 16);
STATIC_OFFSET(struct vmx_inv_desc, address, 8);

/* A #GP (switched off by the firmware, wrong CR0 or CR4) counts as failure too. */
static inline long vmx_on(u64 region_pa)
{
	long err;

	__asm__ volatile("1:\tvmxon %1\n\t"
			 "setbe %b0\n\t"
			 "movzbl %b0, %k0\n"
			 "2:\n" EXTABLE(1b, 2b)
			 : "=a"(err)
			 : "m"(region_pa)
			 : "cc", "memory");
	return err;
}

static inline void vmx_off(void)
{
	__asm__ volatile("vmxoff" ::: "cc", "memory");
}

static inline bool vmx_clear(u64 vmcs_pa)
{
	bool fail;

	__asm__ volatile("vmclear %1; setbe %0" : "=q"(fail) : "m"(vmcs_pa) : "cc", "memory");
	return fail;
}

static inline bool vmx_load(u64 vmcs_pa)
{
	bool fail;

	__asm__ volatile("vmptrld %1; setbe %0" : "=q"(fail) : "m"(vmcs_pa) : "cc", "memory");
	return fail;
}

static inline bool vmx_read(u32 field, u64 *value)
{
	bool fail;

	__asm__ volatile("vmread %2, %1; setbe %0"
			 : "=q"(fail), "=r"(*value)
			 : "r"((u64)field)
			 : "cc");
	return fail;
}

static inline bool vmx_write(u32 field, u64 value)
{
	bool fail;

	__asm__ volatile("vmwrite %1, %2; setbe %0"
			 : "=q"(fail)
			 : "r"(value), "r"((u64)field)
			 : "cc", "memory");
	return fail;
}

static inline bool vmx_invept(u64 type, u64 eptp)
{
	struct vmx_inv_desc d = {eptp, 0};
	bool fail;

	__asm__ volatile("invept %1, %2; setbe %0"
			 : "=q"(fail)
			 : "m"(d), "r"(type)
			 : "cc", "memory");
	return fail;
}

static inline bool vmx_invvpid(u64 type, u64 vpid)
{
	struct vmx_inv_desc d = {vpid, 0};
	bool fail;

	__asm__ volatile("invvpid %1, %2; setbe %0"
			 : "=q"(fail)
			 : "m"(d), "r"(type)
			 : "cc", "memory");
	return fail;
}

#endif
