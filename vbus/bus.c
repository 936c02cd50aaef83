// SPDX-License-Identifier: GPL-2.0-only
/*
 * vbus core: device classes and devices, administered under /sys/kernel/config/vbus.
 *
 *     devices/CLASS/        appears with the module of the class
 *     devices/CLASS/NAME/   mkdir creates a device, rmdir destroys it (refused while linked)
 *
 * configfs takes a reference on the class's module for every device, so rmmod is refused while one
 * exists. An open attribute file can outlive both: hence what configfs looks at after rmdir (the
 * item, its type) lies in memory of the core (struct vbus_class_dir), never in the class's module.
 */
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../hv/abi/tunnel.h"
#include "bus.h"

#define DEVICE_POLL_MAX_US 1000000u

static unsigned int poll_us = 50;
module_param(poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us, "poll_us of devices made from now on: longest polling of a dry ring");

struct vbus_class_dir {
	struct config_group group;
	struct config_item_type device_type;
	const struct vbus_class *cls;
	struct configfs_attribute *attrs[];
};

bool vbus_name_ok(const char *name, size_t size)
{
	size_t len = strlen(name);
	size_t i;

	if (!len || len >= size || name[0] == '.')
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("-_.", name[i])))
			return false;
	return true;
}
EXPORT_SYMBOL_GPL(vbus_name_ok);

/* ---- attributes all devices have ---- */

static ssize_t device_type_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", vbus_device(item)->cls->type);
}
CONFIGFS_ATTR_RO(device_, type);

static ssize_t device_features_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "0x%llx\n", vbus_device(item)->cls->features);
}
CONFIGFS_ATTR_RO(device_, features);

static ssize_t device_features_allowed_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "0x%llx\n", vbus_device(item)->features_allowed);
}

static ssize_t device_features_allowed_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	u64 mask;
	int err = kstrtou64(page, 0, &mask);

	if (err)
		return err;
	mutex_lock(&dev->lock);
	if (dev->bus)
		err = -EBUSY;
	else
		dev->features_allowed = mask;
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(device_, features_allowed);

static ssize_t device_prio_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(vbus_device(item)->prio));
}

/* The best priority its regions may have; for those that are opened from now on. */
static ssize_t device_prio_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	u32 prio;
	int err = kstrtou32(page, 0, &prio);

	if (err)
		return err;
	if (prio >= MB_EVQ_PRIOS)
		return -EINVAL;
	mutex_lock(&dev->lock);
	dev->prio = prio;
	mutex_unlock(&dev->lock);
	return n;
}
CONFIGFS_ATTR(device_, prio);

static ssize_t device_workers_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", vbus_workers_names[READ_ONCE(vbus_device(item)->workers)]);
}

/* For connections opened from now on. */
static ssize_t device_workers_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	int kind = sysfs_match_string(vbus_workers_names, page);
	int err = kind < 0 ? kind : 0;

	mutex_lock(&dev->lock);
	if (!err && dev->open)
		err = -EBUSY;
	if (!err)
		dev->workers = kind;
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(device_, workers);

static ssize_t device_poll_us_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(vbus_device(item)->poll_us));
}

static ssize_t device_poll_us_store(struct config_item *item, const char *page, size_t n)
{
	u32 us;
	int err = kstrtou32(page, 0, &us);

	if (err)
		return err;
	if (us > DEVICE_POLL_MAX_US)
		return -EINVAL;
	WRITE_ONCE(vbus_device(item)->poll_us, us);
	return n;
}
CONFIGFS_ATTR(device_, poll_us);

static ssize_t device_cpus_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%*pbl\n", cpumask_pr_args(&vbus_device(item)->cpus));
}

/* Takes effect at once; the guest's own thread (workers = bus) is pinned by taskset only. */
static ssize_t device_cpus_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	cpumask_var_t cpus;
	int err;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	err = cpulist_parse(page, cpus);
	if (!err && !cpumask_intersects(cpus, cpu_online_mask))
		err = -EINVAL;
	if (!err) {
		mutex_lock(&dev->lock);
		cpumask_copy(&dev->cpus, cpus);
		err = vbus_worker_pin(dev);
		mutex_unlock(&dev->lock);
	}
	free_cpumask_var(cpus);
	return err ? err : n;
}
CONFIGFS_ATTR(device_, cpus);

static ssize_t device_status_show(struct config_item *item, char *page)
{
	struct vbus_device *dev = vbus_device(item);
	ssize_t n;

	mutex_lock(&dev->lock);
	if (!dev->bus)
		n = sysfs_emit(page, "free\n");
	else if (!dev->open)
		n = sysfs_emit(page, "linked %s\n", dev->bus->name);
	else
		n = sysfs_emit(page, "open %s features=0x%llx\n", dev->bus->name, dev->features);
	mutex_unlock(&dev->lock);
	return n;
}
CONFIGFS_ATTR_RO(device_, status);

static struct configfs_attribute *const device_attrs[] = {
	&device_attr_type, &device_attr_features, &device_attr_features_allowed,
	&device_attr_status, &device_attr_prio, &device_attr_workers, &device_attr_poll_us,
	&device_attr_cpus,
};

/* ---- devices: mkdir and rmdir in devices/CLASS/ ---- */

