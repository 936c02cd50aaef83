/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  guest RAM in a host buffer, and made-up kernels, for the tests of tools/.
 * Callers:  test_loader.c, test_acpi_tables.c.    Context: user space, one thread.
 * Locking:  none.    Lifetime: the test frees bytes.    Errors: abort() when memory runs out.
 */
#ifndef TESTS_UNIT_GUEST_BUFFER_H
#define TESTS_UNIT_GUEST_BUFFER_H

#include "tools/lib_mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct guest_buffer {
	struct guest_mem mem;
	uint8_t *bytes; /* RAM below the hole only */
	uint64_t bytes_size;
	unsigned int bad_writes; /* outside RAM: the loader must never try */
};

static inline int guest_buffer_write(struct guest_mem *mem, uint64_t gpa, const void *buf,
				     size_t len)
{
	struct guest_buffer *b = (struct guest_buffer *)mem;

	if (gpa > b->bytes_size || len > b->bytes_size - gpa) {
		b->bad_writes++;
		return -EFAULT;
	}
	memcpy(b->bytes + gpa, buf, len);
	return 0;
}

static inline void guest_buffer_init(struct guest_buffer *b, uint64_t size)
{
	*b = (struct guest_buffer){ .mem = { size, guest_buffer_write }, .bytes_size = size };
	b->bytes = calloc(1, size);
	if (!b->bytes)
		abort();
}

#endif
