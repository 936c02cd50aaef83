// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "rng": random bytes of dom0's kernel for a guest, at a limited rate.
 *
 * Requests are answered in order. The one that has to wait for the rate, or for dom0's own
 * generator to be seeded, is kept privately (it was fetched once, and checked), and a timer kicks
 * the work when there is something to give. So a guest that asks all the time costs dom0 one timer.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>

#include "abi/rng.h"
#include "bus.h"
#include "dev_rng_rate.h"
#include "proto/ioq.h"

#define RNG_BUDGET 16		/* requests per round; then others get the CPU */
#define RNG_RATE 65536u		/* bytes per second unless the administrator says otherwise */
#define RNG_SMALL 32u		/* not worth an answer if more was asked for: a wait gives more */
#define RNG_SEED_WAIT (HZ / 10) /* look again whether dom0's generator is seeded */

struct rng {
	struct vbus_device vdev; /* first: the core frees it */
	struct vbus_work work;
	struct timer_list timer;      /* kicks the work when a request that waits may go on */
	spinlock_t timer_lock;	      /* covers live */
	bool live;		      /* there is a work to kick */
	const struct vbus_mem *mem;   /* while open */
	struct vbus_region *region;
	struct ioq_consumer requests; /* work only */
	struct ioq_producer answers;  /* work only */
	struct ioq_desc held;	      /* work only: the request that waits; len 0: none */
	unsigned long delay;	      /* work only: jiffies it has to wait, 0: it does not */
	struct mutex rate_lock;	      /* leaf; covers rate */
	struct rng_rate rate;
	u64 bytes;   /* given since mkdir; work only */
	u64 waits;   /* times a request had to wait for the rate; work only */
	u8 buf[VB_RNG_MAX_LEN]; /* work only */
};

static struct rng *to_rng(struct vbus_device *dev)
{
	return container_of(dev, struct rng, vdev);
}

/* The next request into r->held. 1: there is one, 0: none, negative: the queue is broken. */
static int rng_fetch(struct rng *r)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	int n;

	/* Broken is for good, also when the ring itself could go on. */
	if (READ_ONCE(r->region->broken))
		return -EPROTO;
	if (r->held.len)
		return 1;
	n = ioq_pop_chain(&r->requests, chain);
	if (n <= 0) {
		if (n < 0)
			vbus_region_break(r->region, "impossible count or chain");
		return n;
	}
	if (n != 1 || chain[0].flags != IOQ_F_WRITE || chain[0].id >= VB_RNG_RING ||
	    !chain[0].len || chain[0].len > VB_RNG_MAX_LEN) {
		vbus_region_break(r->region, "request of %d buffers, flags 0x%x, id %u, len %u", n,
				  chain[0].flags, chain[0].id, chain[0].len);
		return -EPROTO;
	}
	r->held = chain[0];
	return 1;
}

/* Bytes the held request gets now, taken off the rate; or 0 and how long to wait. */
static u32 rng_allowance(struct rng *r, unsigned long *delay)
{
	u32 want = r->held.len, give;

	if (!rng_is_initialized()) {
		*delay = RNG_SEED_WAIT;
		return 0;
	}
	mutex_lock(&r->rate_lock);
	give = min_t(u64, rng_rate_look(&r->rate, ktime_get_ns()), want);
	if (give < min(want, RNG_SMALL)) {
		u64 ns = rng_rate_wait(&r->rate, min(want, RNG_SMALL));

		*delay = nsecs_to_jiffies(ns) + 1;
		give = 0;
	}
	rng_rate_take(&r->rate, give);
	mutex_unlock(&r->rate_lock);
	return give;
}

static int rng_answer(struct rng *r, u32 give)
{
	struct ioq_desc answer = { .id = r->held.id, .len = give };
	int err;

	get_random_bytes(r->buf, give);
	err = vbus_mem_write(r->mem, r->held.addr, r->buf, give);
	memzero_explicit(r->buf, give);
	if (err) {
		vbus_region_break(r->region, "buffer 0x%llx + %u outside memory", r->held.addr,
				  r->held.len);
		return err;
	}
	r->held.len = 0;
	err = ioq_push(&r->answers, &answer);
	if (err) {
		vbus_region_break(r->region, err == -ENOSPC ?
				  "more requests than the ring has room for answers" :
				  "impossible count of answers taken");
		return err;
	}
	r->bytes += give;
	return 0;
}

static int rng_poll(struct vbus_work *work)
{
	struct rng *r = container_of(work, struct rng, work);
	int done = 0, n = 0;
	u32 give;

	r->delay = 0;
	while (done < RNG_BUDGET) {
		n = rng_fetch(r);
		if (n <= 0)
			break;
		give = rng_allowance(r, &r->delay);
		if (!give)
			break;
		n = rng_answer(r, give);
		if (n < 0)
			break;
		done++;
	}
	ioq_release(&r->requests);
	vbus_region_signal(r->region, ioq_publish(&r->answers));
	return n < 0 ? n : done;
}

static bool rng_arm(struct vbus_work *work)
{
	struct rng *r = container_of(work, struct rng, work);

	if (!r->delay)
		return ioq_arm(&r->requests);
	/* With one that waits there is no need to hear of more: the timer kicks. */
	r->waits++;
	mod_timer(&r->timer, jiffies + r->delay);
	return true;
}

