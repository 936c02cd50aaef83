/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The start, as a list: each step needs those before it, and the comment says which.
 */
#include "hv/main.h"

#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/cmos.h"
#include "arch/x86/cpu.h"
#include "arch/x86/errno.h"
#include "arch/x86/fpu.h"
#include "arch/x86/mtrr.h"
#include "arch/x86/paging.h"
#include "arch/x86/smp.h"
#include "arch/x86/tsc.h"
#include "hv/cmdline_options.h"
#include "hv/domain.h"
#include "hv/hwhelp.h"
#include "hv/irq.h"
#include "hv/page_alloc.h"
#include "hv/panic.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/pvclock.h"
#include "hv/priv_build.h"
#include "hv/run.h"
#include "hv/sched.h"
#include "hv/string.h"
#include "hv/vcpu_ops.h"

#define NS_PER_SEC 1000000000ul
#define LOW_MEMORY_END 0x100000ul
#define TRAMPOLINE_FIRST 0x8000ul
#define TRAMPOLINE_LAST 0x90000ul

static const struct boot_info *boot;
static u64 boot_time;

static unsigned int max_cpus = CPUS_MAX;
const struct cmdline_option option_maxcpus = {
	.name = "maxcpus",
	.type = CMDLINE_UINT,
	.value = &max_cpus,
	.help = "N: start at most N CPUs",
};

static bool allow_x2apic = true;

static int parse_apic(const char *value)
{
	if (strcmp(value, "auto") != 0 && strcmp(value, "xapic") != 0)
		return -EINVAL;
	allow_x2apic = strcmp(value, "auto") == 0;
	return 0;
}

const struct cmdline_option option_apic = {
	.name = "apic",
	.type = CMDLINE_CUSTOM,
	.parse = parse_apic,
	.help = "auto|xapic: mode of the local APICs (x2APIC where present, or never)",
};

const struct boot_info *main_boot_info(void)
{
	return boot;
}

u64 main_boot_time(void)
{
	return boot_time;
}

NORETURN static void cannot_start(const char *reason)
{
	pr_error("cannot start: %s. The machine is halted.\n", reason);
	cpu_halt_forever();
}

static hpa_t alloc_table(void)
{
	return page_alloc(0);
}

static void add_mapping(struct paging_range *map, unsigned int *count, u64 start, u64 end)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (*count > 0 && map[*count - 1].end >= start)
		map[*count - 1].end = MAX(map[*count - 1].end, end);
	else
		map[(*count)++] = (struct paging_range){start, end};
}

/* The direct map: the first MiB (BIOS data, RSDP, trampoline), RAM, the firmware's ACPI memory. */
static void init_paging(void)
{
	static struct paging_range map[BOOT_RANGES_MAX + 1];
	unsigned int count = 0;
	int err;

	add_mapping(map, &count, 0, LOW_MEMORY_END);
	for (unsigned int i = 0; i < boot->range_count; i++) {
		const struct boot_range *r = &boot->ranges[i];

		if (r->start < extent_limit() && (r->type == BOOT_RANGE_RAM ||
						  r->type == BOOT_RANGE_ACPI ||
						  r->type == BOOT_RANGE_NVS))
			add_mapping(map, &count, r->start, MIN(r->end, extent_limit()));
	}
	err = paging_init(alloc_table, map, count);
	if (err)
		panic("page tables for %u ranges: error %d", count, err);
	percpu_guard_boot_stacks();
}

static const void *map_firmware(hpa_t pa, u64 size)
{
	return paging_is_direct(pa, size) ? phys_to_virt(pa) : paging_map_rom(pa, size);
}

static void print_tables(void)
{
	char line[160];
	int len = 0;

	line[0] = '\0';
	for (unsigned int i = 0; i < acpi_info.table_count && len < (int)sizeof(line) - 6; i++)
		len += snprintf(line + len, sizeof(line) - (size_t)len, " %.4s",
				acpi_info.tables[i].table->signature);
	pr_info("ACPI: revision %u, tables%s\n", acpi_info.revision, line);
	if (acpi_info.bad_count)
		pr_warn("ACPI: %u tables are damaged and left out\n", acpi_info.bad_count);
}

static void init_acpi(void)
{
	hpa_t rsdp = boot->rsdp;

	if (!rsdp.v && boot->rsdp_size)
		rsdp = virt_to_phys(boot->rsdp_copy); /* the image is in the direct map */
	if (acpi_init(rsdp, map_firmware)) {
		pr_warn("ACPI: no tables found, so only this CPU is used%s\n",
			boot->protocol == 1 ? " (UEFI machines: load with multiboot2)" : "");
		return;
	}
	print_tables();
}

