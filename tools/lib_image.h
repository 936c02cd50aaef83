/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the image formats behind lib_loader.c, and the helpers they share.
 * Callers:  lib_loader.c calls image_load_*(); the lib_image_*.c files call the rest; tests.
 * Context:  user space, one thread.    Locking: none.    Lifetime: no state.
 * Errors:   as lib_loader.h.
 */
#ifndef MINIBUS_TOOLS_LIB_IMAGE_H
#define MINIBUS_TOOLS_LIB_IMAGE_H

#include "tools/lib_loader.h"

#include <stdbool.h>

struct image_segment {
	uint64_t file_offset, file_size; /* inside the file */
	uint64_t start, size; /* in the guest, size >= file_size */
};

struct image_elf {
	bool is64;
	uint64_t entry;
	uint64_t phoff;
	unsigned int phnum, phentsize;
};

/* What the formats recognise; they look at bounds, but promise nothing about the rest. */
bool image_is_bzimage(const struct loader_blob *kernel);
bool image_is_elf(const struct loader_blob *kernel);
/* True and the entry point if the file has Xen's note PHYS32_ENTRY. */
bool image_find_pvh(const struct loader_blob *kernel, uint64_t *entry);
/* True and the header's flags if a multiboot 1 header is in the first 8 KiB. */
bool image_find_multiboot(const struct loader_blob *kernel, uint32_t *flags);

/* Fill kernel_*, ramdisk_* and entry of the plan. */
int image_load_bzimage(struct guest_mem *mem, const struct loader_input *in,
		       struct loader_plan *plan, struct fault *fault);
int image_load_pvh(struct guest_mem *mem, const struct loader_input *in, struct loader_plan *plan,
		   struct fault *fault);
int image_load_multiboot(struct guest_mem *mem, const struct loader_input *in,
			 struct loader_plan *plan, struct fault *fault);

/* Shared. */
int image_read_elf(const struct loader_blob *kernel, struct image_elf *elf);
/* 0, or -ENOENT if it is no PT_LOAD (type) or has no bytes, or -EINVAL. */
int image_read_segment(const struct loader_blob *kernel, const struct image_elf *elf,
		       unsigned int index, uint32_t type, struct image_segment *segment);
/* All PT_LOAD segments into RAM; sets kernel_start and kernel_end. */
int image_load_elf(struct guest_mem *mem, const struct loader_input *in, struct loader_plan *plan,
		   struct image_elf *elf, struct fault *fault);
/* As high as limit (exclusive) and RAM allow, above kernel_end; needs: MiB in the message. */
int image_put_ramdisk(struct guest_mem *mem, const struct loader_input *in,
		      struct loader_plan *plan, uint64_t limit, struct fault *fault);
/* At E820_CMDLINE; max counts without the NUL. */
int image_put_cmdline(struct guest_mem *mem, const char *cmdline, uint64_t max,
		      struct fault *fault);
int image_too_small(const struct guest_mem *mem, uint64_t needed, const char *what,
		    struct fault *fault);

#endif
