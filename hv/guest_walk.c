// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's own page tables, walked in software: for instruction bytes and string I/O.
 *
 * One walker for all modes, described by a table row each: SDM Vol 3 "Paging", APM Vol 2 "Page
 * Translation and Protection". Entries are read once each through guest_read(), so a guest that
 * rewrites them meanwhile gets one of its own translations, like a TLB. Rights and reserved bits
 * are not checked: the CPU has done so for the access that exited.
 */
#include "hv/guest_mem.h"

#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"

#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"

#include "hv/abi/types.h"

#define PDPTE_BASE_MASK 0xffffffe0ul /* CR3 in PAE mode */
#define LEGACY_ADDR 0xfffff000ul     /* 32-bit entries */
#define PSE36_LOW 13		     /* bits 13..20 of a 4 MiB entry are address bits 32..39 */

struct walk_mode {
	u32 levels;
	u32 index_bits; /* per level */
	u32 top_bits;	/* of the first level */
	u32 entry_bytes;
	u32 max_leaf;	/* highest level (1 = last) at which PS makes a leaf */
	u64 root;
};

static bool canonical(u64 va, u32 bits)
{
	return (u64)((s64)(va << (64 - bits)) >> (64 - bits)) == va;
}

static int walk_mode_of(const struct vcpu_sys *sys, u64 va, struct walk_mode *m)
{
	if (sys->efer & EFER_LMA) {
		u32 levels = sys->cr4 & CR4_LA57 ? 5 : 4;

		*m = (struct walk_mode){levels, 9, 9, 8, 3, sys->cr3 & PTE_ADDR};
		return canonical(va, 12 + 9 * levels) ? 0 : -MB_EFAULT;
	}
	if (sys->cr4 & CR4_PAE)
		*m = (struct walk_mode){3, 9, 2, 8, 2, sys->cr3 & PDPTE_BASE_MASK};
	else
		*m = (struct walk_mode){2, 10, 10, 4, sys->cr4 & CR4_PSE ? 2 : 1,
					sys->cr3 & LEGACY_ADDR};
	return 0;
}

/* Frame address in a leaf that maps 2^shift bytes. */
static u64 leaf_address(const struct walk_mode *m, u64 entry, u32 shift)
{
	u64 mask = BIT(shift) - 1;

	if (m->entry_bytes == 4 && shift > PAGE_SHIFT)
		return (entry & LEGACY_ADDR & ~mask) | ((entry >> PSE36_LOW) & 0xff) << 32;
	return entry & (m->entry_bytes == 4 ? LEGACY_ADDR : PTE_ADDR) & ~mask;
}

int guest_translate(struct vcpu *v, gva_t gva, gpa_t *gpa)
{
	struct vcpu_sys sys;
	struct walk_mode m;
	u64 table;

	vops->read_sys(v, &sys);
	if (!(sys.efer & EFER_LMA))
		gva.v &= 0xffffffffu;
	if (!(sys.cr0 & CR0_PG)) {
		gpa->v = gva.v;
		return 0;
	}
	if (walk_mode_of(&sys, gva.v, &m))
		return -MB_EFAULT;

	table = m.root;
	for (u32 level = m.levels; level; level--) {
		u32 shift = PAGE_SHIFT + (level - 1) * m.index_bits;
		u32 bits = level == m.levels ? m.top_bits : m.index_bits;
		u64 index = (gva.v >> shift) & (BIT(bits) - 1);
		u64 entry = 0;

		if (guest_read(v->dom, GPA(table + index * m.entry_bytes), &entry, m.entry_bytes) ||
		    !(entry & PTE_P))
			return -MB_EFAULT;
		if (level == 1 || (level <= m.max_leaf && entry & PTE_PS)) {
			gpa->v = leaf_address(&m, entry, shift) | (gva.v & (BIT(shift) - 1));
			return 0;
		}
		table = entry & (m.entry_bytes == 4 ? LEGACY_ADDR : PTE_ADDR);
	}
	return -MB_EFAULT;
}

u32 guest_fetch(struct vcpu *v, u8 *buf, u32 len)
{
	struct vcpu_sys sys;
	u32 done = 0;

	vops->read_sys(v, &sys);
	while (done < len) {
		u64 va = v->rip + done + (sys.cs_long ? 0 : sys.cs_base);
		u32 part;
		gpa_t gpa;

		if (!sys.cs_long)
			va &= 0xffffffffu;
		part = MIN(len - done, (u32)(PAGE_SIZE - (va & PAGE_MASK)));
		if (guest_translate(v, GVA(va), &gpa) || guest_read(v->dom, gpa, buf + done, part))
			break;
		done += part;
	}
	return done;
}
