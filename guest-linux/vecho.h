/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what the echo driver (vecho.c) offers its test (vecho_test.c).
 * Callers:  these two.
 * Context:  process context, may sleep.
 * Locking:  e->lock, held around all of these functions; event is the interrupt's to set.
 * Lifetime: from probe to remove, which waits for users of the sysfs files.
 * Errors:   -ENOSPC: ring full; -EPROTO: the queue is of no use any more; -ENODEV: device gone.
 */
#ifndef GUEST_VECHO_H
#define GUEST_VECHO_H

#include <linux/wait.h>

#include "../vbus/abi/echo.h"
#include "../vbus/proto/ioq.h"
#include "bus.h"

#define ECHO_REQUESTS (VB_ECHO_RING / 2) /* under way at most: two descriptors each */
#define ECHO_BYTES 1024u

struct vecho {
	struct vbus_device *vdev;
	struct vdev_region region;
	struct ioq_producer requests;
	struct ioq_consumer answers;
	wait_queue_head_t wait;
	bool event;		/* set by the interrupt, taken by who waits */
	struct mutex lock;
	u8 *data;		/* per request ECHO_BYTES out, ECHO_BYTES in */
	u32 len[ECHO_REQUESTS]; /* of the request under way, 0: free */
};

static inline u8 *echo_out(struct vecho *e, u32 id)
{
	return e->data + id * 2 * ECHO_BYTES;
}

static inline u8 *echo_in(struct vecho *e, u32 id)
{
	return echo_out(e, id) + ECHO_BYTES;
}

static inline void vecho_publish(struct vecho *e)
{
	vdev_region_kick(&e->region, ioq_publish(&e->requests));
}

int vecho_send(struct vecho *e, u32 id, u32 len); /* pushed, not yet published */
int vecho_next(struct vecho *e, u32 *id); /* 1: this one is answered, 0: none, -EPROTO */

extern const struct attribute_group *vecho_groups[];

#endif
