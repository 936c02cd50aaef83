/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  device class "blk": a disk of a guest, kept by a block device or a file of dom0.
 * Callers:  vbus/dev_blk*.c, guest-linux/vblk*.c.    Context: queues: any; calls: process.
 * Locking, lifetime: as ring.h.
 * Errors:   what the disk says is the completion's status; a malformed request breaks its queue.
 *
 * Region n is queue n, 0..queues-1 of VB_BLK_CALL_INFO, of IOQ_QUEUE_BYTES(size) bytes, size a
 * power of two, VB_BLK_MIN_RING..VB_BLK_MAX_RING. Region VB_BLK_SHM_STATE is struct vb_blk_state
 * with a port of its own. A queue serves requests from the moment it is registered, in any order.
 *
 * A request is one chain. Its first descriptor is the request itself and points to no memory:
 *     addr = first sector, len = number of sectors, flags = VB_BLK_OP(op) | VB_BLK_R_*
 * A sector has 512 bytes, whatever the block size; first and number are multiples of the logical
 * block. Then follow, for READ (with IOQ_F_WRITE: south writes them) and WRITE only, the buffers:
 * each address and length a multiple of the logical block, together exactly the sectors' bytes.
 * Every descriptor carries the request's id, which must not be under way on this queue already.
 *
 * Completion: id; addr = VB_BLK_S_*; len = bytes moved, all or, with a status but OK, 0. After
 * VB_CALL_CLOSE returned every request that south took is completed in the ring, and what has no
 * completion was never begun: north may submit it again over a new connection.
 *
 * A write that was completed is on stable storage after a FLUSH submitted later was completed, or
 * at once with VB_BLK_R_FUA. Where VB_BLK_F_FLUSH is not accepted, every completed write is.
 */
#ifndef VBUS_ABI_BLK_H
#define VBUS_ABI_BLK_H

#include "ring.h"

#define VB_BLK_TYPE "blk"
#define VB_BLK_VERSION 1u

#define VB_BLK_F_FLUSH (1ull << 0)   /* there is a cache: FLUSH and VB_BLK_R_FUA */
#define VB_BLK_F_DISCARD (1ull << 1)
#define VB_BLK_F_ZEROES (1ull << 2)
#define VB_BLK_F_RESIZE (1ull << 3)  /* the size may change: VB_BLK_SHM_STATE */

#define VB_BLK_SHM_QUEUE(n) (n)
#define VB_BLK_SHM_STATE 0x1000u
#define VB_BLK_MAX_QUEUES 16u
#define VB_BLK_MIN_RING 32u   /* the longest chain fits */
#define VB_BLK_MAX_RING 1024u
#define VB_BLK_MAX_SEGMENTS (IOQ_MAX_CHAIN - 1u)
#define VB_BLK_MAX_SECTORS 2048u /* of a READ or WRITE: 1 MiB */
#define VB_BLK_SECTOR 512u
#define VB_BLK_MAX_BLOCK 4096u /* largest logical block */
#define VB_BLK_SERIAL_LEN 20

/* First descriptor's flags, beside IOQ_F_NEXT. */
#define VB_BLK_OP_SHIFT 8
#define VB_BLK_OP_MASK 0x0f00u
#define VB_BLK_OP(op) ((uint16_t)((op) << VB_BLK_OP_SHIFT))
#define VB_BLK_R_FUA 0x1000u   /* WRITE: stable when completed */
#define VB_BLK_R_UNMAP 0x2000u /* ZEROES: the space may be given up */

#define VB_BLK_OP_READ 0u
#define VB_BLK_OP_WRITE 1u
#define VB_BLK_OP_FLUSH 2u /* no sectors */
#define VB_BLK_OP_DISCARD 3u
#define VB_BLK_OP_ZEROES 4u /* the sectors read as zeroes afterwards */

/* Status of a completion. */
#define VB_BLK_S_OK 0u
#define VB_BLK_S_IOERR 1u
#define VB_BLK_S_UNSUPP 2u    /* this disk cannot do that */
#define VB_BLK_S_RANGE 3u     /* beyond the end */
#define VB_BLK_S_READONLY 4u
#define VB_BLK_S_NOSPC 5u
#define VB_BLK_S_MEDIUM 6u    /* the data are lost */
#define VB_BLK_S_TRANSPORT 7u /* the way to the disk is broken */
#define VB_BLK_S_TIMEOUT 8u
#define VB_BLK_S_PROTECTION 9u /* integrity data do not match */
#define VB_BLK_S_RESOURCE 10u /* south is short of something; again later may work */
#define VB_BLK_S_COUNT 11u

/* Written by south only; its port is raised after each change (tx.seq counts). */
struct vb_blk_state {
	struct shm_signal_tx tx; /* south */
	struct shm_signal_rx rx; /* north */
	mb_u64 sectors;		 /* size now */
	uint32_t pad[14];
};
MB_ABI_SIZE(struct vb_blk_state, 192);
MB_ABI_OFF(struct vb_blk_state, sectors, 128);

#define VB_BLK_CALL_INFO 1u /* out: struct vb_blk_info */

#define VB_BLK_I_READONLY 0x1u
#define VB_BLK_I_ROTATIONAL 0x2u

struct vb_blk_info {
	mb_u64 sectors;
	uint32_t flags;	       /* VB_BLK_I_* */
	uint32_t block;	       /* logical, bytes */
	uint32_t physical;     /* block that is written without reading, bytes */
	uint32_t queues;       /* at most VB_BLK_MAX_QUEUES */
	uint32_t max_sectors;  /* of a READ or WRITE, at most VB_BLK_MAX_SECTORS */
	uint32_t max_segments; /* buffers of one, at most VB_BLK_MAX_SEGMENTS */
	uint32_t max_discard;  /* sectors; 0: none */
	uint32_t discard_granularity; /* bytes */
	uint32_t max_zeroes;   /* sectors; 0: none */
	uint32_t io_opt;       /* preferred multiple of bytes, 0: none */
	char serial[VB_BLK_SERIAL_LEN]; /* NUL padded, not always terminated */
	uint32_t pad;
};
MB_ABI_SIZE(struct vb_blk_info, 72);
MB_ABI_OFF(struct vb_blk_info, block, 12);
MB_ABI_OFF(struct vb_blk_info, serial, 48);

#endif
