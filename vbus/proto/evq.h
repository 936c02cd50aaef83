/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the consumer of event queues (hv/abi/tunnel.h): the queues of one CPU, one per
 *           priority, drained in strict order of priority with a bound on starvation.
 * Callers:  the connectors of both ends, from the vectors of the queues; host unit tests.
 * Context:  hard interrupt on the CPU that owns the queues.
 * Locking:  none: one CPU, interrupts off. Counters may be read by anybody.
 * Lifetime: page of a level from before its first vector until after the last one of all levels.
 * Errors:   none. What the pages hold comes from the hypervisor; the handler checks port numbers.
 *
 * Order. A drain woken by level p handles levels 0..p, always the highest that has events, and
 * looks anew after each event: so an event of a higher level waits for one handler at most. Levels
 * below p have vectors of their own, which come when this drain is over.
 * Bound. A level that was passed over EVQ_BURST times in a row while it had events gets the next
 * EVQ_TURN events, whoever was woken. Levels above it wait for that long at most.
 * Budget. One drain handles EVQ_BUDGET events. What is left stays in the queues, and the caller
 * asks the hypervisor for a new vector: other interrupts and softirqs get their turn in between.
 *
 * While a drain runs, the levels it serves are marked awake, so that they need no vector. A level
 * found awake at the start has one under way already and is left to it.
 */
#ifndef VBUS_PROTO_EVQ_H
#define VBUS_PROTO_EVQ_H

#include "../../hv/abi/tunnel.h"
#include "port.h"

#define EVQ_BURST 32u
#define EVQ_TURN 4u
#define EVQ_BUDGET 256u

struct evq_level {
	struct mb_eventq *page; /* NULL: no such level */
	u64 words;		/* summary bits taken, their words not yet looked at */
	u64 bits;		/* pending bits taken out of word, not yet handled */
	u32 word;
	u32 passed; /* events of higher levels handled while this one had some */
	u64 events; /* handled */
	u64 wakes;  /* vectors */
	u64 empty;  /* of them, those that found nothing in any level */
	u64 ahead;  /* events handled in a drain that a lower level had woken */
	u64 turns;  /* events handled before those of a higher level, by the bound */
};

struct evq_cpu {
	struct evq_level level[MB_EVQ_PRIOS];
	void (*handle)(u32 port);
	u64 drains; /* names the drain under way */
};

/* The vector of level `woken` came. Returns a mask of levels that need a new vector. */
u32 evq_drain(struct evq_cpu *c, u32 woken);

#endif
