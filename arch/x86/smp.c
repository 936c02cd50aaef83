/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting the application processors by INIT, SIPI, SIPI (SDM Vol 3 "MP Initialization"; the APM
 * has the same sequence), one after another: they share one trampoline page and one set of
 * parameters.
 */
#include "arch/x86/smp.h"

#include "arch/x86/apic.h"
#include "arch/x86/barrier.h"
#include "arch/x86/cpu.h"
#include "arch/x86/errno.h"
#include "arch/x86/paging.h"
#include "arch/x86/tsc.h"

#define INIT_DELAY_US 10000
#define SIPI_DELAY_US 200
#define ONLINE_TIMEOUT_MS 1000

/* The end of the block in boot/ap_start.S, in its layout. */
struct ap_params {
	u32 cr3;
	u32 far_offset;
	u16 far_selector;
	u16 gdt_limit;
	u32 gdt_base;
	u64 stack;
	u64 argument;
	u64 entry;
} PACKED;

STATIC_SIZE(struct ap_params, 40);
STATIC_OFFSET(struct ap_params, stack, 16);

extern const u8 ap_trampoline[], ap_trampoline_end[], ap_trampoline_long[], ap_gdt[], ap_params[];

static void (*ap_continue)(void);

static void copy_bytes(u8 *dst, const u8 *src, u64 n)
{
	for (u64 i = 0; i < n; i++)
		dst[i] = src[i];
}

/* First C on an AP, on its own stack. */
NORETURN static void ap_entry(struct cpu_local *cl)
{
	cpu_setup();
	desc_load(cl);
	apic_init_ap();
	/* Everything before is visible to the boot CPU. Pairs with wait_online(). */
	smp_store_release(&cl->online, 1u);
	ap_continue();
	cpu_halt_forever();
}

static bool wait_online(const struct cpu_local *cl, u64 ms)
{
	u64 end = tsc_now() + ms * tsc_khz;

	while (tsc_now() < end) {
		/* Pairs with ap_entry(). */
		if (smp_load_acquire(&cl->online))
			return true;
		cpu_relax();
	}
	return false;
}

static void prepare_trampoline(hpa_t page)
{
	u8 *copy = phys_to_virt(page);
	struct ap_params *params = (struct ap_params *)(copy + (ap_params - ap_trampoline));

	copy_bytes(copy, ap_trampoline, (u64)(ap_trampoline_end - ap_trampoline));
	params->cr3 = (u32)paging_cr3();
	params->far_offset = (u32)(page.v + (u64)(ap_trampoline_long - ap_trampoline));
	params->gdt_base = (u32)(page.v + (u64)(ap_gdt - ap_trampoline));
	params->entry = (u64)ap_entry;
}

static bool start_one(hpa_t page, struct cpu_local *cl)
{
	u8 *copy = phys_to_virt(page);
	struct ap_params *params = (struct ap_params *)(copy + (ap_params - ap_trampoline));

	params->stack = cl->stack_top;
	params->argument = (u64)cl;
	smp_mb(); /* pairs with the AP's reads of its parameters after the SIPI */
	apic_ipi_init(cl->apic_id);
	tsc_delay_us(INIT_DELAY_US);
	for (unsigned int i = 0; i < 2; i++) {
		apic_ipi_startup(cl->apic_id, (u8)(page.v >> PAGE_SHIFT));
		if (wait_online(cl, i ? ONLINE_TIMEOUT_MS : 1))
			return true;
		tsc_delay_us(SIPI_DELAY_US);
	}
	/* Whatever it does now, it must not wake up later with another CPU's parameters. */
	apic_ipi_init(cl->apic_id);
	return false;
}

unsigned int smp_start_all(hpa_t trampoline, struct smp_target *targets, unsigned int count,
			   struct cpu_local *(*prepare)(u32 id, u32 apic_id),
			   void (*ap_main)(void))
{
	static u8 saved[PAGE_SIZE];
	unsigned int running = 1;

	if (count == 0 || paging_map_trampoline(trampoline))
		return running;
	ap_continue = ap_main;
	copy_bytes(saved, phys_to_virt(trampoline), PAGE_SIZE);
	prepare_trampoline(trampoline);
	for (unsigned int i = 0; i < count; i++) {
		struct cpu_local *cl = prepare(running, targets[i].apic_id);

		if (!cl)
			break;
		targets[i].started = start_one(trampoline, cl);
		running += targets[i].started;
	}
	copy_bytes(phys_to_virt(trampoline), saved, PAGE_SIZE);
	paging_unmap_trampoline();
	return running;
}

NORETURN void smp_run_on_stack(u64 stack_top, void (*fn)(void))
{
	__asm__ volatile("movq %0, %%rsp\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "call *%1\n\t"
			 "ud2" ::"r"(stack_top),
			 "r"(fn)
			 : "memory");
	__builtin_unreachable();
}
