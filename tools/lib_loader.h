/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  put a kernel, its ramdisk, command line, memory map and ACPI tables into a guest's RAM
 *           and say where and how vCPU 0 starts.
 * Callers:  guest.c, the dry run, tests.    Context: user space, one thread.    Locking: none.
 * Lifetime: input is only read; the plan holds no pointers.
 * Errors:   -errno with a fault. The files are data from anywhere: each offset and size in them is
 *           checked against the file and against the guest's RAM. After a failure RAM may be
 *           partly written; the caller gives the guest up.
 */
#ifndef MINIBUS_TOOLS_LIB_LOADER_H
#define MINIBUS_TOOLS_LIB_LOADER_H

#include "hv/abi/hypercall.h"
#include "tools/lib_fault.h"
#include "tools/lib_mem.h"

#include <stddef.h>
#include <stdint.h>

enum loader_type { LOADER_DETECT, LOADER_LINUX, LOADER_PVH, LOADER_MULTIBOOT, LOADER_TYPES };

struct loader_blob {
	const char *path; /* for messages */
	const uint8_t *data; /* NULL: there is none */
	size_t len;
};

struct loader_input {
	enum loader_type type;
	struct loader_blob kernel;
	struct loader_blob ramdisk;
	const char *cmdline; /* "" if none */
	unsigned int vcpus;
	const uint8_t *dsdt;
	size_t dsdt_len;
};

struct loader_plan {
	enum loader_type type;
	struct mb_vcpu_state entry;
	uint64_t kernel_start, kernel_end; /* includes what the kernel needs to unpack itself */
	uint64_t ramdisk_start, ramdisk_end; /* 0, 0: none */
	uint64_t acpi_start, acpi_end;
};

/* "linux", "pvh", "multiboot", "detect" */
extern const char *const loader_type_names[LOADER_TYPES];

int loader_load(struct guest_mem *mem, const struct loader_input *in, struct loader_plan *plan,
		struct fault *fault);

#endif
