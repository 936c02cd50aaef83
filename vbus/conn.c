// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus of one guest: which devices are linked to it, and the guest's calls.
 *
 * A call arrives as a private copy of the guest's slot, so what is checked here is what is used.
 * Calls of one guest run side by side, those to one device in turn under its dev->lock. bus->lock
 * covers the list only and is never held while a class works: a slow device model holds up the
 * calls to its own device, and who closes it, but nobody else.
 */
/*
 * Who goes over the devices without bus->lock asks for the next one by devid (the list is in that
 * order) and gets a reference. Once it has dev->lock it looks whether the device is still linked.
 */
#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "bus.h"

static_assert(MB_EPERM == EPERM && MB_ENOENT == ENOENT && MB_EIO == EIO && MB_E2BIG == E2BIG);
static_assert(MB_EAGAIN == EAGAIN && MB_ENOMEM == ENOMEM && MB_EFAULT == EFAULT);
static_assert(MB_EBUSY == EBUSY && MB_EEXIST == EEXIST && MB_ENODEV == ENODEV);
static_assert(MB_EINVAL == EINVAL && MB_ENOSPC == ENOSPC && MB_ENOSYS == ENOSYS);
static_assert(MB_EPROTO == EPROTO && MB_ETIMEDOUT == ETIMEDOUT && MB_ESTALE == ESTALE);

/* Linux's numbers are ours where both exist (above); what a guest could not know becomes EIO. */
static int conn_result(int err)
{
	switch (-err) {
	case MB_EPERM: case MB_ENOENT: case MB_EIO: case MB_E2BIG: case MB_EAGAIN: case MB_ENOMEM:
	case MB_EFAULT: case MB_EBUSY: case MB_EEXIST: case MB_ENODEV: case MB_EINVAL:
	case MB_ENOSPC: case MB_ENOSYS: case MB_EPROTO: case MB_ETIMEDOUT: case MB_ESTALE:
		return err;
	}
	return err < 0 ? -MB_EIO : err;
}

/* The first device with at least this devid, which is set to its own; with a reference. NULL. */
static struct vbus_device *conn_from(struct vbus_bus *bus, u32 *devid)
{
	struct vbus_device *dev, *found = NULL;

	mutex_lock(&bus->lock);
	list_for_each_entry(dev, &bus->devices, node)
		if (dev->devid >= *devid) {
			config_item_get(&dev->item);
			*devid = dev->devid;
			found = dev;
			break;
		}
	mutex_unlock(&bus->lock);
	return found;
}

/* dev->lock held. */
static void conn_close(struct vbus_device *dev)
{
	if (!dev->open)
		return;
	region_destroy_all(dev);
	dev->open = false;
	dev->features = 0;
}

static void conn_close_all(struct vbus_bus *bus)
{
	struct vbus_device *dev;
	u32 devid;

	for (devid = 0; (dev = conn_from(bus, &devid)); devid++) { /* U32_MAX is never used */
		mutex_lock(&dev->lock);
		if (dev->bus == bus)
			conn_close(dev);
		mutex_unlock(&dev->lock);
		config_item_put(&dev->item);
	}
}

static int call_negotiate(struct vbus_bus *bus, void *data)
{
	struct vb_negotiate *arg = data;

	if (arg->magic != VB_MAGIC || arg->version < VB_VERSION)
		return -EINVAL;
	if (!(arg->features & VB_F_EVENT_IDX))
		return -EINVAL;
	conn_close_all(bus);
	arg->version = VB_VERSION;
	arg->features = VB_F_EVENT_IDX;
	arg->max_queues = VBUS_MAX_REGIONS;
	arg->generation = READ_ONCE(bus->generation);
	return 0;
}

