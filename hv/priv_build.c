/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Build dom0: module 0 is its bzImage, module 1 its initrd. The loader put both anywhere, perhaps
 * where they must go; so the initrd is moved up out of the way first, then the kernel down to its
 * preferred address. Linux is entered by the 64-bit boot protocol.
 *
 * One "start area" beside the initrd holds what Linux needs only until it has tables of its own:
 * zero page, command line, identity page tables for the first 4 GiB.
 */
#include "hv/priv_build.h"

#include "arch/x86/acpi.h"
#include "arch/x86/paging.h"
#include "hv/bzimage.h"
#include "hv/domain.h"
#include "hv/exit_io_dom0.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"
#include "hv/vcpu.h"

#define AREA_ZERO_PAGE 0x0000ul
#define AREA_CMDLINE 0x1000ul
#define AREA_CMDLINE_BYTES 0x1000ul
#define AREA_RSDP 0x2000ul
#define AREA_PML4 0x3000ul
#define AREA_PDPT 0x4000ul
#define AREA_PD 0x5000ul /* four of them */
#define AREA_BYTES 0x9000ul
#define IDENTITY_GIB 4

struct placement {
	struct bzimage image;
	u64 kernel; /* load address */
	u64 initrd, initrd_size;
	u64 area;
};

static void *at(u64 pa)
{
	return phys_to_virt(HPA(pa));
}

static const char *place(const struct boot_info *info, struct placement *p)
{
	u64 need = ALIGN_UP(p->image.init_size, PAGE_SIZE);
	u64 align = MAX(p->image.alignment, EXTENT_SIZE);
	u64 max = MIN(p->image.initrd_max, 0xfffffffful);

	p->kernel = p->image.pref_address;
	if (!IS_ALIGNED(p->kernel, align) || !priv_is_ram(p->kernel, need))
		p->kernel = priv_find_ram(need, align, 0xfffffffful, 0, 0);
	if (!p->kernel)
		return "no contiguous RAM for the dom0 kernel: dom0_mem= is too small";
	p->initrd_size = info->module_count > 1 ? info->modules[1].size : 0;
	/* The area lies directly below the initrd; both clear of the kernel's working space. */
	p->area = priv_find_ram(AREA_BYTES + ALIGN_UP(p->initrd_size, PAGE_SIZE), PAGE_SIZE, max,
				p->kernel, p->kernel + need);
	if (!p->area)
		return "no contiguous RAM for the dom0 initrd: dom0_mem= is too small";
	p->initrd = p->initrd_size ? p->area + AREA_BYTES : 0;
	return NULL;
}

static bool overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/*
 * The image to its place by way of a copy if it lies where something else must go. Order: the
 * initrd's target may cover the kernel module, so the kernel is first moved aside when it does.
 */
static const char *load(const struct boot_info *info, struct placement *p)
{
	const struct boot_module *k = &info->modules[0];
	u64 area_size = AREA_BYTES + p->initrd_size;
	const u8 *kernel = p->image.kernel;
	u8 header[ZP_E820_TABLE];
	hpa_t aside = HPA(0);
	u32 extents = (u32)DIV_ROUND_UP(k->size, EXTENT_SIZE);

	memcpy(header, p->image.setup, sizeof(header));
	if (overlaps(p->area, area_size, k->start.v, k->size)) {
		if (extent_alloc(OWNER_BOOT, extents, &aside))
			return "no memory to move the dom0 kernel aside";
		memcpy(at(aside.v), kernel, p->image.kernel_size);
		kernel = at(aside.v);
	}
	if (p->initrd_size)
		memmove(at(p->initrd), at(info->modules[1].start.v), p->initrd_size);
	memmove(at(p->kernel), kernel, p->image.kernel_size);
	if (aside.v)
		extent_free(aside, extents);
	memset(at(p->area), 0, AREA_BYTES);
	p->image.setup = header;
	bzimage_fill_zero_page(&p->image, at(p->area + AREA_ZERO_PAGE), p->area + AREA_CMDLINE,
			       p->initrd, p->initrd_size);
	p->image.setup = NULL;
	return NULL;
}

static void build_page_tables(u64 area)
{
	u64 *pml4 = at(area + AREA_PML4), *pdpt = at(area + AREA_PDPT), *pd = at(area + AREA_PD);

	pml4[0] = (area + AREA_PDPT) | PTE_P | PTE_W;
	for (u64 i = 0; i < IDENTITY_GIB; i++)
		pdpt[i] = (area + AREA_PD + i * PAGE_SIZE) | PTE_P | PTE_W;
	for (u64 i = 0; i < IDENTITY_GIB * 512; i++)
		pd[i] = i << EXTENT_SHIFT | PTE_P | PTE_W | PTE_PS;
}

/* QEMU hands a module's file name over as its first word, GRUB does not. */
static const char *skip_file_name(const char *cmdline)
{
	const char *end = cmdline;
	bool slash = false;

	for (; *end && *end != ' '; end++) {
		if (*end == '=')
			return cmdline;
		slash |= *end == '/';
	}
	if (!slash)
		return cmdline;
	while (*end == ' ')
		end++;
	return end;
}

/* Is there guest memory that a 32-bit device of dom0 could not reach? */
static bool pool_above_4g(void)
{
	for (u64 e = 4 * GIB >> EXTENT_SHIFT; e < extent_limit() >> EXTENT_SHIFT; e++)
		if (extent_owner(HPA(e << EXTENT_SHIFT)) == OWNER_FREE)
			return true;
	return false;
}

