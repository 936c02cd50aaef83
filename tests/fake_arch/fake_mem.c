// SPDX-License-Identifier: GPL-2.0-only
/*
 * hv/page_alloc.h for unit tests. Extents live in one mapping at a fixed address; those that are
 * free are poisoned, so ASan reports who touches memory that he gave back. Pages come from
 * malloc().
 */
#include "fake.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arch/x86/errno.h"
#include "hv/panic.h"
#include "hv/page_alloc.h"
#include "hv/string.h"

#define EXTENTS_MAX 4096

static u16 owners[EXTENTS_MAX];
static unsigned int extents;

u32 fake_fail_at;
u64 fake_pages_bytes;
u32 fake_alloc_calls;

static bool fails_now(void)
{
	__atomic_fetch_add(&fake_alloc_calls, 1, __ATOMIC_RELAXED);
	return fake_fail_at && !--fake_fail_at;
}

static void *extent_ptr(unsigned int i)
{
	return (void *)(FAKE_RAM + i * EXTENT_SIZE);
}

static void own(unsigned int first, unsigned int count, u16 owner)
{
	for (unsigned int i = first; i < first + count; i++)
		owners[i] = owner;
	if (owner == OWNER_FREE)
		ASAN_POISON_MEMORY_REGION(extent_ptr(first), count * EXTENT_SIZE);
	else
		ASAN_UNPOISON_MEMORY_REGION(extent_ptr(first), count * EXTENT_SIZE);
}

void fake_ram_init(unsigned int count, unsigned int dom0_count)
{
	void *p = mmap(extent_ptr(0), count * EXTENT_SIZE, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != extent_ptr(0))
		panic("no mapping of %u extents at %#lx", count, FAKE_RAM);
	extents = count;
	own(0, dom0_count, OWNER_DOM0);
	own(dom0_count, count - dom0_count, OWNER_FREE);
}

static unsigned int free_run(unsigned int top)
{
	unsigned int n = 0;

	while (n < top && owners[top - 1 - n] == OWNER_FREE)
		n++;
	return n;
}

int extent_alloc_aligned(u16 owner, unsigned int count, unsigned int align, hpa_t *start)
{
	if (fails_now())
		return -ENOMEM;
	for (unsigned int top = extents; top >= count; top--) {
		if ((top - count) % align || free_run(top) < count)
			continue;
		own(top - count, count, owner);
		/* What somebody left there must not be seen again. */
		memset(extent_ptr(top - count), 0xa5, count * EXTENT_SIZE);
		*start = HPA(FAKE_RAM + (top - count) * EXTENT_SIZE);
		return 0;
	}
	return -ENOMEM;
}

int extent_alloc(u16 owner, unsigned int count, hpa_t *start)
{
	return extent_alloc_aligned(owner, count, 1, start);
}

void extent_free(hpa_t start, unsigned int count)
{
	unsigned int first = (unsigned int)((start.v - FAKE_RAM) / EXTENT_SIZE);

	for (unsigned int i = first; i < first + count; i++) {
		if (i >= extents || owners[i] == OWNER_FREE || owners[i] == OWNER_DOM0)
			panic("extent %u freed, which has owner %#x", i, owners[i]);
	}
	own(first, count, OWNER_FREE);
}

u16 extent_owner(hpa_t pa)
{
	u64 i = (pa.v - FAKE_RAM) / EXTENT_SIZE;

	return pa.v >= FAKE_RAM && i < extents ? owners[i] : OWNER_RESERVED;
}

u64 extent_count(u16 owner)
{
	u64 n = 0;

	for (unsigned int i = 0; i < extents; i++)
		n += owners[i] == owner;
	return n;
}

u64 extent_limit(void)
{
	return extents * EXTENT_SIZE; /* only quotas are made of it */
}

void *page_alloc_bytes(size_t size)
{
	size_t bytes = ALIGN_UP(size, PAGE_SIZE);
	void *p;

	if (fails_now())
		return NULL;
	p = aligned_alloc(PAGE_SIZE, bytes);
	if (!p)
		panic("out of memory");
	memset(p, 0, bytes);
	__atomic_fetch_add(&fake_pages_bytes, bytes, __ATOMIC_RELAXED);
	return p;
}

void page_free_bytes(void *p, size_t size)
{
	__atomic_fetch_sub(&fake_pages_bytes, ALIGN_UP(size, PAGE_SIZE), __ATOMIC_RELAXED);
	free(p);
}

hpa_t page_alloc(unsigned int order)
{
	return HPA((u64)page_alloc_bytes(PAGE_SIZE << order));
}

void page_free(hpa_t pa, unsigned int order)
{
	page_free_bytes((void *)pa.v, PAGE_SIZE << order);
}

void page_alloc_get_stats(struct page_alloc_stats *stats)
{
	*stats = (struct page_alloc_stats){.total = 1000000, .used = fake_pages_bytes / PAGE_SIZE};
}
