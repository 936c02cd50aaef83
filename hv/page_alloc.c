/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The extent table: which 2 MiB of RAM belongs to whom. One u16 per extent, found by shifting the
 * address; the table lies at the start of the heap. hv/page_heap.c deals out the rest of the heap.
 *
 * Only extents that are RAM throughout are handed out. Partly usable ones, and the first 2 MiB, are
 * OWNER_RESERVED: dom0 finds their usable parts through its memory map.
 */
#include "hv/page_alloc.h"

#include "arch/x86/errno.h"
#include "arch/x86/paging.h"
#include "boot/boot_info.h"
#include "hv/cmdline_options.h"
#include "hv/locks.h"
#include "hv/page_heap.h"
#include "hv/printk.h"
#include "hv/string.h"

#define HEAP_BASE_SIZE (6 * MIB)
#define HEAP_RAM_SHARE 512 /* plus this part of RAM: tables of nested paging, vCPUs */
#define HEAP_MAX (1 * GIB)
#define HEAP_LIMIT (4 * GIB) /* first tables reach this far, and APs load CR3 in 32 bits */
#define RAM_LIMIT (64ul * 1024 * GIB) /* of the direct map */

/* Under extent_lock; READ_ONCE in extent_owner(). */
static struct spinlock extent_lock = SPINLOCK_INIT("extent", LOCK_EXTENT);
static u16 *owners;
static u64 owner_limit; /* entries */
static u32 counts[0x10000]; /* extents by owner */

static u64 hv_heap;
const struct cmdline_option option_hv_heap = {
	.name = "hv_heap",
	.type = CMDLINE_SIZE,
	.value = &hv_heap,
	.help = "SIZE: memory for the hypervisor's own pages (default 6M + RAM/512)",
};

static u64 ram_end(const struct boot_info *info)
{
	u64 end = 0;

	for (unsigned int i = 0; i < info->range_count; i++) {
		if (info->ranges[i].type == BOOT_RANGE_RAM)
			end = MAX(end, MIN(info->ranges[i].end, RAM_LIMIT));
	}
	return end;
}

static u64 ram_total(const struct boot_info *info)
{
	u64 total = 0;

	for (unsigned int i = 0; i < info->range_count; i++) {
		if (info->ranges[i].type == BOOT_RANGE_RAM)
			total += info->ranges[i].end - info->ranges[i].start;
	}
	return total;
}

/* Ranges are merged and do not overlap, so an extent that is all RAM lies within one. */
static bool is_ram(const struct boot_info *info, u64 start, u64 end)
{
	for (unsigned int i = 0; i < info->range_count; i++) {
		const struct boot_range *r = &info->ranges[i];

		if (r->type == BOOT_RANGE_RAM && r->start <= start && end <= r->end)
			return true;
	}
	return false;
}

static bool overlaps(u64 a_start, u64 a_end, u64 b_start, u64 b_end)
{
	return a_start < b_end && b_start < a_end;
}

/* Does the loader's data lie here? */
static bool is_boot_data(const struct boot_info *info, u64 start, u64 end)
{
	for (unsigned int i = 0; i < info->module_count; i++) {
		u64 from = info->modules[i].start.v;

		if (overlaps(start, end, from, from + info->modules[i].size))
			return true;
	}
	return overlaps(start, end, info->efi_memmap.v,
			info->efi_memmap.v + info->efi_memmap_size);
}

static bool is_image(const struct boot_info *info, u64 start, u64 end)
{
	return overlaps(start, end, info->image_start, info->image_end);
}

/* From the top of the memory that the first page tables reach. */
static u64 find_heap(const struct boot_info *info, u64 size)
{
	u64 top = ALIGN_DOWN(MIN(ram_end(info), HEAP_LIMIT), EXTENT_SIZE);

	for (u64 start = top; start >= size + EXTENT_SIZE;) {
		start -= EXTENT_SIZE;
		if (start + size > top)
			continue;
		if (is_ram(info, start, start + size) && !is_boot_data(info, start, start + size) &&
		    !is_image(info, start, start + size))
			return start;
	}
	return 0;
}

static u64 heap_size(const struct boot_info *info)
{
	u64 size = hv_heap ? hv_heap : HEAP_BASE_SIZE + ram_total(info) / HEAP_RAM_SHARE;

	size = MIN(size, HEAP_MAX);
	return MAX(ALIGN_UP(size, EXTENT_SIZE), EXTENT_SIZE);
}

