/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  adaptive polling: for how long a ring that ran dry is looked at before its owner asks
 *           for an event and sleeps.
 * Callers:  vbus/worker.c for device models; drivers of the guest.
 * Context:  any.    Locking, lifetime, errors: none.
 *
 * An event that came soon after the owner went to sleep would have been caught by polling a little
 * longer: the window doubles. One that came late would not: it halves. The window starts, and ends,
 * at ADAPT_FIRST_NS.
 */
#ifndef VBUS_PROTO_ADAPT_H
#define VBUS_PROTO_ADAPT_H

#include "port.h"

#define ADAPT_FIRST_NS 4000u

/* The next window, after a sleep of so long; at most max. */
static inline u64 adapt_window(u64 window, u64 slept, u64 max)
{
	if (slept > max)
		window = window / 2 < ADAPT_FIRST_NS ? 0 : window / 2;
	else
		window = window ? window * 2 : ADAPT_FIRST_NS;
	return window < max ? window : max;
}

#endif
