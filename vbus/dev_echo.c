// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "echo": the smallest device model. Copy it to start a new class.
 *
 * The guest's event kicks a work (worker.h). Its thread takes requests in rounds of a budget,
 * copies from the first buffer to the second, completes, and arms the ring before it rests.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "abi/echo.h"
#include "bus.h"
#include "proto/ioq.h"

#define ECHO_BUDGET 64	       /* requests per round; then others get their turn */
#define ECHO_MAX_LEN (1u << 20) /* of one buffer: bounds the work one request may ask for */

struct echo {
	struct vbus_device vdev; /* first: the core frees it */
	struct vbus_work work;
	struct ioq_consumer requests; /* work only */
	struct ioq_producer answers;  /* work only */
	u32 count;		      /* requests answered since mkdir */
	u32 delay_ms;		      /* of every call: a slow device model, for tests */
};

/* 1: one request answered, 0: none there, negative: the queue is broken. */
static int echo_one(struct echo *e, struct vbus_region *region)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN], answer = { 0 };
	int n = ioq_pop_chain(&e->requests, chain);

	if (!n)
		return 0;
	/* What the guest wrote is private now. Check all of it, then act. */
	if (n != 2 || (chain[0].flags & IOQ_F_WRITE) || !(chain[1].flags & IOQ_F_WRITE) ||
	    chain[0].id >= VB_ECHO_RING) {
		vbus_region_break(region, "impossible count or chain (%d)", n);
		return -EPROTO;
	}
	answer.id = chain[0].id;
	answer.len = min3(chain[0].len, chain[1].len, ECHO_MAX_LEN);
	n = vbus_mem_copy(region->mem, chain[1].addr, chain[0].addr, answer.len);
	if (!n)
		n = ioq_push(&e->answers, &answer);
	if (n) {
		vbus_region_break(region, n == -EFAULT ? "buffers outside of memory" :
						         "answers that nobody takes");
		return n;
	}
	WRITE_ONCE(e->count, e->count + 1);
	return 1;
}

static int echo_poll(struct vbus_work *work)
{
	struct echo *e = container_of(work, struct echo, work);
	int done = 0, n = READ_ONCE(work->region->broken) ? -EPROTO : 1;

	while (n > 0 && done < ECHO_BUDGET) {
		n = echo_one(e, work->region);
		done += n > 0;
	}
	ioq_release(&e->requests);
	vbus_region_signal(work->region, ioq_publish(&e->answers));
	return n < 0 ? n : done;
}

static struct vbus_device *echo_create(const char *name)
{
	struct echo *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return ERR_PTR(-ENOMEM);
	e->work.poll = echo_poll;
	e->work.ring = &e->requests;
	return &e->vdev;
}

static void echo_close(struct vbus_device *dev)
{
	vbus_work_stop(&container_of(dev, struct echo, vdev)->work);
}

static void echo_name_region(u32 id, char *name, size_t size)
{
	strscpy(name, "queue", size);
}

static int echo_shm(struct vbus_device *dev, struct vbus_region *region)
{
	struct echo *e = container_of(dev, struct echo, vdev);

	if (region->id != VB_ECHO_SHM_QUEUE || region->len != IOQ_QUEUE_BYTES(VB_ECHO_RING))
		return -EINVAL;
	ioq_consumer_init(&e->requests, ioq_submissions(region->va), VB_ECHO_RING);
	ioq_producer_init(&e->answers, ioq_completions(region->va, VB_ECHO_RING), VB_ECHO_RING);
	return vbus_work_start(&e->work, region);
}

static int echo_call(struct vbus_device *dev, u32 func, void *data, u32 *len)
{
	u32 i;

	if (func != VB_ECHO_CALL_PING)
		return -ENOSYS;
	msleep(READ_ONCE(container_of(dev, struct echo, vdev)->delay_ms));
	for (i = 0; i < *len; i++)
		((u8 *)data)[i] ^= 0xff;
	return 0;
}

static const struct vbus_class_ops echo_ops = {
	.create = echo_create,
	.close = echo_close,
	.name_region = echo_name_region,
	.shm = echo_shm,
	.call = echo_call,
};

VBUS_ATTR_U32(echo_, count, struct echo, U32_MAX);
VBUS_ATTR_U32(echo_, delay_ms, struct echo, 120000u);
static struct configfs_attribute *echo_attrs[] = { &echo_attr_count, &echo_attr_delay_ms, NULL };

static struct vbus_class echo_class = {
	.type = VB_ECHO_TYPE,
	.version = VB_ECHO_VERSION,
	.owner = THIS_MODULE,
	.ops = &echo_ops,
	.attrs = echo_attrs,
};
vbus_class_module(echo_class);

MODULE_DESCRIPTION("vbus device class echo");
MODULE_LICENSE("GPL");
