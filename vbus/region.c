// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared regions of a connection: registration with its quotas, events both ways, breaking.
 *
 * Order at the end of a connection: silence the ports (no handler runs), let the class stop, close
 * the ports, free. So a class never sees an event after its close(), and may ring until then.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "../hv/abi/tunnel.h"
#include "bus.h"

static bool priorities = true;
module_param(priorities, bool, 0644);
MODULE_PARM_DESC(priorities, "regions opened from now on have priorities (else all the lowest)");

void vbus_region_watch(struct vbus_region *region, void (*notify)(struct vbus_region *),
		       void *priv)
{
	region->priv = priv;
	/* priv before notify; pairs with vbus_region_event(). */
	smp_store_release(&region->notify, notify);
}
EXPORT_SYMBOL_GPL(vbus_region_watch);

void vbus_region_event(struct vbus_region *region)
{
	/* Pairs with vbus_region_watch(). */
	void (*notify)(struct vbus_region *) = smp_load_acquire(&region->notify);

	region->stats.notify++;
	if (notify)
		notify(region);
}
EXPORT_SYMBOL_GPL(vbus_region_event);

void vbus_region_signal(struct vbus_region *region, bool needed)
{
	if (!needed) {
		region->stats.suppressed++;
		return;
	}
	if (!region->port)
		return;
	region->stats.inject++;
	region->dev->bus->ops->port_send(region);
}
EXPORT_SYMBOL_GPL(vbus_region_signal);

void vbus_region_break(struct vbus_region *region, const char *fmt, ...)
{
	struct va_format text = { .fmt = fmt };
	va_list args;

	if (READ_ONCE(region->broken))
		return;
	WRITE_ONCE(region->broken, true);
	region->stats.faults++;
	/* Of each guest its own: the noise of one must not hide what happens to another. */
	if (!__ratelimit(&region->dev->bus->log_limit))
		return;
	va_start(args, fmt);
	text.va = &args;
	pr_warn("vbus: guest %s: %s %s: queue %s broken: %pV\n", region->dev->bus->name,
		region->dev->cls->type, region->dev->name, region->name, &text);
	va_end(args);
}
EXPORT_SYMBOL_GPL(vbus_region_break);

void region_stats_add(struct vbus_stats *to, const struct vbus_stats *from)
{
	to->notify += from->notify;
	to->inject += from->inject;
	to->suppressed += from->suppressed;
	to->spurious += from->spurious;
	to->ringfull += from->ringfull;
	to->faults += from->faults;
}

static int region_check(struct vbus_device *dev, const struct vb_shm *arg)
{
	struct vbus_region *r;

	if (!dev->open)
		return -EBUSY;
	if ((arg->flags & ~VB_SHM_NO_SIGNAL) || arg->prio >= MB_EVQ_PRIOS || (arg->gpa & 63) ||
	    !arg->len)
		return -EINVAL;
	list_for_each_entry(r, &dev->regions, node)
		if (r->id == arg->id)
			return -EEXIST;
	return 0;
}

/* Against the limits of the bus. */
static int region_reserve(struct vbus_bus *bus, u64 len)
{
	int err = 0;

	mutex_lock(&bus->lock);
	if (bus->nr_regions >= VBUS_MAX_REGIONS || len > VBUS_MAX_MAPPED - bus->mapped) {
		err = -ENOMEM;
	} else {
		bus->nr_regions++;
		bus->mapped += len;
	}
	mutex_unlock(&bus->lock);
	return err;
}

static void region_unreserve(struct vbus_bus *bus, u64 len, const struct vbus_stats *past)
{
	mutex_lock(&bus->lock);
	bus->nr_regions--;
	bus->mapped -= len;
	region_stats_add(&bus->past, past);
	mutex_unlock(&bus->lock);
}

static void region_free(struct vbus_region *region)
{
	struct vbus_bus *bus = region->dev->bus;

	if (region->port)
		bus->ops->port_close(region);
	region_unreserve(bus, region->len, &region->stats);
	kfree(region);
}

/* VB_CALL_SHM; dev->lock is held. */
int region_create(struct vbus_device *dev, struct vb_shm *arg)
{
	static const struct vbus_stats none;
	struct vbus_bus *bus = dev->bus;
	struct vbus_region *region;
	u32 port = 0;
	int err = region_check(dev, arg);

	if (!err)
		err = region_reserve(bus, arg->len); /* from here on it fits into 32 bits */
	if (err)
		return err;
	region = kzalloc(sizeof(*region), GFP_KERNEL);
	if (!region) {
		region_unreserve(bus, arg->len, &none);
		return -ENOMEM;
	}
	region->dev = dev;
	region->id = arg->id;
	region->len = arg->len;
	region->prio = READ_ONCE(priorities) ? max(arg->prio, dev->prio) : MB_EVQ_PRIOS - 1;
	region->mem = vbus_device_mem(dev);
	region->va = vbus_mem_at(region->mem, arg->gpa, arg->len);
	if (!region->va) {
		err = -EFAULT;
		goto free;
	}
	if (dev->cls->ops->name_region)
		dev->cls->ops->name_region(region->id, region->name, sizeof(region->name));
	else
		snprintf(region->name, sizeof(region->name), "%u", region->id);
	if (!(arg->flags & VB_SHM_NO_SIGNAL)) {
		err = bus->ops->port_open(region, &port);
		if (err)
			goto free;
	}
	err = dev->cls->ops->shm(dev, region);
	if (err)
		goto free;
	list_add_tail(&region->node, &dev->regions);
	arg->port = port;
	arg->prio = region->prio;
	arg->pad = 0;
	return 0;

free:
	if (region->port)
		bus->ops->port_quiesce(region);
	region_free(region);
	return err;
}

/* End of a connection; dev->lock is held. */
void region_destroy_all(struct vbus_device *dev)
{
	struct vbus_region *region, *next;

	list_for_each_entry(region, &dev->regions, node)
		if (region->port)
			dev->bus->ops->port_quiesce(region);
	dev->cls->ops->close(dev);
	list_for_each_entry_safe(region, next, &dev->regions, node) {
		list_del(&region->node);
		region_free(region);
	}
}
