// SPDX-License-Identifier: GPL-2.0-only
/*
 * vblk, the connection of a disk to a device: opened and closed as a whole. After a close that was
 * answered, the other side touches no page any more and has said of each request it took how that
 * ended; what is left was never begun and goes back to the block layer, to be submitted again.
 *
 * A close without an answer proves nothing: the requests stay as they are ("limbo") until the
 * device can be opened again, which the other side allows only once it has closed, or until it is
 * gone.
 */
#include <linux/log2.h>
#include <linux/sched/mm.h>

#include "vblk.h"

#define VBLK_FEATURES (VB_BLK_F_FLUSH | VB_BLK_F_DISCARD | VB_BLK_F_ZEROES | VB_BLK_F_RESIZE)
#define STATE_TURNS 8 /* changes followed in a row before others get the worker */
#define RETRY (HZ / 2)

static bool info_ok(const struct vb_blk_info *i)
{
	return i->sectors <= (u64)LLONG_MAX >> SECTOR_SHIFT && is_power_of_2(i->block) &&
	       i->block >= VB_BLK_SECTOR && i->block <= VB_BLK_MAX_BLOCK &&
	       is_power_of_2(i->physical) && i->physical >= i->block && i->physical <= SZ_1M &&
	       i->queues && i->queues <= VB_BLK_MAX_QUEUES &&
	       i->max_sectors >= PAGE_SIZE / VB_BLK_SECTOR &&
	       i->max_sectors <= VB_BLK_MAX_SECTORS &&
	       i->max_segments && i->max_segments <= VB_BLK_MAX_SEGMENTS &&
	       i->discard_granularity <= SZ_1G &&
	       i->max_discard <= U32_MAX / VB_BLK_SECTOR &&
	       i->max_zeroes <= U32_MAX / VB_BLK_SECTOR;
}

int vblk_ask(struct vbus_device *vdev, u64 *features, struct vb_blk_info *info)
{
	int rc = vdev_open(vdev, VB_BLK_VERSION, vdev->features & VBLK_FEATURES);

	if (rc)
		return rc;
	*features = vdev->accepted;
	memset(info, 0, sizeof(*info));
	rc = vdev_call(vdev, VB_BLK_CALL_INFO, info, sizeof(*info));
	if (rc >= 0 && !info_ok(info)) {
		dev_err(&vdev->dev, "impossible: %llu sectors, block %u/%u, %u queues, at most %u "
			"sectors in %u segments, discard %u/%u, zeroes %u\n", (u64)info->sectors,
			info->block, info->physical, info->queues, info->max_sectors,
			info->max_segments, info->max_discard, info->discard_granularity,
			info->max_zeroes);
		rc = -EPROTO;
	}
	if (rc < 0)
		vdev_close(vdev);
	return rc < 0 ? rc : 0;
}

static void state_event(struct vdev_region *region)
{
	struct vblk *b = region->priv;

	queue_work(vblk_wq, &b->state_work);
}

static int state_up(struct vblk *b)
{
	void *mem = vdev_mem_alloc(sizeof(struct vb_blk_state));

	if (!mem)
		return -ENOMEM;
	b->state = (struct vdev_region){
		.id = VB_BLK_SHM_STATE, .mem = mem, .len = sizeof(struct vb_blk_state),
		.name = "state", .event = state_event, .priv = b,
	};
	return vdev_region_add(b->vdev, &b->state);
}

static void take_size(struct vblk *b, u64 sectors)
{
	sectors = round_down(sectors, b->info.block / VB_BLK_SECTOR);
	if (sectors > (u64)LLONG_MAX >> SECTOR_SHIFT || sectors == b->info.sectors)
		return;
	b->info.sectors = sectors;
	set_capacity_and_notify(b->disk, sectors);
}

