/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  who owns which memory. Two levels:
 *           extents: all RAM in 2 MiB pieces, one owner each (for domains);
 *           pages: 4 KiB, for the hypervisor itself, out of a heap of extents fixed at boot.
 * Callers:  hv/, svm/, vmx/; never on a VM exit path (except extent_owner(), which takes no lock).
 * Context:  any CPU, interrupts off. Locking: LOCK_EXTENT and LOCK_PAGE, taken inside.
 * Lifetime: page_alloc_init() once. Errors: page_alloc() 0, extent_alloc() -ENOMEM; freeing what is
 *           not allocated is a bug and panics.
 */
#ifndef MINIBUS_HV_PAGE_ALLOC_H
#define MINIBUS_HV_PAGE_ALLOC_H

#include "arch/x86/types.h"

struct boot_info;

/* Owners of an extent; a domain's id is its owner number. */
#define OWNER_DOM0 0x0000u
#define OWNER_DOMAIN_MAX 0xffefu
#define OWNER_BOOT 0xfffcu     /* RAM that holds boot modules until dom0 was built */
#define OWNER_RESERVED 0xfffdu /* not whole RAM: firmware, holes, MMIO, the first 2 MiB */
#define OWNER_HV 0xfffeu
#define OWNER_FREE 0xffffu

/* NULL, or what is wrong with this machine's memory. */
const char *page_alloc_init(const struct boot_info *info);

/* count contiguous extents, first fit from the top of RAM downwards. */
MUST_CHECK int extent_alloc(u16 owner, unsigned int count, hpa_t *start);
/* The same at or above 1 GiB alignment etc.: align is in extents, a power of two. */
MUST_CHECK int extent_alloc_aligned(u16 owner, unsigned int count, unsigned int align,
				    hpa_t *start);
void extent_free(hpa_t start, unsigned int count);

/* OWNER_RESERVED for addresses beyond RAM. No lock: a racing change may or may not be seen. */
u16 extent_owner(hpa_t pa);
/* -EINVAL beyond the table, -EBUSY if the extent's owner is not `from`. */
MUST_CHECK int extent_set_owner(hpa_t pa, u16 from, u16 to);
/* Extents that this owner has. */
u64 extent_count(u16 owner);
/* One past the highest extent in the table: every RAM address is below. */
u64 extent_limit(void);

/* dom0 was built: memory of the boot modules becomes free. */
void extent_release_boot(void);

/* 2^order zeroed pages, aligned to their size; v == 0: none left. */
hpa_t page_alloc(unsigned int order);
void page_free(hpa_t pa, unsigned int order);
/* The same as a direct-map pointer, NULL: none left; any size, rounded up to pages. */
void *page_alloc_bytes(size_t size);
void page_free_bytes(void *p, size_t size);

struct page_alloc_stats {
	u64 total, used, peak; /* pages of the heap */
	u64 failures;	       /* allocations refused */
};

void page_alloc_get_stats(struct page_alloc_stats *stats);

/* PRINTK_LOG_SIZE bytes at the end of the heap: the same place at every boot of this machine. */
void *page_alloc_log_area(void);

#endif
