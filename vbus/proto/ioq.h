/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the two roles of an ioq ring (vbus/abi/ring.h): producer and consumer.
 * Callers:  device models and connector of dom0, drivers of the guest, host unit tests.
 * Context:  any, also hard interrupt. Nothing sleeps, nothing loops longer than IOQ_MAX_CHAIN.
 * Locking:  the caller serialises all calls on one producer, and all calls on one consumer.
 * Lifetime: from ioq_*_init() on zeroed shared memory until that memory goes. The ring must stay
 *           mapped meanwhile; there is nothing to tear down.
 * Errors:   -ENOSPC: full, try after the peer consumed. -EPROTO: the peer published an impossible
 *           count or chain; the ring is then broken and every later call answers -EPROTO (or "no
 *           space", "armed", "no notification", so that no caller spins) until the next init.
 *
 * The counts in shared memory are output only: each side works on the private ones here, so a
 * peer that scribbles on this side's line fools only itself. What is fetched from the peer's line
 * is fetched once, checked against the private counts, then used.
 *
 *   producer:  while (work && ioq_space(p) >= n) ioq_push() x n;  if (ioq_publish(p)) notify peer;
 *   consumer:  again: while (ioq_pop(c, &d) > 0) handle;  ioq_release(c);
 *              if (!ioq_arm(c)) goto again;   then sleep until notified
 */
#ifndef VBUS_PROTO_IOQ_H
#define VBUS_PROTO_IOQ_H

#include "../abi/ring.h"
#include "shm_signal.h"

struct ioq_producer {
	struct ioq_ring *ring;
	struct ioq_desc *desc;
	u32 size;
	u32 head;      /* descriptors written */
	u32 published; /* of them, visible to the consumer; head - published are being gathered */
	u32 consumed;  /* last checked count of the consumer */
	bool broken;
};

struct ioq_consumer {
	struct ioq_ring *ring;
	const struct ioq_desc *desc;
	u32 size;
	u32 tail;     /* descriptors taken */
	u32 avail;    /* last checked count of the producer */
	u32 released; /* taken and given back to the producer */
	bool broken;
};

/* The rings of one queue (ring.h): at is the region, IOQ_QUEUE_BYTES(size) long. */
static inline struct ioq_ring *ioq_submissions(void *at)
{
	return at;
}

static inline struct ioq_ring *ioq_completions(void *at, u32 size)
{
	return (void *)((char *)at + IOQ_RING_BYTES(size));
}

bool ioq_size_ok(u32 size); /* a power of two, IOQ_MIN_SIZE..IOQ_MAX_SIZE */

/* size must be ioq_size_ok(); writes this side's line only, the peer may be running already. */
void ioq_producer_init(struct ioq_producer *p, struct ioq_ring *ring, u32 size);
u32 ioq_space(struct ioq_producer *p);	/* descriptors that can be pushed now; 0 if broken */
int ioq_push(struct ioq_producer *p, const struct ioq_desc *d); /* 0, -ENOSPC, -EPROTO */
void ioq_cancel(struct ioq_producer *p); /* take back everything pushed since the last publish */
/* Show what was pushed to the peer. True: the peer sleeps and must be notified. */
bool ioq_publish(struct ioq_producer *p);
/* The consumer is being notified, or was, and has not armed since: it will look again before it
 * sleeps. Any context, also beside the producer's own. */
static inline bool ioq_told(const struct ioq_producer *p)
{
	return (int)(vb_read_once(p->published) - vb_read_once(p->ring->rx.event)) > 0;
}

void ioq_consumer_init(struct ioq_consumer *c, struct ioq_ring *ring, u32 size);
int ioq_pop(struct ioq_consumer *c, struct ioq_desc *d); /* 1, 0 empty, -EPROTO */
/*
 * Take one whole chain, each descriptor fetched once into chain[]. Returns how many (1..
 * IOQ_MAX_CHAIN), 0 empty, or -EPROTO: too long, not published whole, or of mixed ids.
 */
int ioq_pop_chain(struct ioq_consumer *c, struct ioq_desc chain[IOQ_MAX_CHAIN]);
/* Return the taken slots to the producer. False: nothing new since the last release. */
bool ioq_release(struct ioq_consumer *c);
/*
 * Ask for one notification: at the next descriptor, or when n >= 1 more than taken so far are
 * there. True: armed, and not yet so many; the caller may sleep. False: go on popping (a
 * notification may come as well). Not calling it is the mask.
 */
bool ioq_arm_after(struct ioq_consumer *c, u32 n);
bool ioq_arm(struct ioq_consumer *c);
/* How many descriptors the producer says there are; not checked: a hint for who polls. */
static inline u32 ioq_hint(const struct ioq_consumer *c)
{
	return vb_read_once(c->ring->tx.seq) - c->tail;
}
/* Something there, as far as the last look; does not check, does not change c. */
bool ioq_empty(const struct ioq_consumer *c);

#endif
