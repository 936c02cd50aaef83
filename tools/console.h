/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  attach standard input and output to a guest's console; show its last lines.
 * Callers:  cmd_console.c, cmd_create.c.    Context: user space, one thread.    Locking: none.
 * Lifetime: the terminal is raw only inside console_run(); it is restored on every way out,
 *           signals included.
 * Errors:   -errno with a fault.
 */
#ifndef MINIBUS_TOOLS_CONSOLE_H
#define MINIBUS_TOOLS_CONSOLE_H

#include "tools/guest.h"

enum console_end {
	CONSOLE_ENDED,	 /* the guest ended and its output is printed to the last byte */
	CONSOLE_LEFT,	 /* the user typed Ctrl-] */
	CONSOLE_TIMEOUT, /* standard input ended, and the time after it */
	CONSOLE_SIGNAL,	 /* SIGINT, SIGTERM or SIGHUP: see watch_signal() */
};

/* timeout_ms: how long to go on after the end of standard input; < 0: until the guest ends. */
int console_run(const struct tree *tree, const char *name, int timeout_ms, enum console_end *end,
		struct fault *fault);
/* The last lines of the console to standard error, each indented. */
void console_tail(const struct tree *tree, const char *name, unsigned int lines);

#endif
