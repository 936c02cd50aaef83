/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What C's own string functions lack: a copy that says what it cut, and numbers that must be whole.
 * Apart from string.c so that unit tests can link it beside the C library.
 */
#include "hv/string.h"

#include "arch/x86/errno.h"

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
