/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own page tables: four levels, built once at boot, changed only at the edges
 * later (MMIO windows, stacks, the AP trampoline). One function, map_range(), does all mapping: it
 * takes the largest page that fits alignment and length. Guest tables are another matter
 * (hv/gpm.c).
 */
#include "arch/x86/paging.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/errno.h"

#define LEVEL_4K 0
#define LEVEL_2M 1
#define LEVEL_1G 2
#define LEVEL_TOP 3
#define MMIO_SIZE_MAX (64 * MIB)
#define NO_LIMIT LEVEL_1G

extern const u8 _text_start[], _text_end[], _rodata_start[], _rodata_end[], _data_start[],
	_data_end[]; /* linker.ld */

static hpa_t (*alloc_page)(void);
static u64 *top;		  /* final PML4; NULL until paging_init() is done */
static u64 window_next = WINDOW_BASE; /* next free address of the window */

/* What the direct map covers; kept for paging_is_direct(). */
static struct paging_range direct[320];
static unsigned int direct_count;

static unsigned int index_at(u64 va, unsigned int level)
{
	return va >> (PAGE_SHIFT + 9 * level) & 511;
}

static u64 page_size(unsigned int level)
{
	return 1ul << (PAGE_SHIFT + 9 * level);
}

/* The entry for va at `level`, with missing tables made; NULL: no memory. */
static u64 *entry_make(u64 *table, u64 va, unsigned int level)
{
	for (unsigned int l = LEVEL_TOP; l > level; l--) {
		u64 *entry = &table[index_at(va, l)];

		if (!(*entry & PTE_P)) {
			hpa_t page = alloc_page();

			if (!page.v)
				return NULL;
			*entry = page.v | PTE_P | PTE_W;
		}
		table = phys_to_virt(HPA(*entry & PTE_ADDR));
	}
	return &table[index_at(va, level)];
}

/* The leaf entry of va in the tables that CR3 names, or NULL. */
static u64 *entry_find(u64 va)
{
	u64 *table = phys_to_virt(HPA(read_cr3() & PTE_ADDR));

	for (unsigned int l = LEVEL_TOP;; l--) {
		u64 *entry = &table[index_at(va, l)];

		if (!(*entry & PTE_P))
			return NULL;
		if (l == LEVEL_4K || *entry & PTE_PS)
			return entry;
		table = phys_to_virt(HPA(*entry & PTE_ADDR));
	}
}

static unsigned int level_for(u64 va, u64 pa, u64 size, unsigned int max_level)
{
	for (unsigned int l = max_level; l > LEVEL_4K; l--) {
		u64 mask = page_size(l) - 1;

		if (!((va | pa) & mask) && size >= page_size(l))
			return l;
	}
	return LEVEL_4K;
}

static int map_range(u64 *table, u64 va, u64 pa, u64 size, u64 flags, unsigned int max_level)
{
	if (!cpu_has(CPU_FEAT_PAGE1GB) && max_level > LEVEL_2M)
		max_level = LEVEL_2M;
	while (size > 0) {
		unsigned int level = level_for(va, pa, size, max_level);
		u64 *entry = entry_make(table, va, level);

		if (!entry)
			return -ENOMEM;
		*entry = pa | flags | PTE_P | PTE_A | PTE_D | (level > LEVEL_4K ? PTE_PS : 0);
		va += page_size(level);
		pa += page_size(level);
		size -= page_size(level);
	}
	return 0;
}

static int map_image_part(u64 *table, const u8 *start, const u8 *end, u64 flags)
{
	return map_range(table, (u64)start, (u64)start - IMAGE_BASE, (u64)(end - start),
			 flags | PTE_G, LEVEL_4K);
}

static int map_image(u64 *table)
{
	int err;

	err = map_image_part(table, _text_start, _text_end, 0);
	if (!err)
		err = map_image_part(table, _rodata_start, _rodata_end, PTE_NX);
	if (!err)
		err = map_image_part(table, _data_start, _data_end, PTE_NX | PTE_W);
	return err;
}

static int map_direct(u64 *table, u64 start, u64 end, u64 flags)
{
	if (start >= end)
		return 0;
	return map_range(table, DIRECT_MAP_BASE + start, start, end - start,
			 flags | PTE_NX | PTE_G, NO_LIMIT);
}