/* The last reference; the class's part went at rmdir, and its module may be gone. */
static void device_release(struct config_item *item)
{
	struct vbus_device *dev = vbus_device(item);
	struct vbus_class_dir *dir = dev->dir;

	mutex_destroy(&dev->lock);
	kfree(dev);
	config_group_put(&dir->group);
}

/* Its address tells devices from other items, see vbus_device_from_item(). */
static struct configfs_item_operations device_item_ops = { .release = device_release };

static struct vbus_class_dir *class_dir(struct config_group *group)
{
	return container_of(group, struct vbus_class_dir, group);
}

static struct config_item *class_make_item(struct config_group *group, const char *name)
{
	struct vbus_class_dir *dir = class_dir(group);
	const struct vbus_class *cls = dir->cls;
	struct vbus_device *dev;

	if (!vbus_name_ok(name, VB_NAME_LEN))
		return ERR_PTR(-EINVAL);
	/* configfs takes its own reference only after this; the module may be on its way out. */
	if (!try_module_get(cls->owner))
		return ERR_PTR(-ENODEV);
	dev = cls->ops->create(name);
	if (!IS_ERR(dev)) {
		dev->cls = cls;
		dev->dir = dir;
		config_item_get(&dir->group.cg_item);
		strscpy(dev->name, name, sizeof(dev->name));
		mutex_init(&dev->lock);
		INIT_LIST_HEAD(&dev->regions);
		dev->features_allowed = cls->features;
		dev->poll_us = min(READ_ONCE(poll_us), DEVICE_POLL_MAX_US);
		cpumask_copy(&dev->cpus, cpu_possible_mask);
		INIT_LIST_HEAD(&dev->works);
		config_item_init_type_name(&dev->item, name, &dir->device_type);
	}
	module_put(cls->owner);
	return IS_ERR(dev) ? ERR_CAST(dev) : &dev->item;
}

static void class_drop_item(struct config_group *group, struct config_item *item)
{
	struct vbus_device *dev = vbus_device(item);

	if (dev->cls->ops->remove)
		dev->cls->ops->remove(dev);
	config_item_put(item);
}

static void class_dir_release(struct config_item *item)
{
	kfree(class_dir(to_config_group(item)));
}

static struct configfs_item_operations class_item_ops = { .release = class_dir_release };
static struct configfs_group_operations class_group_ops = {
	.make_item = class_make_item,
	.drop_item = class_drop_item,
};
static const struct config_item_type class_dir_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &class_item_ops,
	.ct_group_ops = &class_group_ops,
};

struct vbus_device *vbus_device_from_item(struct config_item *item)
{
	const struct config_item_type *type = item->ci_type;

	return type && type->ct_item_ops == &device_item_ops ? vbus_device(item) : NULL;
}
EXPORT_SYMBOL_GPL(vbus_device_from_item);

/* ---- the tree ---- */

static const struct config_item_type plain_type = { .ct_owner = THIS_MODULE };
static struct config_group devices_group;
static struct configfs_subsystem vbus_subsys;

struct config_group *vbus_configfs_root(void)
{
	return &vbus_subsys.su_group;
}
EXPORT_SYMBOL_GPL(vbus_configfs_root);

int vbus_class_register(struct vbus_class *cls)
{
	const size_t common = ARRAY_SIZE(device_attrs);
	struct vbus_class_dir *dir;
	size_t own = 0, i;
	int err;

	if (strlen(cls->type) >= VB_TYPE_LEN)
		return -EINVAL;
	while (cls->attrs && cls->attrs[own])
		own++;
	dir = kzalloc(struct_size(dir, attrs, common + own + 1), GFP_KERNEL);
	if (!dir)
		return -ENOMEM;
	for (i = 0; i < common + own; i++)
		dir->attrs[i] = i < common ? device_attrs[i] : cls->attrs[i - common];
	dir->cls = cls;
	dir->device_type.ct_owner = cls->owner;
	dir->device_type.ct_item_ops = &device_item_ops;
	dir->device_type.ct_attrs = dir->attrs;
	config_group_init_type_name(&dir->group, cls->type, &class_dir_type);
	err = configfs_register_group(&devices_group, &dir->group);
	if (err) {
		config_group_put(&dir->group);
		return err;
	}
	cls->dir = dir;
	return 0;
}
EXPORT_SYMBOL_GPL(vbus_class_register);

void vbus_class_unregister(struct vbus_class *cls)
{
	configfs_unregister_group(&cls->dir->group);
	config_group_put(&cls->dir->group);
	cls->dir = NULL;
}
EXPORT_SYMBOL_GPL(vbus_class_unregister);

static int __init vbus_init(void)
{
	struct config_group *root = &vbus_subsys.su_group;

	config_group_init_type_name(root, "vbus", &plain_type);
	config_group_init_type_name(&devices_group, "devices", &plain_type);
	configfs_add_default_group(&devices_group, root);
	mutex_init(&vbus_subsys.su_mutex);
	return configfs_register_subsystem(&vbus_subsys);
}

static void __exit vbus_exit(void)
{
	configfs_unregister_subsystem(&vbus_subsys);
}

module_init(vbus_init);
module_exit(vbus_exit);
MODULE_DESCRIPTION("vbus core: device classes, buses of guests, connections");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
