// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device list: one worker enumerates whenever the bus port is raised, removes what is gone,
 * then adds what is new, in order. Devices are told apart by devid, which is never used again.
 *
 * While nobody serves the bus (the other end is not loaded, or was restarted) devices stay and the
 * worker tries again; only a bus that answers can take devices away.
 */
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../hv/abi/tunnel.h"
#include "hypercall.h"
#include "north.h"

#define BUS_MAX_DEVICES 256u /* of a sane bus */
#define BUS_RETRY_TURNS 8    /* enumerations in a row that a changing list may spoil */
#define BUS_RETRY_JIFFIES (2 * HZ)

struct bus_list {
	u32 count;
	struct vb_enum dev[BUS_MAX_DEVICES];
};

static struct device *bus_parent;
static struct workqueue_struct *bus_wq;
static struct delayed_work bus_work;
static LIST_HEAD(bus_devices); /* worker only */
static bool bus_negotiated;    /* worker only */
static bool bus_waiting;       /* said so; worker only */
static int bus_irq;

static int negotiate(void)
{
	struct vb_negotiate arg = {
		.magic = VB_MAGIC, .version = VB_VERSION, .features = VB_F_EVENT_IDX,
	};
	int rc = north_call(VB_CALL_NEGOTIATE, &arg, sizeof(arg));

	if (rc < 0)
		return rc;
	if (arg.version != VB_VERSION || arg.features != VB_F_EVENT_IDX) {
		pr_err("north: bus speaks version %u, features 0x%llx; needed are %u, 0x%llx\n",
		       arg.version, (u64)arg.features, VB_VERSION, VB_F_EVENT_IDX);
		return -EPROTO;
	}
	return 0;
}

/* The whole list of one generation; -EAGAIN if it keeps changing. */
static int enumerate(struct bus_list *list)
{
	u32 generation = 0;
	int turn, rc;

	for (turn = 0; turn < BUS_RETRY_TURNS; turn++) {
		list->count = 0;
		for (;;) {
			struct vb_enum arg = { .index = list->count };

			rc = north_call(VB_CALL_ENUM, &arg, sizeof(arg));
			if (rc == -ENOENT)
				return 0;
			if (rc < 0)
				return rc;
			if (list->count && arg.generation != generation)
				break;
			if (list->count == BUS_MAX_DEVICES)
				return -EPROTO;
			generation = arg.generation;
			list->dev[list->count++] = arg;
		}
	}
	return -EAGAIN;
}

static bool listed(const struct vb_enum *dev, u32 count, u32 devid)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (dev[i].devid == devid)
			return true;
	return false;
}

static bool known(u32 devid)
{
	struct vbus_device *vdev;

	list_for_each_entry(vdev, &bus_devices, node)
		if (vdev->devid == devid)
			return true;
	return false;
}

/* Worker only. Removal first: a new device may have the name of an old one. */
static void apply(const struct vb_enum *dev, u32 count)
{
	struct vbus_device *vdev, *next;
	u32 i;

	list_for_each_entry_safe(vdev, next, &bus_devices, node)
		if (!listed(dev, count, vdev->devid)) {
			list_del(&vdev->node);
			vdev_remove(vdev);
		}
	for (i = 0; i < count; i++) {
		const struct vb_enum *info = &dev[i];

		if (known(info->devid))
			continue;
		vdev = vdev_add(bus_parent, &north_vdev_ops, info);
		if (IS_ERR(vdev))
			pr_err("north: device %u \"%.*s\" of type \"%.*s\" refused: %ld\n",
			       info->devid, VB_NAME_LEN, info->name, VB_TYPE_LEN, info->type,
			       PTR_ERR(vdev));
		else
			list_add_tail(&vdev->node, &bus_devices);
	}
}

static void bus_changed(struct work_struct *work)
{
	struct bus_list *list = kmalloc(sizeof(*list), GFP_KERNEL);
	int rc = list ? 0 : -ENOMEM;

	if (!rc && !bus_negotiated)
		rc = negotiate();
	if (!rc) {
		bus_negotiated = true;
		rc = enumerate(list);
	}
	if (!rc)
		apply(list->dev, list->count);
	kfree(list);
	if (rc && !bus_waiting)
		pr_info("north: bus does not answer (%d), waiting for it\n", rc);
	if (!rc && bus_waiting)
		pr_info("north: bus answers again\n");
	bus_waiting = rc;
	if (rc)
		queue_delayed_work(bus_wq, &bus_work, BUS_RETRY_JIFFIES);
}

static irqreturn_t bus_event(int irq, void *arg)
{
	mod_delayed_work(bus_wq, &bus_work, 0);
	return IRQ_HANDLED;
}

void north_bus_exit(void)
{
	if (bus_irq > 0) {
		free_irq(bus_irq, &bus_work);
		north_irq_put(MB_PORT_BUS, bus_irq);
	}
	cancel_delayed_work_sync(&bus_work);
	apply(NULL, 0);
	destroy_workqueue(bus_wq);
	root_device_unregister(bus_parent);
}

int north_bus_init(void)
{
	int rc;

	bus_parent = root_device_register("north");
	if (IS_ERR(bus_parent))
		return PTR_ERR(bus_parent);
	INIT_DELAYED_WORK(&bus_work, bus_changed);
	bus_wq = alloc_ordered_workqueue("north-bus", 0);
	if (!bus_wq) {
		root_device_unregister(bus_parent);
		return -ENOMEM;
	}
	bus_irq = north_irq_get(MB_PORT_BUS, 0);
	rc = bus_irq < 0 ? bus_irq : request_irq(bus_irq, bus_event, 0, "vbus-bus", &bus_work);
	if (rc) {
		pr_err("north: no interrupt for bus changes: %d\n", rc);
		if (bus_irq > 0)
			north_irq_put(MB_PORT_BUS, bus_irq);
		bus_irq = 0;
		north_bus_exit();
		return rc;
	}
	/* The first look is not waited for: loading must not hang on the other side. */
	queue_delayed_work(bus_wq, &bus_work, 0);
	return 0;
}
