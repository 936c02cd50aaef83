/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' stand-in for arch/x86/vmx_insn.h: VMCSs are arrays, of which the test sees
 *           the loaded one; invalidations are counted.
 * Callers:  vmx/ under test. Context: user space. Locking: none. Lifetime: the process.
 * Errors:   as the hardware's, where no VMCS is loaded.
 */
#ifndef MINIBUS_ARCH_VMX_INSN_H
#define MINIBUS_ARCH_VMX_INSN_H

#include "arch/x86/types.h"

#define FAKE_VMX_FIELDS 0x8000u

/* fake_vmx.c */
extern u64 *fake_vmcs; /* fields of the loaded VMCS; NULL: none */
extern u64 fake_vmcs_pa;
extern u32 fake_vmx_ons, fake_vmx_writes;
extern u32 fake_invept_count, fake_invvpid_count;
extern u64 fake_invept_type, fake_invept_tag, fake_invvpid_type, fake_invvpid_tag;

long vmx_on(u64 region_pa);
void vmx_off(void);
bool vmx_clear(u64 vmcs_pa);
bool vmx_load(u64 vmcs_pa);
bool vmx_read(u32 field, u64 *value);
bool vmx_write(u32 field, u64 value);
bool vmx_invept(u64 type, u64 eptp);
bool vmx_invvpid(u64 type, u64 vpid);

#endif
