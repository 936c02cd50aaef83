// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "blk": a disk for a guest. This file is the class: configfs attributes, the guest's
 * calls and regions. Requests are in dev_blk_queue.c, what serves them in dev_blk_disk.c.
 *
 * The queues' threads (worker.h) submit all I/O, so the limits and weights of their cgroup, which
 * is that of whoever made the guest, are those of the guest's disks.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "dev_blk.h"

#define BLK_FEATURES (VB_BLK_F_FLUSH | VB_BLK_F_DISCARD | VB_BLK_F_ZEROES | VB_BLK_F_RESIZE)
#define BLK_QUEUES 4u /* unless told otherwise */
#define BLK_COALESCE_MAX 10000u

/* Tell the guest the size; dev->lock is held. */
static void blk_state_publish(struct blk_dev *d)
{
	struct vb_blk_state *page;
	u32 old = d->state_seq;

	if (!d->state)
		return;
	page = d->state->va;
	WRITE_ONCE(page->sectors, d->disk.sectors);
	d->state_seq++;
	vbus_region_signal(d->state, shm_signal_publish(&page->tx, &page->rx, old, d->state_seq));
}

/* ---- the guest's calls; dev->lock is held ---- */

static int blk_open(struct vbus_device *dev, u64 *features)
{
	struct blk_dev *d = to_blk(dev);

	if (!d->disk.file)
		return -ENODEV;
	if (!d->disk.cache)
		*features &= ~VB_BLK_F_FLUSH;
	if (!d->disk.max_discard)
		*features &= ~VB_BLK_F_DISCARD;
	if (!d->disk.max_zeroes)
		*features &= ~VB_BLK_F_ZEROES;
	/* Only writes can be made stable one by one, see bio_flags(). */
	if (d->disk.cache && !(*features & VB_BLK_F_FLUSH))
		*features &= ~(VB_BLK_F_DISCARD | VB_BLK_F_ZEROES);
	d->features = *features;
	d->mem = vbus_device_mem(dev);
	return 0;
}

static void blk_close(struct vbus_device *dev)
{
	struct blk_dev *d = to_blk(dev);
	u32 i;

	for (i = 0; i < VB_BLK_MAX_QUEUES; i++)
		blk_queue_stop(&d->queue[i]);
	d->state = NULL;
	d->mem = NULL;
	d->features = 0;
}

static void blk_name_region(u32 id, char *name, size_t size)
{
	if (id == VB_BLK_SHM_STATE)
		snprintf(name, size, "state");
	else
		snprintf(name, size, "q%u", id);
}

static int blk_shm_state(struct blk_dev *d, struct vbus_region *region)
{
	struct vb_blk_state *page = region->va;

	if (region->len != sizeof(*page))
		return -EINVAL;
	d->state = region;
	d->state_seq = 0;
	WRITE_ONCE(page->tx.seq, 0);
	blk_state_publish(d);
	return 0;
}

static int blk_shm(struct vbus_device *dev, struct vbus_region *region)
{
	struct blk_dev *d = to_blk(dev);
	u32 size;

	if (region->id == VB_BLK_SHM_STATE)
		return blk_shm_state(d, region);
	if (region->id >= d->queues)
		return -EINVAL;
	/* The length says how large the rings are. */
	size = (region->len - min(region->len, IOQ_QUEUE_BYTES(0))) / (2 * sizeof(struct ioq_desc));
	if (!ioq_size_ok(size) || size < VB_BLK_MIN_RING || size > VB_BLK_MAX_RING ||
	    region->len != IOQ_QUEUE_BYTES(size))
		return -EINVAL;
	return blk_queue_start(&d->queue[region->id], region, size);
}

