/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  the shared-memory half of the tunnel: event queues and call slots.
 * Callers:  hv/tunnel.c produces events; both Linux ends consume; north fills slots, south answers.
 * Context:  event queues: lock free, any context. Call slots: the owning vCPU only.
 * Locking:  none; each word has the writers said beside it.    Errors: none.
 * Lifetime: from MB_HC_EVENTQ_SET / MB_HC_CALL_SETUP until replaced, removed or the domain's end.
 *
 * Event queue: one page per vCPU and priority, in memory of the receiving domain. Bit p of pending
 * stands for port p; a port has at most one outstanding event, so the queue cannot overflow.
 *
 * Producer (the hypervisor, on behalf of a sender):
 *     set pending bit; if it was set already, stop (merged);
 *     set the summary bit of its word;
 *     full fence (the locked instruction) -- pairs with the consumer's fence before its re-check;
 *     compare-exchange state ASLEEP -> AWAKE; inject the vector only if that succeeded.
 * Consumer (on its vector):
 *     again: state = AWAKE; loop { s = exchange(summary, 0); for each bit w of s
 *     { p = exchange(pending[w], 0); handle each bit } } until s was 0;
 *     state = ASLEEP; full fence -- pairs with the producer's; if summary != 0: go to again.
 * So a vector is injected only when nobody is draining, and none is lost.
 */
#ifndef MINIBUS_ABI_TUNNEL_H
#define MINIBUS_ABI_TUNNEL_H

#include "types.h"

#define MB_EVQ_ASLEEP 0u /* inject on the next event */
#define MB_EVQ_AWAKE 1u	 /* draining, or the vector is on its way: do not inject */

#define MB_EVQ_PRIOS 4u	 /* priorities per vCPU; 0 is served first */
#define MB_EVQ_WORDS 64u /* 64 * 64 = 4096 ports */

struct mb_eventq {
	uint32_t state; /* both: ASLEEP -> AWAKE by either, AWAKE -> ASLEEP by the consumer */
	uint32_t pad0[15];
	mb_u64 summary; /* bit w: pending[w] may be nonzero; set by producer, taken by consumer */
	mb_u64 pad1[7];
	mb_u64 pending[MB_EVQ_WORDS]; /* set by producer, taken by consumer */
};
MB_ABI_SIZE(struct mb_eventq, 640);
MB_ABI_OFF(struct mb_eventq, summary, 64);
MB_ABI_OFF(struct mb_eventq, pending, 128);

/* Port 0 of a guest always exists: south raises it when the bus changed (enumerate again). */
#define MB_PORT_BUS 0u

/*
 * Call slot of one vCPU. North: fill nr, len, seq, data; state = SUBMITTED (release); MB_HC_CALL;
 * when that returned 0: state is DONE, take result and data; state = IDLE. South copies the slot
 * once, checks, acts, writes result and data, state = DONE (release), MB_HC_CALL_DONE. After
 * -MB_ETIMEDOUT north must not reuse the slot until state became DONE (the late answer).
 */
#define MB_CALL_IDLE 0u
#define MB_CALL_SUBMITTED 1u
#define MB_CALL_DONE 2u
#define MB_CALL_DATA 240u

struct mb_call_slot {
	uint32_t state; /* MB_CALL_* */
	uint16_t nr;	/* VB_CALL_* of vbus/abi/call.h */
	uint16_t len;	/* bytes of data in, then out */
	uint32_t seq;	/* north's own count, echoed in the trace only */
	int32_t result; /* 0 or -MB_E* or a small positive value */
	uint8_t data[MB_CALL_DATA];
};
MB_ABI_SIZE(struct mb_call_slot, 256);
MB_ABI_OFF(struct mb_call_slot, result, 12);
MB_ABI_OFF(struct mb_call_slot, data, 16);

#endif
