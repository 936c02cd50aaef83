/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  device class "balloon": memory a guest lends back, and how it is doing for memory.
 * Callers:  vbus/dev_balloon.c, guest-linux/vballoon.c.    Context: process, any (ring).
 * Locking:  one writer per line.    Lifetime: as ring.h; close takes everything back.
 * Errors:   giving a page twice, taking one that is not given, or a malformed request breaks the
 *           queue.
 *
 * Region VB_BALLOON_SHM_QUEUE is a queue of VB_BALLOON_RING descriptors. A request is one
 * descriptor: a run of whole pages, addr and len multiples of VB_BALLOON_PAGE, at most
 * VB_BALLOON_MAX_RUN bytes, with flag VB_BALLOON_GIVE or VB_BALLOON_TAKE. From giving on north does
 * not touch the pages and their contents are undefined; it may use them again when taking was
 * completed, not before. Every request is completed with its len.
 *
 * Region VB_BALLOON_SHM_STATE is one struct vb_balloon_state, with a signal. South writes what it
 * wants: how many bytes to be given, and every how many seconds to write statistics (0: not). North
 * writes statistics: version is odd while it does; a reader takes them as valid if version was even
 * and the same before and after.
 */
#ifndef VBUS_ABI_BALLOON_H
#define VBUS_ABI_BALLOON_H

#include "ring.h"

#define VB_BALLOON_TYPE "balloon"
#define VB_BALLOON_VERSION 1u
#define VB_BALLOON_SHM_QUEUE 0u
#define VB_BALLOON_SHM_STATE 1u
#define VB_BALLOON_RING 64u
#define VB_BALLOON_PAGE 4096u
#define VB_BALLOON_MAX_RUN 0x200000u /* 2 MiB: the unit of ownership of memory */
#define VB_BALLOON_MAX_PERIOD 3600u

#define VB_BALLOON_GIVE 0x0100u
#define VB_BALLOON_TAKE 0x0200u

#define VB_BALLOON_STAT_TOTAL 0u     /* bytes the guest's system manages now */
#define VB_BALLOON_STAT_FREE 1u	     /* bytes */
#define VB_BALLOON_STAT_AVAILABLE 2u /* bytes that programs could get without swapping */
#define VB_BALLOON_STAT_SWAP_IN 3u   /* bytes since boot, as the rest */
#define VB_BALLOON_STAT_SWAP_OUT 4u
#define VB_BALLOON_STAT_MAJOR 5u     /* page faults that waited for a disk */
#define VB_BALLOON_STAT_MINOR 6u     /* others */
#define VB_BALLOON_STAT_OOM 7u	     /* bytes taken back because memory ran out */
#define VB_BALLOON_STATS 8u

struct vb_balloon_state {
	struct shm_signal_tx tx; /* south */
	struct shm_signal_rx rx; /* north */
	mb_u64 target;		 /* south: bytes */
	uint32_t period;	 /* south: seconds, at most VB_BALLOON_MAX_PERIOD */
	uint32_t pad[13];
	uint32_t version;	 /* north, as the rest */
	uint32_t pad2;
	mb_u64 stat[VB_BALLOON_STATS];
	mb_u64 pad3[7];
};
MB_ABI_SIZE(struct vb_balloon_state, 320);
MB_ABI_OFF(struct vb_balloon_state, target, 128);
MB_ABI_OFF(struct vb_balloon_state, version, 192);
MB_ABI_OFF(struct vb_balloon_state, stat, 200);

#endif
