/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the loader's structures to struct boot_info. Nothing is believed: every pointer must lie
 * below 4 GiB (all that is mapped now), every length within what contains it, every module in RAM
 * and outside our image. Reference: Multiboot Specification 0.6.96 section 3.3 "Boot information
 * format"; Multiboot2 Specification 2.0 section 3.4.
 */
#include "boot/multiboot.h"

#include "arch/x86/paging.h"
#include "boot/memory_map.h"
#include "hv/string.h"

#define MAPPED_LIMIT (4 * GIB)
#define MB2_SIZE_MAX (1 * MIB)

/* multiboot 1: which parts of the information are valid */
#define MB1_HAS_CMDLINE (1u << 2)
#define MB1_HAS_MODULES (1u << 3)
#define MB1_HAS_MMAP (1u << 6)
#define MB1_HAS_LOADER (1u << 9)
#define MB1_HAS_FRAMEBUFFER (1u << 12)

struct mb1_info {
	u32 flags;
	u32 mem_lower, mem_upper;
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
	u32 drives_length, drives_addr;
	u32 config_table;
	u32 loader_name;
	u32 apm_table;
	u32 vbe[4];
	u64 fb_address;
	u32 fb_pitch, fb_width, fb_height;
	u8 fb_bpp, fb_type, fb_colors[6];
} PACKED;

STATIC_SIZE(struct mb1_info, 116);
STATIC_OFFSET(struct mb1_info, mods_count, 20);
STATIC_OFFSET(struct mb1_info, mmap_length, 44);
STATIC_OFFSET(struct mb1_info, loader_name, 64);
STATIC_OFFSET(struct mb1_info, fb_address, 88);

struct mb1_module {
	u32 start, end, cmdline, reserved_0x0c;
};

STATIC_SIZE(struct mb1_module, 16);

struct mb1_range {
	u32 size; /* of what follows */
	u64 base, length;
	u32 type;
} PACKED;

STATIC_SIZE(struct mb1_range, 24);

enum mb2_type {
	MB2_END = 0,
	MB2_CMDLINE = 1,
	MB2_LOADER = 2,
	MB2_MODULE = 3,
	MB2_MMAP = 6,
	MB2_FRAMEBUFFER = 8,
	MB2_EFI64 = 12,
	MB2_RSDP_OLD = 14,
	MB2_RSDP_NEW = 15,
	MB2_EFI_MMAP = 17,
};

struct mb2_tag {
	u32 type;
	u32 size;
};

struct mb2_module {
	struct mb2_tag tag;
	u32 start, end;
	char cmdline[];
};

struct mb2_mmap {
	struct mb2_tag tag;
	u32 entry_size, entry_version;
};

struct mb2_range {
	u64 base, length;
	u32 type, reserved_0x14;
};

struct mb2_framebuffer {
	struct mb2_tag tag;
	u64 address;
	u32 pitch, width, height;
	u8 bpp, type;
	u16 reserved_0x1e;
	u8 colors[6];
	u16 reserved_0x26;
};

struct mb2_efi_mmap {
	struct mb2_tag tag;
	u32 desc_size, desc_version;
};

STATIC_SIZE(struct mb2_range, 24);
STATIC_OFFSET(struct mb2_module, cmdline, 16);
STATIC_OFFSET(struct mb2_framebuffer, bpp, 28);
STATIC_OFFSET(struct mb2_framebuffer, colors, 32);

static char error_text[128];

/* NULL unless [pa, pa + size) is mapped memory. */
static const void *loader_ptr(u64 pa, u64 size)
{
	if (pa == 0 || pa >= MAPPED_LIMIT || size > MAPPED_LIMIT - pa)
		return NULL;
	return phys_to_virt(HPA(pa));
}

