/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  why something failed, as a sentence for the user: "WHAT: WHY; TRY".
 * Callers:  every lib_*.c sets it, the commands print it behind "minibus: COMMAND NAME: ".
 * Context:  user space, one thread.    Locking: none.
 * Lifetime: a struct fault belongs to the command and keeps the first text that was set.
 * Errors:   fault_set() returns the negative errno to hand on.
 */
#ifndef MINIBUS_TOOLS_LIB_FAULT_H
#define MINIBUS_TOOLS_LIB_FAULT_H

#define FAULT_TEXT 768

struct fault {
	int err; /* errno, 0 = nothing set yet */
	char text[FAULT_TEXT];
};

/* Notes err (> 0) and the text, unless an earlier one is there; returns -err. */
int fault_set(struct fault *fault, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
