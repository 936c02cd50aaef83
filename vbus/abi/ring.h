/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  ioq, the ring of vbus: layout in shared memory.
 * Callers:  vbus/proto/ioq.c implements both roles.
 * Context:  any; one producer and one consumer per ring, each serialised by its owner.
 * Locking:  none shared; every cache line has one writer.
 * Lifetime: the region is registered with VB_CALL_SHM, unregistered by close or reset.
 * Errors:   none here; a count further ahead than size breaks the queue (ioq.h).
 *
 * A ring carries 16-byte descriptors one way. Counts run free (32 bits); slot = count & (size - 1);
 * size is a power of two, 4..32768. A *queue* is one region with two rings: submissions (north to
 * south) and completions (south to north), each of the same size, so that completions never
 * overflow as long as north has at most size submissions under way:
 *
 *     offset 0                       struct ioq_ring  submissions
 *     offset IOQ_RING_BYTES(size)    struct ioq_ring  completions
 *
 * A chain of descriptors with IOQ_F_NEXT is one request; it is published whole. All descriptors of
 * a chain carry the same id; a request has exactly one completion, with that id.
 */
#ifndef VBUS_ABI_RING_H
#define VBUS_ABI_RING_H

#include "signal.h"

#define IOQ_F_NEXT 0x0001u  /* the chain goes on in the next descriptor */
#define IOQ_F_WRITE 0x0002u /* south writes this buffer (else it reads) */
/* 0x0100..0x8000 are the device class's own, see net.h */

#define IOQ_MIN_SIZE 4u /* keeps the second ring on a 64-byte line */
#define IOQ_MAX_SIZE 32768u
#define IOQ_MAX_CHAIN 32u /* descriptors of one request */

struct ioq_desc {
	mb_u64 addr;	/* guest-physical address; completions: class data */
	uint32_t len;	/* bytes; completions: bytes written, or class data */
	uint16_t id;	/* north's own buffer id, < size of the ring */
	uint16_t flags; /* IOQ_F_* and class flags */
};
MB_ABI_SIZE(struct ioq_desc, 16);
MB_ABI_OFF(struct ioq_desc, len, 8);
MB_ABI_OFF(struct ioq_desc, id, 12);

struct ioq_ring {
	struct shm_signal_tx tx; /* producer: seq = descriptors published */
	struct shm_signal_rx rx; /* consumer: consumed, event */
	struct ioq_desc desc[IOQ_MIN_SIZE]; /* size of them; written by the producer only */
};
MB_ABI_SIZE(struct ioq_ring, 128 + 16 * IOQ_MIN_SIZE);
MB_ABI_OFF(struct ioq_ring, rx, 64);
MB_ABI_OFF(struct ioq_ring, desc, 128);

#define IOQ_RING_BYTES(size) (128u + 16u * (size))
#define IOQ_QUEUE_BYTES(size) (2u * IOQ_RING_BYTES(size))

#endif
