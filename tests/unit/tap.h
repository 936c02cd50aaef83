/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  TAP output for host unit tests: ok(cond, "name"), then return tap_done().
 * Callers:  tests/unit/test_*.c, one thread.    Context: user space.
 * Locking:  none.    Lifetime: the process.    Errors: a failed check is printed and counted.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdio.h>

static unsigned int tap_count, tap_failed;

/* One result line; where is the place of a failure. Returns cond. */
static inline int tap_ok(int cond, const char *name, const char *file, int line)
{
	tap_count++;
	if (!cond)
		tap_failed++;
	printf("%sok %u - %s\n", cond ? "" : "not ", tap_count, name);
	if (!cond)
		printf("# failed at %s:%d\n", file, line);
	return cond;
}
#define ok(cond, name) tap_ok((cond) ? 1 : 0, name, __FILE__, __LINE__)

static inline int tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
