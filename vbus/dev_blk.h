/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  device class "blk": what its files share. dev_blk.c is the class (mkdir, attributes,
 *           calls), dev_blk_disk.c the block device or file behind it, dev_blk_queue.c the
 *           requests, dev_blk_request.c their check.
 * Callers:  dev_blk*.c only.
 * Context:  as said at each function.
 * Locking:  dev->lock > queue->lock. [d] dev->lock, [q] queue->lock (taken in hard interrupts),
 *           [w] the queue's work (worker.h), [c] constant while a guest has the device open.
 * Lifetime: the disk is open from writing `path` to the next path or rmdir; queues live from
 *           VB_CALL_SHM to close, which waits for every request that is under way. Until then bios
 *           point into guest memory; their pages are not referenced one by one.
 * Errors:   a queue that breaks the rules is broken alone; what a disk says becomes a status.
 */
#ifndef VBUS_DEV_BLK_H
#define VBUS_DEV_BLK_H

#include <linux/bio.h>
#include <linux/bitmap.h>
#include <linux/blkdev.h>
#include <linux/hrtimer.h>
#include <linux/wait.h>

#include "bus.h"
#include "dev_blk_request.h"
#include "proto/ioq.h"

#define BLK_UNDER_WAY 128u /* requests of one queue; a bus has at most VBUS_MAX_REGIONS queues */
#define BLK_PIECES 64u	   /* contiguous pieces of guest memory in one request */
#define BLK_PATH 512
#define BLK_COALESCE_US 200u /* unless told otherwise */

struct blk_disk { /* [c]; sectors: written under dev->lock, read by anybody */
	struct file *file;	   /* [d] NULL: none */
	struct block_device *bdev; /* NULL: a regular file */
	u64 sectors;
	u32 block, physical, io_opt; /* bytes */
	u32 max_discard, max_zeroes; /* sectors; 0: cannot */
	u32 discard_granularity;
	bool readonly, cache, rotational;
	struct list_head node; /* of all open disks, see dev_blk_disk.c */
};

struct blk_counts {
	u64 ops[VB_BLK_OP_ZEROES + 1];
	u64 read_bytes, write_bytes, errors;
};

struct blk_queue;

/* One request as the disk sees it: checked, its memory in contiguous pieces. */
struct blk_task {
	struct blk_queue *q;
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	struct blk_request r;
	u32 pieces;
	struct bio_vec piece[BLK_PIECES];
};

struct blk_queue {
	struct blk_dev *d;
	struct vbus_region *region; /* [d] NULL: not registered */
	u32 size;
	struct vbus_work work;
	struct task_struct *poller;	 /* whoever is in the work's poll() */
	bool closing;			 /* [q] the work takes nothing more */
	struct ioq_consumer submissions; /* [w] */
	struct blk_task task;		 /* [w] too large for the stack */
	u64 first_done;			 /* [w] since when a completion is not shown; 0: none */
	spinlock_t lock;
	struct ioq_producer completions; /* [q] */
	DECLARE_BITMAP(busy, VB_BLK_MAX_RING); /* [q] ids under way */
	u32 under_way;			 /* [q] */
	struct hrtimer timer;		 /* shows completions that wait for others */
	bool full;			 /* [q] the work waits for under_way to go down */
	struct blk_counts counts;	 /* [q] */
};

struct blk_dev {
	struct vbus_device vdev; /* first: the core frees it */
	struct blk_disk disk;
	char path[BLK_PATH];	 /* [d] */
	char serial[VB_BLK_SERIAL_LEN + 1]; /* [d] */
	bool readonly;		 /* [d] for the next path */
	u32 queues;		 /* [d][c] */
	u32 coalesce_us;	 /* [d] written, read by anybody */
	u64 features;		 /* [c] accepted */
	const struct vbus_mem *mem; /* [c] */
	struct bio_set bios;
	wait_queue_head_t idle;
	struct vbus_region *state; /* [d] */
	u32 state_seq;		   /* [d] */
	struct blk_queue queue[VB_BLK_MAX_QUEUES];
};

static inline struct blk_dev *to_blk(struct vbus_device *dev)
{
	return container_of(dev, struct blk_dev, vdev);
}

/* dev_blk_disk.c: process context */
int blk_disk_bios_init(struct bio_set *bios); /* bioset_exit() ends it */
int blk_disk_open(struct blk_disk *disk, const char *path, bool readonly);
void blk_disk_close(struct blk_disk *disk); /* nothing if not open */
/* The size as it is now; false: it is the same. */
bool blk_disk_look(struct blk_disk *disk);
/* By a work. Ends in blk_queue_complete(), perhaps before it returns. */
void blk_disk_submit(struct blk_task *task);

/* dev_blk_queue.c */
void blk_queue_init(struct blk_queue *q, struct blk_dev *d);
/* Process context. */
int blk_queue_start(struct blk_queue *q, struct vbus_region *region, u32 size);
/* Process context. Ports are silent; returns when no request is under way any more. */
void blk_queue_stop(struct blk_queue *q);
/* Any context. */
void blk_queue_complete(struct blk_queue *q, const struct blk_request *r, u32 status);

#endif
