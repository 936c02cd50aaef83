/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  products and dividends of 128 bits, for rates. One instruction each; the compiler's own
 *           128-bit division is a call into a library that the hypervisor has not.
 * Callers:  everybody.    Context: any.    Locking, lifetime: none (pure).
 * Errors:   none; div_128() saturates.
 */
#ifndef MINIBUS_ARCH_MUL128_H
#define MINIBUS_ARCH_MUL128_H

#include "arch/x86/types.h"

/* a * b / 2^shift, cut to 64 bits; shift < 128. */
static inline u64 mul_shift(u64 a, u64 b, u32 shift)
{
	return (u64)((unsigned __int128)a * b >> shift);
}

/* (hi * 2^64 + lo) / d, rounded down or up; all ones where it does not fit or d is 0. */
static inline u64 div_128(u64 hi, u64 lo, u64 d, bool up)
{
	u64 quotient, rest;

	if (hi >= d) /* DIV would fault */
		return ~0ul;
	__asm__("divq %4" : "=a"(quotient), "=d"(rest) : "a"(lo), "d"(hi), "r"(d) : "cc");
	return up && rest && quotient != ~0ul ? quotient + 1 : quotient;
}

#endif
