// SPDX-License-Identifier: GPL-2.0-only
/*
 * A console's byte ring: writer and reader, the same code at both ends and in unit tests.
 *
 * As in ioq.c a count of the peer is believed only if it lies within what this side's own counts
 * allow: unsigned distance, at most the length of the ring.
 */
#include "bytes.h"

#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#define MASK (VB_CONSOLE_RING - 1)

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* Fetch the reader's count: it must lie in published - length .. published. */
static void look_taken(struct bytes_writer *w)
{
	/* Acquire: bytes are overwritten only after they were read. Pairs with bytes_release(). */
	u32 taken = vb_load_acquire(&w->ring->taken.seq);
	u32 used = w->head - taken;

	if (used > VB_CONSOLE_RING || used < w->head - w->published)
		w->broken = true;
	else
		w->taken = taken;
}

/* Fetch the writer's count: it must lie in tail .. tail + length. */
static void look_avail(struct bytes_reader *r)
{
	/* Acquire: bytes are read after the count. Pairs with bytes_publish(). */
	u32 avail = vb_load_acquire(&r->ring->tx.seq);

	if (avail - r->tail > VB_CONSOLE_RING)
		r->broken = true;
	else
		r->avail = avail;
}

void bytes_writer_init(struct bytes_writer *w, struct vb_console_ring *ring)
{
	*w = (struct bytes_writer){ .ring = ring };
	vb_write_once(ring->tx.seq, 0);
	vb_write_once(ring->room.event, 0);
}

u32 bytes_room(struct bytes_writer *w)
{
	if (!w->broken)
		look_taken(w);
	return w->broken ? 0 : VB_CONSOLE_RING - (w->head - w->taken);
}

u32 bytes_put(struct bytes_writer *w, const void *from, u32 len)
{
	u32 at = w->head & MASK, first;

	len = smaller(len, bytes_room(w));
	first = smaller(len, VB_CONSOLE_RING - at);
	memcpy(w->ring->data + at, from, first);
	memcpy(w->ring->data, (const char *)from + first, len - first);
	w->head += len;
	return len;
}

bool bytes_publish(struct bytes_writer *w)
{
	u32 old = w->published;

	if (w->broken || old == w->head)
		return false;
	w->published = w->head;
	return shm_signal_publish(&w->ring->tx, &w->ring->rx, old, w->head);
}

bool bytes_want_room(struct bytes_writer *w)
{
	u32 used = w->head - w->taken, want = smaller(used, VB_CONSOLE_RING / 2), taken;

	if (w->broken || !used)
		return w->broken;
	taken = shm_signal_arm(&w->ring->taken, &w->ring->room, w->taken + want - 1);
	/* An impossible count is a huge distance: the caller goes on and bytes_put() finds out. */
	return taken - w->taken < want;
}

void bytes_reader_init(struct bytes_reader *r, struct vb_console_ring *ring)
{
	*r = (struct bytes_reader){ .ring = ring };
	vb_write_once(ring->rx.event, 0);
	vb_write_once(ring->taken.seq, 0);
}

u32 bytes_there(struct bytes_reader *r)
{
	if (!r->broken)
		look_avail(r);
	return r->broken ? 0 : r->avail - r->tail;
}

u32 bytes_get(struct bytes_reader *r, void *to, u32 len)
{
	u32 at = r->tail & MASK, first;

	len = smaller(len, bytes_there(r));
	first = smaller(len, VB_CONSOLE_RING - at);
	memcpy(to, r->ring->data + at, first);
	memcpy((char *)to + first, r->ring->data, len - first);
	r->tail += len;
	return len;
}

bool bytes_release(struct bytes_reader *r)
{
	u32 old = r->released;

	if (r->broken || old == r->tail)
		return false;
	r->released = r->tail;
	/* Its release says that our reads are over. Pairs with look_taken(). */
	return shm_signal_publish(&r->ring->taken, &r->ring->room, old, r->tail);
}

bool bytes_arm(struct bytes_reader *r)
{
	if (r->broken)
		return true;
	return shm_signal_arm(&r->ring->tx, &r->ring->rx, r->tail) == r->tail;
}
