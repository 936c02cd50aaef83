/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  little-endian fields at byte offsets of boot images and tables.
 * Callers:  the image loaders, lib_acpi.c, tests.    Context: any.    Locking: none.
 * Lifetime: no state.    Errors: none; the caller has checked the bounds.
 */
#ifndef MINIBUS_TOOLS_LIB_BYTES_H
#define MINIBUS_TOOLS_LIB_BYTES_H

#include <stdint.h>

static inline uint64_t bytes_get(const uint8_t *at, unsigned int size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | at[size];
	return value;
}

static inline void bytes_put(uint8_t *at, unsigned int size, uint64_t value)
{
	for (unsigned int i = 0; i < size; i++, value >>= 8)
		at[i] = (uint8_t)value;
}

/* Rounds to a power of two. The caller keeps value far from the end of 64 bits. */
static inline uint64_t bytes_align_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) & ~(to - 1);
}

static inline uint64_t bytes_align_down(uint64_t value, uint64_t to)
{
	return value & ~(to - 1);
}

#endif
