// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of the guest's bus: /sys/kernel/debug/vbus/dev-NAME, one "name value" per line, the
 * sums first and then each region. The connector adds its own file "bus" beside them.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "bus.h"

static struct dentry *debugfs_root;

static void stats_show(struct seq_file *m, const char *prefix, const struct vdev_stats *s)
{
	seq_printf(m, "%sinject %llu\n", prefix, s->inject);
	seq_printf(m, "%snotify %llu\n", prefix, s->notify);
	seq_printf(m, "%ssuppressed %llu\n", prefix, s->suppressed);
	seq_printf(m, "%sspurious %llu\n", prefix, s->spurious);
	seq_printf(m, "%sringfull %llu\n", prefix, s->ringfull);
	seq_printf(m, "%sfaults %llu\n", prefix, s->faults);
}

static int device_show(struct seq_file *m, void *unused)
{
	struct vbus_device *vdev = m->private;
	char prefix[VDEV_REGION_NAME + 1];
	struct vdev_stats sum;
	struct vdev_region *r;

	mutex_lock(&vdev->lock);
	sum = vdev->past;
	list_for_each_entry(r, &vdev->regions, node)
		vdev_stats_add(&sum, &r->stats);
	stats_show(m, "", &sum);
	list_for_each_entry(r, &vdev->regions, node) {
		snprintf(prefix, sizeof(prefix), "%s.", r->name);
		stats_show(m, prefix, &r->stats);
	}
	mutex_unlock(&vdev->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(device);

struct dentry *vbus_guest_debugfs(void)
{
	return debugfs_root;
}
EXPORT_SYMBOL_GPL(vbus_guest_debugfs);

void vdev_stats_add(struct vdev_stats *sum, const struct vdev_stats *from)
{
	sum->inject += from->inject;
	sum->notify += from->notify;
	sum->suppressed += from->suppressed;
	sum->spurious += from->spurious;
	sum->ringfull += from->ringfull;
	sum->faults += from->faults;
}

void vdev_debugfs_add(struct vbus_device *vdev)
{
	char name[VB_NAME_LEN + 4];

	snprintf(name, sizeof(name), "dev-%s", vdev->name);
	vdev->debugfs = debugfs_create_file(name, 0444, debugfs_root, vdev, &device_fops);
}

void vbus_guest_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("vbus", NULL);
}

void vbus_guest_debugfs_exit(void)
{
	debugfs_remove(debugfs_root);
}
