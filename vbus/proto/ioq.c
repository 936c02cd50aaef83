// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioq: producer and consumer of a vbus ring, the same code in dom0, guest and unit tests.
 *
 * A count of the peer is believed only if it lies within what this side's own counts allow:
 * unsigned distance, at most the size of the ring. Anything else breaks this ring, here only;
 * the owner reports it and the device goes on with its other queues or is reset.
 */
#include "ioq.h"

/* Free slots by the last known count of the consumer. */
static u32 ioq_space_known(const struct ioq_producer *p)
{
	return p->size - (p->head - p->consumed);
}

/* Fetch the consumer's count: it must lie in published - size .. published. */
static void ioq_look_consumed(struct ioq_producer *p)
{
	/* Acquire: slots are rewritten only after they were read. Pairs with ioq_release(). */
	u32 consumed = vb_load_acquire(&p->ring->rx.consumed);
	u32 used = p->head - consumed;

	if (used > p->size || used < p->head - p->published)
		p->broken = true;
	else
		p->consumed = consumed;
}

/* Fetch the producer's count: it must lie in tail .. tail + size. */
static void ioq_look_avail(struct ioq_consumer *c)
{
	/* Acquire: descriptors are read after the count. Pairs with shm_signal_publish(). */
	u32 avail = vb_load_acquire(&c->ring->tx.seq);

	if (avail - c->tail > c->size)
		c->broken = true;
	else
		c->avail = avail;
}

static void ioq_fetch(const struct ioq_consumer *c, u32 count, struct ioq_desc *to)
{
	const struct ioq_desc *from = &c->desc[count & (c->size - 1)];

	/* The producer may scribble meanwhile: each field once; the copy is what gets checked. */
	to->addr = vb_read_once(from->addr);
	to->len = vb_read_once(from->len);
	to->id = vb_read_once(from->id);
	to->flags = vb_read_once(from->flags);
}

bool ioq_size_ok(u32 size)
{
	return size >= IOQ_MIN_SIZE && size <= IOQ_MAX_SIZE && !(size & (size - 1));
}
VB_EXPORT(ioq_size_ok);

void ioq_producer_init(struct ioq_producer *p, struct ioq_ring *ring, u32 size)
{
	*p = (struct ioq_producer){ .ring = ring, .desc = ring->desc, .size = size };
	vb_write_once(ring->tx.seq, 0);
}
VB_EXPORT(ioq_producer_init);

u32 ioq_space(struct ioq_producer *p)
{
	if (!p->broken)
		ioq_look_consumed(p);
	return p->broken ? 0 : ioq_space_known(p);
}
VB_EXPORT(ioq_space);

int ioq_push(struct ioq_producer *p, const struct ioq_desc *d)
{
	if (!p->broken && !ioq_space_known(p))
		ioq_look_consumed(p);
	if (p->broken)
		return -EPROTO;
	if (!ioq_space_known(p))
		return -ENOSPC;
	p->desc[p->head & (p->size - 1)] = *d;
	p->head++;
	return 0;
}
VB_EXPORT(ioq_push);

void ioq_cancel(struct ioq_producer *p)
{
	p->head = p->published;
}
VB_EXPORT(ioq_cancel);

bool ioq_publish(struct ioq_producer *p)
{
	u32 old = p->published;

	if (p->broken || old == p->head)
		return false;
	p->published = p->head;
	return shm_signal_publish(&p->ring->tx, &p->ring->rx, old, p->head);
}
VB_EXPORT(ioq_publish);

void ioq_consumer_init(struct ioq_consumer *c, struct ioq_ring *ring, u32 size)
{
	*c = (struct ioq_consumer){ .ring = ring, .desc = ring->desc, .size = size };
	vb_write_once(ring->rx.event, 0);
	vb_write_once(ring->rx.consumed, 0);
}
VB_EXPORT(ioq_consumer_init);

int ioq_pop(struct ioq_consumer *c, struct ioq_desc *d)
{
	if (!c->broken && c->tail == c->avail)
		ioq_look_avail(c);
	if (c->broken)
		return -EPROTO;
	if (c->tail == c->avail)
		return 0;
	ioq_fetch(c, c->tail, d);
	c->tail++;
	return 1;
}
VB_EXPORT(ioq_pop);

int ioq_pop_chain(struct ioq_consumer *c, struct ioq_desc chain[IOQ_MAX_CHAIN])
{
	u32 n = 0, max;

	if (!c->broken && c->tail == c->avail)
		ioq_look_avail(c);
	if (c->broken)
		return -EPROTO;
	/* Chains are published whole, so a known count never ends inside an honest one. */
	max = c->avail - c->tail;
	if (!max)
		return 0;
	if (max > IOQ_MAX_CHAIN)
		max = IOQ_MAX_CHAIN;
	do {
		ioq_fetch(c, c->tail + n, &chain[n]);
		if (chain[n].id != chain[0].id)
			break;
		if (!(chain[n++].flags & IOQ_F_NEXT)) {
			c->tail += n;
			return (int)n;
		}
	} while (n < max);
	c->broken = true;
	return -EPROTO;
}
VB_EXPORT(ioq_pop_chain);

bool ioq_release(struct ioq_consumer *c)
{
	if (c->released == c->tail)
		return false;
	c->released = c->tail;
	/* Release: our reads of the slots are over. Pairs with ioq_look_consumed(). */
	vb_store_release(&c->ring->rx.consumed, c->tail);
	return true;
}
VB_EXPORT(ioq_release);

bool ioq_arm_after(struct ioq_consumer *c, u32 n)
{
	u32 seq;

	if (c->broken)
		return true;
	seq = shm_signal_arm(&c->ring->tx, &c->ring->rx, c->tail + n - 1);
	/* An impossible count is a huge distance: the caller goes on and ioq_pop() finds out. */
	return seq - c->tail < n;
}
VB_EXPORT(ioq_arm_after);

bool ioq_arm(struct ioq_consumer *c)
{
	return ioq_arm_after(c, 1);
}
VB_EXPORT(ioq_arm);

bool ioq_empty(const struct ioq_consumer *c)
{
	return c->broken || vb_read_once(c->ring->tx.seq) == c->tail;
}
VB_EXPORT(ioq_empty);
