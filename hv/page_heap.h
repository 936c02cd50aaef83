/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the inside of hv/page_alloc.h's second level: 4 KiB pages out of one contiguous heap.
 * Callers:  hv/page_alloc.c only; everybody else uses page_alloc() of hv/page_alloc.h.
 * Context:  boot CPU, once. Locking, lifetime, errors: see hv/page_alloc.h.
 */
#ifndef MINIBUS_HV_PAGE_HEAP_H
#define MINIBUS_HV_PAGE_HEAP_H

#include "arch/x86/types.h"

/* Whole pages; the last PRINTK_LOG_SIZE bytes become the log area, the first ones the bitmap. */
void page_heap_init(hpa_t start, u64 size);

#endif
