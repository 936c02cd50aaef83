// SPDX-License-Identifier: GPL-2.0-only
/*
 * vblk: the life of a disk. It appears with its device. When the device goes, a disk that nobody
 * has open goes with it; one that is in use keeps its requests and waits for the device to come
 * back, and after `grace` seconds answers all of them with an error and goes.
 */
#include <linux/delay.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "vblk.h"

#define RETRY_TURN HZ

struct workqueue_struct *vblk_wq;

unsigned int vblk_grace = 10;
module_param_named(grace, vblk_grace, uint, 0644);
MODULE_PARM_DESC(grace, "seconds that a disk in use waits for its device to come back");

static unsigned int vblk_timeout_s = 30;
module_param_named(timeout, vblk_timeout_s, uint, 0444);
MODULE_PARM_DESC(timeout, "seconds until a request is late; late twice: a new connection");

static DEFINE_MUTEX(vblk_disks_lock);
static LIST_HEAD(vblk_disks);
static DEFINE_IDA(vblk_ida);

/* ---- what /sys/block/NAME shows ---- */

static struct vblk *dev_to_vblk(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

static ssize_t serial_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct vblk *b = dev_to_vblk(dev);

	return sysfs_emit(buf, "%.*s\n", VB_BLK_SERIAL_LEN, b->info.serial);
}
static DEVICE_ATTR_RO(serial);

static ssize_t vbus_device_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", dev_to_vblk(dev)->name);
}
static DEVICE_ATTR_RO(vbus_device);

static ssize_t connection_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct vblk *b = dev_to_vblk(dev);

	return sysfs_emit(buf, "%s\n", READ_ONCE(b->dead) ? "dead" :
				       READ_ONCE(b->up) ? "up" : "waiting");
}
static DEVICE_ATTR_RO(connection);

static ssize_t reconnects_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(dev_to_vblk(dev)->reconnects));
}
static DEVICE_ATTR_RO(reconnects);

static ssize_t resubmitted_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(dev_to_vblk(dev)->resubmitted));
}
static DEVICE_ATTR_RO(resubmitted);

static struct attribute *vblk_attrs[] = {
	&dev_attr_serial.attr, &dev_attr_vbus_device.attr, &dev_attr_connection.attr,
	&dev_attr_reconnects.attr, &dev_attr_resubmitted.attr, NULL,
};
ATTRIBUTE_GROUPS(vblk);

/* The last reference to the disk is gone. */
static void vblk_free_disk(struct gendisk *disk)
{
	kfree(disk->private_data);
}

static const struct block_device_operations vblk_fops = {
	.owner = THIS_MODULE,
	.free_disk = vblk_free_disk,
};

/* ---- the end of a disk, and what may prevent it ---- */

/* Lock held, not connected. From now on every request fails, also those that waited. */
static void vblk_fail(struct vblk *b)
{
	if (b->dead)
		return;
	WRITE_ONCE(b->dead, true);
	blk_mark_disk_dead(b->disk);
	blk_mq_unquiesce_queue(b->disk->queue);
	blk_mq_start_stopped_hw_queues(b->disk->queue, true);
	blk_mq_kick_requeue_list(b->disk->queue);
}

/* The caller has set ending. deleted: del_gendisk() was called. */
static void vblk_destroy(struct vblk *b, bool deleted)
{
	mutex_lock(&vblk_disks_lock);
	list_del(&b->node);
	mutex_unlock(&vblk_disks_lock);
	cancel_work_sync(&b->state_work);
	if (!deleted)
		del_gendisk(b->disk);
	blk_mq_free_tag_set(&b->tags);
	ida_free(&vblk_ida, b->index);
	put_disk(b->disk);
}

/* Lock held. Not connected: try again, or give up when the time is over. */
static void vblk_retry_waiting(struct vblk *b)
{
	if (b->vdev && !READ_ONCE(b->vdev->gone) && !vblk_reconnect(b, b->vdev))
		return;
	/* In limbo requests may still be served: nothing but an answer ends that. */
	if (!b->limbo && time_after_eq(jiffies, b->deadline)) {
		pr_warn("vblk: %s: %s did not come back, all requests fail\n", b->disk->disk_name,
			b->name);
		vblk_fail(b);
	} else {
		mod_delayed_work(vblk_wq, &b->retry_work, RETRY_TURN);
	}
}

