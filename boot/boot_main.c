/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First C: per-CPU base and descriptor tables (so that a mistake from here on is a readable panic),
 * the consoles, the loader's information; then hv_main() for good.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/paging.h"
#include "arch/x86/tsc.h"
#include "boot/boot_info.h"
#include "boot/memory_map.h"
#include "boot/multiboot.h"
#include "hv/main.h"
#include "hv/panic.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"
#include "version.h"

NORETURN void boot_main(u32 magic, u32 info);

static struct boot_info boot_info;

/* A value of the linker script as a number, whatever the code model makes of low addresses. */
#define LINKER_VALUE(symbol) \
	({ \
		u64 val_; \
		__asm__("movabsq $" #symbol ", %0" : "=r"(val_)); \
		val_; \
	})

static void find_rsdp(struct boot_info *info)
{
	if (info->rsdp_size || info->efi)
		return;
	info->rsdp = memory_map_find_rsdp();
	if (!info->rsdp.v)
		return;
	info->rsdp_size = BOOT_RSDP_MAX;
	memcpy(info->rsdp_copy, phys_to_virt(info->rsdp), BOOT_RSDP_MAX);
}

NORETURN void boot_main(u32 magic, u32 info)
{
	const char *err;

	percpu_init_boot();
	tsc_start();
	printk_init();
	panic_init();
	pr_info("Minibus %s (%s)\n", MINIBUS_VERSION, MINIBUS_BUILD);

	boot_info.image_start = LINKER_VALUE(_image_start_phys);
	boot_info.image_end = LINKER_VALUE(_image_end_phys);
	err = multiboot_parse(magic, HPA(info), &boot_info);
	if (err) {
		pr_error("cannot start: %s. The machine is halted.\n", err);
		cpu_halt_forever();
	}
	find_rsdp(&boot_info);
	hv_main(&boot_info);
}