/* Follow the size; a change after the last look comes as an event. */
void vblk_state_changed(struct work_struct *work)
{
	struct vblk *b = container_of(work, struct vblk, state_work);
	struct vb_blk_state *page;
	u32 seen, seq;
	int turn;

	mutex_lock(&b->lock);
	if (!b->up)
		goto out;
	page = b->state.mem;
	seq = vb_load_acquire(&page->tx.seq);
	for (turn = 0; turn < STATE_TURNS; turn++) {
		seen = seq;
		take_size(b, READ_ONCE(page->sectors));
		seq = shm_signal_arm(&page->tx, &page->rx, seen);
		if (seq == seen)
			goto out;
	}
	queue_work(vblk_wq, work);
out:
	mutex_unlock(&b->lock);
}

/* After a close that was answered: nobody touches rings and pages any more. */
void vblk_settle(struct vblk *b)
{
	u32 i, rest = 0;

	for (i = 0; i < b->queues; i++)
		rest += vblk_queue_down(&b->queue[i]);
	vdev_mem_free(b->state.mem, b->state.len);
	b->state.mem = NULL;
	b->limbo = false;
	b->resubmitted += rest;
}

void vblk_down(struct vblk *b)
{
	if (!b->up)
		return;
	b->up = false;
	blk_mq_quiesce_queue(b->disk->queue);
	if (vdev_close(b->vdev))
		vblk_settle(b);
	else
		b->limbo = true;
}

int vblk_up(struct vblk *b)
{
	u32 i;
	int rc = 0;

	for (i = 0; i < b->queues && !rc; i++)
		rc = vblk_queue_up(&b->queue[i]);
	if (!rc && (b->features & VB_BLK_F_RESIZE))
		rc = state_up(b);
	if (rc) {
		if (vdev_close(b->vdev))
			vblk_settle(b);
		else
			b->limbo = true;
		return rc;
	}
	WRITE_ONCE(b->broken, false);
	b->up = true;
	return 0;
}

static bool same_disk(const struct vblk *b, u64 features, const struct vb_blk_info *i)
{
	const struct vb_blk_info *old = &b->info;

	return features == b->features && i->sectors >= old->sectors && i->block == old->block &&
	       i->flags == old->flags && i->queues >= b->queues &&
	       i->max_sectors >= old->max_sectors && i->max_segments >= old->max_segments &&
	       i->max_discard >= old->max_discard && i->max_zeroes >= old->max_zeroes &&
	       !memcmp(i->serial, old->serial, sizeof(old->serial));
}

static int reconnect(struct vblk *b, struct vbus_device *vdev)
{
	struct vb_blk_info info;
	u64 features;
	int rc = vblk_ask(vdev, &features, &info);

	if (rc)
		return rc;
	/* It could be opened, so whatever was open before is closed. */
	if (b->limbo)
		vblk_settle(b);
	if (!same_disk(b, features, &info)) {
		dev_err(&vdev->dev, "%s: not the same disk any more\n", b->disk->disk_name);
		vdev_close(vdev);
		return -ENXIO;
	}
	b->vdev = vdev;
	rc = vblk_up(b);
	if (rc)
		return rc;
	b->reconnects++;
	take_size(b, info.sectors);
	blk_mq_unquiesce_queue(b->disk->queue);
	blk_mq_start_stopped_hw_queues(b->disk->queue, true);
	blk_mq_kick_requeue_list(b->disk->queue);
	queue_work(vblk_wq, &b->state_work);
	dev_info(&vdev->dev, "%s: connected again\n", b->disk->disk_name);
	return 0;
}

int vblk_reconnect(struct vblk *b, struct vbus_device *vdev)
{
	/* Memory must not be looked for by writing to this very disk. */
	unsigned int noio = memalloc_noio_save();
	int rc = reconnect(b, vdev);

	memalloc_noio_restore(noio);
	return rc;
}

void vblk_break(struct vblk *b, struct vdev_region *region, const char *what)
{
	region->stats.faults++;
	if (xchg(&b->broken, true))
		return;
	pr_err("vblk: %s: %s: %s; connecting anew\n", b->disk->disk_name, region->name, what);
	mod_delayed_work(vblk_wq, &b->retry_work, RETRY);
}
