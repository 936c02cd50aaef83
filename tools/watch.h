/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  waiting: for a guest's end, and for the signals that end the waiting.
 * Callers:  console.c, cmd_create.c.    Context: user space, one thread.    Locking: none.
 * Lifetime: watch_init() once per process.    Errors: none.
 */
#ifndef MINIBUS_TOOLS_WATCH_H
#define MINIBUS_TOOLS_WATCH_H

#include "tools/guest.h"

#include <stdint.h>

#define WATCH_STEP_MS 200 /* how often a guest's state is looked at */

/* From now on SIGINT, SIGTERM and SIGHUP only interrupt; SIGPIPE does nothing. */
void watch_init(void);
/* 0 or the signal that came. */
int watch_signal(void);
uint64_t watch_now_ms(void);
/* Returns when the guest ended or a signal came or, if timeout_ms >= 0, after that time. */
void watch_guest(const struct tree *tree, const char *name, int timeout_ms,
		 struct guest_status *status);

#endif
