/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  adaptive polling: whether to look at the rings once more instead of asking for a
 *           notification and sleeping. As long as a side polls, the other one never notifies it.
 * Callers:  NAPI of vbus_net (south) and venet (north); host unit tests.
 * Context:  any; one poller at a time.    Locking: the caller's.
 * Lifetime: plain data, zeroed at first.    Errors: none.
 *
 * After work, and for `window` from then on, the caller looks again. If work came in that time, it
 * was worth it. If not, the next sleeps are slept at once: one, two, four, up to VB_POLL_MAX_SKIP,
 * until a try succeeds. So a quiet device costs next to nothing, and so does polling where it
 * cannot succeed, because the other side needs the same CPU.
 */
#ifndef VBUS_PROTO_POLL_H
#define VBUS_PROTO_POLL_H

#include "port.h"

#define VB_POLL_MAX_SKIP 64u

struct vb_poll {
	uint64_t since; /* last work */
	bool trying;
	bool empty;	/* trying, and nothing was there at the last look */
	uint32_t skip;	/* sleeps yet to sleep at once */
	uint32_t backoff;
	uint64_t hits, misses; /* tries that found work, and that did not */
};

/*
 * After a look at the rings that found work or not: look again, instead of sleeping? now and window
 * are in one unit; window 0: never.
 */
static inline bool vb_poll_again(struct vb_poll *p, bool work, uint64_t now, uint64_t window)
{
	if (work) {
		if (p->trying && p->empty) {
			p->hits++;
			p->backoff = 0;
		}
		p->since = now;
		p->empty = false;
		p->trying = window && !p->skip;
		if (p->skip)
			p->skip--;
		return p->trying;
	}
	if (!p->trying)
		return false;
	p->empty = true;
	if (now - p->since < window)
		return true;
	p->trying = false;
	p->misses++;
	p->backoff = p->backoff ? p->backoff * 2 : 1;
	if (p->backoff > VB_POLL_MAX_SKIP)
		p->backoff = VB_POLL_MAX_SKIP;
	p->skip = p->backoff;
	return false;
}

#endif