static u16 first_owner(const struct boot_info *info, u64 start, u64 heap, u64 heap_end)
{
	u64 end = start + EXTENT_SIZE;

	if (is_image(info, start, end) || overlaps(start, end, heap, heap_end))
		return OWNER_HV;
	if (start == 0 || !is_ram(info, start, end))
		return OWNER_RESERVED;
	return is_boot_data(info, start, end) ? OWNER_BOOT : OWNER_FREE;
}

const char *page_alloc_init(const struct boot_info *info)
{
	u64 size = heap_size(info), heap = find_heap(info, size), table_size;

	while (!heap && size > EXTENT_SIZE) {
		size = ALIGN_UP(size / 2, EXTENT_SIZE);
		heap = find_heap(info, size);
	}
	owner_limit = DIV_ROUND_UP(ram_end(info), EXTENT_SIZE);
	table_size = ALIGN_UP(owner_limit * sizeof(*owners), PAGE_SIZE);
	if (!heap || table_size + PRINTK_LOG_SIZE + MIB > size)
		return "there is no free RAM below 4 GiB for the hypervisor's heap";
	if (size < heap_size(info))
		pr_warn("heap: only %lu MiB instead of %lu MiB are free below 4 GiB\n", size / MIB,
			heap_size(info) / MIB);

	owners = phys_to_virt(HPA(heap));
	for (u64 i = 0; i < owner_limit; i++) {
		owners[i] = first_owner(info, i * EXTENT_SIZE, heap, heap + size);
		counts[owners[i]]++;
	}
	page_heap_init(HPA(heap + table_size), size - table_size);
	return NULL;
}

static bool run_is(u64 first, unsigned int count, u16 owner)
{
	for (unsigned int i = 0; i < count; i++) {
		if (owners[first + i] != owner)
			return false;
	}
	return true;
}

static void set_run(u64 first, unsigned int count, u16 from, u16 to)
{
	ASSERT_HELD(&extent_lock);
	for (unsigned int i = 0; i < count; i++)
		WRITE_ONCE(owners[first + i], to);
	counts[from] -= count;
	counts[to] += count;
}

int extent_alloc_aligned(u16 owner, unsigned int count, unsigned int align, hpa_t *start)
{
	int ret = -ENOMEM;

	if (count == 0 || count > owner_limit || align == 0 || (align & (align - 1)))
		return -EINVAL;
	spin_lock(&extent_lock);
	for (u64 first = ALIGN_DOWN(owner_limit - count, (u64)align);; first -= align) {
		if (run_is(first, count, OWNER_FREE)) {
			set_run(first, count, OWNER_FREE, owner);
			*start = HPA(first * EXTENT_SIZE);
			ret = 0;
			break;
		}
		if (first < align)
			break;
	}
	spin_unlock(&extent_lock);
	return ret;
}

int extent_alloc(u16 owner, unsigned int count, hpa_t *start)
{
	return extent_alloc_aligned(owner, count, 1, start);
}

void extent_free(hpa_t start, unsigned int count)
{
	u64 first = start.v >> EXTENT_SHIFT;

	spin_lock(&extent_lock);
	BUG_ON(start.v & EXTENT_MASK);
	BUG_ON(first + count > owner_limit);
	for (unsigned int i = 0; i < count; i++) {
		u16 owner = owners[first + i];

		BUG_ON(owner == OWNER_FREE || owner == OWNER_RESERVED || owner == OWNER_HV);
		set_run(first + i, 1, owner, OWNER_FREE);
	}
	spin_unlock(&extent_lock);
}

u16 extent_owner(hpa_t pa)
{
	u64 index = pa.v >> EXTENT_SHIFT;

	return index < owner_limit ? READ_ONCE(owners[index]) : OWNER_RESERVED;
}

int extent_set_owner(hpa_t pa, u16 from, u16 to)
{
	u64 index = pa.v >> EXTENT_SHIFT;
	int ret = -EBUSY;

	if (index >= owner_limit)
		return -EINVAL;
	spin_lock(&extent_lock);
	if (owners[index] == from) {
		set_run(index, 1, from, to);
		ret = 0;
	}
	spin_unlock(&extent_lock);
	return ret;
}

u64 extent_count(u16 owner)
{
	return READ_ONCE(counts[owner]);
}

u64 extent_limit(void)
{
	return owner_limit * EXTENT_SIZE;
}

void extent_release_boot(void)
{
	spin_lock(&extent_lock);
	for (u64 i = 0; i < owner_limit; i++) {
		if (owners[i] == OWNER_BOOT)
			set_run(i, 1, OWNER_BOOT, OWNER_FREE);
	}
	spin_unlock(&extent_lock);
}
