/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages. One line is formatted on the stack, then goes to the log ring (always) and to the
 * consoles (by level) under one bare lock. The ring is at first a small static one; page_alloc.c
 * later gives the large one, which lies at the same address at every boot, so a warm reset in place
 * keeps the text.
 *
 * The lock is not one of hv/locks.h: messages come from panics, NMIs and the lock checks
 * themselves. A CPU that already holds it (a trap inside printk) writes without it.
 */
#include "hv/printk.h"

#include "arch/x86/cpu_local.h"
#include "arch/x86/errno.h"
#include "arch/x86/spinlock.h"
#include "arch/x86/tsc.h"
#include "arch/x86/uart.h"
#include "hv/cmdline_options.h"
#include "hv/string.h"

#define LINE_MAX 256
#define EARLY_LOG_SIZE (8 * KIB)
#define RATELIMIT_BURST 10
#define RATELIMIT_WINDOW_MS 1000
#define LOG_MAGIC 0x31676f6c62696e4dul /* "Minblog1" */
#define NO_CPU 0xffffffffu

/* Head of the large ring's memory; the text follows. */
struct log_head {
	u64 magic;
	u64 end;   /* characters ever written */
	u64 check; /* ~end: tells a finished update from garbage */
};

static struct ticket_lock lock;
static u32 lock_cpu = NO_CPU; /* holder, written by the holder */
static bool emergency;	      /* a panic: no lock */

/* Under lock. */
static char early_log[EARLY_LOG_SIZE];
static char *ring = early_log;
static u64 ring_size = EARLY_LOG_SIZE;
static u64 ring_end;
static struct log_head *ring_head;

static bool to_com1 = true, to_e9 = true, keep_console;
static enum log_level console_level = LOG_INFO;

static int parse_loglvl(const char *value)
{
	static const char *const level_names[] = {"error", "warn", "info", "debug"};

	for (unsigned int i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(value, level_names[i]) == 0) {
			console_level = i;
			return 0;
		}
	}
	return -EINVAL;
}

const struct cmdline_option option_loglvl = {
	.name = "loglvl",
	.type = CMDLINE_CUSTOM,
	.parse = parse_loglvl,
	.help = "error|warn|info|debug: what goes to the console (all goes to the log)",
};

/* Comma separated; the last word may be "keep". */
static int parse_console(const char *value)
{
	bool com1 = false, e9 = false, keep = false, none = false;

	while (*value) {
		size_t len = 0;

		while (value[len] && value[len] != ',')
			len++;
		if (len == 4 && strncmp(value, "com1", len) == 0)
			com1 = true;
		else if (len == 2 && strncmp(value, "e9", len) == 0)
			e9 = true;
		else if (len == 4 && strncmp(value, "none", len) == 0)
			none = true;
		else if (len == 4 && strncmp(value, "keep", len) == 0)
			keep = true;
		else
			return -EINVAL;
		value += len + (value[len] == ',');
	}
	keep_console = keep;
	if (com1 || e9 || none) {
		to_com1 = com1;
		to_e9 = e9;
	}
	return 0;
}

const struct cmdline_option option_console = {
	.name = "console",
	.type = CMDLINE_CUSTOM,
	.parse = parse_console,
	.help = "com1|e9|none[,keep]: where messages go; keep: also once dom0 owns COM1",
};

static void ring_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring[(ring_end + i) % ring_size] = text[i];
	ring_end += len;
	if (ring_head) {
		ring_head->end = ring_end;
		ring_head->check = ~ring_end;
	}
}

static void console_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (to_com1 && text[i] == '\n')
			uart_put_com1('\r');
		if (to_com1)
			uart_put_com1(text[i]);
		if (to_e9)
			uart_put_e9(text[i]);
	}
}

/* False: this CPU holds it already, or a panic goes on: write without, unlock nothing. */
static bool lock_take(void)
{
	u32 me = cpu_local()->id;

	if (READ_ONCE(emergency) || READ_ONCE(lock_cpu) == me)
		return false;
	ticket_lock_take(&lock);
	WRITE_ONCE(lock_cpu, me);
	return true;
}

