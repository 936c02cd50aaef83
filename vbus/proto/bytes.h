/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the two roles of a console's byte ring (vbus/abi/console.h): writer and reader.
 * Callers:  vbus/proto/vtty.c, which both ends are built with; host unit tests.
 * Context:  any, also hard interrupt. Nothing sleeps; a copy is at most VB_CONSOLE_RING bytes.
 * Locking:  the caller serialises all calls on one writer, and all calls on one reader.
 * Lifetime: from bytes_*_init() on zeroed shared memory until that memory goes.
 * Errors:   an impossible count of the peer sets broken; from then on there is no room and nothing
 *           to read, until the next init. The owner looks at broken and reports it.
 *
 * The counts in shared memory are output only: each side works on the private ones here. What is
 * fetched from the peer's line is fetched once and checked. Bytes are copied out and never checked:
 * they mean nothing here.
 *
 *   writer:  n = bytes_put(w, from, len);  if (bytes_publish(w)) notify peer;
 *            if (n < len && bytes_want_room(w)) sleep until notified;
 *   reader:  again: while (bytes_get(r, to, len) > 0) handle;  if (bytes_release(r)) notify peer;
 *            if (!bytes_arm(r)) goto again;  then sleep until notified
 */
#ifndef VBUS_PROTO_BYTES_H
#define VBUS_PROTO_BYTES_H

#include "../abi/console.h"
#include "shm_signal.h"

struct bytes_writer {
	struct vb_console_ring *ring;
	u32 head;      /* bytes written */
	u32 published; /* of them, visible to the reader */
	u32 taken;     /* last checked count of the reader */
	bool broken;
};

struct bytes_reader {
	struct vb_console_ring *ring;
	u32 tail;     /* bytes read */
	u32 avail;    /* last checked count of the writer */
	u32 released; /* read and given back to the writer */
	bool broken;
};

/* Writes this side's lines only, the peer may be running already. */
void bytes_writer_init(struct bytes_writer *w, struct vb_console_ring *ring);
u32 bytes_room(struct bytes_writer *w); /* that can be put now */
u32 bytes_put(struct bytes_writer *w, const void *from, u32 len); /* how many were taken */
bool bytes_publish(struct bytes_writer *w);   /* true: the reader sleeps and must be notified */
/*
 * The ring is full: ask to be told when half of it is free. True: asked, and it is not yet; the
 * caller may sleep. False: go on.
 */
bool bytes_want_room(struct bytes_writer *w);

void bytes_reader_init(struct bytes_reader *r, struct vb_console_ring *ring);
u32 bytes_there(struct bytes_reader *r); /* that can be read now */
u32 bytes_get(struct bytes_reader *r, void *to, u32 len); /* how many were there */
/* Give the room back; true: the writer waits for it and must be notified. */
bool bytes_release(struct bytes_reader *r);
/* Ask to be told of the next byte. True: armed and there is none; false: go on reading. */
bool bytes_arm(struct bytes_reader *r);

#endif
