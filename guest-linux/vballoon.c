// SPDX-License-Identifier: GPL-2.0-only
/*
 * vballoon: driver of the class "balloon" (vbus/abi/balloon.h): lends pages until the target is
 * reached, takes them back when the target falls or memory runs out, writes statistics.
 *
 * Blocks of 2 MiB are lent first, since that is what could be handed to another guest; where there
 * are none, and for the rest, single pages. Lending never pushes this guest into reclaim: when
 * pages do not come easily, or little is available, it waits. After memory ran out it lends no more
 * for a while.
 */
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/slab.h>
#include <linux/vmstat.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <asm/io.h>

#include "../vbus/abi/balloon.h"
#include "../vbus/proto/ioq.h"
#include "bus.h"

#define VBALL_BATCH 32u	      /* requests under way at most; also of one run */
#define VBALL_ORDER 9u	      /* of a large block: VB_BALLOON_MAX_RUN */
#define VBALL_WAIT (HZ / 2)   /* for an answer, then look whether the device is gone */
#define VBALL_WAITS 20
#define VBALL_RETRY HZ	      /* pages did not come easily */
#define VBALL_OOM_PAUSE (30 * HZ)
#define VBALL_OOM_PAGES 1024u /* given back each time memory runs out */
#define VBALL_RESERVE 4096u   /* pages that stay available whatever is asked for */
#define VBALL_GFP (GFP_HIGHUSER | __GFP_NORETRY | __GFP_NOWARN | __GFP_NOMEMALLOC)

static_assert(VB_BALLOON_PAGE == PAGE_SIZE && VB_BALLOON_MAX_RUN == PAGE_SIZE << VBALL_ORDER);

/* Legend: [c] constant after probe, [l] lock. */
struct vball {
	struct vbus_device *vdev; /* [c] */
	struct vdev_region queue, state;
	struct mutex lock;	 /* one change of the balloon at a time */
	struct ioq_producer sub; /* [l] */
	struct ioq_consumer com; /* [l] */
	wait_queue_head_t wait;
	bool event;		 /* set by the interrupt, taken by who waits */
	bool dead;		 /* [l] the other side broke a rule, or does not answer */
	struct list_head blocks; /* [l] lent, by page->lru; page_private is the order */
	u64 pages;		 /* [l] in them */
	u64 oom_pages;		 /* [l] taken back because memory ran out */
	unsigned long no_sooner; /* [l] jiffies: lend nothing before */
	bool pausing;		 /* [l] no_sooner means something */
	struct delayed_work work;  /* to the target */
	struct delayed_work stats; /* every period */
	struct notifier_block oom;
};

static struct vb_balloon_state *vball_state(struct vball *b)
{
	return b->state.mem;
}

static void vball_event(struct vdev_region *region)
{
	struct vball *b = region->priv;

	WRITE_ONCE(b->event, true);
	wake_up(&b->wait);
}

static void vball_wanted(struct vdev_region *region)
{
	struct vball *b = region->priv;

	mod_delayed_work(system_freezable_wq, &b->work, 0);
	mod_delayed_work(system_freezable_wq, &b->stats, 0);
}

/* ---- the queue; lock held ---- */

/* Takes the answers that are there off *open, a bit per request under way. */
static int vball_reap(struct vball *b, struct page *const *blocks, u32 *open)
{
	struct ioq_desc d = { 0 };
	int rc;

	while ((rc = ioq_pop(&b->com, &d)) > 0) {
		if (d.id >= VBALL_BATCH || !(*open & 1u << d.id) ||
		    d.len != PAGE_SIZE << page_private(blocks[d.id])) {
			rc = -EPROTO;
			break;
		}
		*open &= ~(1u << d.id);
	}
	ioq_release(&b->com);
	if (!rc)
		return 0;
	b->queue.stats.faults++;
	dev_err(&b->vdev->dev, "impossible completion (id %u, len %u)\n", d.id, d.len);
	return -EPROTO;
}

