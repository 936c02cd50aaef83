/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the hypervisor's messages: to the consoles by level, always to the log ring.
 * Callers:  everybody in hv/, svm/, vmx/, boot/. Context: any, NMI and panic too: the lock is taken
 *           only if this CPU does not hold it already. Locking: one private ticket lock, a leaf.
 * Lifetime: from the first instruction in C; printk_set_log() adds the ring.
 * Errors:   none; text longer than a line buffer (256) is cut.
 *
 * Write one line per call, ending in \n. Messages say what happened with its values.
 */
#ifndef MINIBUS_HV_PRINTK_H
#define MINIBUS_HV_PRINTK_H

#include "arch/x86/types.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

void printk(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define pr_error(...) printk(LOG_ERROR, __VA_ARGS__)
#define pr_warn(...) printk(LOG_WARN, __VA_ARGS__)
#define pr_info(...) printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

/* Lets ten messages per second and place through; the next that passes tells how many did not. */
struct ratelimit {
	u64 window_start;
	u32 passed;
	u32 dropped;
};

bool printk_ratelimit(struct ratelimit *rl);

#define printk_limited(level, ...) \
	do { \
		static struct ratelimit rl_; \
		if (printk_ratelimit(&rl_)) \
			printk(level, __VA_ARGS__); \
	} while (0)

#define PRINTK_LOG_SIZE (128 * KIB)

/* Consoles on; before that, text is kept. Called once by boot, first. */
void printk_init(void);

/*
 * After the command line was read: which consoles, and whether they stay on once dom0 owns COM1.
 */
void printk_apply_options(void);

/* PRINTK_LOG_SIZE bytes that outlive a warm reset; a valid log found there is kept in front. */
void printk_set_log(void *area);

/* dom0 now owns COM1: stop writing to it, unless console=...,keep. */
void printk_release_console(void);

/* Panic: consoles on again, no lock. */
void printk_emergency(void);

/* Raw characters to the consoles, for a guest's early output. */
void printk_write_raw(const char *buf, size_t len);

/*
 * Copies log text from absolute offset on (offsets only grow). Returns the bytes copied; *offset is
 * moved up first when older text was overwritten. Advance it by the result to go on.
 */
size_t log_read(u64 *offset, char *buf, size_t len);
/* Offset one past the newest character. */
u64 log_end(void);

#endif