static void vblk_retry(struct work_struct *work)
{
	struct vblk *b = container_of(work, struct vblk, retry_work.work);
	bool end;

	mutex_lock(&b->lock);
	if (b->up && READ_ONCE(b->broken)) {
		b->deadline = jiffies + vblk_grace * HZ;
		vblk_down(b);
	}
	if (!b->up && !b->dead)
		vblk_retry_waiting(b);
	end = b->dead && !b->vdev && !b->ending;
	b->ending |= end;
	mutex_unlock(&b->lock);
	if (end)
		vblk_destroy(b, false);
}

/* ---- making a disk ---- */

/* 0 -> vblka, 25 -> vblkz, 26 -> vblkaa, as disks are named. */
static void disk_name(char *name, int index)
{
	char letters[8];
	int n = sizeof(letters);

	letters[--n] = '\0';
	for (; index >= 0 && n; index = index / 26 - 1)
		letters[--n] = 'a' + index % 26;
	snprintf(name, DISK_NAME_LEN, "vblk%s", letters + n);
}

static int disk_alloc(struct vblk *b)
{
	const struct compat_disk_limits limits = {
		.block = b->info.block,
		.physical = b->info.physical,
		.io_opt = b->info.io_opt,
		.max_sectors = b->info.max_sectors,
		.max_segments = b->info.max_segments,
		.max_discard = b->features & VB_BLK_F_DISCARD ? b->info.max_discard : 0,
		.discard_granularity = b->info.discard_granularity,
		.max_zeroes = b->features & VB_BLK_F_ZEROES ? b->info.max_zeroes : 0,
		.cache = b->features & VB_BLK_F_FLUSH,
		.rotational = b->info.flags & VB_BLK_I_ROTATIONAL,
	};
	struct gendisk *disk;
	int rc;

	b->tags.ops = &vblk_mq_ops;
	b->tags.nr_hw_queues = b->queues;
	b->tags.queue_depth = VBLK_DEPTH;
	b->tags.numa_node = NUMA_NO_NODE;
	b->tags.cmd_size = sizeof(struct vblk_cmd);
	/* The disk's own scheduler is on the other side. */
	b->tags.flags = BLK_MQ_F_SHOULD_MERGE | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	b->tags.timeout = vblk_timeout_s * HZ;
	b->tags.driver_data = b;
	rc = blk_mq_alloc_tag_set(&b->tags);
	if (rc)
		return rc;
	disk = compat_alloc_disk(&b->tags, &limits, b);
	if (IS_ERR(disk)) {
		blk_mq_free_tag_set(&b->tags);
		return PTR_ERR(disk);
	}
	disk->fops = &vblk_fops;
	disk->private_data = b;
	disk_name(disk->disk_name, b->index);
	set_capacity(disk, b->info.sectors);
	set_disk_ro(disk, b->info.flags & VB_BLK_I_READONLY);
	b->disk = disk;
	return 0;
}

static struct vblk *vblk_alloc(struct vbus_device *vdev, u64 features,
			       const struct vb_blk_info *info)
{
	u32 queues = min_t(u32, info->queues, nr_cpu_ids), i;
	struct vblk *b = kzalloc(struct_size(b, queue, queues), GFP_KERNEL);
	int rc;

	if (!b)
		return ERR_PTR(-ENOMEM);
	mutex_init(&b->lock);
	INIT_WORK(&b->state_work, vblk_state_changed);
	INIT_DELAYED_WORK(&b->retry_work, vblk_retry);
	strscpy(b->name, vdev->name, sizeof(b->name));
	b->vdev = vdev;
	b->features = features;
	b->info = *info;
	b->queues = queues;
	for (i = 0; i < queues; i++)
		vblk_queue_init(&b->queue[i], b, i);
	b->index = ida_alloc(&vblk_ida, GFP_KERNEL);
	rc = b->index < 0 ? b->index : disk_alloc(b);
	if (!rc)
		return b;
	if (b->index >= 0)
		ida_free(&vblk_ida, b->index);
	kfree(b);
	return ERR_PTR(rc);
}

/* A disk that was never shown. */
static void vblk_free(struct vblk *b)
{
	cancel_delayed_work_sync(&b->retry_work);
	cancel_work_sync(&b->state_work);
	blk_mq_free_tag_set(&b->tags);
	ida_free(&vblk_ida, b->index);
	put_disk(b->disk);
}

/* ---- devices come and go ---- */

/* vblk_disks_lock held. -ENOENT: no disk waits for this device. */
static int vblk_adopt(struct vbus_device *vdev)
{
	struct vblk *b;
	int rc = -ENOENT;

	list_for_each_entry(b, &vblk_disks, node) {
		if (strcmp(b->name, vdev->name))
			continue;
		mutex_lock(&b->lock);
		if (!b->dead && !b->vdev) {
			rc = vblk_reconnect(b, vdev);
			if (rc)
				b->vdev = NULL;
			else
				dev_set_drvdata(&vdev->dev, b);
		}
		mutex_unlock(&b->lock);
		if (!rc)
			break;
	}
	return rc;
}

