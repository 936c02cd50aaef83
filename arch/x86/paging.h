/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the hypervisor's own address space.
 *
 *   0xffff800000000000  direct map of RAM and firmware tables, RW NX (image text: R)
 *   0xffffff0000000000  window: MMIO, firmware tables outside the map, stacks with guard pages
 *   0xffffffff80000000  image at + physical address; text RX, rodata R NX, data RW NX
 *
 * Callers:  boot, hv, svm/, vmx/. Context: mapping calls on the boot CPU, before guests run (they
 *           flush only their own TLB). Locking: none, boot CPU only. Lifetime: mappings stay.
 * Errors:   paging_init() and paging_map_*() return -ENOMEM or NULL when the page source is empty.
 */
#ifndef MINIBUS_ARCH_PAGING_H
#define MINIBUS_ARCH_PAGING_H

#include "arch/x86/layout.h"
#include "arch/x86/types.h"

#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7) /* 2 MiB or 1 GiB leaf */
#define PTE_G BIT(8)
#define PTE_NX BIT(63)
#define PTE_ADDR 0x000ffffffffff000ul

/* Page-fault error code. */
#define PF_P BIT(0)
#define PF_W BIT(1)
#define PF_U BIT(2)
#define PF_RSVD BIT(3)
#define PF_I BIT(4)

/* Valid for everything in the direct map; before paging_init() for the first 4 GiB. */
static inline void *phys_to_virt(hpa_t pa)
{
	return (void *)(pa.v + DIRECT_MAP_BASE);
}

/* Of a direct map or image address; anything else is a bug and gives nonsense. */
static inline hpa_t virt_to_phys(const volatile void *va)
{
	u64 v = (u64)va;

	return HPA(v >= IMAGE_BASE ? v - IMAGE_BASE : v - DIRECT_MAP_BASE);
}

struct paging_range {
	u64 start, end; /* [start, end), page aligned */
};

/*
 * Builds the final tables and switches to them. alloc returns zeroed pages below 4 GiB, or 0.
 * map: what the direct map covers (RAM, firmware tables), sorted. The identity map ends here.
 */
int paging_init(hpa_t (*alloc)(void), const struct paging_range *map, unsigned int count);

/* CR3 of the final tables; below 4 GiB, so that the AP trampoline can load it in 32-bit mode. */
u64 paging_cr3(void);

/* True once [pa, pa + size) can be reached by phys_to_virt(). */
bool paging_is_direct(hpa_t pa, u64 size);

/* Uncached. NULL on exhaustion. size up to 64 MiB. */
volatile void *paging_map_mmio(hpa_t pa, u64 size);

/* Cached, read-only: firmware tables that lie outside the direct map. */
const void *paging_map_rom(hpa_t pa, u64 size);

/*
 * Maps size bytes of pa as a stack with an unmapped page on either side; returns its top, or 0.
 */
u64 paging_map_stack(hpa_t pa, u64 size);

/* Makes one page of the image (a guard below a boot stack) absent. */
void paging_unmap_image_page(const void *va);

/* The AP trampoline's page at VA = PA, read-write-execute; only while APs are started. */
int paging_map_trampoline(hpa_t pa);
void paging_unmap_trampoline(void);

/* Flushes this CPU's whole TLB, global pages too. */
void paging_flush_tlb(void);

/* True if va is a mapped hypervisor address: walks the tables. For backtraces. */
bool paging_is_mapped(u64 va);

#endif
