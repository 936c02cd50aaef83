/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory and string functions. The compiler calls memcpy and friends on its own, so they exist under
 * their C names; REP string instructions are fast on every CPU this runs on.
 */
#include "hv/string.h"

#include "arch/x86/errno.h"

void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n)::"memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n-- > 0)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (size_t i = 0; i < n; i++) {
		if (p[i] != q[i])
			return p[i] < q[i] ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

size_t string_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size > 0) {
		size_t n = MIN(len, size - 1);

		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

static int digit_value(char c, unsigned int base)
{
	int v = -1;

	if (c >= '0' && c <= '9')
		v = c - '0';
	else if (c >= 'a' && c <= 'f')
		v = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		v = c - 'A' + 10;
	return v >= 0 && (unsigned int)v < base ? v : -1;
}

/* Reads digits up to the first other character; NULL when there is none or the value overflows. */
static const char *parse_digits(const char *s, u64 *val)
{
	unsigned int base = 10;
	const char *start;
	u64 v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	start = s;
	for (int d; (d = digit_value(*s, base)) >= 0; s++) {
		if (v > (~0ul - (u64)d) / base)
			return NULL;
		v = v * base + (u64)d;
	}
	*val = v;
	return s == start ? NULL : s;
}

int string_to_u64(const char *s, u64 *val)
{
	u64 v;
	const char *end = parse_digits(s, &v);

	if (!end || *end)
		return -EINVAL;
	*val = v;
	return 0;
}

int string_to_size(const char *s, u64 *val)
{
	static const char suffixes[] = "KMGT";
	u64 v;
	const char *end = parse_digits(s, &v);
	unsigned int shift = 0;

	if (!end)
		return -EINVAL;
	if (*end) {
		char c = *end >= 'a' ? (char)(*end - 'a' + 'A') : *end;
		const char *hit = strchr(suffixes, c);

		if (!hit || !*hit || end[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(hit - suffixes + 1);
		if (v > ~0ul >> shift)
			return -EINVAL;
	}
	*val = v << shift;
	return 0;
}
