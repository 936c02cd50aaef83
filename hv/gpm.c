// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest-physical maps: one walker for NPT and EPT.
 *
 * What differs between the two (rights, memory type) comes from vops->gpm_entry(). So that rights
 * can be read back without asking the vendor, leaves carry a copy of them in bits 52..54, which
 * both formats leave to software (SDM "Format of an EPT Paging-Structure Entry"; APM "Page
 * Translation", available bits). Entries change by one 64-bit store, so lookups and the hardware
 * see the old or the new one. The hardware may set accessed and dirty bits meanwhile: nobody reads
 * those.
 */
#include "hv/gpm.h"

#include "hv/domain.h"
#include "hv/page_alloc.h"
#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"

#include "arch/x86/atomic.h"
#include "arch/x86/barrier.h"
#include "arch/x86/paging.h"

#include "hv/abi/types.h"

#define GPM_LEVELS 4u
#define GPM_BITS 48u
#define GPM_ENTRIES 512u
#define GPM_ADDR PTE_ADDR
#define GPM_LEAF PTE_PS /* at 2 MiB and above */
#define GPM_SOFT_SHIFT 52
#define GPM_SOFT_MASK (7ul << GPM_SOFT_SHIFT)

STATIC_ASSERT(GPM_RWX == 7);

static u32 level_shift(u32 level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static u64 level_size(u32 level)
{
	return BIT(level_shift(level));
}

static u64 *entry_in(u64 *table, u64 gpa, u32 level)
{
	return &table[(gpa >> level_shift(level)) & (GPM_ENTRIES - 1)];
}

static bool entry_is_leaf(u64 entry, u32 level)
{
	return level == 1 || (entry & GPM_LEAF);
}

static u64 *entry_table(u64 entry)
{
	return phys_to_virt(HPA(entry & GPM_ADDR));
}

static u64 leaf_entry(u64 hpa, u32 prot, enum mem_type type, u32 level)
{
	u64 entry = vops->gpm_entry(HPA(hpa), prot, true, type) & ~GPM_SOFT_MASK;

	entry |= (u64)prot << GPM_SOFT_SHIFT;
	return level > 1 ? entry | GPM_LEAF : entry & ~GPM_LEAF;
}

static u32 leaf_prot(u64 entry)
{
	return (u32)(entry >> GPM_SOFT_SHIFT) & GPM_RWX;
}

static bool range_ok(gpa_t gpa, u64 size)
{
	return size && IS_ALIGNED(gpa.v | size, PAGE_SIZE) && gpa.v < BIT(GPM_BITS) &&
	       size <= BIT(GPM_BITS) - gpa.v;
}

static int table_alloc(struct gpm *g, hpa_t *pa)
{
	if (g->tables >= g->max_tables)
		return -MB_ENOMEM;
	*pa = page_alloc(0);
	if (!pa->v)
		return -MB_ENOMEM;
	g->tables++;
	return 0;
}

/* Replace a large leaf by a table that maps the same. */
static int leaf_split(struct gpm *g, u64 *entry, u32 level)
{
	u64 old = *entry;
	u64 part = level > 2 ? old : old & ~GPM_LEAF; /* same rights and memory type */
	hpa_t pa;
	u64 *table;

	if (table_alloc(g, &pa))
		return -MB_ENOMEM;
	table = phys_to_virt(pa);
	for (u32 i = 0; i < GPM_ENTRIES; i++)
		table[i] = part + i * level_size(level - 1);
	/* The table is complete before it can be seen; pairs with the walk of the hardware and of
	 * gpm_lookup(). */
	smp_wmb();
	WRITE_ONCE(*entry, vops->gpm_entry(pa, GPM_RWX, false, MEM_WB));
	return 0;
}

/* The entry for gpa at the wanted level; tables are made and leaves split on the way. */
static int entry_make(struct gpm *g, u64 gpa, u32 want, u64 **out)
{
	u64 *table = g->root;

	for (u32 level = GPM_LEVELS; level > want; level--) {
		u64 *entry = entry_in(table, gpa, level);
		hpa_t pa;

		if (*entry && entry_is_leaf(*entry, level)) {
			if (leaf_split(g, entry, level))
				return -MB_ENOMEM;
		} else if (!*entry) {
			if (table_alloc(g, &pa))
				return -MB_ENOMEM;
			/* page_alloc() cleared it before it can be seen; pairs with the walk, as in
			 * leaf_split(). */
			smp_wmb();
			WRITE_ONCE(*entry, vops->gpm_entry(pa, GPM_RWX, false, MEM_WB));
		}
		table = entry_table(*entry);
	}
	*out = entry_in(table, gpa, want);
	return 0;
}

/* Leaf or absent entry that decides about gpa: its place, its level, and its value (read once: a
 * leaf may become a table meanwhile). */
static u64 entry_find(const struct gpm *g, u64 gpa, u32 *level, u64 **place)
{
	u64 *table = g->root;

	for (*level = GPM_LEVELS;; --*level) {
		u64 value;

		*place = entry_in(table, gpa, *level);
		value = READ_ONCE(**place);
		if (!value || entry_is_leaf(value, *level))
			return value;
		table = entry_table(value);
	}
}

static bool range_absent(const struct gpm *g, u64 gpa, u64 end)
{
	u64 *place;
	u32 level;

	while (gpa < end) {
		if (entry_find(g, gpa, &level, &place))
			return false;
		gpa = ALIGN_DOWN(gpa, level_size(level)) + level_size(level);
	}
	return true;
}

/* Largest leaf for this place that does not stand where a table is already. */
static u32 leaf_level(const struct gpm *g, u64 gpa, u64 hpa, u64 left)
{
	u64 *place;
	u32 level;

	entry_find(g, gpa, &level, &place);
	level = MIN(level, vcaps.leaf_1g ? 3u : 2u);
	while (level > 1 && (left < level_size(level) || !IS_ALIGNED(gpa | hpa, level_size(level))))
		level--;
	return level;
}

static int range_unmap(struct gpm *g, u64 gpa, u64 end, bool *lost)
{
	while (gpa < end) {
		u64 *entry, value, size;
		u32 level;

		value = entry_find(g, gpa, &level, &entry);
		size = level_size(level);
		if (!value) {
			gpa = ALIGN_DOWN(gpa, size) + size;
			continue;
		}
		if (!IS_ALIGNED(gpa, size) || end - gpa < size) {
			if (leaf_split(g, entry, level))
				return -MB_ENOMEM;
			continue;
		}
		WRITE_ONCE(*entry, 0);
		*lost = true;
		gpa += size;
	}
	return 0;
}

static int range_map(struct gpm *g, u64 gpa, u64 hpa, u64 size, u32 prot, enum mem_type type,
		     bool *lost)
{
	u64 done = 0;

	while (done < size) {
		u32 level = leaf_level(g, gpa + done, hpa + done, size - done);
		u64 *entry;

		if (entry_make(g, gpa + done, level, &entry)) {
			/* Whole leaves of ours go: no split, so this cannot fail. They may have
			 * been used meanwhile. */
			range_unmap(g, gpa, gpa + done, lost);
			return -MB_ENOMEM;
		}
		WRITE_ONCE(*entry, leaf_entry(hpa + done, prot, type, level));
		done += level_size(level);
	}
	return 0;
}

/* Full fence: entries are gone before the new generation is seen. Pairs with the read of gen before
 * VM entry (npt.c, ept.c), after run.c has set in_guest. */
static void next_gen(struct gpm *g)
{
	atomic_fetch_add(&g->gen, 1);
}

static void table_free(u64 *table, u32 level)
{
	for (u32 i = 0; level > 1 && i < GPM_ENTRIES; i++)
		if (table[i] && !entry_is_leaf(table[i], level))
			table_free(entry_table(table[i]), level - 1);
	page_free(virt_to_phys(table), 0);
}

int gpm_init(struct gpm *g, u32 max_tables)
{
	*g = (struct gpm){.max_tables = max_tables};
	spin_init(&g->lock, "gpm", LOCK_GPM);
	if (table_alloc(g, &g->root_pa))
		return -MB_ENOMEM;
	g->root = phys_to_virt(g->root_pa);
	return 0;
}

void gpm_destroy(struct gpm *g)
{
	if (!g->root)
		return;
	table_free(g->root, GPM_LEVELS);
	g->root = NULL;
	g->tables = 0;
}

int gpm_map(struct gpm *g, gpa_t gpa, hpa_t hpa, u64 size, u32 prot, enum mem_type type)
{
	bool lost = false;
	int err;

	if (!range_ok(gpa, size) || !IS_ALIGNED(hpa.v, PAGE_SIZE) || hpa.v & ~GPM_ADDR ||
	    !prot || prot & ~GPM_RWX)
		return -MB_EINVAL;
	spin_lock(&g->lock);
	err = range_absent(g, gpa.v, gpa.v + size) ?
		      range_map(g, gpa.v, hpa.v, size, prot, type, &lost) : -MB_EEXIST;
	if (lost)
		next_gen(g);
	spin_unlock(&g->lock);
	return err;
}

int gpm_unmap(struct gpm *g, gpa_t gpa, u64 size)
{
	bool lost = false;
	int err;

	if (!range_ok(gpa, size))
		return -MB_EINVAL;
	spin_lock(&g->lock);
	err = range_unmap(g, gpa.v, gpa.v + size, &lost);
	if (lost)
		next_gen(g);
	spin_unlock(&g->lock);
	return err;
}

bool gpm_lookup(const struct gpm *g, gpa_t gpa, hpa_t *hpa, u32 *prot, u64 *left)
{
	u64 entry, offset, *place;
	u32 level;

	if (gpa.v >= BIT(GPM_BITS))
		return false;
	entry = entry_find(g, gpa.v, &level, &place);
	if (!entry)
		return false;
	offset = gpa.v & (level_size(level) - 1);
	hpa->v = (entry & GPM_ADDR & ~(level_size(level) - 1)) + offset;
	*prot = leaf_prot(entry);
	*left = level_size(level) - offset;
	return true;
}

bool gpm_flushed(struct domain *d)
{
	u32 gen = atomic_load(&d->gpm.gen);
	bool all = true;

	for (u32 i = 0; i < d->nr_vcpus; i++) {
		struct vcpu *v = d->vcpu[i];

		/* A vCPU outside the guest looks at gen again before it enters: in_guest first,
		 * full fence, gen. Pairs with the entry in run.c. */
		if (!v || !atomic_load(&v->pub.in_guest) || READ_ONCE(v->gpm_gen) == gen)
			continue;
		vcpu_kick(v);
		all = false;
	}
	return all;
}
