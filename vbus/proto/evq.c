// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event queues of one CPU, drained by priority (evq.h).
 *
 * A word of pending bits is taken whole, so that a port that rings all the time is served once
 * before its neighbours are served again; what was taken and not handled when the budget is used up
 * goes back into the page, where the hypervisor can see and move it.
 */
#include "evq.h"

static bool level_ready(const struct evq_level *l)
{
	return l->page && (l->bits || l->words || vb_read_once(l->page->summary));
}

/* One event of the level. False: there was none behind the summary's bits. */
static bool level_take(struct evq_level *l, u32 *port)
{
	while (!l->bits) {
		if (!l->words)
			l->words = vb_exchange(&l->page->summary, 0);
		if (!l->words)
			return false;
		l->word = (u32)__builtin_ctzll(l->words);
		l->words &= l->words - 1;
		l->bits = vb_exchange(&l->page->pending[l->word], 0);
	}
	*port = l->word * 64 + (u32)__builtin_ctzll(l->bits);
	l->bits &= l->bits - 1;
	return true;
}

static void level_put_back(struct evq_level *l)
{
	/* A bit that was set again meanwhile is the same event. */
	for (; l->bits; l->bits &= l->bits - 1) {
		vb_set_bit(&l->page->pending[l->word], (u32)__builtin_ctzll(l->bits));
		l->words |= 1ull << l->word;
	}
	for (; l->words; l->words &= l->words - 1)
		vb_set_bit(&l->page->summary, (u32)__builtin_ctzll(l->words));
}

/* The level whose event is next; MB_EVQ_PRIOS: none. */
static u32 evq_pick(struct evq_cpu *c, u32 woken)
{
	u32 best = MB_EVQ_PRIOS, due = MB_EVQ_PRIOS, prio;

	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		struct evq_level *l = &c->level[prio];

		if (!level_ready(l)) {
			l->passed = 0;
		} else if (best == MB_EVQ_PRIOS) {
			if (prio > woken)
				break;
			best = prio;
		} else if (due == MB_EVQ_PRIOS && ++l->passed > EVQ_BURST) {
			due = prio;
			if (l->passed == EVQ_BURST + EVQ_TURN)
				l->passed = 0;
		}
	}
	if (due == MB_EVQ_PRIOS)
		return best;
	c->level[due].turns++;
	return due;
}

/* Handles events until there are none or *budget is used up. */
static void evq_run(struct evq_cpu *c, u32 woken, u32 *budget)
{
	u32 port, prio;

	for (; *budget; --*budget) {
		struct evq_level *l;

		prio = evq_pick(c, woken);
		if (prio == MB_EVQ_PRIOS)
			break;
		l = &c->level[prio];
		if (!level_take(l, &port))
			continue;
		l->events++;
		l->ahead += prio < woken;
		c->handle(port);
	}
	for (prio = 0; prio < MB_EVQ_PRIOS; prio++)
		level_put_back(&c->level[prio]);
}

static void evq_state(struct evq_cpu *c, u32 levels, u32 state)
{
	for (; levels; levels &= levels - 1)
		vb_write_once(c->level[__builtin_ctz(levels)].page->state, state);
}

u32 evq_drain(struct evq_cpu *c, u32 woken)
{
	u32 budget = EVQ_BUDGET, mine = 1u << woken, left, prio;

	c->drains++;
	c->level[woken].wakes++;
	for (prio = 0; prio < woken; prio++)
		if (c->level[prio].page &&
		    vb_read_once(c->level[prio].page->state) == MB_EVQ_ASLEEP)
			mine |= 1u << prio;
	do {
		u32 levels = mine;

		evq_state(c, mine, MB_EVQ_AWAKE);
		evq_run(c, woken, &budget);
		evq_state(c, mine, MB_EVQ_ASLEEP);
		/* State before summary; pairs with the producer's fence between its summary bit
		 * and its look at state: it injects, or we see the bit. */
		vb_full_fence();
		for (left = 0; levels; levels &= levels - 1) {
			prio = (u32)__builtin_ctz(levels);
			if (vb_read_once(c->level[prio].page->summary))
				left |= 1u << prio;
		}
	} while (left && budget);
	if (budget == EVQ_BUDGET)
		c->level[woken].empty++;
	return left;
}
VB_EXPORT(evq_drain);
