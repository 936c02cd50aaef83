// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's memory as dom0 sees it: mapped once at build, unmapped once at destroy.
 *
 * Guest RAM lies at its machine address in dom0's address space but is not dom0's RAM.
 * memremap_pages() puts it into the direct map with struct pages. That costs about 20 ms a time
 * whatever the size, so ranges are merged where the machine addresses are adjacent; a second table,
 * ordered by guest address, is what device models look things up in.
 *
 * memunmap_pages() does not wait for page references. Device models are closed before and the
 * memory device file is shut before (south_chr.c), but what a device model gave to Linux in place
 * may still be in a queue somewhere: south_mem_idle() looks at the pages, whoever holds them.
 */
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include "south.h"

#define MEM_ALIGN (2ull << 20) /* memremap_pages() takes nothing smaller */
#define MEM_LOOK 32768u		  /* pages looked at without a break */
#define MEM_MAX_EXTENTS (1u << 20)

struct mem_map {
	struct dev_pagemap pgmap;
	struct resource *res; /* the line in /proc/iomem; NULL if that place is named already */
};

struct south_mem {
	u32 nr_maps;
	struct mem_map *map;
	struct vbus_mem *table;
};

struct mem_extents {
	u32 count;
	u32 room;
	struct mb_mem_range *e;
};

const struct vbus_mem *south_mem_table(const struct south_mem *mem)
{
	return mem->table;
}

static void mem_page_free(struct page *page)
{
	/* The base reference stays; without this function the core would warn. */
}

static const struct dev_pagemap_ops mem_pagemap_ops = { .page_free = mem_page_free };

static int mem_append(struct mem_extents *x, const struct mb_mem_range *r)
{
	struct mb_mem_range *bigger;
	u32 room = max(16u, x->room * 2);

	if (x->count == x->room) {
		if (room > MEM_MAX_EXTENTS)
			return -E2BIG;
		bigger = kvmalloc_array(room, sizeof(*bigger), GFP_KERNEL);
		if (!bigger)
			return -ENOMEM;
		if (x->count)
			memcpy(bigger, x->e, x->count * sizeof(*bigger));
		kvfree(x->e);
		x->e = bigger;
		x->room = room;
	}
	x->e[x->count++] = *r;
	return 0;
}

static int mem_ask(u32 domid, struct mem_extents *x)
{
	struct mb_mem_range *r = hc_buffer(sizeof(*r));
	long ret = 0;

	if (!r)
		return -ENOMEM;
	while (!ret) {
		r->struct_size = sizeof(*r);
		ret = mb_hc3(MB_HC_DOM_MEMMAP, domid, x->count, hc_gpa(r));
		if (!ret && (!r->size || !IS_ALIGNED(r->gpa | r->mpa | r->size, MEM_ALIGN)))
			ret = -EIO;
		if (!ret)
			ret = mem_append(x, r);
		cond_resched();
	}
	kfree(r);
	if (ret == -ENOENT)
		return x->count ? 0 : -EIO;
	return ret;
}

static int mem_by_gpa(const void *a, const void *b)
{
	const struct mb_mem_range *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static int mem_by_mpa(const void *a, const void *b)
{
	const struct mb_mem_range *x = a, *y = b;

	return x->mpa < y->mpa ? -1 : x->mpa > y->mpa;
}

static int mem_make_table(struct south_mem *mem, struct mem_extents *x)
{
	struct vbus_mem_range *last = NULL;
	struct vbus_mem *t;
	u32 i;

	t = kvzalloc(struct_size(t, range, x->count), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	sort(x->e, x->count, sizeof(*x->e), mem_by_gpa, NULL);
	for (i = 0; i < x->count; i++) {
		u8 *va = phys_to_virt(x->e[i].mpa);

		if (last && last->gpa + last->size == x->e[i].gpa && last->va + last->size == va) {
			last->size += x->e[i].size;
			continue;
		}
		last = &t->range[t->count++];
		*last = (struct vbus_mem_range){ x->e[i].gpa, x->e[i].size, va };
	}
	mem->table = t;
	return 0;
}

static int mem_map_one(struct mem_map *m, const char *name, u64 start, u64 size)
{
	void *va;

	m->pgmap.type = MEMORY_DEVICE_GENERIC;
	m->pgmap.range = (struct range){ .start = start, .end = start + size - 1 };
	m->pgmap.nr_range = 1;
	m->pgmap.ops = &mem_pagemap_ops;
	m->res = request_mem_region(start, size, name);
	va = memremap_pages(&m->pgmap, NUMA_NO_NODE);
	if (!IS_ERR(va) && va == phys_to_virt(start))
		return 0;
	pr_err("minibus: guest %s: cannot map memory 0x%llx + 0x%llx: error %ld\n", name, start,
	       size, IS_ERR(va) ? PTR_ERR(va) : -EIO);
	if (!IS_ERR(va))
		memunmap_pages(&m->pgmap);
	if (m->res)
		release_mem_region(start, size);
	return IS_ERR(va) ? PTR_ERR(va) : -EIO;
}

static int mem_make_maps(struct south_mem *mem, struct mem_extents *x, const char *name)
{
	u32 i, n = 0;
	int err = 0;

	sort(x->e, x->count, sizeof(*x->e), mem_by_mpa, NULL);
	for (i = 1; i < x->count; i++) { /* merge in place: e[0..n] */
		if (x->e[n].mpa + x->e[n].size == x->e[i].mpa)
			x->e[n].size += x->e[i].size;
		else
			x->e[++n] = x->e[i];
	}
	mem->map = kvcalloc(n + 1, sizeof(*mem->map), GFP_KERNEL);
	if (!mem->map)
		return -ENOMEM;
	for (i = 0; i <= n && !err; i++) {
		err = mem_map_one(&mem->map[i], name, x->e[i].mpa, x->e[i].size);
		if (!err)
			mem->nr_maps++;
		cond_resched();
	}
	return err;
}

bool south_mem_idle(const struct south_mem *mem)
{
	u32 i;

	for (i = 0; mem && i < mem->nr_maps; i++) {
		const struct range *r = &mem->map[i].pgmap.range;
		unsigned long pfn = PHYS_PFN(r->start), end = PHYS_PFN(r->end);

		for (; pfn <= end; pfn++) {
			if (page_ref_count(pfn_to_page(pfn)) != 1) /* memremap_pages()'s own */
				return false;
			if (!(pfn % MEM_LOOK))
				cond_resched();
		}
	}
	return true;
}

void south_mem_unmap(struct south_mem *mem)
{
	u32 i;

	if (!mem)
		return;
	for (i = 0; i < mem->nr_maps; i++) {
		struct mem_map *m = &mem->map[i];

		memunmap_pages(&m->pgmap);
		if (m->res)
			release_mem_region(m->pgmap.range.start, range_len(&m->pgmap.range));
		cond_resched();
	}
	kvfree(mem->map);
	kvfree(mem->table);
	kfree(mem);
}

int south_mem_map(u32 domid, const char *name, struct south_mem **out)
{
	struct south_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	struct mem_extents x = { 0 };
	int err;

	if (!mem)
		return -ENOMEM;
	err = mem_ask(domid, &x);
	if (!err)
		err = mem_make_table(mem, &x);
	if (!err)
		err = mem_make_maps(mem, &x, name);
	kvfree(x.e);
	if (err) {
		south_mem_unmap(mem);
		return err;
	}
	*out = mem;
	return 0;
}