static int blk_info(struct blk_dev *d, void *data, u32 *len)
{
	const struct blk_disk *disk = &d->disk;
	struct vb_blk_info *info = data;

	*info = (struct vb_blk_info){
		.sectors = disk->sectors,
		.flags = (disk->readonly ? VB_BLK_I_READONLY : 0) |
			 (disk->rotational ? VB_BLK_I_ROTATIONAL : 0),
		.block = disk->block,
		.physical = disk->physical,
		.queues = d->queues,
		.max_sectors = VB_BLK_MAX_SECTORS,
		.max_segments = VB_BLK_MAX_SEGMENTS,
		.max_discard = disk->max_discard,
		.discard_granularity = disk->discard_granularity,
		.max_zeroes = disk->max_zeroes,
		.io_opt = disk->io_opt,
	};
	memcpy(info->serial, d->serial, sizeof(info->serial));
	*len = sizeof(*info);
	return 0;
}

static int blk_call(struct vbus_device *dev, u32 func, void *data, u32 *len)
{
	*len = 0;
	return func == VB_BLK_CALL_INFO ? blk_info(to_blk(dev), data, len) : -ENOSYS;
}

static void blk_stats(struct vbus_device *dev, struct seq_file *m)
{
	struct blk_dev *d = to_blk(dev);
	struct blk_counts sum = { 0 };
	u32 i, op, under_way = 0;

	for (i = 0; i < VB_BLK_MAX_QUEUES; i++) {
		struct blk_queue *q = &d->queue[i];

		spin_lock_irq(&q->lock);
		for (op = 0; op < ARRAY_SIZE(sum.ops); op++)
			sum.ops[op] += q->counts.ops[op];
		sum.read_bytes += q->counts.read_bytes;
		sum.write_bytes += q->counts.write_bytes;
		sum.errors += q->counts.errors;
		under_way += q->under_way;
		spin_unlock_irq(&q->lock);
	}
	seq_printf(m, "sectors %llu\nunder_way %u\n", d->disk.sectors, under_way);
	seq_printf(m, "reads %llu\nread_bytes %llu\n", sum.ops[VB_BLK_OP_READ], sum.read_bytes);
	seq_printf(m, "writes %llu\nwrite_bytes %llu\n", sum.ops[VB_BLK_OP_WRITE],
		   sum.write_bytes);
	seq_printf(m, "flushes %llu\ndiscards %llu\nzeroes %llu\nerrors %llu\n",
		   sum.ops[VB_BLK_OP_FLUSH], sum.ops[VB_BLK_OP_DISCARD],
		   sum.ops[VB_BLK_OP_ZEROES], sum.errors);
}

/* ---- mkdir and rmdir ---- */

static struct vbus_device *blk_create(const char *name)
{
	struct blk_dev *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int err;
	u32 i;

	if (!d)
		return ERR_PTR(-ENOMEM);
	err = blk_disk_bios_init(&d->bios);
	if (err) {
		kfree(d);
		return ERR_PTR(err);
	}
	d->queues = min(BLK_QUEUES, num_online_cpus());
	d->coalesce_us = BLK_COALESCE_US;
	init_waitqueue_head(&d->idle);
	for (i = 0; i < VB_BLK_MAX_QUEUES; i++)
		blk_queue_init(&d->queue[i], d);
	return &d->vdev;
}

static void blk_remove(struct vbus_device *dev)
{
	struct blk_dev *d = to_blk(dev);

	/* An attribute file may be open still, so what it shows must not be half gone. */
	mutex_lock(&dev->lock);
	blk_disk_close(&d->disk);
	d->path[0] = '\0';
	mutex_unlock(&dev->lock);
	bioset_exit(&d->bios);
}

static const struct vbus_class_ops blk_ops = {
	.create = blk_create,
	.remove = blk_remove,
	.open = blk_open,
	.close = blk_close,
	.name_region = blk_name_region,
	.shm = blk_shm,
	.call = blk_call,
	.stats = blk_stats,
};

/* ---- attributes ---- */

static ssize_t blk_path_show(struct config_item *item, char *page)
{
	struct vbus_device *dev = vbus_device(item);
	ssize_t n;

	mutex_lock(&dev->lock);
	n = sysfs_emit(page, "%s\n", to_blk(dev)->path);
	mutex_unlock(&dev->lock);
	return n;
}