/* vblk_disks_lock held. */
static int vblk_create(struct vbus_device *vdev)
{
	struct vb_blk_info info;
	struct vblk *b;
	u64 features;
	int rc = vblk_ask(vdev, &features, &info);

	if (rc)
		return rc;
	b = vblk_alloc(vdev, features, &info);
	if (IS_ERR(b)) {
		vdev_close(vdev);
		return PTR_ERR(b);
	}
	mutex_lock(&b->lock);
	rc = vblk_up(b);
	mutex_unlock(&b->lock);
	if (rc) {
		vblk_free(b);
		return rc;
	}
	list_add_tail(&b->node, &vblk_disks);
	dev_set_drvdata(&vdev->dev, b);
	/* No parent: the disk may outlive the device. Reads the partition table. */
	rc = device_add_disk(NULL, b->disk, vblk_groups);
	if (rc) {
		mutex_lock(&b->lock);
		b->ending = true;
		vblk_down(b);
		mutex_unlock(&b->lock);
		list_del(&b->node);
		vblk_free(b);
		return rc;
	}
	queue_work(vblk_wq, &b->state_work);
	return 0;
}

static int vblk_probe(struct vbus_device *vdev)
{
	int rc;

	mutex_lock(&vblk_disks_lock);
	rc = vblk_adopt(vdev);
	if (rc == -ENOENT || rc == -ENXIO)
		rc = vblk_create(vdev);
	mutex_unlock(&vblk_disks_lock);
	return rc;
}

/* The driver is taken off a device that works: what is dirty is written first. */
static void vblk_remove_working(struct vblk *b)
{
	mutex_lock(&b->lock);
	b->ending = true;
	mutex_unlock(&b->lock);
	del_gendisk(b->disk);
	cancel_delayed_work_sync(&b->retry_work);
	mutex_lock(&b->lock);
	vblk_down(b);
	mutex_unlock(&b->lock);
	vblk_destroy(b, true);
}

static void vblk_remove(struct vbus_device *vdev)
{
	struct vblk *b = dev_get_drvdata(&vdev->dev);

	if (!READ_ONCE(vdev->gone)) {
		vblk_remove_working(b);
		return;
	}
	mutex_lock(&b->lock);
	vblk_down(b);
	if (b->limbo)
		vblk_settle(b);
	b->vdev = NULL;
	if (!b->dead && vblk_grace && disk_openers(b->disk)) {
		pr_warn("vblk: %s: %s is gone, waiting %u s for it\n", b->disk->disk_name, b->name,
			vblk_grace);
		b->deadline = jiffies + vblk_grace * HZ;
		mod_delayed_work(vblk_wq, &b->retry_work, RETRY_TURN);
		mutex_unlock(&b->lock);
		return;
	}
	b->ending = true;
	vblk_fail(b);
	mutex_unlock(&b->lock);
	cancel_delayed_work_sync(&b->retry_work);
	vblk_destroy(b, false);
}

static struct vbus_driver vblk_driver = {
	.driver = { .name = "vblk" },
	.type = VB_BLK_TYPE,
	.probe = vblk_probe,
	.remove = vblk_remove,
};

static int __init vblk_init(void)
{
	int rc;

	vblk_wq = alloc_workqueue("vblk", WQ_MEM_RECLAIM, 0);
	if (!vblk_wq)
		return -ENOMEM;
	rc = vdrv_register(&vblk_driver, THIS_MODULE);
	if (rc)
		destroy_workqueue(vblk_wq);
	return rc;
}

static void __exit vblk_exit(void)
{
	struct vblk *b;

	vdrv_unregister(&vblk_driver);
	/* What is left waits for devices: nobody has it open, else this module would be in use. */
	mutex_lock(&vblk_disks_lock);
	list_for_each_entry(b, &vblk_disks, node) {
		mutex_lock(&b->lock);
		b->deadline = jiffies;
		mod_delayed_work(vblk_wq, &b->retry_work, 0);
		mutex_unlock(&b->lock);
	}
	mutex_unlock(&vblk_disks_lock);
	while (!list_empty_careful(&vblk_disks))
		msleep(20);
	destroy_workqueue(vblk_wq);
	ida_destroy(&vblk_ida);
}

module_init(vblk_init);
module_exit(vblk_exit);
MODULE_ALIAS("vbus:blk");
MODULE_DESCRIPTION("Disk driver of a Minibus guest");
MODULE_LICENSE("GPL");
