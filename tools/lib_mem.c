// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest RAM: where it lies and how it is written. The hypervisor hands it out cleared, so nobody
 * writes zeros here (an ELF file's .bss, the rest of a page).
 */
#include "tools/lib_mem.h"

#include "hv/abi/guest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

uint64_t mem_low_end(uint64_t size)
{
	return size < MB_GUEST_RAM_HOLE_START ? size : MB_GUEST_RAM_HOLE_START;
}

uint64_t mem_high_size(uint64_t size)
{
	return size - mem_low_end(size);
}

static bool inside(uint64_t start, uint64_t size, uint64_t gpa, uint64_t len)
{
	return gpa >= start && gpa - start <= size && len <= size - (gpa - start);
}

bool mem_contains(uint64_t size, uint64_t gpa, uint64_t len)
{
	return inside(0, mem_low_end(size), gpa, len) ||
	       inside(MB_GUEST_RAM_HIGH_START, mem_high_size(size), gpa, len);
}

int mem_write(struct guest_mem *mem, uint64_t gpa, const void *buf, size_t len,
	      struct fault *fault)
{
	int err;

	if (!mem_contains(mem->size, gpa, len))
		return fault_set(fault, EFAULT,
				 "guest address %#llx + %zu bytes: outside the guest's %llu MiB; "
				 "raise memory=", (unsigned long long)gpa, len,
				 (unsigned long long)(mem->size >> 20));
	err = mem->write(mem, gpa, buf, len);
	if (err)
		return fault_set(fault, -err, "guest memory at %#llx: cannot write: %s; "
				 "see 'minibus dmesg'", (unsigned long long)gpa, strerror(-err));
	return 0;
}

static int write_check(struct guest_mem *mem, uint64_t gpa, const void *buf, size_t len)
{
	(void)mem, (void)gpa, (void)buf, (void)len;
	return 0;
}

void mem_init_check(struct guest_mem *mem, uint64_t size)
{
	*mem = (struct guest_mem){ .size = size, .write = write_check };
}

static int write_file(struct guest_mem *mem, uint64_t gpa, const void *buf, size_t len)
{
	struct mem_file *file = (struct mem_file *)mem; /* mem is its first member */
	const char *at = buf;

	while (len) {
		ssize_t done = pwrite(file->fd, at, len, (off_t)gpa);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EIO;
		at += done;
		gpa += (uint64_t)done;
		len -= (size_t)done;
	}
	return 0;
}

void mem_init_file(struct mem_file *file, uint64_t size, int fd)
{
	*file = (struct mem_file){ .mem = { .size = size, .write = write_file }, .fd = fd };
}