static int vball_wait(struct vball *b)
{
	int turn;

	if (!ioq_arm(&b->com))
		return 0;
	for (turn = 0; turn < VBALL_WAITS && !READ_ONCE(b->vdev->gone); turn++)
		if (wait_event_timeout(b->wait, READ_ONCE(b->event), VBALL_WAIT)) {
			/* Before the ring is looked at. Pairs with the fence in
			 * shm_signal_publish(). */
			smp_store_mb(b->event, false);
			return 0;
		}
	return turn == VBALL_WAITS ? -ETIMEDOUT : -ENODEV;
}

/* Gives or takes n blocks and waits for all answers; an error is for good. */
static int vball_exchange(struct vball *b, struct page *const *blocks, u32 n, u16 flags)
{
	u32 open = 0, i;
	int rc = b->dead ? -EIO : 0;

	for (i = 0; i < n && !rc; i++) {
		struct ioq_desc d = {
			.addr = page_to_phys(blocks[i]), .id = i, .flags = flags,
			.len = PAGE_SIZE << page_private(blocks[i]),
		};

		rc = ioq_push(&b->sub, &d);
		open |= 1u << i;
	}
	if (!rc)
		vdev_region_kick(&b->queue, ioq_publish(&b->sub));
	while (!rc && open) {
		rc = vball_reap(b, blocks, &open);
		if (!rc && open)
			rc = vball_wait(b);
	}
	if (rc)
		b->dead = true;
	return rc;
}

/* ---- lending and taking back; lock held ---- */

static void vball_keep(struct vball *b, struct page *block)
{
	adjust_managed_page_count(block, -(1l << page_private(block)));
	list_add(&block->lru, &b->blocks);
	b->pages += 1ul << page_private(block);
}

static void vball_drop(struct vball *b, struct page *block)
{
	unsigned int order = page_private(block);

	list_del(&block->lru);
	b->pages -= 1ul << order;
	adjust_managed_page_count(block, 1l << order);
	set_page_private(block, 0);
	__free_pages(block, order);
}

static struct page *vball_alloc(u64 want)
{
	unsigned int order = want >> VBALL_ORDER ? VBALL_ORDER : 0;
	struct page *block;

	if (si_mem_available() < (long)(VBALL_RESERVE + (1u << order)))
		return NULL;
	block = alloc_pages(VBALL_GFP, order);
	if (!block && order)
		block = alloc_pages(VBALL_GFP, order = 0);
	if (block)
		set_page_private(block, order);
	return block;
}

/* Up to want pages more. 0: go on later at once, -ENOMEM: later, others are for good. */
static int vball_lend(struct vball *b, u64 want)
{
	struct page *blocks[VBALL_BATCH];
	u32 n = 0;

	while (want && n < VBALL_BATCH) {
		struct page *block = vball_alloc(want);

		if (!block)
			break;
		want -= 1ul << page_private(block);
		vball_keep(b, block);
		blocks[n++] = block;
	}
	if (!n)
		return -ENOMEM;
	/* After an error they stay in the balloon: nobody knows whose they are. */
	return vball_exchange(b, blocks, n, VB_BALLOON_GIVE);
}

/* At least want pages back, if there are as many, as far as one batch goes. Pages, or an error. */
static int vball_take(struct vball *b, u64 want)
{
	struct page *blocks[VBALL_BATCH], *block;
	u64 pages = 0;
	u32 n = 0;
	int rc;

	list_for_each_entry(block, &b->blocks, lru) {
		if (n == VBALL_BATCH || pages >= want)
			break;
		blocks[n++] = block;
		pages += 1ul << page_private(block);
	}
	rc = vball_exchange(b, blocks, n, VB_BALLOON_TAKE);
	if (rc)
		return rc;
	while (n--)
		vball_drop(b, blocks[n]);
	return pages;
}

