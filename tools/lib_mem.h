/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a guest's RAM as the loaders see it: its layout, and one way to write into it.
 * Callers:  the loaders; guest.c (NAME.memory); the dry run (checks only); tests (a buffer).
 * Context:  user space, one thread.    Locking: none.
 * Lifetime: the owner of the outer structure keeps it while a loader runs.
 * Errors:   0 or -errno with a fault; nothing outside RAM is ever handed to write().
 */
#ifndef MINIBUS_TOOLS_LIB_MEM_H
#define MINIBUS_TOOLS_LIB_MEM_H

#include "tools/lib_fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_mem {
	uint64_t size; /* bytes of RAM, laid out as in hv/abi/guest.h */
	/* 0 or -errno; the range is inside RAM. */
	int (*write)(struct guest_mem *mem, uint64_t gpa, const void *buf, size_t len);
};

struct mem_file {
	struct guest_mem mem;
	int fd; /* /dev/minibus/NAME.memory: offsets are guest-physical addresses */
};

/* End of the RAM that starts at 0. */
uint64_t mem_low_end(uint64_t size);
/* Bytes of RAM that continue at 4 GiB. */
uint64_t mem_high_size(uint64_t size);
bool mem_contains(uint64_t size, uint64_t gpa, uint64_t len);
int mem_write(struct guest_mem *mem, uint64_t gpa, const void *buf, size_t len,
	      struct fault *fault);

/* Memory that checks and forgets, for the dry run. */
void mem_init_check(struct guest_mem *mem, uint64_t size);
void mem_init_file(struct mem_file *file, uint64_t size, int fd);

#endif
