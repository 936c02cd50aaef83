/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  vblk, the guest's disk driver (vbus/abi/blk.h): what its files share. vblk_disk.c is
 *           the life of a disk for Linux, vblk_conn.c its connection to a device, vblk_queue.c
 *           requests.
 * Callers:  vblk_*.c only.
 * Context:  said per function.
 * Locking:  vblk_disks_lock > vblk->lock > vblk_queue.lock. Legend: [a] vblk_disks_lock,
 *           [l] vblk->lock, [q] vblk_queue.lock (taken in hard interrupts), [c] constant.
 * Lifetime: a disk outlives its device: when that goes while somebody has the disk open, requests
 *           wait for a device of the same name, size and serial, at most `grace` seconds, and then
 *           fail. Rings live as long as one connection. struct vblk goes with its gendisk.
 * Errors:   a rule the other side broke, or silence, ends in vblk_break(): the connection is closed
 *           and made anew, and what was not completed is submitted again.
 */
#ifndef VBLK_H
#define VBLK_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/workqueue.h>

#include "../vbus/abi/blk.h"
#include "../vbus/proto/ioq.h"
#include "bus.h"

#define VBLK_DEPTH 128u /* requests under way per queue; ids are tags */
#define VBLK_RING 512u

struct vblk;

struct vblk_queue {
	struct vblk *b;
	u32 index;
	struct vdev_region region; /* [l]; stats [q]; mem NULL: no connection */
	spinlock_t lock;
	struct ioq_producer sub;   /* [q] */
	struct ioq_consumer com;   /* [q] */
	struct request *rq[VBLK_DEPTH]; /* [q] by id; NULL: not under way */
	bool stopped;		   /* [q] the block layer waits for room in the ring */
	struct scatterlist sg[VB_BLK_MAX_SEGMENTS]; /* [q] scratch */
};

struct vblk_cmd { /* behind each struct request */
	blk_status_t status;
	u32 timeouts;
};

struct vblk {
	struct list_head node;	   /* [a] */
	struct mutex lock;
	struct gendisk *disk;	   /* [c] */
	struct blk_mq_tag_set tags;
	int index;		   /* [c] 0: vblka */
	char name[VB_NAME_LEN];	   /* [c] of the device */
	u64 features;		   /* [c] accepted, by every connection */
	struct vb_blk_info info;   /* [c] checked; sectors: [l] */
	struct vbus_device *vdev;  /* [l] NULL: gone */
	bool up;		   /* [l] connected; else the disk's queues are quiesced */
	bool limbo;		   /* [l] closing got no answer: requests may still be served */
	bool broken;		   /* set by anybody, cleared by a new connection */
	bool dead;		   /* [l] set once, read by anybody: all requests fail */
	bool ending;		   /* [l] somebody is taking the disk away */
	unsigned long deadline;	   /* [l] while not up: then requests fail */
	u64 reconnects, resubmitted; /* [l] */
	struct vdev_region state;  /* [l] */
	struct work_struct state_work;
	struct delayed_work retry_work;
	u32 queues;		   /* [c] */
	struct vblk_queue queue[];
};

extern struct workqueue_struct *vblk_wq;
extern unsigned int vblk_grace; /* seconds */

/* Any context: report, then make a new connection. */
void vblk_break(struct vblk *b, struct vdev_region *region, const char *what);

/* vblk_queue.c */
extern const struct blk_mq_ops vblk_mq_ops;
void vblk_queue_init(struct vblk_queue *q, struct vblk *b, u32 index);
int vblk_queue_up(struct vblk_queue *q);   /* process, [l]: ring and region */
/* Process, [l], after close: take the last completions, give the rest back to the block layer. */
u32 vblk_queue_down(struct vblk_queue *q);

/* vblk_conn.c; process context, [l] */
/* Opens; a good answer is in *features and *info, else it is closed again. */
int vblk_ask(struct vbus_device *vdev, u64 *features, struct vb_blk_info *info);
int vblk_up(struct vblk *b);   /* of an open device; -errno: it is closed again */
/* Ends the connection; from now on requests wait. */
void vblk_down(struct vblk *b);
/* A device of the right name: is it the same disk? Then go on with it. */
int vblk_reconnect(struct vblk *b, struct vbus_device *vdev);
/* The device is gone, so it was closed: nothing stays in limbo. */
void vblk_settle(struct vblk *b);
void vblk_state_changed(struct work_struct *work);

#endif
