// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all image formats share: reading an ELF file that nobody vouches for, and placing the
 * ramdisk and the command line.
 */
#include "tools/lib_image.h"

#include "hv/abi/guest.h"
#include "tools/lib_bytes.h"
#include "tools/lib_e820.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MIB (1ull << 20)

static bool in_file(const struct loader_blob *file, uint64_t offset, uint64_t size)
{
	return offset <= file->len && size <= file->len - offset;
}

int image_too_small(const struct guest_mem *mem, uint64_t needed, const char *what,
		    struct fault *fault)
{
	uint64_t mib = bytes_align_up(needed, 2 * MIB) / MIB;

	if (needed > MB_GUEST_RAM_HOLE_START)
		return fault_set(fault, ENOSPC, "%s: ends at %#llx, which no guest's low memory "
				 "reaches; take another kernel or a smaller ramdisk", what,
				 (unsigned long long)needed);
	return fault_set(fault, ENOSPC, "%s: needs %llu MiB, the guest has %llu; set memory=%llu "
			 "or more", what, (unsigned long long)mib,
			 (unsigned long long)(mem->size / MIB), (unsigned long long)mib);
}

int image_put_ramdisk(struct guest_mem *mem, const struct loader_input *in,
		      struct loader_plan *plan, uint64_t limit, struct fault *fault)
{
	uint64_t end = mem_low_end(mem->size), start;
	uint64_t pages = bytes_align_up(in->ramdisk.len, 4096);

	if (!in->ramdisk.data || !in->ramdisk.len)
		return 0;
	if (end > limit)
		end = limit;
	end = bytes_align_down(end, 4096);
	if (pages > end || end - pages < plan->kernel_end) {
		if (plan->kernel_end + pages > limit)
			return fault_set(fault, ENOSPC, "%s: the ramdisk (%llu MiB) does not fit "
					 "between the kernel and %#llx, the highest address the "
					 "kernel takes; make it smaller", in->ramdisk.path,
					 (unsigned long long)(pages / MIB),
					 (unsigned long long)limit);
		return image_too_small(mem, bytes_align_up(plan->kernel_end, 4096) + pages,
				       "kernel and ramdisk", fault);
	}
	start = end - pages;
	plan->ramdisk_start = start;
	plan->ramdisk_end = start + in->ramdisk.len;
	return mem_write(mem, start, in->ramdisk.data, in->ramdisk.len, fault);
}

int image_put_cmdline(struct guest_mem *mem, const char *cmdline, uint64_t max,
		      struct fault *fault)
{
	size_t len = strlen(cmdline);

	if (max >= E820_CMDLINE_SIZE)
		max = E820_CMDLINE_SIZE - 1;
	if (len > max)
		return fault_set(fault, E2BIG, "cmdline: %zu characters, this kernel takes %llu; "
				 "shorten it", len, (unsigned long long)max);
	return mem_write(mem, E820_CMDLINE, cmdline, len + 1, fault);
}

bool image_is_elf(const struct loader_blob *kernel)
{
	return kernel->len >= EI_NIDENT && !memcmp(kernel->data, ELFMAG, SELFMAG);
}

int image_read_elf(const struct loader_blob *kernel, struct image_elf *elf)
{
	const uint8_t *at = kernel->data;

	if (!image_is_elf(kernel) || at[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	elf->is64 = at[EI_CLASS] == ELFCLASS64;
	if (elf->is64) {
		Elf64_Ehdr h;

		if (kernel->len < sizeof(h))
			return -EINVAL;
		memcpy(&h, at, sizeof(h));
		if (h.e_machine != EM_X86_64)
			return -ENOEXEC;
		*elf = (struct image_elf){ true, h.e_entry, h.e_phoff, h.e_phnum, h.e_phentsize };
	} else {
		Elf32_Ehdr h;

		if (kernel->len < sizeof(h))
			return -EINVAL;
		memcpy(&h, at, sizeof(h));
		if (at[EI_CLASS] != ELFCLASS32 || h.e_machine != EM_386)
			return -ENOEXEC;
		*elf = (struct image_elf){ false, h.e_entry, h.e_phoff, h.e_phnum, h.e_phentsize };
	}
	if (elf->phentsize < (elf->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) ||
	    !in_file(kernel, elf->phoff, (uint64_t)elf->phnum * elf->phentsize))
		return -EINVAL;
	return 0;
}

int image_read_segment(const struct loader_blob *kernel, const struct image_elf *elf,
		       unsigned int index, uint32_t type, struct image_segment *segment)
{
	const uint8_t *at = kernel->data + elf->phoff + (uint64_t)index * elf->phentsize;
	uint32_t is;

	if (elf->is64) {
		Elf64_Phdr p;

		memcpy(&p, at, sizeof(p));
		is = p.p_type;
		*segment = (struct image_segment){ p.p_offset, p.p_filesz, p.p_paddr, p.p_memsz };
	} else {
		Elf32_Phdr p;

		memcpy(&p, at, sizeof(p));
		is = p.p_type;
		*segment = (struct image_segment){ p.p_offset, p.p_filesz, p.p_paddr, p.p_memsz };
	}
	if (is != type || !(segment->size | segment->file_size))
		return -ENOENT;
	if (!in_file(kernel, segment->file_offset, segment->file_size))
		return -EINVAL;
	return 0;
}

static int load_segment(struct guest_mem *mem, const struct loader_input *in,
			struct loader_plan *plan, const struct image_segment *s,
			struct fault *fault)
{
	uint64_t low = mem_low_end(mem->size);

	if (s->size < s->file_size || s->start + s->size < s->start)
		return fault_set(fault, EINVAL, "%s: an ELF segment's sizes contradict each other; "
				 "the file is damaged", in->kernel.path);
	if (s->start < E820_IMAGE_START)
		return fault_set(fault, EINVAL, "%s: an ELF segment lies at %#llx; below 1 MiB are "
				 "the boot information and ACPI tables, link the kernel higher",
				 in->kernel.path, (unsigned long long)s->start);
	if (s->start > low || s->size > low - s->start)
		return image_too_small(mem, s->start + s->size, in->kernel.path, fault);
	if (plan->kernel_start > s->start)
		plan->kernel_start = s->start;
	if (plan->kernel_end < s->start + s->size)
		plan->kernel_end = s->start + s->size;
	return mem_write(mem, s->start, in->kernel.data + s->file_offset, s->file_size, fault);
}

int image_load_elf(struct guest_mem *mem, const struct loader_input *in, struct loader_plan *plan,
		   struct image_elf *elf, struct fault *fault)
{
	struct image_segment segment;
	int err = image_read_elf(&in->kernel, elf);

	if (err)
		return fault_set(fault, -err, "%s: %s", in->kernel.path, err == -ENOEXEC ?
				 "not an ELF file for x86; see type= in minibus.conf(5)" :
				 "its ELF header points outside the file; the file is damaged");
	plan->kernel_start = UINT64_MAX;
	plan->kernel_end = 0;
	for (unsigned int i = 0; i < elf->phnum; i++) {
		err = image_read_segment(&in->kernel, elf, i, PT_LOAD, &segment);
		if (err == -ENOENT)
			continue;
		if (err)
			return fault_set(fault, EINVAL, "%s: ELF segment %u lies outside the file; "
					 "the file is truncated or damaged", in->kernel.path, i);
		err = load_segment(mem, in, plan, &segment, fault);
		if (err)
			return err;
	}
	if (!plan->kernel_end)
		return fault_set(fault, ENOEXEC, "%s: nothing to load in this ELF file; "
				 "is it an object file?", in->kernel.path);
	return 0;
}
