// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX without hardware: each VMCS is an array of fields, found by its address.
 */
#include "arch/x86/vmx_insn.h"

#include <stdio.h>
#include <stdlib.h>

#include "arch/x86/dr.h"

#define VMCS_MAX 8

u64 *fake_vmcs;
u64 fake_vmcs_pa;
u32 fake_vmx_ons, fake_vmx_writes;
u32 fake_invept_count, fake_invvpid_count;
u64 fake_invept_type, fake_invept_tag, fake_invvpid_type, fake_invvpid_tag;
u64 fake_dr6 = DR6_RESET;

static struct {
	u64 pa;
	u64 fields[FAKE_VMX_FIELDS];
} all[VMCS_MAX];

long vmx_on(u64 region_pa)
{
	(void)region_pa;
	fake_vmx_ons++;
	return 0;
}

void vmx_off(void)
{
	fake_vmx_ons--;
}

bool vmx_clear(u64 vmcs_pa)
{
	if (fake_vmcs_pa == vmcs_pa) {
		fake_vmcs = NULL;
		fake_vmcs_pa = 0;
	}
	return false;
}

bool vmx_load(u64 vmcs_pa)
{
	for (u32 i = 0; i < VMCS_MAX; i++) {
		if (all[i].pa && all[i].pa != vmcs_pa)
			continue;
		all[i].pa = vmcs_pa;
		fake_vmcs = all[i].fields;
		fake_vmcs_pa = vmcs_pa;
		return false;
	}
	fputs("# fake_vmx: more VMCSs than expected\n", stderr);
	abort();
}

bool vmx_read(u32 field, u64 *value)
{
	if (!fake_vmcs || field >= FAKE_VMX_FIELDS)
		return true;
	*value = fake_vmcs[field];
	return false;
}

bool vmx_write(u32 field, u64 value)
{
	if (!fake_vmcs || field >= FAKE_VMX_FIELDS)
		return true;
	fake_vmcs[field] = value;
	fake_vmx_writes++;
	return false;
}

bool vmx_invept(u64 type, u64 eptp)
{
	fake_invept_count++;
	fake_invept_type = type;
	fake_invept_tag = eptp;
	return false;
}

bool vmx_invvpid(u64 type, u64 vpid)
{
	fake_invvpid_count++;
	fake_invvpid_type = type;
	fake_invvpid_tag = vpid;
	return false;
}
