// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's bus: matches devices announced by the connector with drivers by their class ("net"),
 * and keeps what every driver needs in one place: regions with an interrupt each, the order of
 * taking things down (interrupts, then the connection, then memory), and statistics.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/interrupt.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "bus.h"
#include "compat.h"

/* Statistics of devices that are gone; devices themselves are found through the bus. */
static struct vdev_stats bus_past;
static DEFINE_MUTEX(bus_past_lock);

static ssize_t type_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_vbus_device(dev)->type);
}
static DEVICE_ATTR_RO(type);

static ssize_t devid_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_vbus_device(dev)->devid);
}
static DEVICE_ATTR_RO(devid);

static ssize_t version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_vbus_device(dev)->version);
}
static DEVICE_ATTR_RO(version);

static ssize_t features_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", to_vbus_device(dev)->features);
}
static DEVICE_ATTR_RO(features);

static ssize_t accepted_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", READ_ONCE(to_vbus_device(dev)->accepted));
}
static DEVICE_ATTR_RO(accepted);

static struct attribute *vdev_attrs[] = {
	&dev_attr_type.attr, &dev_attr_devid.attr, &dev_attr_version.attr,
	&dev_attr_features.attr, &dev_attr_accepted.attr, NULL,
};
ATTRIBUTE_GROUPS(vdev);

static int bus_match(struct device *dev, COMPAT_MATCH_DRIVER *drv)
{
	return !strcmp(to_vbus_device(dev)->type, to_vbus_driver(drv)->type);
}

static int bus_uevent(COMPAT_UEVENT_DEVICE *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "MODALIAS=vbus:%s", to_vbus_device(dev)->type);
}

static int bus_probe(struct device *dev)
{
	return to_vbus_driver(dev->driver)->probe(to_vbus_device(dev));
}

static void bus_remove(struct device *dev)
{
	to_vbus_driver(dev->driver)->remove(to_vbus_device(dev));
}

struct bus_type vbus_guest_bus = {
	.name = "vbus",
	.match = bus_match,
	.uevent = bus_uevent,
	.probe = bus_probe,
	.remove = bus_remove,
	.dev_groups = vdev_groups,
};
EXPORT_SYMBOL_GPL(vbus_guest_bus);

static irqreturn_t region_irq(int irq, void *arg)
{
	struct vdev_region *region = arg;

	region->stats.notify++;
	region->event(region);
	return IRQ_HANDLED;
}

/* vdev->lock held. After this event() neither runs nor will. */
static void region_drop(struct vdev_region *region)
{
	struct vbus_device *vdev = region->vdev;

	list_del(&region->node);
	free_irq(region->irq, region);
	vdev->ops->irq_put(region->port, region->irq);
	vdev_stats_add(&vdev->past, &region->stats);
}

/* Names come from the other side: they go into file names and messages. */
static bool name_ok(const char *name, size_t size)
{
	size_t i, n = strnlen(name, size);

	if (!n || n == size || name[0] == '.')
		return false;
	for (i = 0; i < n; i++)
		if (!isalnum(name[i]) && !strchr("-_.", name[i]))
			return false;
	return true;
}

static void vdev_release(struct device *dev)
{
	kfree(to_vbus_device(dev));
}

static int total_one(struct device *dev, void *sum)
{
	struct vbus_device *vdev = to_vbus_device(dev);
	struct vdev_region *r;

	mutex_lock(&vdev->lock);
	vdev_stats_add(sum, &vdev->past);
	list_for_each_entry(r, &vdev->regions, node)
		vdev_stats_add(sum, &r->stats);
	mutex_unlock(&vdev->lock);
	return 0;
}

int vdrv_register(struct vbus_driver *driver, struct module *owner)
{
	driver->driver.bus = &vbus_guest_bus;
	driver->driver.owner = owner;
	return driver_register(&driver->driver);
}
EXPORT_SYMBOL_GPL(vdrv_register);

void vdrv_unregister(struct vbus_driver *driver)
{
	driver_unregister(&driver->driver);
}
EXPORT_SYMBOL_GPL(vdrv_unregister);

void *vdev_mem_alloc(size_t len)
{
	return alloc_pages_exact(PAGE_ALIGN(len), GFP_KERNEL | __GFP_ZERO);
}
EXPORT_SYMBOL_GPL(vdev_mem_alloc);

void vdev_mem_free(void *mem, size_t len)
{
	if (mem)
		free_pages_exact(mem, PAGE_ALIGN(len));
}
EXPORT_SYMBOL_GPL(vdev_mem_free);

int vdev_open(struct vbus_device *vdev, u32 version, u64 wanted)
{
	u64 accepted = 0;
	int rc;

	mutex_lock(&vdev->lock);
	rc = vdev->open ? -EBUSY : vdev->ops->open(vdev, version, wanted, &accepted);
	if (!rc && (accepted & ~wanted)) {
		dev_err(&vdev->dev, "accepted features 0x%llx, only 0x%llx were wanted\n", accepted,
			wanted);
		vdev->ops->close(vdev);
		rc = -EPROTO;
	}
	if (!rc) {
		vdev->open = true;
		WRITE_ONCE(vdev->accepted, accepted);
	}
	mutex_unlock(&vdev->lock);
	return rc;
}
EXPORT_SYMBOL_GPL(vdev_open);