static int call_enum(struct vbus_bus *bus, void *data)
{
	struct vb_enum *arg = data;
	struct vbus_device *dev;
	u32 i = 0;

	mutex_lock(&bus->lock);
	list_for_each_entry(dev, &bus->devices, node)
		if (i++ == arg->index)
			goto found;
	mutex_unlock(&bus->lock);
	return -ENOENT;
found:
	arg->devid = dev->devid;
	arg->generation = bus->generation;
	arg->version = dev->cls->version;
	/* Does not change while it is linked. */
	arg->features = dev->cls->features & dev->features_allowed;
	strscpy_pad(arg->type, dev->cls->type, sizeof(arg->type));
	strscpy_pad(arg->name, dev->name, sizeof(arg->name));
	mutex_unlock(&bus->lock);
	return 0;
}

static int call_open(struct vbus_device *dev, void *data)
{
	struct vb_open *arg = data;
	u64 features = arg->features & dev->cls->features & dev->features_allowed;
	int err;

	if (dev->open)
		return -EBUSY;
	/* Whoever takes the memory away sets this first, then closes all. Pairs with
	 * vbus_bus_attach(): who opens after that close sees it. */
	if (!READ_ONCE(dev->bus->mem))
		return -ENODEV;
	if (arg->version != dev->cls->version)
		return -EINVAL;
	err = dev->cls->ops->open ? dev->cls->ops->open(dev, &features) : 0;
	if (err)
		return err;
	dev->open = true;
	dev->features = features;
	arg->features = features;
	return 0;
}

static int call_close(struct vbus_device *dev, void *data)
{
	conn_close(dev);
	return 0;
}

static int call_shm(struct vbus_device *dev, void *data)
{
	return region_create(dev, data);
}

static int call_dev(struct vbus_device *dev, void *data)
{
	struct vb_devcall *arg = data;
	u32 len = arg->len;
	int ret;

	if (!dev->open)
		return -EBUSY;
	if (len > VB_DEVCALL_DATA)
		return -EINVAL;
	/* The class sees zeroes behind what was given, never what an earlier call left. */
	memset(arg->data + len, 0, VB_DEVCALL_DATA - len);
	ret = dev->cls->ops->call(dev, arg->func, arg->data, &len);
	arg->len = ret < 0 ? 0 : min(len, VB_DEVCALL_DATA);
	return ret;
}

struct conn_call {
	u32 size; /* of the request; the answer has the same structure */
	int (*on_bus)(struct vbus_bus *bus, void *data);
	int (*on_device)(struct vbus_device *dev, void *data); /* data starts with u32 devid */
};

static const struct conn_call conn_calls[] = {
	[VB_CALL_NEGOTIATE] = { sizeof(struct vb_negotiate), call_negotiate, NULL },
	[VB_CALL_ENUM] = { sizeof(struct vb_enum), call_enum, NULL },
	[VB_CALL_OPEN] = { sizeof(struct vb_open), NULL, call_open },
	[VB_CALL_CLOSE] = { sizeof(struct vb_close), NULL, call_close },
	[VB_CALL_SHM] = { sizeof(struct vb_shm), NULL, call_shm },
	[VB_CALL_DEV] = { sizeof(struct vb_devcall), NULL, call_dev },
};

static int conn_device_call(struct vbus_bus *bus, const struct conn_call *call, void *data)
{
	u32 wanted = *(u32 *)data, devid = wanted;
	struct vbus_device *dev = conn_from(bus, &devid);
	int ret = -ENOENT;

	if (!dev)
		return ret;
	mutex_lock(&dev->lock);
	if (dev->bus == bus && dev->devid == wanted)
		ret = call->on_device(dev, data);
	mutex_unlock(&dev->lock);
	config_item_put(&dev->item);
	return ret;
}

