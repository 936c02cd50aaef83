// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multiboot 1 (Multiboot Specification 0.6.96): ELF kernels only, which is what bare test guests
 * are. eax = 0x2badb002, ebx = the information structure; the ramdisk becomes module 0.
 */
#include "tools/lib_image.h"

#include "hv/abi/guest.h"
#include "tools/lib_bytes.h"
#include "tools/lib_e820.h"

#include <errno.h>
#include <string.h>

#define HEADER_MAGIC 0x1badb002u
#define HEADER_SEARCH 8192u
#define HEADER_SIZE 12u
#define LOADER_MAGIC 0x2badb002u

/* Header flags: 0 and 1 are always granted, 16 (addresses of an a.out) does not matter to ELF. */
#define FLAGS_KNOWN 0x10003u
#define FLAGS_MANDATORY 0xffffu

#define INFO_MEM 0x001u
#define INFO_CMDLINE 0x004u
#define INFO_MODS 0x008u
#define INFO_MMAP 0x040u
#define INFO_LOADER 0x200u
#define INFO_SIZE 120u
#define MAP_ENTRY 24u /* with its own size field */

/* Offsets from E820_START_INFO. */
#define AT_MODULE 128u
#define AT_LOADER 144u
#define AT_MAP 160u
#define AT_END (AT_MAP + E820_MAX * MAP_ENTRY)

bool image_find_multiboot(const struct loader_blob *kernel, uint32_t *flags)
{
	size_t end = kernel->len < HEADER_SEARCH ? kernel->len : HEADER_SEARCH;

	for (size_t at = 0; at + HEADER_SIZE <= end; at += 4) {
		uint32_t magic = (uint32_t)bytes_get(kernel->data + at, 4);
		uint32_t sum = (uint32_t)bytes_get(kernel->data + at + 8, 4);

		*flags = (uint32_t)bytes_get(kernel->data + at + 4, 4);
		if (magic == HEADER_MAGIC && !(uint32_t)(magic + *flags + sum))
			return true;
	}
	return false;
}

static int put_info(struct guest_mem *mem, const struct loader_plan *plan, struct fault *fault)
{
	uint8_t buf[AT_END] = { 0 };
	struct e820_entry map[E820_MAX];
	unsigned int count = e820_build(mem->size, map);
	uint32_t flags = INFO_MEM | INFO_CMDLINE | INFO_MMAP | INFO_LOADER;

	if (plan->ramdisk_end) {
		flags |= INFO_MODS;
		bytes_put(buf + 20, 4, 1);
		bytes_put(buf + 24, 4, E820_START_INFO + AT_MODULE);
		bytes_put(buf + AT_MODULE, 4, plan->ramdisk_start);
		bytes_put(buf + AT_MODULE + 4, 4, plan->ramdisk_end);
		/* the module's string: the empty one at the end of the loader's name */
		bytes_put(buf + AT_MODULE + 8, 4, E820_START_INFO + AT_LOADER + 15);
	}
	bytes_put(buf, 4, flags);
	bytes_put(buf + 4, 4, E820_LOW_END >> 10);
	bytes_put(buf + 8, 4, (mem_low_end(mem->size) - E820_IMAGE_START) >> 10);
	bytes_put(buf + 16, 4, E820_CMDLINE);
	bytes_put(buf + 44, 4, count * MAP_ENTRY);
	bytes_put(buf + 48, 4, E820_START_INFO + AT_MAP);
	bytes_put(buf + 64, 4, E820_START_INFO + AT_LOADER);
	memcpy(buf + AT_LOADER, "minibus", 8);
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *entry = buf + AT_MAP + i * MAP_ENTRY;

		bytes_put(entry, 4, MAP_ENTRY - 4);
		bytes_put(entry + 4, 8, map[i].start);
		bytes_put(entry + 12, 8, map[i].size);
		bytes_put(entry + 20, 4, map[i].type);
	}
	return mem_write(mem, E820_START_INFO, buf, sizeof(buf), fault);
}

int image_load_multiboot(struct guest_mem *mem, const struct loader_input *in,
			 struct loader_plan *plan, struct fault *fault)
{
	struct image_elf elf;
	uint32_t flags;
	int err;

	_Static_assert(INFO_SIZE <= AT_MODULE && AT_END <= E820_START_INFO_SIZE,
		       "multiboot information overlaps");
	if (!image_find_multiboot(&in->kernel, &flags))
		return fault_set(fault, ENOEXEC, "%s: no multiboot 1 header in its first 8 KiB; "
				 "see type= in minibus.conf(5)", in->kernel.path);
	if (flags & FLAGS_MANDATORY & ~FLAGS_KNOWN)
		return fault_set(fault, EINVAL, "%s: its multiboot header demands features %#x "
				 "that a guest does not have (0x4: a screen)", in->kernel.path,
				 flags & FLAGS_MANDATORY & ~FLAGS_KNOWN);
	err = image_load_elf(mem, in, plan, &elf, fault);
	if (err)
		return err;
	if (elf.entry < plan->kernel_start || elf.entry >= plan->kernel_end)
		return fault_set(fault, EINVAL, "%s: its entry %#llx is outside what it loads; the "
				 "file is damaged", in->kernel.path, (unsigned long long)elf.entry);
	err = image_put_ramdisk(mem, in, plan, UINT32_MAX, fault);
	if (!err)
		err = image_put_cmdline(mem, in->cmdline, UINT32_MAX, fault);
	if (!err)
		err = put_info(mem, plan, fault);
	plan->entry = (struct mb_vcpu_state){ .mode = MB_MODE_FLAT32, .rip = elf.entry,
					      .rax = LOADER_MAGIC, .rbx = E820_START_INFO };
	return err;
}