/* Text and rodata must not be writable through the direct map: they are read-only there too. */
static int map_direct_around_image(u64 *table, const struct paging_range *r)
{
	u64 ro_start = (u64)_text_start - IMAGE_BASE, ro_end = (u64)_rodata_end - IMAGE_BASE;
	int err;

	if (r->end <= ro_start || r->start >= ro_end)
		return map_direct(table, r->start, r->end, PTE_W);
	err = map_direct(table, r->start, ro_start, PTE_W);
	if (!err)
		err = map_direct(table, ro_start, ro_end, 0);
	if (!err)
		err = map_direct(table, ro_end, r->end, PTE_W);
	return err;
}

int paging_init(hpa_t (*alloc)(void), const struct paging_range *map, unsigned int count)
{
	hpa_t root;
	u64 *table;
	int err;

	alloc_page = alloc;
	root = alloc_page();
	if (!root.v || count > ARRAY_SIZE(direct))
		return -ENOMEM;
	table = phys_to_virt(root);
	err = map_image(table);
	for (unsigned int i = 0; i < count && !err; i++) {
		direct[i] = map[i];
		err = map_direct_around_image(table, &map[i]);
	}
	/* The window's top entry exists from the start: all CPUs share what comes below it. */
	if (!err && !entry_make(table, WINDOW_BASE, LEVEL_1G))
		err = -ENOMEM;
	if (err)
		return err;
	direct_count = count;
	top = table;
	write_cr3(root.v);
	return 0;
}

u64 paging_cr3(void)
{
	return virt_to_phys(top).v;
}

bool paging_is_direct(hpa_t pa, u64 size)
{
	u64 end = pa.v + size;

	if (!top)
		return end <= 4 * GIB && end >= pa.v;
	for (unsigned int i = 0; i < direct_count; i++) {
		if (direct[i].start <= pa.v && end <= direct[i].end && end >= pa.v)
			return true;
	}
	return false;
}

/* Pages of the window with an absent page behind them. NULL: no memory or no room. */
static void *map_window(hpa_t pa, u64 size, u64 flags)
{
	u64 offset = pa.v & PAGE_MASK, va = window_next;
	u64 length = ALIGN_UP(size + offset, PAGE_SIZE);

	if (!top || size == 0 || length > MMIO_SIZE_MAX ||
	    va + length + PAGE_SIZE > WINDOW_BASE + WINDOW_SIZE)
		return NULL;
	if (map_range(top, va, pa.v - offset, length, flags | PTE_NX | PTE_G, LEVEL_4K))
		return NULL;
	window_next = va + length + PAGE_SIZE;
	return (void *)(va + offset);
}

volatile void *paging_map_mmio(hpa_t pa, u64 size)
{
	return map_window(pa, size, PTE_W | PTE_PCD | PTE_PWT);
}

const void *paging_map_rom(hpa_t pa, u64 size)
{
	return map_window(pa, size, 0);
}

u64 paging_map_stack(hpa_t pa, u64 size)
{
	u64 va;

	window_next += PAGE_SIZE; /* guard below; map_window() leaves one above */
	va = (u64)map_window(pa, size, PTE_W);
	return va ? va + size : 0;
}

void paging_unmap_image_page(const void *va)
{
	u64 *entry = entry_find((u64)va);

	if (entry)
		*entry = 0;
	invlpg((u64)va);
}

int paging_map_trampoline(hpa_t pa)
{
	u64 *entry = entry_make(top, pa.v, LEVEL_4K);

	if (!entry)
		return -ENOMEM;
	*entry = pa.v | PTE_P | PTE_W | PTE_A | PTE_D;
	return 0;
}

/* The tables below entry 0 are left allocated, but nothing reaches them any more. */
void paging_unmap_trampoline(void)
{
	top[0] = 0;
	paging_flush_tlb();
}

void paging_flush_tlb(void)
{
	u64 cr4 = read_cr4();

	if (cr4 & CR4_PGE) {
		write_cr4(cr4 & ~CR4_PGE);
		write_cr4(cr4);
	} else {
		write_cr3(read_cr3());
	}
}

bool paging_is_mapped(u64 va)
{
	s64 canonical = (s64)(va << 16) >> 16;

	return (u64)canonical == va && entry_find(va);
}