/* dev->lock held. An empty path leaves the device without a disk. */
static int blk_set_path(struct blk_dev *d, const char *path)
{
	int err = 0;

	if (d->vdev.bus)
		return -EBUSY;
	blk_disk_close(&d->disk);
	d->path[0] = '\0';
	if (*path)
		err = blk_disk_open(&d->disk, path, d->readonly);
	if (!err)
		strscpy(d->path, path, sizeof(d->path));
	return err;
}

static ssize_t blk_path_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	char *path;
	int err;

	path = kstrndup(page, strcspn(page, "\n"), GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	if (strlen(path) >= BLK_PATH) {
		kfree(path);
		return -ENAMETOOLONG;
	}
	mutex_lock(&dev->lock);
	err = blk_set_path(to_blk(dev), path);
	mutex_unlock(&dev->lock);
	kfree(path);
	return err ? err : n;
}
CONFIGFS_ATTR(blk_, path);

static ssize_t blk_readonly_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_blk(vbus_device(item))->readonly));
}

static ssize_t blk_readonly_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	bool readonly;
	int err = kstrtobool(page, &readonly);

	if (err)
		return err;
	mutex_lock(&dev->lock);
	if (to_blk(dev)->disk.file) /* it is open for what was said before */
		err = -EBUSY;
	else
		to_blk(dev)->readonly = readonly;
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(blk_, readonly);

static ssize_t blk_serial_show(struct config_item *item, char *page)
{
	struct vbus_device *dev = vbus_device(item);
	ssize_t n;

	mutex_lock(&dev->lock);
	n = sysfs_emit(page, "%s\n", to_blk(dev)->serial);
	mutex_unlock(&dev->lock);
	return n;
}

static ssize_t blk_serial_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	size_t len = strcspn(page, "\n"), i;
	int err = 0;

	if (len > VB_BLK_SERIAL_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (page[i] < '!' || page[i] > '~')
			return -EINVAL;
	mutex_lock(&dev->lock);
	if (dev->open) {
		err = -EBUSY;
	} else {
		memset(to_blk(dev)->serial, 0, sizeof(to_blk(dev)->serial));
		memcpy(to_blk(dev)->serial, page, len);
	}
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(blk_, serial);

static ssize_t blk_queues_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_blk(vbus_device(item))->queues));
}

static ssize_t blk_queues_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	u32 queues;
	int err = kstrtou32(page, 0, &queues);

	if (err)
		return err;
	if (!queues || queues > VB_BLK_MAX_QUEUES)
		return -EINVAL;
	mutex_lock(&dev->lock);
	if (dev->bus)
		err = -EBUSY;
	else
		to_blk(dev)->queues = queues;
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(blk_, queues);

VBUS_ATTR_U32(blk_, coalesce_us, struct blk_dev, BLK_COALESCE_MAX);

static ssize_t blk_size_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n",
			  READ_ONCE(to_blk(vbus_device(item))->disk.sectors) * VB_BLK_SECTOR);
}

/* Any write: look at the size again and tell the guest. */
static ssize_t blk_size_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	struct blk_dev *d = to_blk(dev);
	int err = 0;

	mutex_lock(&dev->lock);
	if (!d->disk.file)
		err = -ENODEV;
	else if (dev->open && !(d->features & VB_BLK_F_RESIZE))
		err = -EOPNOTSUPP;
	else if (blk_disk_look(&d->disk))
		blk_state_publish(d);
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(blk_, size);

static struct configfs_attribute *blk_attrs[] = {
	&blk_attr_path, &blk_attr_readonly, &blk_attr_serial, &blk_attr_queues,
	&blk_attr_coalesce_us, &blk_attr_size, NULL,
};

static struct vbus_class blk_class = {
	.type = VB_BLK_TYPE,
	.version = VB_BLK_VERSION,
	.features = BLK_FEATURES,
	.owner = THIS_MODULE,
	.ops = &blk_ops,
	.attrs = blk_attrs,
};

vbus_class_module(blk_class);
MODULE_DESCRIPTION("vbus device class blk");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