/* A text that ends somewhere below 4 GiB; false if it is too long for us. */
static bool copy_text(char *dst, u64 size, u64 pa, u64 max)
{
	const char *src = loader_ptr(pa, 1);
	size_t len;

	if (!src)
		return false;
	max = MIN(max, MAPPED_LIMIT - pa);
	len = strnlen(src, MIN(max, size));
	if (len >= size || len >= max)
		return false;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

/* QEMU puts the file name in front of every command line, GRUB 2 does not. */
static void drop_first_word(char *text)
{
	const char *rest = text;

	while (*rest && *rest != ' ')
		rest++;
	while (*rest == ' ')
		rest++;
	memmove(text, rest, strlen(rest) + 1);
}

static void drop_file_names(struct boot_info *out)
{
	if (strcmp(out->loader, "qemu") != 0)
		return;
	drop_first_word(out->cmdline);
	for (unsigned int i = 0; i < out->module_count; i++)
		drop_first_word(out->modules[i].cmdline);
}

static const char *add_module(struct boot_info *out, u32 start, u32 end, u64 text, u64 text_max)
{
	struct boot_module *m;

	if (out->module_count == BOOT_MODULES_MAX)
		return "the loader gave more than 8 modules";
	m = &out->modules[out->module_count++];
	m->start = HPA(start);
	m->size = end - start;
	if (end <= start) {
		snprintf(error_text, sizeof(error_text), "module %u is empty (0x%x to 0x%x)",
			 out->module_count, start, end);
		return error_text;
	}
	m->cmdline[0] = '\0';
	if (text && !copy_text(m->cmdline, sizeof(m->cmdline), text, text_max)) {
		snprintf(error_text, sizeof(error_text),
			 "the command line of module %u is longer than %u characters",
			 out->module_count, BOOT_CMDLINE_MAX - 1);
		return error_text;
	}
	return NULL;
}

static const char *add_range(struct boot_info *out, u64 base, u64 length, u32 type)
{
	struct boot_range *r;

	if (length == 0)
		return NULL;
	if (out->range_count == BOOT_RANGES_MAX)
		return "the loader's memory map has more than 256 entries";
	r = &out->ranges[out->range_count++];
	r->start = base;
	r->end = base + length < base ? ~0ul : base + length;
	r->type = type >= BOOT_RANGE_RAM && type <= BOOT_RANGE_BAD ? type : BOOT_RANGE_RESERVED;
	return NULL;
}

static const char *parse_mb1_modules(const struct mb1_info *mb, struct boot_info *out)
{
	const struct mb1_module *mods;

	if (!(mb->flags & MB1_HAS_MODULES) || mb->mods_count == 0)
		return NULL;
	if (mb->mods_count > BOOT_MODULES_MAX)
		return "the loader gave more than 8 modules";
	mods = loader_ptr(mb->mods_addr, mb->mods_count * sizeof(*mods));
	if (!mods)
		return "the loader's module list lies outside memory";
	for (u32 i = 0; i < mb->mods_count; i++) {
		const char *err = add_module(out, mods[i].start, mods[i].end, mods[i].cmdline,
					     MAPPED_LIMIT);

		if (err)
			return err;
	}
	return NULL;
}

static const char *parse_mb1_mmap(const struct mb1_info *mb, struct boot_info *out)
{
	const u8 *base;
	const char *err = NULL;

	if (!(mb->flags & MB1_HAS_MMAP))
		return "the loader gave no memory map";
	base = loader_ptr(mb->mmap_addr, mb->mmap_length);
	if (!base)
		return "the loader's memory map lies outside memory";
	for (u64 at = 0; at + sizeof(struct mb1_range) <= mb->mmap_length && !err;) {
		const struct mb1_range *r = (const struct mb1_range *)(base + at);

		if (r->size < sizeof(*r) - sizeof(r->size))
			return "the loader's memory map has a malformed entry";
		err = add_range(out, r->base, r->length, r->type);
		at += (u64)r->size + sizeof(r->size);
	}
	return err;
}

static void parse_mb1_framebuffer(const struct mb1_info *mb, struct boot_framebuffer *fb)
{
	if (!(mb->flags & MB1_HAS_FRAMEBUFFER))
		return;
	*fb = (struct boot_framebuffer){
		.address = mb->fb_address,
		.pitch = mb->fb_pitch,
		.width = mb->fb_width,
		.height = mb->fb_height,
		.bits_per_pixel = mb->fb_bpp,
		.type = mb->fb_type,
		.red_pos = mb->fb_colors[0],
		.red_size = mb->fb_colors[1],
		.green_pos = mb->fb_colors[2],
		.green_size = mb->fb_colors[3],
		.blue_pos = mb->fb_colors[4],
		.blue_size = mb->fb_colors[5],
	};
}

static const char *parse_mb1(hpa_t info, struct boot_info *out)
{
	const struct mb1_info *mb = loader_ptr(info.v, sizeof(*mb));
	const char *err;

	if (!mb)
		return "the loader's information lies outside memory";
	out->protocol = 1;
	if (mb->flags & MB1_HAS_LOADER &&
	    !copy_text(out->loader, sizeof(out->loader), mb->loader_name, MAPPED_LIMIT))
		string_copy(out->loader, "unknown", sizeof(out->loader));
	if (mb->flags & MB1_HAS_CMDLINE &&
	    !copy_text(out->cmdline, sizeof(out->cmdline), mb->cmdline, MAPPED_LIMIT))
		return "the command line is longer than 1023 characters";
	err = parse_mb1_mmap(mb, out);
	if (!err)
		err = parse_mb1_modules(mb, out);
	parse_mb1_framebuffer(mb, &out->framebuffer);
	return err;
}

static const char *parse_mb2_mmap(const struct mb2_tag *tag, struct boot_info *out)
{
	const struct mb2_mmap *mmap = (const struct mb2_mmap *)tag;
	const u8 *base = (const u8 *)tag;
	const char *err = NULL;

	if (tag->size < sizeof(*mmap) || mmap->entry_size < sizeof(struct mb2_range))
		return "the loader's memory map is malformed";
	for (u64 at = sizeof(*mmap); at + mmap->entry_size <= tag->size && !err;
	     at += mmap->entry_size) {
		const struct mb2_range *r = (const struct mb2_range *)(base + at);

		err = add_range(out, r->base, r->length, r->type);
	}
	return err;
}

static void parse_mb2_framebuffer(const struct mb2_tag *tag, struct boot_framebuffer *fb)
{
	const struct mb2_framebuffer *in = (const struct mb2_framebuffer *)tag;

	if (tag->size < offsetof(struct mb2_framebuffer, colors))
		return;
	*fb = (struct boot_framebuffer){
		.address = in->address,
		.pitch = in->pitch,
		.width = in->width,
		.height = in->height,
		.bits_per_pixel = in->bpp,
		.type = in->type,
	};
	if (in->type != 1 || tag->size < offsetof(struct mb2_framebuffer, colors) + 6)
		return;
	fb->red_pos = in->colors[0];
	fb->red_size = in->colors[1];
	fb->green_pos = in->colors[2];
	fb->green_size = in->colors[3];
	fb->blue_pos = in->colors[4];
	fb->blue_size = in->colors[5];
}

static void parse_mb2_rsdp(const struct mb2_tag *tag, struct boot_info *out)
{
	u32 size = MIN(tag->size - (u32)sizeof(*tag), BOOT_RSDP_MAX);

	if (size < 20 || size < out->rsdp_size) /* the newer and longer one is kept */
		return;
	out->rsdp_size = size;
	memcpy(out->rsdp_copy, tag + 1, size);
}

static void parse_mb2_efi_mmap(u64 pa, const struct mb2_tag *tag, struct boot_info *out)
{
	const struct mb2_efi_mmap *mmap = (const struct mb2_efi_mmap *)tag;

	if (tag->size < sizeof(*mmap))
		return;
	out->efi_memmap = HPA(pa + sizeof(*mmap));
	out->efi_memmap_size = tag->size - (u32)sizeof(*mmap);
	out->efi_desc_size = mmap->desc_size;
	out->efi_desc_version = mmap->desc_version;
}

/* tag: at pa, with tag->size bytes inside the information. */
static const char *parse_mb2_tag(u64 pa, const struct mb2_tag *tag, struct boot_info *out)
{
	const struct mb2_module *mod = (const struct mb2_module *)tag;
	u64 rest = tag->size - sizeof(*tag);

	switch (tag->type) {
	case MB2_CMDLINE:
		if (!copy_text(out->cmdline, sizeof(out->cmdline), pa + sizeof(*tag), rest))
			return "the command line is longer than 1023 characters";
		return NULL;
	case MB2_LOADER:
		if (!copy_text(out->loader, sizeof(out->loader), pa + sizeof(*tag), rest))
			string_copy(out->loader, "unknown", sizeof(out->loader));
		return NULL;
	case MB2_MODULE:
		if (tag->size <= sizeof(*mod))
			return "the loader gave a malformed module";
		return add_module(out, mod->start, mod->end, pa + sizeof(*mod),
				  tag->size - sizeof(*mod));
	case MB2_MMAP:
		return parse_mb2_mmap(tag, out);
	case MB2_FRAMEBUFFER:
		parse_mb2_framebuffer(tag, &out->framebuffer);
		return NULL;
	case MB2_EFI64:
		out->efi = true;
		if (rest >= sizeof(u64))
			memcpy(&out->efi_system_table, tag + 1, sizeof(u64));
		return NULL;
	case MB2_RSDP_OLD:
	case MB2_RSDP_NEW:
		parse_mb2_rsdp(tag, out);
		return NULL;
	case MB2_EFI_MMAP:
		parse_mb2_efi_mmap(pa, tag, out);
		return NULL;
	default:
		return NULL;
	}
}

static const char *parse_mb2(hpa_t info, struct boot_info *out)
{
	const u32 *head = loader_ptr(info.v, 8);
	u64 total;

	if (!head || head[0] < 16 || head[0] > MB2_SIZE_MAX || !loader_ptr(info.v, head[0]))
		return "the loader's information lies outside memory";
	out->protocol = 2;
	total = head[0];
	for (u64 at = 8; at + sizeof(struct mb2_tag) <= total;) {
		const struct mb2_tag *tag = loader_ptr(info.v + at, sizeof(*tag));
		const char *err;

		if (tag->size < sizeof(*tag) || tag->size > total - at)
			return "the loader's information has a malformed tag";
		if (tag->type == MB2_END)
			return NULL;
		err = parse_mb2_tag(info.v + at, tag, out);
		if (err)
			return err;
		at += ALIGN_UP((u64)tag->size, 8ul);
	}
	return "the loader's information has no end";
}

static const char *check_modules(const struct boot_info *out)
{
	for (unsigned int i = 0; i < out->module_count; i++) {
		u64 start = out->modules[i].start.v, end = start + out->modules[i].size;
		const char *problem = NULL;

		if (start < out->image_end && out->image_start < end)
			problem = "overlaps the hypervisor";
		else if (!memory_map_is_ram(out->ranges, out->range_count, start, end))
			problem = "is not in RAM";
		for (unsigned int j = 0; j < i && !problem; j++) {
			u64 other = out->modules[j].start.v;

			if (start < other + out->modules[j].size && other < end)
				problem = "overlaps another module";
		}
		if (!problem)
			continue;
		snprintf(error_text, sizeof(error_text), "module %u (0x%lx to 0x%lx) %s", i + 1,
			 start, end, problem);
		return error_text;
	}
	return NULL;
}

const char *multiboot_parse(u32 magic, hpa_t info, struct boot_info *out)
{
	const char *err;

	string_copy(out->loader, "unknown", sizeof(out->loader));
	if (magic == MULTIBOOT1_LOADER_MAGIC)
		err = parse_mb1(info, out);
	else if (magic == MULTIBOOT2_LOADER_MAGIC)
		err = parse_mb2(info, out);
	else
		err = "it was not started by a multiboot loader";
	if (err)
		return err;
	if (!memory_map_normalize(out->ranges, &out->range_count, BOOT_RANGES_MAX))
		return "the loader's memory map has too many pieces";
	if (out->range_count == 0)
		return "the loader's memory map is empty";
	drop_file_names(out);
	return check_modules(out);
}
