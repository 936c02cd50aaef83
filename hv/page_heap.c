/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for the hypervisor itself: a bitmap over one heap, searched from where the last search
 * ended. A search costs at most one pass over the bitmap; nothing on a VM exit path allocates.
 */
#include "hv/page_heap.h"

#include "arch/x86/paging.h"
#include "hv/bitmap.h"
#include "hv/locks.h"
#include "hv/page_alloc.h"
#include "hv/printk.h"
#include "hv/string.h"

#define ORDER_MAX 9 /* 2 MiB */

/* All under page_lock. */
static struct spinlock page_lock = SPINLOCK_INIT("page", LOCK_PAGE);
static u64 *used; /* one bit per page of the heap */
static u64 base;  /* physical address of page 0, which holds `used` */
static u64 pages;
static u64 hint; /* page to search from */
static struct page_alloc_stats stats;

static void *log_area; /* constant after init */

void page_heap_init(hpa_t start, u64 size)
{
	u64 bitmap_pages;

	base = start.v;
	pages = (size - PRINTK_LOG_SIZE) / PAGE_SIZE;
	log_area = phys_to_virt(HPA(start.v + size - PRINTK_LOG_SIZE));
	used = phys_to_virt(start);
	bitmap_pages = DIV_ROUND_UP(BITMAP_WORDS(pages) * sizeof(u64), PAGE_SIZE);
	memset(used, 0, bitmap_pages * PAGE_SIZE);
	for (u64 i = 0; i < bitmap_pages; i++)
		bitmap_set(used, i);
	stats.total = pages - bitmap_pages;
	hint = bitmap_pages;
}

static bool run_is_free(u64 first, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		if (bitmap_test(used, first + i))
			return false;
	}
	return true;
}

/* First page of a free aligned run at or after `from`, or `pages`. Alignment is physical. */
static u64 find_run(u64 from, u64 count)
{
	u64 first = ALIGN_UP(base / PAGE_SIZE + from, count) - base / PAGE_SIZE;

	for (; first + count <= pages; first += count) {
		if (run_is_free(first, count))
			return first;
	}
	return pages;
}

hpa_t page_alloc(unsigned int order)
{
	u64 count = BIT(order), first;

	BUG_ON(order > ORDER_MAX);
	spin_lock(&page_lock);
	first = find_run(hint, count);
	if (first == pages)
		first = find_run(0, count);
	if (first == pages) {
		stats.failures++;
		spin_unlock(&page_lock);
		return HPA(0);
	}
	for (u64 i = 0; i < count; i++)
		bitmap_set(used, first + i);
	stats.used += count;
	stats.peak = MAX(stats.peak, stats.used);
	hint = first + count;
	spin_unlock(&page_lock);

	memset(phys_to_virt(HPA(base + first * PAGE_SIZE)), 0, count * PAGE_SIZE);
	return HPA(base + first * PAGE_SIZE);
}

void page_free(hpa_t pa, unsigned int order)
{
	u64 first = (pa.v - base) / PAGE_SIZE;

	BUG_ON(order > ORDER_MAX || pa.v < base || pa.v & (PAGE_SIZE * BIT(order) - 1));
	BUG_ON(first + BIT(order) > pages);
	spin_lock(&page_lock);
	for (u64 i = 0; i < BIT(order); i++) {
		BUG_ON(!bitmap_test(used, first + i));
		bitmap_clear(used, first + i);
	}
	stats.used -= BIT(order);
	hint = MIN(hint, first);
	spin_unlock(&page_lock);
}

static unsigned int order_of(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

void *page_alloc_bytes(size_t size)
{
	hpa_t pa = page_alloc(order_of(size));

	return pa.v ? phys_to_virt(pa) : NULL;
}

void page_free_bytes(void *p, size_t size)
{
	page_free(virt_to_phys(p), order_of(size));
}

void page_alloc_get_stats(struct page_alloc_stats *out)
{
	spin_lock(&page_lock);
	*out = stats;
	spin_unlock(&page_lock);
}

void *page_alloc_log_area(void)
{
	return log_area;
}