int vbus_bus_call(struct vbus_bus *bus, u32 nr, void *data, u32 *len)
{
	const struct conn_call *call = nr < ARRAY_SIZE(conn_calls) ? &conn_calls[nr] : NULL;
	int ret;

	if (!call || !call->size)
		ret = -ENOSYS;
	else if (*len < call->size)
		ret = -EINVAL;
	else if (call->on_bus)
		ret = call->on_bus(bus, data);
	else
		ret = conn_device_call(bus, call, data);
	mutex_lock(&bus->lock);
	bus->buscalls++;
	if (ret == -EINVAL || ret == -ENOSYS || ret == -EFAULT)
		bus->badcalls++;
	mutex_unlock(&bus->lock);
	*len = ret < 0 ? 0 : call->size;
	return conn_result(ret);
}
EXPORT_SYMBOL_GPL(vbus_bus_call);

void vbus_bus_slow(struct vbus_bus *bus, u32 nr, const void *data, u32 ms)
{
	bool of_device = nr < ARRAY_SIZE(conn_calls) && conn_calls[nr].on_device;
	u32 wanted = of_device ? *(const u32 *)data : 0, devid = wanted;
	struct vbus_device *dev = of_device ? conn_from(bus, &devid) : NULL;

	if (!dev || devid != wanted) {
		if (__ratelimit(&bus->log_limit))
			pr_warn("vbus: guest %s: call %u takes over %u ms\n", bus->name, nr, ms);
	} else if (!xchg(&dev->slow, true)) {
		pr_warn("vbus: guest %s: %s %s does not answer call %u within %u ms\n", bus->name,
			dev->cls->type, dev->name, nr, ms);
	}
	if (dev)
		config_item_put(&dev->item);
}
EXPORT_SYMBOL_GPL(vbus_bus_slow);

int vbus_bus_init(struct vbus_bus *bus, const struct vbus_bus_ops *ops, const char *name)
{
	*bus = (struct vbus_bus){ .ops = ops, .name = name, .next_devid = 1 };
	mutex_init(&bus->admin);
	mutex_init(&bus->lock);
	ratelimit_state_init(&bus->log_limit, 5 * HZ, 10);
	INIT_LIST_HEAD(&bus->devices);
	return vbus_worker_bus_init(bus);
}
EXPORT_SYMBOL_GPL(vbus_bus_init);

void vbus_bus_exit(struct vbus_bus *bus)
{
	vbus_worker_bus_exit(bus);
}
EXPORT_SYMBOL_GPL(vbus_bus_exit);