bool vdev_close(struct vbus_device *vdev)
{
	struct vdev_region *r, *next;
	int rc = 0;

	mutex_lock(&vdev->lock);
	/* Before the close call: afterwards the ports may belong to another device. */
	list_for_each_entry_safe(r, next, &vdev->regions, node)
		region_drop(r);
	if (vdev->open)
		rc = vdev->ops->close(vdev);
	vdev->open = false;
	WRITE_ONCE(vdev->accepted, 0);
	mutex_unlock(&vdev->lock);
	/* No such device, or nobody there: it was closed when it went. */
	if (!rc || rc == -ENODEV || rc == -ENOENT)
		return true;
	dev_err(&vdev->dev, "close failed (%d); memory it was given is abandoned\n", rc);
	return false;
}
EXPORT_SYMBOL_GPL(vdev_close);

int vdev_region_add(struct vbus_device *vdev, struct vdev_region *region)
{
	int rc;

	mutex_lock(&vdev->lock);
	rc = vdev->open ? 0 : -EINVAL;
	if (!rc)
		rc = vdev->ops->shm(vdev, region->id, region->mem, region->len, &region->prio,
				    &region->port);
	if (rc)
		goto out;
	rc = vdev->ops->irq_get(region->port, region->prio);
	if (rc < 0)
		goto out;
	region->irq = rc;
	region->vdev = vdev;
	memset(&region->stats, 0, sizeof(region->stats));
	snprintf(region->irq_name, sizeof(region->irq_name), "%s-%s", vdev->name, region->name);
	rc = request_irq(region->irq, region_irq, 0, region->irq_name, region);
	if (rc)
		vdev->ops->irq_put(region->port, region->irq);
	else
		list_add_tail(&region->node, &vdev->regions);
out:
	mutex_unlock(&vdev->lock);
	if (rc)
		dev_err(&vdev->dev, "region %s (id 0x%x, %u bytes) refused: %d\n", region->name,
			region->id, region->len, rc);
	return rc;
}
EXPORT_SYMBOL_GPL(vdev_region_add);

int vdev_call(struct vbus_device *vdev, u32 func, void *data, u32 len)
{
	if (len > VB_DEVCALL_DATA)
		return -EINVAL;
	return vdev->ops->call(vdev, func, data, len);
}
EXPORT_SYMBOL_GPL(vdev_call);

void vdev_region_kick(struct vdev_region *region, bool needed)
{
	if (!needed) {
		region->stats.suppressed++;
		return;
	}
	region->stats.inject++;
	region->vdev->ops->notify(region->port);
}
EXPORT_SYMBOL_GPL(vdev_region_kick);

struct vbus_device *vdev_add(struct device *parent, const struct vdev_ops *ops,
			     const struct vb_enum *info)
{
	struct vbus_device *vdev;
	struct device *same;
	int rc;

	if (!name_ok(info->type, sizeof(info->type)) || !name_ok(info->name, sizeof(info->name)))
		return ERR_PTR(-EPROTO);
	same = bus_find_device_by_name(&vbus_guest_bus, NULL, info->name);
	put_device(same);
	if (same)
		return ERR_PTR(-EEXIST);
	vdev = kzalloc(sizeof(*vdev), GFP_KERNEL);
	if (!vdev)
		return ERR_PTR(-ENOMEM);
	vdev->ops = ops;
	vdev->devid = info->devid;
	vdev->version = info->version;
	vdev->features = info->features;
	memcpy(vdev->type, info->type, sizeof(vdev->type));
	memcpy(vdev->name, info->name, sizeof(vdev->name));
	mutex_init(&vdev->lock);
	INIT_LIST_HEAD(&vdev->regions);
	INIT_LIST_HEAD(&vdev->node);
	vdev->dev.parent = parent;
	vdev->dev.bus = &vbus_guest_bus;
	vdev->dev.release = vdev_release;
	device_initialize(&vdev->dev);
	rc = dev_set_name(&vdev->dev, "%s", vdev->name);
	if (!rc)
		rc = device_add(&vdev->dev);
	if (rc) {
		put_device(&vdev->dev);
		return ERR_PTR(rc);
	}
	vdev_debugfs_add(vdev);
	return vdev;
}
EXPORT_SYMBOL_GPL(vdev_add);

void vdev_remove(struct vbus_device *vdev)
{
	WRITE_ONCE(vdev->gone, true);
	debugfs_remove(vdev->debugfs);
	device_del(&vdev->dev);
	mutex_lock(&bus_past_lock);
	vdev_stats_add(&bus_past, &vdev->past);
	mutex_unlock(&bus_past_lock);
	put_device(&vdev->dev);
}
EXPORT_SYMBOL_GPL(vdev_remove);

void vdev_stats_total(struct vdev_stats *sum)
{
	mutex_lock(&bus_past_lock);
	*sum = bus_past;
	mutex_unlock(&bus_past_lock);
	bus_for_each_dev(&vbus_guest_bus, NULL, sum, total_one);
}
EXPORT_SYMBOL_GPL(vdev_stats_total);

static int __init vbus_guest_init(void)
{
	int rc = bus_register(&vbus_guest_bus);

	if (!rc)
		vbus_guest_debugfs_init();
	return rc;
}
module_init(vbus_guest_init);

static void __exit vbus_guest_exit(void)
{
	vbus_guest_debugfs_exit();
	bus_unregister(&vbus_guest_bus);
}
module_exit(vbus_guest_exit);

MODULE_DESCRIPTION("vbus, the bus of a Minibus guest");
MODULE_LICENSE("GPL");
