// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory: addresses where the guest has none. The nested page tables hold its own RAM only, so
 * there is no address by which it could name the hypervisor's memory or another guest's; what it
 * touches elsewhere reads as ones and swallows writes, and the hypervisor writes one line. What may
 * go wrong: the machine's memory shows through at its own address, a write is kept somewhere, an
 * access over the end of RAM does half of its work, the page tables lead outside.
 *
 * MEMORY: 64
 * SECONDS: 60
 */
#include "guest.h"

#define RAM_END (64ull << 20)
#define WINDOW 0x40000000ull /* a virtual 2 MiB page to look through */

static unsigned int bad;

/* One machine address, through the window. */
static void look(uint64_t pa)
{
	volatile uint32_t *p = (volatile uint32_t *)WINDOW;

	guest_map(WINDOW, pa, PAGE_PRESENT | PAGE_WRITE);
	if (p[0] != 0xffffffff || p[1024] != 0xffffffff) {
		if (!bad++)
			guest_printf("# %lx shows %x\n", pa, p[0]);
		return;
	}
	p[0] = 0x12345678;
	p[1024] = 0x12345678;
	if (p[0] != 0xffffffff)
		bad++;
}

static void elsewhere(void)
{
	for (uint64_t pa = RAM_END; pa < 4ull << 30; pa += 32ull << 20)
		look(pa);
	report(!bad, "below 4 GiB nothing but its RAM (%u places)", bad);
	bad = 0;
	for (uint64_t pa = 4ull << 30; pa < 64ull << 30; pa += 1ull << 30)
		look(pa);
	look(1ull << 38);
	report(!bad, "nor above (%u places)", bad);
}

static void edges(void)
{
	volatile uint64_t *last = (volatile uint64_t *)(RAM_END - 8);

	*last = 0x1122334455667788;
	report(*last == 0x1122334455667788, "the last word is RAM");
	report(*(volatile uint64_t *)RAM_END == ~0ull, "the next one is not");
	*(volatile uint64_t *)RAM_END = 0;
	report(*(volatile uint64_t *)RAM_END == ~0ull && *last == 0x1122334455667788,
	       "a write behind the end is lost");
}

/* The forms that the hypervisor has to decode when nobody answers. */
static void forms(void)
{
	uint64_t at = RAM_END + 0x1000, rax = 0x1122334455667788;

	__asm__ volatile("movb (%1), %%al" : "+a"(rax) : "r"(at));
	report(rax == 0x11223344556677ff, "8 bits: %lx", rax);
	rax = 0x1122334455667788;
	__asm__ volatile("movw (%1), %%ax" : "+a"(rax) : "r"(at));
	report(rax == 0x112233445566ffff, "16 bits: %lx", rax);
	__asm__ volatile("movl (%1), %%eax" : "+a"(rax) : "r"(at));
	report(rax == 0xffffffff, "32 bits: %lx", rax);
	__asm__ volatile("movzbl (%1), %%eax" : "=a"(rax) : "r"(at));
	report(rax == 0xff, "zero extended: %lx", rax);
	__asm__ volatile("movslq (%1), %%rax" : "=a"(rax) : "r"(at));
	report(rax == ~0ull, "sign extended: %lx", rax);
	rax = 5;
	__asm__ volatile("xchgl (%1), %%eax" : "+a"(rax) : "r"(at) : "memory");
	report(rax == 0xffffffff, "exchanged: %lx", rax);
	__asm__ volatile("movl $7, (%0); movb $7, 3(%0); movq $7, 8(%0)" : : "r"(at) : "memory");
	report(*(volatile uint32_t *)at == 0xffffffff, "immediate values are lost");
}

void guest_main(void)
{
	report_plan(2 + 3 + 7);
	edges();
	forms();
	elsewhere();
}
