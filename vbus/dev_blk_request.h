/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  is a chain of descriptors a good request of class "blk" (vbus/abi/blk.h)? A function of
 *           its arguments alone, so that it can be tested on any machine.
 * Callers:  dev_blk_queue.c, tests/unit/test_blk_request.c.
 * Context:  any.    Locking: none.    Lifetime: no state.
 * Errors:   -EPROTO: the guest broke the rules, *why says which; the queue is to be broken. A
 *           status (> 0): an honest request that this disk refuses; it is to be completed with
 *           it.
 */
#ifndef VBUS_DEV_BLK_REQUEST_H
#define VBUS_DEV_BLK_REQUEST_H

#include "abi/blk.h"
#include "proto/port.h"

struct blk_rules { /* what the disk and the connection allow */
	mb_u64 features; /* accepted */
	mb_u64 sectors;
	u32 block; /* logical, bytes: a power of two, 512..VB_BLK_MAX_BLOCK */
	u32 max_discard, max_zeroes; /* sectors */
	u32 ids; /* ids are below: size of the ring */
	bool readonly;
};

struct blk_request {
	mb_u64 sector;
	u32 sectors;
	u32 bytes; /* in the buffers */
	u16 id;
	u16 op;	   /* VB_BLK_OP_* */
	u16 flags; /* VB_BLK_R_* */
	u32 segments;
	const struct ioq_desc *segment; /* in the caller's copy of the chain */
};

/*
 * chain is the caller's private copy, 1 <= n <= IOQ_MAX_CHAIN, with equal ids. Whether the buffers
 * are guest memory is not looked at. 0, a status or -EPROTO, see above; r is filled in for the
 * first two.
 */
int blk_request_check(const struct blk_rules *rules, const struct ioq_desc *chain, int n,
		      struct blk_request *r, const char **why);

#endif