static int conn_stats_show(struct seq_file *m, void *unused)
{
	struct vbus_device *dev = m->private;

	mutex_lock(&dev->lock);
	seq_printf(m, "open %d\nfeatures 0x%llx\n", dev->open, dev->features);
	if (dev->cls->ops->stats)
		dev->cls->ops->stats(dev, m);
	vbus_worker_show(dev, m);
	mutex_unlock(&dev->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(conn_stats);

static void conn_debugfs_add(struct vbus_bus *bus, struct vbus_device *dev)
{
	char name[VB_NAME_LEN + 8];

	if (!bus->debugfs)
		return;
	snprintf(name, sizeof(name), "dev-%s", dev->name);
	dev->debugfs = debugfs_create_file(name, 0400, bus->debugfs, dev, &conn_stats_fops);
}

/* Waits for readers, who take dev->lock: never call it with that lock held. */
static void conn_debugfs_remove(struct vbus_device *dev)
{
	debugfs_remove(dev->debugfs);
	dev->debugfs = NULL;
}

void vbus_bus_attach(struct vbus_bus *bus, const struct vbus_mem *mem, struct dentry *debugfs)
{
	struct vbus_device *dev;

	mutex_lock(&bus->admin);
	/* First no more opens, then none is open: pairs with call_open(), by dev->lock. */
	WRITE_ONCE(bus->mem, NULL);
	conn_close_all(bus);
	list_for_each_entry(dev, &bus->devices, node)
		conn_debugfs_remove(dev);
	bus->debugfs = debugfs;
	list_for_each_entry(dev, &bus->devices, node)
		conn_debugfs_add(bus, dev);
	WRITE_ONCE(bus->mem, mem);
	mutex_unlock(&bus->admin);
}
EXPORT_SYMBOL_GPL(vbus_bus_attach);

void vbus_bus_reset(struct vbus_bus *bus)
{
	conn_close_all(bus);
}
EXPORT_SYMBOL_GPL(vbus_bus_reset);

/* configfs does not look at the target's owner: who may not own it may not give it away. */
static bool conn_may_link(struct config_item *item)
{
	return uid_eq(d_inode(item->ci_dentry)->i_uid, current_fsuid()) || capable(CAP_SYS_ADMIN);
}

/* bus->admin and dev->lock held. */
static int conn_link(struct vbus_bus *bus, struct vbus_device *dev)
{
	struct vbus_device *other;

	if (dev->bus)
		return -EBUSY;
	if (bus->nr_devices >= VBUS_MAX_DEVICES || bus->next_devid == U32_MAX)
		return -ENOSPC;
	list_for_each_entry(other, &bus->devices, node)
		if (!strcmp(other->name, dev->name))
			return -EEXIST;
	dev->bus = bus;
	mutex_lock(&bus->lock);
	dev->devid = bus->next_devid++;
	list_add_tail(&dev->node, &bus->devices);
	bus->nr_devices++;
	WRITE_ONCE(bus->generation, bus->generation + 1);
	mutex_unlock(&bus->lock);
	return 0;
}

int vbus_bus_link(struct vbus_bus *bus, struct config_item *item)
{
	struct vbus_device *dev = vbus_device_from_item(item);
	int err;

	if (!dev)
		return -EINVAL;
	if (!conn_may_link(item))
		return -EPERM;
	mutex_lock(&bus->admin);
	mutex_lock(&dev->lock);
	err = conn_link(bus, dev);
	mutex_unlock(&dev->lock);
	if (!err) {
		conn_debugfs_add(bus, dev);
		bus->ops->changed(bus);
	}
	mutex_unlock(&bus->admin);
	return err;
}
EXPORT_SYMBOL_GPL(vbus_bus_link);

void vbus_bus_unlink(struct vbus_bus *bus, struct config_item *item)
{
	struct vbus_device *dev = vbus_device_from_item(item);

	if (!dev)
		return;
	mutex_lock(&bus->admin);
	conn_debugfs_remove(dev);
	mutex_lock(&dev->lock);
	conn_close(dev);
	mutex_lock(&bus->lock);
	list_del(&dev->node);
	bus->nr_devices--;
	WRITE_ONCE(bus->generation, bus->generation + 1);
	mutex_unlock(&bus->lock);
	dev->bus = NULL;
	dev->slow = false;
	mutex_unlock(&dev->lock);
	bus->ops->changed(bus);
	mutex_unlock(&bus->admin);
}
EXPORT_SYMBOL_GPL(vbus_bus_unlink);

void vbus_bus_stats(struct vbus_bus *bus, struct vbus_stats *sum, u64 *buscalls)
{
	struct vbus_region *region;
	struct vbus_device *dev;
	u32 devid;

	mutex_lock(&bus->lock);
	*sum = bus->past;
	sum->faults += bus->badcalls;
	*buscalls = bus->buscalls;
	mutex_unlock(&bus->lock);
	for (devid = 0; (dev = conn_from(bus, &devid)); devid++) {
		mutex_lock(&dev->lock);
		if (dev->bus == bus)
			list_for_each_entry(region, &dev->regions, node)
				region_stats_add(sum, &region->stats);
		mutex_unlock(&dev->lock);
		config_item_put(&dev->item);
	}
}
EXPORT_SYMBOL_GPL(vbus_bus_stats);

const struct vbus_mem *vbus_device_mem(struct vbus_device *dev)
{
	lockdep_assert_held(&dev->lock);
	return READ_ONCE(dev->bus->mem);
}
EXPORT_SYMBOL_GPL(vbus_device_mem);
