// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "blk", the data path. The guest's event kicks the queue's work (worker.h), which
 * takes requests in rounds of a budget, checks them and hands them to the disk; completions go
 * into the ring from wherever the disk ends them.
 *
 * Completions are shown to the guest together where more are about to come: when nothing else is
 * under way, when BLK_BATCH of them wait, or when the first has waited for `coalesce_us`. What ends
 * within poll() waits for the end of its round at most.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "dev_blk.h"

#define BLK_BUDGET 64 /* requests per round; then others get the thread */
#define BLK_BATCH 16  /* completions per notification */

/* Only the thread that set it can find itself there. */
static bool queue_in_poll(const struct blk_queue *q)
{
	return in_task() && READ_ONCE(q->poller) == current;
}

/* Lock held. */
static void queue_show(struct blk_queue *q)
{
	if (q->completions.head != q->completions.published)
		vbus_region_signal(q->region, ioq_publish(&q->completions));
}

/* Lock held. More are under way and may end soon: one notification for several of them. */
static void queue_show_soon(struct blk_queue *q)
{
	u32 waiting = q->completions.head - q->completions.published;

	if (!q->under_way || waiting >= BLK_BATCH || !READ_ONCE(q->d->coalesce_us))
		queue_show(q);
	else if (waiting == 1)
		hrtimer_start(&q->timer, ns_to_ktime(READ_ONCE(q->d->coalesce_us) * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
}

static enum hrtimer_restart queue_timer(struct hrtimer *timer)
{
	struct blk_queue *q = container_of(timer, struct blk_queue, timer);
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	queue_show(q);
	spin_unlock_irqrestore(&q->lock, flags);
	return HRTIMER_NORESTART;
}

static void queue_count(struct blk_queue *q, const struct blk_request *r, u32 status)
{
	q->counts.ops[r->op]++;
	if (status)
		q->counts.errors++;
	else if (r->op == VB_BLK_OP_READ)
		q->counts.read_bytes += r->bytes;
	else
		q->counts.write_bytes += r->bytes;
}

void blk_queue_complete(struct blk_queue *q, const struct blk_request *r, u32 status)
{
	struct ioq_desc d = { .addr = status, .len = status ? 0 : r->bytes, .id = r->id };
	unsigned long flags;
	int err;

	spin_lock_irqsave(&q->lock, flags);
	queue_count(q, r, status);
	err = ioq_push(&q->completions, &d);
	if (err)
		vbus_region_break(q->region, err == -ENOSPC ?
				  "more requests than the ring has room for completions" :
				  "impossible count of completions taken");
	__clear_bit(r->id, q->busy);
	q->under_way--;
	if (!queue_in_poll(q))
		queue_show_soon(q);
	else if (!q->first_done)
		q->first_done = ktime_get_ns();
	if (q->full && !q->closing) {
		q->full = false;
		vbus_work_kick(&q->work);
	}
	if (!q->under_way && q->closing)
		wake_up(&q->d->idle);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* False: as many as may be are under way; the next completion kicks the work. */
static bool queue_room(struct blk_queue *q)
{
	bool room;

	spin_lock_irq(&q->lock);
	room = q->under_way < BLK_UNDER_WAY;
	q->full = !room;
	spin_unlock_irq(&q->lock);
	if (!room)
		q->region->stats.ringfull++;
	return room;
}

static bool queue_take_id(struct blk_queue *q, u16 id)
{
	bool taken;

	spin_lock_irq(&q->lock);
	taken = !__test_and_set_bit(id, q->busy);
	if (taken)
		q->under_way++;
	spin_unlock_irq(&q->lock);
	return taken;
}

/* The buffers as pieces of memory. False: not all of it is the guest's. */
static bool queue_pieces(struct blk_task *task)
{
	const struct vbus_mem *mem = task->q->d->mem;
	u32 i;

	task->pieces = 0;
	for (i = 0; i < task->r.segments; i++) {
		u64 gpa = task->r.segment[i].addr, left = task->r.segment[i].len;

		while (left) {
			u64 len = left;
			void *va = vbus_mem_piece(mem, gpa, &len);

			if (!va || task->pieces == BLK_PIECES)
				return false;
			bvec_set_page(&task->piece[task->pieces++], virt_to_page(va), len,
				      offset_in_page(va));
			gpa += len;
			left -= len;
		}
	}
	return true;
}

static int queue_check(struct blk_task *task, int n)
{
	const struct ioq_desc *chain = task->chain;
	struct blk_queue *q = task->q;
	const struct blk_disk *disk = &q->d->disk;
	const struct blk_rules rules = {
		.features = q->d->features,
		.sectors = READ_ONCE(disk->sectors),
		.block = disk->block,
		.max_discard = disk->max_discard,
		.max_zeroes = disk->max_zeroes,
		.ids = q->size,
		.readonly = disk->readonly,
	};
	const char *why;
	int status = blk_request_check(&rules, chain, n, &task->r, &why);

	if (status >= 0 && !queue_pieces(task)) {
		why = "buffer outside memory";
		status = -EPROTO;
	}
	if (status >= 0 && !queue_take_id(q, task->r.id)) {
		why = "id that is under way";
		status = -EPROTO;
	}
	if (status < 0)
		vbus_region_break(q->region, "%s: flags 0x%x, %u sectors at %llu, %u buffers, "
				  "id %u", why, chain->flags, chain->len, (u64)chain->addr, n - 1,
				  chain->id);
	return status;
}

/* 1: one request taken, 0: none there, or no room; negative: the queue is broken. */
static int queue_one(struct blk_queue *q)
{
	struct blk_task *task = &q->task;
	int n, status;

	if (READ_ONCE(q->region->broken))
		return -EPROTO;
	if (!queue_room(q))
		return 0;
	n = ioq_pop_chain(&q->submissions, task->chain);
	if (n < 0)
		vbus_region_break(q->region, "impossible count or chain");
	if (n <= 0)
		return n;
	status = queue_check(task, n);
	if (status < 0)
		return status;
	if (status)
		blk_queue_complete(q, &task->r, status);
	else
		blk_disk_submit(task);
	return 1;
}

static void queue_show_batch(struct blk_queue *q)
{
	spin_lock_irq(&q->lock);
	queue_show(q);
	spin_unlock_irq(&q->lock);
	q->first_done = 0;
}

static int queue_poll(struct vbus_work *work)
{
	struct blk_queue *q = container_of(work, struct blk_queue, work);
	struct blk_plug plug;
	int done = 0, n = 1;

	WRITE_ONCE(q->poller, current);
	blk_start_plug(&plug);
	while (n > 0 && done < BLK_BUDGET) {
		n = queue_one(q);
		done += n > 0;
		if (q->first_done && ktime_get_ns() - q->first_done >
					     READ_ONCE(q->d->coalesce_us) * NSEC_PER_USEC)
			queue_show_batch(q);
	}
	blk_finish_plug(&plug);
	WRITE_ONCE(q->poller, NULL);
	if (ioq_release(&q->submissions) || q->first_done)
		queue_show_batch(q);
	return n < 0 ? n : done;
}

/* Without room nothing of the guest is waited for, but a completion. */
static bool queue_arm(struct vbus_work *work)
{
	struct blk_queue *q = container_of(work, struct blk_queue, work);
	bool full;

	spin_lock_irq(&q->lock);
	full = q->full;
	spin_unlock_irq(&q->lock);
	return full || ioq_arm(&q->submissions);
}

static void queue_notify(struct vbus_region *region)
{
	struct blk_queue *q = region->priv;

	vbus_work_kick(&q->work);
}

void blk_queue_init(struct blk_queue *q, struct blk_dev *d)
{
	q->d = d;
	q->task.q = q;
	spin_lock_init(&q->lock);
	hrtimer_init(&q->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	q->timer.function = queue_timer;
	q->work.poll = queue_poll;
	q->work.arm = queue_arm;
}

int blk_queue_start(struct blk_queue *q, struct vbus_region *region, u32 size)
{
	int err;

	q->size = size;
	q->closing = false;
	q->full = false;
	q->under_way = 0;
	q->first_done = 0;
	bitmap_zero(q->busy, VB_BLK_MAX_RING);
	ioq_consumer_init(&q->submissions, ioq_submissions(region->va), size);
	ioq_producer_init(&q->completions, ioq_completions(region->va, size), size);
	q->region = region;
	err = vbus_work_start(&q->work, region);
	if (err)
		q->region = NULL;
	else
		vbus_region_watch(region, queue_notify, q);
	return err;
}

void blk_queue_stop(struct blk_queue *q)
{
	if (!q->region)
		return;
	/* Under the lock: whoever completes from now on leaves the work alone. */
	spin_lock_irq(&q->lock);
	q->closing = true;
	spin_unlock_irq(&q->lock);
	vbus_work_stop(&q->work);
	/* A disk that never answers keeps the guest's memory: nothing else would be safe. */
	while (!wait_event_timeout(q->d->idle, !READ_ONCE(q->under_way), 10 * HZ))
		pr_warn("vbus: guest %s: blk %s: closing waits for %u requests of queue %s\n",
			q->d->vdev.bus->name, q->d->vdev.name, READ_ONCE(q->under_way),
			q->region->name);
	/* The one that completed the last may not have left yet. */
	spin_lock_irq(&q->lock);
	spin_unlock_irq(&q->lock);
	hrtimer_cancel(&q->timer);
	q->region = NULL;
}
