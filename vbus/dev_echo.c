// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "echo": the smallest device model. Copy it to start a new class.
 *
 * The guest's event kicks a work (worker.h). Its thread takes requests in rounds of a budget,
 * copies from the first buffer to the second, completes, and arms the ring before it rests.
 */
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "abi/echo.h"
#include "bus.h"
#include "proto/ioq.h"

#define ECHO_BUDGET 64	  /* requests per round; then others get the CPU */
#define ECHO_MAX_LEN SZ_1M /* of one buffer: bounds the work one request may ask for */

struct echo {
	struct vbus_device vdev; /* first: the core frees it */
	struct vbus_work work;
	const struct vbus_mem *mem;   /* while open */
	struct vbus_region *region;
	struct ioq_consumer requests; /* work only */
	struct ioq_producer answers;  /* work only */
	u64 count;		      /* requests answered since mkdir */
};

static struct echo *to_echo(struct vbus_device *dev)
{
	return container_of(dev, struct echo, vdev);
}

/* Copies between two guest buffers; both are checked as a whole before the first byte. */
static int echo_copy(struct echo *e, const struct ioq_desc *from, const struct ioq_desc *to,
		     u32 len)
{
	u64 src = from->addr, dst = to->addr;

	if (!vbus_mem_ok(e->mem, src, len) || !vbus_mem_ok(e->mem, dst, len))
		return -EFAULT;
	while (len) {
		u64 piece = len;
		const void *va = vbus_mem_piece(e->mem, src, &piece);
		void *out = vbus_mem_piece(e->mem, dst, &piece);

		memmove(out, va, piece); /* the guest may have made them overlap */
		src += piece;
		dst += piece;
		len -= piece;
	}
	return 0;
}

/* 1: one request answered, 0: none there, negative: the queue is broken. */
static int echo_one(struct echo *e)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	struct ioq_desc answer = { 0 };
	int n;

	/* Broken is for good, also when the ring itself could go on. */
	if (READ_ONCE(e->region->broken))
		return -EPROTO;
	n = ioq_pop_chain(&e->requests, chain);
	if (n <= 0) {
		if (n < 0)
			vbus_region_break(e->region, "impossible count or chain");
		return n;
	}
	if (n != 2 || (chain[0].flags & IOQ_F_WRITE) || !(chain[1].flags & IOQ_F_WRITE) ||
	    chain[0].id >= VB_ECHO_RING) {
		vbus_region_break(e->region, "request of %d buffers, flags 0x%x 0x%x, id %u", n,
				  chain[0].flags, n > 1 ? chain[1].flags : 0, chain[0].id);
		return -EPROTO;
	}
	answer.id = chain[0].id;
	answer.len = min3(chain[0].len, chain[1].len, (u32)ECHO_MAX_LEN);
	if (echo_copy(e, &chain[0], &chain[1], answer.len)) {
		vbus_region_break(e->region, "buffers 0x%llx and 0x%llx + %u outside memory",
				  chain[0].addr, chain[1].addr, answer.len);
		return -EFAULT;
	}
	n = ioq_push(&e->answers, &answer);
	if (n) {
		vbus_region_break(e->region, n == -ENOSPC ?
				  "more requests than the ring has room for answers" :
				  "impossible count of answers taken");
		return n;
	}
	e->count++;
	return 1;
}

static int echo_poll(struct vbus_work *work)
{
	struct echo *e = container_of(work, struct echo, work);
	int done = 0, n = 1;

	while (n > 0 && done < ECHO_BUDGET) {
		n = echo_one(e);
		done += n > 0;
	}
	ioq_release(&e->requests);
	vbus_region_signal(e->region, ioq_publish(&e->answers));
	return n < 0 ? n : done;
}

static bool echo_arm(struct vbus_work *work)
{
	return ioq_arm(&container_of(work, struct echo, work)->requests);
}

static void echo_notify(struct vbus_region *region)
{
	struct echo *e = region->priv;

	vbus_work_kick(&e->work);
}

static struct vbus_device *echo_create(const char *name)
{
	struct echo *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return ERR_PTR(-ENOMEM);
	e->work.poll = echo_poll;
	e->work.arm = echo_arm;
	return &e->vdev;
}

static void echo_remove(struct vbus_device *dev)
{
	/* Not linked any more, so closed: nothing is left to give back. */
}

static int echo_open(struct vbus_device *dev, u64 *features)
{
	to_echo(dev)->mem = vbus_device_mem(dev);
	return 0;
}

static void echo_close(struct vbus_device *dev)
{
	struct echo *e = to_echo(dev);

	vbus_work_stop(&e->work);
	e->mem = NULL;
}

static void echo_name_region(u32 id, char *name, size_t size)
{
	snprintf(name, size, "%s", "queue");
}

static int echo_shm(struct vbus_device *dev, struct vbus_region *region)
{
	struct echo *e = to_echo(dev);
	int err;

	if (region->id != VB_ECHO_SHM_QUEUE || region->len != IOQ_QUEUE_BYTES(VB_ECHO_RING))
		return -EINVAL;
	ioq_consumer_init(&e->requests, ioq_submissions(region->va), VB_ECHO_RING);
	ioq_producer_init(&e->answers, ioq_completions(region->va, VB_ECHO_RING), VB_ECHO_RING);
	e->region = region;
	err = vbus_work_start(&e->work, region);
	if (!err)
		vbus_region_watch(region, echo_notify, e);
	return err;
}

static int echo_call(struct vbus_device *dev, u32 func, void *data, u32 *len)
{
	u8 *byte = data;
	u32 i;

	if (func != VB_ECHO_CALL_PING)
		return -ENOSYS;
	for (i = 0; i < *len; i++)
		byte[i] = ~byte[i];
	return 0;
}

static void echo_stats(struct vbus_device *dev, struct seq_file *m)
{
	seq_printf(m, "count %llu\n", to_echo(dev)->count);
}

static const struct vbus_class_ops echo_ops = {
	.create = echo_create,
	.remove = echo_remove,
	.open = echo_open,
	.close = echo_close,
	.name_region = echo_name_region,
	.shm = echo_shm,
	.call = echo_call,
	.stats = echo_stats,
};

static ssize_t echo_count_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(to_echo(vbus_device(item))->count));
}
CONFIGFS_ATTR_RO(echo_, count);

static struct configfs_attribute *echo_attrs[] = { &echo_attr_count, NULL };

static struct vbus_class echo_class = {
	.type = VB_ECHO_TYPE,
	.version = VB_ECHO_VERSION,
	.owner = THIS_MODULE,
	.ops = &echo_ops,
	.attrs = echo_attrs,
};

static int __init echo_init(void)
{
	return vbus_class_register(&echo_class);
}

static void __exit echo_exit(void)
{
	vbus_class_unregister(&echo_class);
}

module_init(echo_init);
module_exit(echo_exit);
MODULE_DESCRIPTION("vbus device class echo");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
