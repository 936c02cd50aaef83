// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "balloon": asks a guest to lend memory back, and shows how it is doing for memory.
 *
 * What is given is accounted here, page by page, so that no page is given twice or taken back
 * without having been given. The frames stay the guest's: dom0 has all of its memory mapped, and
 * the hypervisor hands memory out in 2 MiB extents that it takes back only with the domain. So lent
 * memory cannot be used for another guest yet.
 *
 * Off unless asked: a new device wants nothing (target 0, period 0).
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "abi/balloon.h"
#include "bus.h"
#include "proto/ioq.h"

#define BALLOON_BUDGET 16 /* requests of up to 512 pages per round; then others get the CPU */
#define BALLOON_LOOKS 8	  /* at statistics that the guest goes on changing */
#define BALLOON_MIB (1u << 20)

struct balloon {
	struct vbus_device vdev; /* first: the core frees it */
	struct vbus_work work;
	u64 target;		 /* bytes; vdev.lock */
	u32 period;		 /* vdev.lock */
	const struct vbus_mem *mem;   /* while open */
	unsigned long *given;	      /* while open; a bit per page, as mem has them; work only */
	u64 pages;		      /* given now; work only, others READ_ONCE */
	struct vbus_region *queue;
	struct ioq_consumer requests; /* work only */
	struct ioq_producer answers;  /* work only */
	struct vbus_region *region;   /* vdev.lock; the state's, while registered */
	u32 seq;		      /* vdev.lock; of the state */
};

static struct balloon *to_balloon(struct vbus_device *dev)
{
	return container_of(dev, struct balloon, vdev);
}

/* ---- accounting ---- */

static u64 balloon_total_pages(const struct vbus_mem *mem)
{
	u64 pages = 0;
	u32 i;

	for (i = 0; i < mem->count; i++)
		pages += mem->range[i].size / VB_BALLOON_PAGE;
	return pages;
}

/* The bit of the page at gpa, if len bytes from there are guest memory in one piece; else -1. */
static s64 balloon_bit(const struct vbus_mem *mem, u64 gpa, u64 len)
{
	u64 first = 0;
	u32 i;

	for (i = 0; i < mem->count; i++) {
		const struct vbus_mem_range *r = &mem->range[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size)
			return len <= r->size - (gpa - r->gpa) ?
				       (s64)(first + (gpa - r->gpa) / VB_BALLOON_PAGE) : -1;
		first += r->size / VB_BALLOON_PAGE;
	}
	return -1;
}

/* NULL, or which rule the request breaks. */
static const char *balloon_account(struct balloon *b, const struct ioq_desc *d)
{
	u32 n = d->len / VB_BALLOON_PAGE;
	bool give = d->flags == VB_BALLOON_GIVE;
	s64 bit;

	if (d->flags != VB_BALLOON_GIVE && d->flags != VB_BALLOON_TAKE)
		return "neither given nor taken";
	if (!n || d->len % VB_BALLOON_PAGE || d->len > VB_BALLOON_MAX_RUN ||
	    d->addr % VB_BALLOON_PAGE)
		return "no whole pages";
	bit = balloon_bit(b->mem, d->addr, d->len);
	if (bit < 0)
		return "outside memory";
	if (give) {
		if (find_next_bit(b->given, bit + n, bit) < bit + n)
			return "given twice";
		bitmap_set(b->given, bit, n);
		WRITE_ONCE(b->pages, b->pages + n);
	} else {
		if (find_next_zero_bit(b->given, bit + n, bit) < bit + n)
			return "taken, but not given";
		bitmap_clear(b->given, bit, n);
		WRITE_ONCE(b->pages, b->pages - n);
	}
	return NULL;
}

/* 1: one request answered, 0: none there, negative: the queue is broken. */
static int balloon_one(struct balloon *b)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	struct ioq_desc answer = { 0 };
	const char *wrong;
	int n;

	/* Broken is for good, also when the ring itself could go on. */
	if (READ_ONCE(b->queue->broken))
		return -EPROTO;
	n = ioq_pop_chain(&b->requests, chain);
	if (n <= 0) {
		if (n < 0)
			vbus_region_break(b->queue, "impossible count or chain");
		return n;
	}
	wrong = n != 1 ? "a chain" : chain[0].id >= VB_BALLOON_RING ? "an impossible id" :
				     balloon_account(b, &chain[0]);
	if (wrong) {
		vbus_region_break(b->queue, "0x%llx + %u, flags 0x%x: %s", chain[0].addr,
				  chain[0].len, chain[0].flags, wrong);
		return -EPROTO;
	}
	answer.id = chain[0].id;
	answer.len = chain[0].len;
	n = ioq_push(&b->answers, &answer);
	if (n) {
		vbus_region_break(b->queue, n == -ENOSPC ?
				  "more requests than the ring has room for answers" :
				  "impossible count of answers taken");
		return n;
	}
	return 1;
}

