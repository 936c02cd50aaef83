/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formatted text: flags - 0 # + space, width and precision (also *), lengths h hh l ll z,
 * conversions d i u x X c s p %. What the messages use and no more; an unknown conversion prints
 * itself.
 */
#include "hv/string.h"

struct out {
	char *buf;
	size_t size;
	size_t len; /* of the whole text, even past size */
};

struct spec {
	bool left, zero, alt, plus, space;
	int width;
	int precision; /* -1: not given */
	unsigned int bits; /* of the integer argument: 8, 16, 32 or 64 */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_many(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text, int len)
{
	if (!s->left)
		put_many(o, ' ', s->width - len);
	for (int i = 0; i < len; i++)
		put(o, text[i]);
	if (s->left)
		put_many(o, ' ', s->width - len);
}

static void put_number(struct out *o, const struct spec *s, u64 val, unsigned int base, bool upper,
		       const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24];
	int n = 0, prefix_len = (int)strlen(prefix), zeros, pad;

	for (; val || (n == 0 && s->precision != 0); val /= base)
		text[n++] = digits[val % base];
	zeros = s->precision > n ? s->precision - n : 0;
	pad = s->width - prefix_len - zeros - n;
	if (s->zero && !s->left && s->precision < 0 && pad > 0) {
		zeros = pad;
		pad = 0;
	}
	if (!s->left)
		put_many(o, ' ', pad);
	for (int i = 0; i < prefix_len; i++)
		put(o, prefix[i]);
	put_many(o, '0', zeros);
	while (n > 0)
		put(o, text[--n]);
	if (s->left)
		put_many(o, ' ', pad);
}

static const char *parse_flags(const char *f, struct spec *s)
{
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else if (*f == '#')
			s->alt = true;
		else if (*f == '+')
			s->plus = true;
		else if (*f == ' ')
			s->space = true;
		else
			return f;
	}
}

static const char *parse_length(const char *f, struct spec *s)
{
	s->bits = 32;
	if (f[0] == 'h') {
		s->bits = f[1] == 'h' ? 8 : 16;
		return f[1] == 'h' ? f + 2 : f + 1;
	}
	if (f[0] == 'l' || f[0] == 'z') {
		s->bits = 64;
		return f[0] == 'l' && f[1] == 'l' ? f + 2 : f + 1;
	}
	return f;
}

static int parse_number(const char **f)
{
	int n = 0;

	for (; **f >= '0' && **f <= '9'; (*f)++)
		n = n < 10000 ? n * 10 + (**f - '0') : n;
	return n;
}

static void put_signed(struct out *o, const struct spec *s, s64 val)
{
	const char *prefix = val < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

	put_number(o, s, val < 0 ? 0 - (u64)val : (u64)val, 10, false, prefix);
}

static u64 cut_unsigned(u64 val, unsigned int bits)
{
	return bits == 64 ? val : val & (BIT(bits) - 1);
}

static s64 cut_signed(u64 val, unsigned int bits)
{
	return (s64)(val << (64 - bits)) >> (64 - bits);
}

static void put_integer(struct out *o, struct spec *s, char conversion, u64 arg)
{
	u64 val = cut_unsigned(arg, s->bits);

	switch (conversion) {
	case 'd':
	case 'i':
		put_signed(o, s, cut_signed(arg, s->bits));
		break;
	case 'u':
		put_number(o, s, val, 10, false, "");
		break;
	case 'X':
		put_number(o, s, val, 16, true, s->alt && val ? "0X" : "");
		break;
	default:
		put_number(o, s, val, 16, false, s->alt && val ? "0x" : "");
		break;
	}
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
	size_t max = s->precision >= 0 ? (size_t)s->precision : 4096;

	if (!text)
		text = "(null)";
	put_text(o, s, text, (int)strnlen(text, max));
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = {buf, size, 0};

	while (*fmt) {
		struct spec s = {.precision = -1};
		const char *start = fmt;
		char c;

		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		fmt = parse_flags(fmt + 1, &s);
		if (*fmt == '*') {
			s.width = va_arg(args, int);
			fmt++;
		} else {
			s.width = parse_number(&fmt);
		}
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				s.precision = va_arg(args, int);
				fmt++;
			} else {
				s.precision = parse_number(&fmt);
			}
		}
		fmt = parse_length(fmt, &s);
		c = *fmt;
		if (c)
			fmt++;
		if (c == '%') {
			put(&o, c);
		} else if (c == 'c') {
			char one = (char)va_arg(args, int);

			put_text(&o, &s, &one, 1);
		} else if (c == 's') {
			put_string(&o, &s, va_arg(args, const char *));
		} else if (c == 'p') {
			s.alt = true;
			put_number(&o, &s, (u64)va_arg(args, void *), 16, false, "0x");
		} else if (c && strchr("diuxX", c)) {
			u64 arg = s.bits == 64 ? va_arg(args, u64) : va_arg(args, unsigned int);

			put_integer(&o, &s, c, arg);
		} else {
			while (start < fmt)
				put(&o, *start++);
		}
	}
	if (size > 0)
		buf[MIN(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}
