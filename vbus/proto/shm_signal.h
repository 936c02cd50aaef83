/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  shm-signal (vbus/abi/signal.h): when to notify, when it is safe to sleep.
 * Callers:  ioq.c; users of a region without a ring (link state).
 * Context:  any.    Lifetime: as the shared region.
 * Locking:  the sender serialises shm_signal_publish(), the receiver shm_signal_arm().
 * Errors:   none; counts are the caller's to check.
 *
 * Both directions of the race between "publish" and "go to sleep":
 *     sender:   seq = new;   FENCE; load event   -> notify if new passed it
 *     receiver: event = e;   FENCE; load seq     -> sleep only if seq has not passed it
 * With both fences full, at least one side sees the other's store: either the sender notifies or
 * the receiver stays awake (or both, which is only a spurious wake-up).
 */
#ifndef VBUS_PROTO_SHM_SIGNAL_H
#define VBUS_PROTO_SHM_SIGNAL_H

#include "../abi/signal.h"
#include "port.h"

/* Does moving the count from old to new pass event? All counts run free, so differences only. */
static inline bool shm_signal_due(u32 event, u32 old, u32 new)
{
	return (u32)(new - event - 1) < (u32)(new - old);
}

/* Publish everything stored before; true: the receiver must be notified. */
static inline bool shm_signal_publish(struct shm_signal_tx *tx, const struct shm_signal_rx *rx,
				      u32 old, u32 new)
{
	/* Release: the payload is seen before the count. Pairs with the acquire of the reader. */
	vb_store_release(&tx->seq, new);
	/* Count before event. Pairs with the fence in shm_signal_arm(). */
	vb_full_fence();
	return shm_signal_due(vb_read_once(rx->event), old, new);
}

/* Ask to be told once when the count passes event; returns the count as it is now. */
static inline u32 shm_signal_arm(const struct shm_signal_tx *tx, struct shm_signal_rx *rx,
				 u32 event)
{
	vb_write_once(rx->event, event);
	/* Event before count. Pairs with the fence in shm_signal_publish(). */
	vb_full_fence();
	/* Acquire, pairs with the release in shm_signal_publish(): the caller may go on to read. */
	return vb_load_acquire(&tx->seq);
}

#endif