static int balloon_poll(struct vbus_work *work)
{
	struct balloon *b = container_of(work, struct balloon, work);
	int done = 0, n = 1;

	while (n > 0 && done < BALLOON_BUDGET) {
		n = balloon_one(b);
		done += n > 0;
	}
	ioq_release(&b->requests);
	vbus_region_signal(b->queue, ioq_publish(&b->answers));
	return n < 0 ? n : done;
}

static bool balloon_arm(struct vbus_work *work)
{
	return ioq_arm(&container_of(work, struct balloon, work)->requests);
}

static void balloon_notify(struct vbus_region *region)
{
	struct balloon *b = region->priv;

	vbus_work_kick(&b->work);
}

/* vdev.lock held: tell the guest what is wanted. */
static void balloon_tell(struct balloon *b)
{
	struct vb_balloon_state *state;

	if (!b->region)
		return;
	state = b->region->va;
	WRITE_ONCE(state->target, b->target);
	WRITE_ONCE(state->period, b->period);
	b->seq++;
	vbus_region_signal(b->region,
			   shm_signal_publish(&state->tx, &state->rx, b->seq - 1, b->seq));
}

/* ---- class ---- */

static struct vbus_device *balloon_create(const char *name)
{
	struct balloon *b = kzalloc(sizeof(*b), GFP_KERNEL);

	if (!b)
		return ERR_PTR(-ENOMEM);
	b->work.poll = balloon_poll;
	b->work.arm = balloon_arm;
	return &b->vdev;
}

static void balloon_remove(struct vbus_device *dev)
{
	/* Not linked any more, so closed: nothing is left to give back. */
}

static int balloon_open(struct vbus_device *dev, u64 *features)
{
	struct balloon *b = to_balloon(dev);
	const struct vbus_mem *mem = vbus_device_mem(dev);

	b->given = kvcalloc(BITS_TO_LONGS(balloon_total_pages(mem)), sizeof(long), GFP_KERNEL);
	if (!b->given)
		return -ENOMEM;
	b->mem = mem;
	WRITE_ONCE(b->pages, 0);
	return 0;
}

static void balloon_close(struct vbus_device *dev)
{
	struct balloon *b = to_balloon(dev);

	vbus_work_stop(&b->work);
	b->region = NULL;
	kvfree(b->given);
	b->given = NULL;
	WRITE_ONCE(b->pages, 0);
	b->mem = NULL;
}

static void balloon_name_region(u32 id, char *name, size_t size)
{
	snprintf(name, size, "%s", id == VB_BALLOON_SHM_STATE ? "state" : "queue");
}

static int balloon_shm_queue(struct balloon *b, struct vbus_region *region)
{
	int err;

	if (region->len != IOQ_QUEUE_BYTES(VB_BALLOON_RING))
		return -EINVAL;
	ioq_consumer_init(&b->requests, ioq_submissions(region->va), VB_BALLOON_RING);
	ioq_producer_init(&b->answers, ioq_completions(region->va, VB_BALLOON_RING),
			  VB_BALLOON_RING);
	b->queue = region;
	err = vbus_work_start(&b->work, region);
	if (!err)
		vbus_region_watch(region, balloon_notify, b);
	return err;
}

static int balloon_shm(struct vbus_device *dev, struct vbus_region *region)
{
	struct balloon *b = to_balloon(dev);

	if (!region->port)
		return -EINVAL;
	if (region->id == VB_BALLOON_SHM_QUEUE)
		return balloon_shm_queue(b, region);
	if (region->id != VB_BALLOON_SHM_STATE || region->len != sizeof(struct vb_balloon_state))
		return -EINVAL;
	b->region = region;
	b->seq = 0;
	balloon_tell(b);
	return 0;
}

static int balloon_call(struct vbus_device *dev, u32 func, void *data, u32 *len)
{
	return -ENOSYS;
}

static void balloon_stats(struct vbus_device *dev, struct seq_file *m)
{
	struct balloon *b = to_balloon(dev);

	seq_printf(m, "target %llu\ngiven %llu\n", b->target,
		   READ_ONCE(b->pages) * VB_BALLOON_PAGE);
}

