// SPDX-License-Identifier: GPL-2.0-only
/*
 * The voice of a bare test guest: TAP lines on the 16550 at 0x3f8, and how it ends. The formats
 * known are %s %c %d %u %x %lx %lu %ld and %%, with a width and leading zeros for numbers.
 */
#include "guest.h"

#include <stdarg.h>

static unsigned int report_n;

static void put(char c)
{
	if (c == '\n')
		put('\r');
	while (!(inb(MB_GUEST_UART_PORT + 5) & 0x20))
		;
	outb(MB_GUEST_UART_PORT, (uint8_t)c);
}

static void put_string(const char *s)
{
	while (*s)
		put(*s++);
}

static void put_number(uint64_t v, unsigned int base, int width, char fill)
{
	char buf[24];
	int n = 0;

	do {
		buf[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (width-- > n)
		put(fill);
	while (n)
		put(buf[--n]);
}

/* One conversion, f just behind the '%'; returns where the text goes on. */
static const char *put_one(const char *f, va_list *ap)
{
	char fill = *f == '0' ? '0' : ' ';
	int width = 0, is_long = 0;
	int64_t v;

	while (*f >= '0' && *f <= '9')
		width = width * 10 + (*f++ - '0');
	while (*f == 'l') {
		is_long = 1;
		f++;
	}
	switch (*f) {
	case 's':
		put_string(va_arg(*ap, const char *));
		break;
	case 'c':
		put((char)va_arg(*ap, int));
		break;
	case 'd':
		v = is_long ? va_arg(*ap, int64_t) : va_arg(*ap, int);
		if (v < 0)
			put('-');
		put_number(v < 0 ? -(uint64_t)v : (uint64_t)v, 10, width, fill);
		break;
	case 'u':
	case 'x':
		put_number(is_long ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned int),
			   *f == 'x' ? 16 : 10, width, fill);
		break;
	default:
		put(*f);
	}
	return f + 1;
}

static void put_formatted(const char *f, va_list *ap)
{
	while (*f) {
		if (*f != '%')
			put(*f++);
		else
			f = put_one(f + 1, ap);
	}
}

void guest_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_formatted(fmt, &ap);
	va_end(ap);
}

void report_plan(unsigned int n)
{
	guest_printf("1..%u\n", n);
}

bool report(bool cond, const char *fmt, ...)
{
	va_list ap;

	guest_printf("%sok %u - ", cond ? "" : "not ", ++report_n);
	va_start(ap, fmt);
	put_formatted(fmt, &ap);
	va_end(ap);
	put('\n');
	return cond;
}

void report_skip(const char *why)
{
	guest_printf("ok %u # SKIP %s\n", ++report_n, why);
}

void report_known(bool cond, const char *what)
{
	guest_printf("%sok %u - %s # TODO known\n", cond ? "" : "not ", ++report_n, what);
}

void guest_poweroff(void)
{
	outb(MB_GUEST_SLEEP_CONTROL, MB_GUEST_SLP_TYP_S5 << 2 | 0x20);
	for (;;)
		__asm__ volatile("cli; hlt");
}