/* Highest free page of low RAM that is not the loader's usual place; its content is put back. */
static hpa_t find_trampoline(void)
{
	for (unsigned int i = 0; i < boot->range_count; i++) {
		const struct boot_range *r = &boot->ranges[i];
		u64 start = MAX(ALIGN_UP(r->start, PAGE_SIZE), TRAMPOLINE_FIRST);

		if (r->type == BOOT_RANGE_RAM && start <= TRAMPOLINE_LAST &&
		    start + PAGE_SIZE <= r->end)
			return HPA(start);
	}
	return HPA(0);
}

/* What every CPU does before it can run vCPUs. */
static void init_this_cpu(void)
{
	if (vops->cpu_enable())
		panic("CPU %u cannot switch virtualisation on", smp_cpu_id());
	sched_init_cpu();
	irq_init_cpu();
}

static void ap_main(void)
{
	init_this_cpu();
	run_cpu(); /* idle until a vCPU is attached */
}

/* All CPUs of the MADT but this one, up to maxcpus; those that do not answer are named. */
static void start_cpus(void)
{
	static struct smp_target targets[CPUS_MAX];
	hpa_t trampoline = find_trampoline();
	unsigned int count = 0;

	for (unsigned int i = 0; i < acpi_info.cpu_count && count + 1 < max_cpus; i++) {
		if (acpi_info.apic_ids[i] != this_cpu()->arch.apic_id)
			targets[count++].apic_id = acpi_info.apic_ids[i];
	}
	if (count == 0)
		return;
	if (!trampoline.v) {
		pr_error("SMP: no RAM page below 640 KiB for the start code; one CPU is used\n");
		return;
	}
	cpu_count = smp_start_all(trampoline, targets, count, percpu_create, ap_main);
	for (unsigned int i = 0; i < count; i++) {
		if (!targets[i].started)
			pr_error("SMP: the CPU with APIC id %u does not start and is not used\n",
				 targets[i].apic_id);
	}
}

static u64 ram_mib(void)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < boot->range_count; i++) {
		if (boot->ranges[i].type == BOOT_RANGE_RAM)
			bytes += boot->ranges[i].end - boot->ranges[i].start;
	}
	return bytes / MIB;
}

static void print_machine(void)
{
	struct page_alloc_stats heap;

	page_alloc_get_stats(&heap);
	pr_info("CPU: %s, family %u model %u, %u of %u CPUs running, %s, TSC %lu.%03lu MHz (%s)\n",
		cpu_info.brand, cpu_info.family, cpu_info.model, cpu_count,
		MAX(acpi_info.cpu_count, 1u), apic_is_x2apic() ? "x2APIC" : "xAPIC",
		tsc_khz / 1000, tsc_khz % 1000, tsc_source());
	pr_info("RAM: %lu MiB, %lu MiB free for domains, heap %lu of %lu KiB used\n", ram_mib(),
		extent_count(OWNER_FREE) * EXTENT_SIZE / MIB, heap.used * 4, heap.total * 4);
}

NORETURN void hv_main(const struct boot_info *info)
{
	const char *err;

	boot = info;
	cmdline_parse(info->cmdline);  /* everything below may have options */
	printk_apply_options();
	pr_info("loaded by %s (multiboot %u%s), %u modules, options: %s\n", info->loader,
		info->protocol, info->efi ? ", UEFI" : "", info->module_count,
		info->cmdline[0] ? info->cmdline : "none");
	err = cpu_identify();
	if (err)
		cannot_start(err);
	cpu_setup();
	err = page_alloc_init(info);   /* works in the first 4 GiB only, as do the boot tables */
	if (err)
		cannot_start(err);
	printk_set_log(page_alloc_log_area());
	init_paging();		       /* all RAM reachable; stacks guarded; W^X */
	init_acpi();		       /* tables may lie anywhere in RAM */
	if (apic_init(allow_x2apic))
		cannot_start("the local APIC cannot be enabled");
	this_cpu()->arch.apic_id = apic_id();
	if (tsc_init(acpi_info.pm_timer_port)) /* also counts the APIC timer */
		cannot_start("no clock found to measure the TSC with (PM timer, PIT)");
	boot_time = cmos_read_time();
	pvclock_init(boot_time * NS_PER_SEC);
	fpu_init();
	mtrr_init();
	if (vendor_init())	       /* says itself what is missing */
		cannot_start("this machine cannot run domains");
	hw_help_print();
	init_this_cpu();
	start_cpus();		       /* needs delays, IPIs, stacks; they enter run_cpu() */
	print_machine();
	err = priv_build(info);	       /* reads the modules, then their memory becomes free */
	if (err)
		cannot_start(err);
	extent_release_boot();
	pr_info("starting dom0\n");
	printk_release_console();      /* COM1 is dom0's from its first instruction on */
	if (domain_start(dom0))
		panic("dom0 cannot be started");
	run_cpu();
}