static const struct vbus_class_ops balloon_ops = {
	.create = balloon_create,
	.remove = balloon_remove,
	.open = balloon_open,
	.close = balloon_close,
	.name_region = balloon_name_region,
	.shm = balloon_shm,
	.call = balloon_call,
	.stats = balloon_stats,
};

/* ---- attributes ---- */

static ssize_t balloon_target_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n",
			  READ_ONCE(to_balloon(vbus_device(item))->target) / BALLOON_MIB);
}

static ssize_t balloon_target_store(struct config_item *item, const char *page, size_t n)
{
	struct balloon *b = to_balloon(vbus_device(item));
	u32 mib;
	int err = kstrtou32(page, 0, &mib);

	if (err)
		return err;
	mutex_lock(&b->vdev.lock);
	WRITE_ONCE(b->target, (u64)mib * BALLOON_MIB);
	balloon_tell(b);
	mutex_unlock(&b->vdev.lock);
	return n;
}
CONFIGFS_ATTR(balloon_, target);

static ssize_t balloon_period_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_balloon(vbus_device(item))->period));
}

static ssize_t balloon_period_store(struct config_item *item, const char *page, size_t n)
{
	struct balloon *b = to_balloon(vbus_device(item));
	u32 period;
	int err = kstrtou32(page, 0, &period);

	if (err)
		return err;
	if (period > VB_BALLOON_MAX_PERIOD)
		return -EINVAL;
	mutex_lock(&b->vdev.lock);
	WRITE_ONCE(b->period, period);
	balloon_tell(b);
	mutex_unlock(&b->vdev.lock);
	return n;
}
CONFIGFS_ATTR(balloon_, period);

static ssize_t balloon_given_show(struct config_item *item, char *page)
{
	u64 pages = READ_ONCE(to_balloon(vbus_device(item))->pages);

	return sysfs_emit(page, "%llu\n", pages / (BALLOON_MIB / VB_BALLOON_PAGE));
}
CONFIGFS_ATTR_RO(balloon_, given);

/* vdev.lock held: one consistent set of what the guest wrote last; 0 if it never did. */
static int balloon_copy_stats(struct balloon *b, u64 stat[VB_BALLOON_STATS])
{
	const struct vb_balloon_state *state;
	int looks, i;

	if (!b->region)
		return 0;
	state = b->region->va;
	for (looks = 0; looks < BALLOON_LOOKS; looks++) {
		/* Version before values. Pairs with the release in the guest's vball_stats(). */
		u32 version = virt_load_acquire(&state->version);

		for (i = 0; i < VB_BALLOON_STATS; i++)
			stat[i] = READ_ONCE(state->stat[i]);
		/* Values before version. Pairs with the virt_wmb() there. */
		virt_rmb();
		if (!(version & 1) && READ_ONCE(state->version) == version)
			return version != 0;
	}
	return -EAGAIN;
}

static ssize_t balloon_stats_show(struct config_item *item, char *page)
{
	static const char *const names[VB_BALLOON_STATS] = {
		"total", "free", "available", "swap_in", "swap_out", "major_faults",
		"minor_faults", "oom",
	};
	struct balloon *b = to_balloon(vbus_device(item));
	u64 stat[VB_BALLOON_STATS];
	ssize_t n = 0;
	int i, ret;

	mutex_lock(&b->vdev.lock);
	ret = balloon_copy_stats(b, stat);
	mutex_unlock(&b->vdev.lock);
	if (ret <= 0)
		return ret;
	for (i = 0; i < VB_BALLOON_STATS; i++)
		n += sysfs_emit_at(page, n, "%s %llu\n", names[i], stat[i]);
	return n;
}
CONFIGFS_ATTR_RO(balloon_, stats);

static struct configfs_attribute *balloon_attrs[] = {
	&balloon_attr_target, &balloon_attr_period, &balloon_attr_given, &balloon_attr_stats, NULL,
};

static struct vbus_class balloon_class = {
	.type = VB_BALLOON_TYPE,
	.version = VB_BALLOON_VERSION,
	.owner = THIS_MODULE,
	.ops = &balloon_ops,
	.attrs = balloon_attrs,
};

static int __init balloon_init(void)
{
	return vbus_class_register(&balloon_class);
}

static void __exit balloon_exit(void)
{
	vbus_class_unregister(&balloon_class);
}

module_init(balloon_init);
module_exit(balloon_exit);
MODULE_DESCRIPTION("vbus device class balloon");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
