/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  shm-signal, the notification object of vbus: "tell me when the count passes N".
 *           Independent of any ring; ring.h embeds one per direction.
 * Callers:  vbus/proto/shm_signal.h implements it for both ends.
 * Context:  any.    Locking: one writer per line, see below.    Errors: none.
 * Lifetime: as the shared region it lies in.
 *
 * The sender counts what it publishes in seq (free running). The receiver writes into event the
 * count after which it wants to be told once. A notification is due when publishing moves seq from
 * old to new across it: (uint32_t)(new - event - 1) < (uint32_t)(new - old). Not re-arming is the
 * mask: after one notification no other comes until the receiver writes a new event.
 *
 * Sender: payload; seq (release); full fence; load event. Receiver: event; full fence; load seq.
 * Both fences are full ones: a store fence loses wake-ups (each side must see the other's store or
 * be seen by it).
 */
#ifndef VBUS_ABI_SIGNAL_H
#define VBUS_ABI_SIGNAL_H

#include "../../hv/abi/types.h"

struct shm_signal_tx {	/* written by the sender only */
	uint32_t seq;
	uint32_t pad[15];
} MB_ALIGN64;
MB_ABI_SIZE(struct shm_signal_tx, 64);
MB_ABI_OFF(struct shm_signal_tx, pad, 4);

struct shm_signal_rx {	/* written by the receiver only */
	uint32_t event;
	uint32_t consumed; /* count taken so far (frees ring space); 0 where it has no meaning */
	uint32_t pad[14];
} MB_ALIGN64;
MB_ABI_SIZE(struct shm_signal_rx, 64);
MB_ABI_OFF(struct shm_signal_rx, consumed, 4);

#endif