static void lock_drop(bool taken)
{
	if (!taken)
		return;
	WRITE_ONCE(lock_cpu, NO_CPU);
	ticket_lock_drop(&lock);
}

static void emit(enum log_level level, const char *line, size_t len)
{
	bool taken = lock_take();

	ring_write(line, len);
	if (level <= console_level)
		console_write(line, len);
	lock_drop(taken);
}

void printk(enum log_level level, const char *fmt, ...)
{
	static const char *const tags[] = {"ERROR: ", "warning: ", "", ""};
	char line[LINE_MAX];
	u64 us = tsc_uptime_ns() / 1000;
	va_list args;
	int len;

	len = snprintf(line, sizeof(line), "[%5lu.%06lu] %s", us / 1000000, us % 1000000,
		       READ_ONCE(emergency) ? "" : tags[level]);
	va_start(args, fmt);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, args);
	va_end(args);
	if (len >= LINE_MAX) {
		len = LINE_MAX - 1;
		line[len - 1] = '\n';
	}
	emit(level, line, (size_t)len);
}

/* Races between CPUs only blur the count. */
bool printk_ratelimit(struct ratelimit *rl)
{
	u64 now = tsc_now();
	u32 dropped = 0;

	if (now - rl->window_start > tsc_khz * RATELIMIT_WINDOW_MS || rl->window_start == 0) {
		rl->window_start = now;
		rl->passed = 0;
		dropped = rl->dropped;
		rl->dropped = 0;
	}
	if (dropped)
		printk(LOG_WARN, "%u messages like the next one were left out\n", dropped);
	if (rl->passed >= RATELIMIT_BURST) {
		rl->dropped++;
		return false;
	}
	rl->passed++;
	return true;
}

void printk_init(void)
{
	uart_init();
}

void printk_apply_options(void)
{
	if (to_com1 && !uart_has_com1())
		to_com1 = false;
	if (to_e9 && !uart_has_e9())
		to_e9 = false;
}

void printk_set_log(void *area)
{
	struct log_head *head = area;
	char *text = (char *)(head + 1);
	u64 size = PRINTK_LOG_SIZE - sizeof(*head);
	bool old = head->magic == LOG_MAGIC && head->check == ~head->end;
	u64 old_end = old ? head->end : 0;
	u64 from, early_end;
	bool taken = lock_take();

	early_end = ring_end;
	from = early_end > EARLY_LOG_SIZE ? early_end - EARLY_LOG_SIZE : 0;
	ring = text;
	ring_size = size;
	ring_end = old_end;
	ring_head = head;
	head->magic = LOG_MAGIC;
	for (; from < early_end; from++)
		ring_write(&early_log[from % EARLY_LOG_SIZE], 1);
	lock_drop(taken);
	if (old)
		pr_info("log: %lu characters of an earlier start are kept before this text\n",
			MIN(old_end, size));
}

void printk_release_console(void)
{
	if (!keep_console)
		to_com1 = false;
}

void printk_emergency(void)
{
	WRITE_ONCE(emergency, true);
	uart_init();
	to_com1 = uart_has_com1();
	to_e9 = uart_has_e9();
	console_level = LOG_INFO;
}

void printk_write_raw(const char *buf, size_t len)
{
	bool taken = lock_take();

	console_write(buf, len);
	lock_drop(taken);
}

size_t log_read(u64 *offset, char *buf, size_t len)
{
	bool taken = lock_take();
	u64 oldest = ring_end > ring_size ? ring_end - ring_size : 0;
	size_t n;

	if (*offset < oldest)
		*offset = oldest;
	if (*offset > ring_end)
		*offset = ring_end;
	n = MIN(len, ring_end - *offset);
	for (size_t i = 0; i < n; i++)
		buf[i] = ring[(*offset + i) % ring_size];
	lock_drop(taken);
	return n;
}

u64 log_end(void)
{
	return READ_ONCE(ring_end);
}