static void rng_timer(struct timer_list *timer)
{
	struct rng *r = container_of(timer, struct rng, timer);

	spin_lock(&r->timer_lock);
	if (r->live)
		vbus_work_kick(&r->work);
	spin_unlock(&r->timer_lock);
}

/* Nobody may kick a work that has stopped, and a work that has not may start the timer. */
static void rng_set_live(struct rng *r, bool live)
{
	spin_lock_bh(&r->timer_lock);
	r->live = live;
	spin_unlock_bh(&r->timer_lock);
}

static void rng_notify(struct vbus_region *region)
{
	struct rng *r = region->priv;

	vbus_work_kick(&r->work);
}

static struct vbus_device *rng_create(const char *name)
{
	struct rng *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return ERR_PTR(-ENOMEM);
	r->work.poll = rng_poll;
	r->work.arm = rng_arm;
	spin_lock_init(&r->timer_lock);
	timer_setup(&r->timer, rng_timer, 0);
	mutex_init(&r->rate_lock);
	rng_rate_init(&r->rate, RNG_RATE, ktime_get_ns());
	return &r->vdev;
}

static void rng_remove(struct vbus_device *dev)
{
	/* Not linked any more, so closed: nothing is left but the lock. */
	mutex_destroy(&to_rng(dev)->rate_lock);
}

static int rng_open(struct vbus_device *dev, u64 *features)
{
	to_rng(dev)->mem = vbus_device_mem(dev);
	return 0;
}

static void rng_close(struct vbus_device *dev)
{
	struct rng *r = to_rng(dev);

	rng_set_live(r, false);
	vbus_work_stop(&r->work);
	del_timer_sync(&r->timer);
	r->held.len = 0;
	r->mem = NULL;
}

static void rng_name_region(u32 id, char *name, size_t size)
{
	snprintf(name, size, "%s", "queue");
}

static int rng_shm(struct vbus_device *dev, struct vbus_region *region)
{
	struct rng *r = to_rng(dev);
	int err;

	if (region->id != VB_RNG_SHM_QUEUE || region->len != IOQ_QUEUE_BYTES(VB_RNG_RING) ||
	    !region->port)
		return -EINVAL;
	ioq_consumer_init(&r->requests, ioq_submissions(region->va), VB_RNG_RING);
	ioq_producer_init(&r->answers, ioq_completions(region->va, VB_RNG_RING), VB_RNG_RING);
	r->region = region;
	rng_set_live(r, true);
	err = vbus_work_start(&r->work, region);
	if (!err)
		vbus_region_watch(region, rng_notify, r);
	else
		rng_set_live(r, false);
	return err;
}

static int rng_call(struct vbus_device *dev, u32 func, void *data, u32 *len)
{
	return -ENOSYS;
}

static void rng_stats(struct vbus_device *dev, struct seq_file *m)
{
	struct rng *r = to_rng(dev);

	seq_printf(m, "bytes %llu\nwaits %llu\n", READ_ONCE(r->bytes), READ_ONCE(r->waits));
}

static const struct vbus_class_ops rng_ops = {
	.create = rng_create,
	.remove = rng_remove,
	.open = rng_open,
	.close = rng_close,
	.name_region = rng_name_region,
	.shm = rng_shm,
	.call = rng_call,
	.stats = rng_stats,
};

static ssize_t rng_bytes_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(to_rng(vbus_device(item))->bytes));
}
CONFIGFS_ATTR_RO(rng_, bytes);

static ssize_t rng_rate_show(struct config_item *item, char *page)
{
	struct rng *r = to_rng(vbus_device(item));
	ssize_t n;

	mutex_lock(&r->rate_lock);
	n = sysfs_emit(page, "%llu\n", r->rate.rate);
	mutex_unlock(&r->rate_lock);
	return n;
}

static ssize_t rng_rate_store(struct config_item *item, const char *page, size_t n)
{
	struct rng *r = to_rng(vbus_device(item));
	u32 rate;
	int err = kstrtou32(page, 0, &rate);

	if (err)
		return err;
	if (rate < RNG_RATE_MIN || rate > RNG_RATE_MAX)
		return -EINVAL;
	mutex_lock(&r->rate_lock);
	rng_rate_set(&r->rate, rate, ktime_get_ns());
	mutex_unlock(&r->rate_lock);
	return n;
}
CONFIGFS_ATTR(rng_, rate);

static struct configfs_attribute *rng_attrs[] = { &rng_attr_bytes, &rng_attr_rate, NULL };

static struct vbus_class rng_class = {
	.type = VB_RNG_TYPE,
	.version = VB_RNG_VERSION,
	.owner = THIS_MODULE,
	.ops = &rng_ops,
	.attrs = rng_attrs,
};

static int __init rng_init(void)
{
	return vbus_class_register(&rng_class);
}

static void __exit rng_exit(void)
{
	vbus_class_unregister(&rng_class);
}

module_init(rng_init);
module_exit(rng_exit);
MODULE_DESCRIPTION("vbus device class rng");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