static const char *write_cmdline(const struct boot_info *info, const struct placement *p,
				 bool cpus_missing)
{
	char *dst = at(p->area + AREA_CMDLINE);
	size_t max = MIN((size_t)p->image.cmdline_max + 1, AREA_CMDLINE_BYTES);
	char cpus[24] = "";
	int n;

	/* CPUs that the firmware's tables list and maxcpus= left off would each cost Linux 10 s. */
	if (cpus_missing)
		snprintf(cpus, sizeof(cpus), " nr_cpus=%u", cpu_count);
	/* Foreign memory above 4 GiB needs bounce buffers, which Linux sets up only when its own
	 * RAM reaches there. */
	n = snprintf(dst, max, "%s%s%s", skip_file_name(info->modules[0].cmdline), cpus,
		   pool_above_4g() ? " iommu=soft" : "");
	return n < 0 || (size_t)n >= max ? "dom0's command line is too long for its kernel" : NULL;
}

static void write_screen_info(const struct boot_info *info, u8 *zp)
{
	const struct boot_framebuffer *fb = &info->framebuffer;
	u8 *s = zp + ZP_SCREEN_INFO;
	u32 low = (u32)fb->address, high = (u32)(fb->address >> 32);
	u32 size = (u32)DIV_ROUND_UP((u64)fb->pitch * fb->height, 0x10000);

	if (fb->address && fb->type == 1) {
		s[0x0f] = info->efi ? 0x70 : 0x23; /* EFI or VESA linear framebuffer */
		memcpy(s + 0x12, &fb->width, 2);
		memcpy(s + 0x14, &fb->height, 2);
		s[0x16] = fb->bits_per_pixel;
		memcpy(s + 0x18, &low, 4);
		if (info->efi)
			size = fb->pitch * fb->height;
		memcpy(s + 0x1c, &size, 4);
		memcpy(s + 0x24, &fb->pitch, 2);
		s[0x26] = fb->red_size;
		s[0x27] = fb->red_pos;
		s[0x28] = fb->green_size;
		s[0x29] = fb->green_pos;
		s[0x2a] = fb->blue_size;
		s[0x2b] = fb->blue_pos;
		if (high) {
			s[0x36] = 2; /* capability: ext_lfb_base is valid */
			memcpy(s + 0x3a, &high, 4);
		}
	} else if (!info->efi) {
		s[0x06] = 3;	/* 80x25 colour text */
		s[0x07] = 80;
		s[0x0e] = 25;
		s[0x0f] = 1;	/* VGA */
		s[0x10] = 16;
	}
}

static const char *fill_area(const struct boot_info *info, const struct placement *p,
			     bool cpus_missing)
{
	u8 *zp = at(p->area + AREA_ZERO_PAGE);
	u64 rsdp = info->rsdp.v, acpi_page = 0;

	if (!rsdp && info->rsdp_size) {
		acpi_page = p->area + AREA_RSDP; /* stays ACPI data: Linux reads it for ever */
		memcpy(at(acpi_page), info->rsdp_copy, info->rsdp_size);
		rsdp = acpi_page;
	}
	memcpy(zp + ZP_RSDP, &rsdp, sizeof(rsdp));
	write_screen_info(info, zp);
	priv_fill_e820(info, zp, acpi_page);
	build_page_tables(p->area);
	return write_cmdline(info, p, cpus_missing);
}

static const char *create(void)
{
	struct mb_dom_create c = {
		.struct_size = sizeof(c),
		.flags = MB_DOM_SHARE_ALL,
		.vcpus = MIN(cpu_count, MB_MAX_VCPUS),
		.name = "dom0",
	};
	struct domain *d;

	if (domain_create(&c, true, &d))
		return "no memory for dom0: hv_heap= is too small";
	exit_io_dom0_open(d);
	return NULL;
}

const char *priv_build(const struct boot_info *info)
{
	struct placement p = {0};
	struct vcpu_start start = {.mode = VCPU_LONG64};
	const char *error;
	struct vcpu *v;

	if (!info->module_count)
		return "no dom0 kernel: make it the first module (GRUB: module2 /boot/vmlinuz ...)";
	error = bzimage_parse(at(info->modules[0].start.v), info->modules[0].size, &p.image);
	if (error) {
		pr_error("dom0 kernel (module 0, %lu bytes): %s\n", info->modules[0].size, error);
		return "the dom0 kernel cannot be used";
	}
	error = priv_take_memory(info);
	if (!error)
		error = place(info, &p);
	if (!error)
		error = load(info, &p);
	if (!error)
		error = fill_area(info, &p, cpu_count < acpi_info.cpu_count);
	if (!error)
		error = create();
	if (!error)
		error = priv_map_memory();
	if (error)
		return error;

	v = dom0->vcpu[0];
	start.rip = p.kernel + BZIMAGE_ENTRY64;
	start.cr3 = p.area + AREA_PML4;
	v->regs.rsi = p.area + AREA_ZERO_PAGE;
	vops->vcpu_reset(v, &start);
	v->wait_sipi = false;
	pr_info("dom0: kernel at %lx, initrd at %lx (%lu KiB), %u vCPUs\n", p.kernel, p.initrd,
		p.initrd_size / KIB, dom0->nr_vcpus);
	return NULL;
}
