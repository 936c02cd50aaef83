/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  bit maps of u64 words, not atomic (arch/x86/atomic.h has the atomic forms).
 * Callers:  hv/, svm/. Context, locking: the map's owner. Lifetime: the map's.
 * Errors:   the find functions return -1.
 */
#ifndef MINIBUS_HV_BITMAP_H
#define MINIBUS_HV_BITMAP_H

#include "arch/x86/types.h"

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)
#define DECLARE_BITMAP(name, bits) u64 name[BITMAP_WORDS(bits)]

static inline void bitmap_set(u64 *map, u64 bit)
{
	map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(u64 *map, u64 bit)
{
	map[bit / 64] &= ~BIT(bit % 64);
}

static inline bool bitmap_test(const u64 *map, u64 bit)
{
	return READ_ONCE(map[bit / 64]) & BIT(bit % 64);
}

/* Lowest set bit of a nonzero word; highest set bit of a nonzero word. */
static inline unsigned int bit_lowest(u64 word)
{
	return (unsigned int)__builtin_ctzl(word);
}

static inline unsigned int bit_highest(u64 word)
{
	return 63 - (unsigned int)__builtin_clzl(word);
}

static inline long bitmap_find_first(const u64 *map, u64 bits)
{
	for (u64 w = 0; w < BITMAP_WORDS(bits); w++) {
		u64 word = READ_ONCE(map[w]);
		u64 bit;

		if (!word)
			continue;
		bit = w * 64 + bit_lowest(word);
		return bit < bits ? (long)bit : -1;
	}
	return -1;
}

/* Highest set bit; for priorities. */
static inline long bitmap_find_last(const u64 *map, u64 bits)
{
	for (u64 w = BITMAP_WORDS(bits); w-- > 0;) {
		u64 word = READ_ONCE(map[w]);

		if (word)
			return (long)(w * 64 + bit_highest(word));
	}
	return -1;
}

static inline u64 bitmap_count(const u64 *map, u64 bits)
{
	u64 n = 0;

	for (u64 b = 0; b < bits; b++)
		n += bitmap_test(map, b);
	return n;
}

#endif