/* One step to the target. How long until the next; -1: it is reached, or there is no use. */
static long vball_step(struct vball *b)
{
	u64 target = READ_ONCE(vball_state(b)->target) / PAGE_SIZE;
	int rc;

	if (b->pages == target)
		return -1;
	if (b->pages > target) {
		/* A large block may be more than is wanted; then the rest is lent again. */
		rc = vball_take(b, b->pages - target);
		return rc < 0 ? -1 : 0;
	}
	if (b->pausing && time_before(jiffies, b->no_sooner))
		return b->no_sooner - jiffies;
	b->pausing = false;
	rc = vball_lend(b, target - b->pages);
	return rc == -ENOMEM ? VBALL_RETRY : rc ? -1 : 0;
}

static void vball_work(struct work_struct *work)
{
	struct vball *b = container_of(to_delayed_work(work), struct vball, work);
	struct vb_balloon_state *state = vball_state(b);
	u32 seq = READ_ONCE(state->tx.seq);
	long delay;

	mutex_lock(&b->lock);
	delay = b->dead ? -1 : vball_step(b);
	mutex_unlock(&b->lock);
	/* Also asks to be told of the next change; what changed meanwhile is looked at again. */
	if (shm_signal_arm(&state->tx, &state->rx, seq) != seq)
		delay = 0;
	if (delay >= 0)
		queue_delayed_work(system_freezable_wq, &b->work, delay);
}

/* Called in the allocation that found nothing. */
static int vball_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	struct vball *b = container_of(nb, struct vball, oom);
	int rc = 0;

	mutex_lock(&b->lock);
	if (b->pages && !b->dead)
		rc = vball_take(b, VBALL_OOM_PAGES);
	if (rc > 0) {
		*(unsigned long *)freed += rc;
		b->oom_pages += rc;
		b->no_sooner = jiffies + VBALL_OOM_PAUSE;
		b->pausing = true;
	}
	mutex_unlock(&b->lock);
	/* It will wait, and lend again. */
	if (rc > 0)
		mod_delayed_work(system_freezable_wq, &b->work, VBALL_OOM_PAUSE);
	return NOTIFY_OK;
}

/* ---- statistics ---- */

static void vball_gather(struct vball *b, u64 stat[VB_BALLOON_STATS])
{
	unsigned long *events = kcalloc(NR_VM_EVENT_ITEMS, sizeof(*events), GFP_KERNEL);
	struct sysinfo info;

	si_meminfo(&info);
	stat[VB_BALLOON_STAT_TOTAL] = (u64)info.totalram * info.mem_unit;
	stat[VB_BALLOON_STAT_FREE] = (u64)info.freeram * info.mem_unit;
	stat[VB_BALLOON_STAT_AVAILABLE] = (u64)si_mem_available() * PAGE_SIZE;
	stat[VB_BALLOON_STAT_OOM] = READ_ONCE(b->oom_pages) * PAGE_SIZE;
	if (!events)
		return;
	all_vm_events(events);
	stat[VB_BALLOON_STAT_SWAP_IN] = (u64)events[PSWPIN] * PAGE_SIZE;
	stat[VB_BALLOON_STAT_SWAP_OUT] = (u64)events[PSWPOUT] * PAGE_SIZE;
	stat[VB_BALLOON_STAT_MAJOR] = events[PGMAJFAULT];
	stat[VB_BALLOON_STAT_MINOR] = events[PGFAULT] - events[PGMAJFAULT];
	kfree(events);
}

static void vball_stats(struct work_struct *work)
{
	struct vball *b = container_of(to_delayed_work(work), struct vball, stats);
	struct vb_balloon_state *state = vball_state(b);
	u32 period = min(READ_ONCE(state->period), VB_BALLOON_MAX_PERIOD);
	u64 stat[VB_BALLOON_STATS] = { 0 };
	u32 version = state->version & ~1u;
	int i;

	if (!period)
		return;
	vball_gather(b, stat);
	WRITE_ONCE(state->version, version + 1);
	/* Odd version before values. Pairs with virt_rmb() in balloon_copy_stats(). */
	virt_wmb();
	for (i = 0; i < VB_BALLOON_STATS; i++)
		WRITE_ONCE(state->stat[i], stat[i]);
	/* Values before even version. Pairs with the acquire there. */
	virt_store_release(&state->version, version + 2);
	queue_delayed_work(system_freezable_wq, &b->stats, period * HZ);
}

