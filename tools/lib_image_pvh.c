// SPDX-License-Identifier: GPL-2.0-only
/*
 * PVH: an ELF kernel with Xen's note PHYS32_ENTRY (Xen: docs/misc/pvh.pandoc, "x86/HVM direct boot
 * ABI"; arch-x86/hvm/start_info.h names the structures). vCPU 0 starts there in flat 32-bit mode
 * with ebx = hvm_start_info.
 */
#include "tools/lib_image.h"

#include "tools/lib_bytes.h"
#include "tools/lib_e820.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define NOTE_PHYS32_ENTRY 18u
#define NOTE_HEADER 12u

#define START_MAGIC 0x336ec578u
#define START_SIZE 56u /* struct hvm_start_info, version 1 */
#define MODULE_SIZE 32u
#define MAP_ENTRY 24u

/* Offsets from E820_START_INFO. */
#define AT_MODULE 64u
#define AT_MAP 128u
#define AT_END (AT_MAP + E820_MAX * MAP_ENTRY)

/* Walks the notes of one segment; both sizes of each are padded to 4 bytes. */
static bool find_in_notes(const uint8_t *at, uint64_t len, uint64_t *entry)
{
	while (len >= NOTE_HEADER) {
		uint64_t name = bytes_align_up(bytes_get(at, 4), 4);
		uint64_t desc_len = bytes_get(at + 4, 4), desc = bytes_align_up(desc_len, 4);
		uint64_t type = bytes_get(at + 8, 4);

		at += NOTE_HEADER;
		len -= NOTE_HEADER;
		if (name > len || desc_len > len - name)
			return false;
		if (type == NOTE_PHYS32_ENTRY && name == 4 && !memcmp(at, "Xen", 4) &&
		    (desc_len == 4 || desc_len == 8)) {
			*entry = bytes_get(at + name, (unsigned int)desc_len);
			return true;
		}
		if (desc > len - name)
			return false;
		at += name + desc;
		len -= name + desc;
	}
	return false;
}

bool image_find_pvh(const struct loader_blob *kernel, uint64_t *entry)
{
	struct image_segment note;
	struct image_elf elf;

	if (image_read_elf(kernel, &elf))
		return false;
	for (unsigned int i = 0; i < elf.phnum; i++)
		if (!image_read_segment(kernel, &elf, i, PT_NOTE, &note) &&
		    find_in_notes(kernel->data + note.file_offset, note.file_size, entry))
			return true;
	return false;
}

static int put_start_info(struct guest_mem *mem, const struct loader_plan *plan,
			  struct fault *fault)
{
	uint8_t buf[AT_END] = { 0 };
	struct e820_entry map[E820_MAX];
	unsigned int count = e820_build(mem->size, map);

	bytes_put(buf, 4, START_MAGIC);
	bytes_put(buf + 4, 4, 1); /* version */
	if (plan->ramdisk_end) {
		bytes_put(buf + 12, 4, 1);
		bytes_put(buf + 16, 8, E820_START_INFO + AT_MODULE);
		bytes_put(buf + AT_MODULE, 8, plan->ramdisk_start);
		bytes_put(buf + AT_MODULE + 8, 8, plan->ramdisk_end - plan->ramdisk_start);
	}
	bytes_put(buf + 24, 8, E820_CMDLINE);
	bytes_put(buf + 32, 8, E820_ACPI);
	bytes_put(buf + 40, 8, E820_START_INFO + AT_MAP);
	bytes_put(buf + 48, 4, count);
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *entry = buf + AT_MAP + i * MAP_ENTRY;

		bytes_put(entry, 8, map[i].start);
		bytes_put(entry + 8, 8, map[i].size);
		bytes_put(entry + 16, 4, map[i].type);
	}
	return mem_write(mem, E820_START_INFO, buf, sizeof(buf), fault);
}

int image_load_pvh(struct guest_mem *mem, const struct loader_input *in, struct loader_plan *plan,
		   struct fault *fault)
{
	struct image_elf elf;
	uint64_t entry = 0;
	int err;

	_Static_assert(START_SIZE <= AT_MODULE && AT_MODULE + MODULE_SIZE <= AT_MAP &&
		       AT_END <= E820_START_INFO_SIZE, "start information overlaps");
	err = image_load_elf(mem, in, plan, &elf, fault);
	if (err)
		return err;
	if (!image_find_pvh(&in->kernel, &entry))
		return fault_set(fault, ENOEXEC, "%s: no PVH entry (note PHYS32_ENTRY) in it; take "
				 "a vmlinux built with CONFIG_PVH, or a bzImage", in->kernel.path);
	if (entry < plan->kernel_start || entry >= plan->kernel_end)
		return fault_set(fault, EINVAL, "%s: its PVH entry %#llx is outside what it loads; "
				 "the file is damaged", in->kernel.path, (unsigned long long)entry);
	err = image_put_ramdisk(mem, in, plan, UINT32_MAX, fault);
	if (!err)
		err = image_put_cmdline(mem, in->cmdline, UINT32_MAX, fault);
	if (!err)
		err = put_start_info(mem, plan, fault);
	plan->entry = (struct mb_vcpu_state){ .mode = MB_MODE_FLAT32, .rip = entry,
					      .rbx = E820_START_INFO };
	return err;
}