/* ---- the driver ---- */

static void vball_free(struct vball *b, bool closed)
{
	struct page *block, *next;

	/* Memory that the other side may still take for its own is not used again. */
	if (closed) {
		list_for_each_entry_safe(block, next, &b->blocks, lru)
			vball_drop(b, block);
		vdev_mem_free(b->queue.mem, b->queue.len);
		vdev_mem_free(b->state.mem, b->state.len);
	}
	kfree(b);
}

static struct vball *vball_create(struct vbus_device *vdev)
{
	struct vball *b = kzalloc(sizeof(*b), GFP_KERNEL);

	if (!b)
		return NULL;
	b->vdev = vdev;
	mutex_init(&b->lock);
	init_waitqueue_head(&b->wait);
	INIT_LIST_HEAD(&b->blocks);
	INIT_DELAYED_WORK(&b->work, vball_work);
	INIT_DELAYED_WORK(&b->stats, vball_stats);
	b->oom.notifier_call = vball_oom;
	b->queue = (struct vdev_region){
		.id = VB_BALLOON_SHM_QUEUE, .len = IOQ_QUEUE_BYTES(VB_BALLOON_RING),
		.name = "queue", .prio = VB_PRIO_BULK, .event = vball_event, .priv = b,
	};
	b->state = (struct vdev_region){
		.id = VB_BALLOON_SHM_STATE, .len = sizeof(struct vb_balloon_state),
		.name = "state", .event = vball_wanted, .priv = b,
	};
	b->queue.mem = vdev_mem_alloc(b->queue.len);
	b->state.mem = vdev_mem_alloc(b->state.len);
	if (!b->queue.mem || !b->state.mem) {
		vball_free(b, true);
		return NULL;
	}
	ioq_producer_init(&b->sub, ioq_submissions(b->queue.mem), VB_BALLOON_RING);
	ioq_consumer_init(&b->com, ioq_completions(b->queue.mem, VB_BALLOON_RING),
			  VB_BALLOON_RING);
	return b;
}

/* Ends the works, then the connection: everything lent is ours again. */
static void vball_end(struct vball *b)
{
	bool closed;

	/* No exchange any more: one under way ends first, or sees that the device is gone. */
	mutex_lock(&b->lock);
	b->dead = true;
	mutex_unlock(&b->lock);
	/* The state's interrupt starts works, so it goes before they do. */
	closed = vdev_close(b->vdev);
	cancel_delayed_work_sync(&b->work);
	cancel_delayed_work_sync(&b->stats);
	vball_free(b, closed);
}

static int vball_probe(struct vbus_device *vdev)
{
	struct vball *b = vball_create(vdev);
	int rc;

	if (!b)
		return -ENOMEM;
	rc = vdev_open(vdev, VB_BALLOON_VERSION, 0);
	if (rc) {
		vball_free(b, true);
		return rc;
	}
	dev_set_drvdata(&vdev->dev, b);
	rc = vdev_region_add(vdev, &b->queue);
	if (!rc)
		rc = vdev_region_add(vdev, &b->state);
	if (!rc)
		rc = register_oom_notifier(&b->oom);
	if (rc) {
		dev_err(&vdev->dev, "no balloon: %d\n", rc);
		vball_end(b);
		return rc;
	}
	vball_wanted(&b->state);
	return 0;
}

static void vball_remove(struct vbus_device *vdev)
{
	struct vball *b = dev_get_drvdata(&vdev->dev);

	unregister_oom_notifier(&b->oom);
	vball_end(b);
}

static struct vbus_driver vball_driver = {
	.driver = { .name = "vballoon" },
	.type = VB_BALLOON_TYPE,
	.probe = vball_probe,
	.remove = vball_remove,
};
vdrv_module(vball_driver);

MODULE_ALIAS("vbus:balloon");
MODULE_DESCRIPTION("Balloon driver of a Minibus guest");
MODULE_LICENSE("GPL");
