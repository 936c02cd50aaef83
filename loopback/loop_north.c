// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver side of a loopback bus: what a guest's connector does, over calls that are functions.
 * One worker per bus enumerates when the bus has changed, removes what is gone, then adds what is
 * new.
 */
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <asm/io.h>

#include "../guest-linux/bus.h"
#include "loop.h"

#define NORTH_MAX_DEVICES 256u /* of a sane bus */
#define NORTH_TURNS 8	       /* enumerations in a row that a changing list may spoil */
#define NORTH_RETRY (HZ / 2)

struct north_list {
	u32 count;
	struct vb_enum dev[NORTH_MAX_DEVICES];
};

struct loop_north {
	struct loop_bus *bus;
	struct device *parent;
	struct delayed_work work;
	struct list_head devices; /* worker only, and when that is gone */
	bool negotiated;	  /* worker only */
};

/* ---- what the drivers' bus asks of the connector ---- */

static int vdev_bus_call(struct vbus_device *vdev, u32 nr, void *data, u32 len)
{
	struct loop_north *n = dev_get_drvdata(vdev->dev.parent);

	return loop_south_call(n->bus, nr, data, len);
}

static int vdev_loop_open(struct vbus_device *vdev, u32 version, u64 wanted, u64 *accepted)
{
	struct vb_open arg = { .devid = vdev->devid, .version = version, .features = wanted };
	int rc = vdev_bus_call(vdev, VB_CALL_OPEN, &arg, sizeof(arg));

	*accepted = arg.features;
	return min(rc, 0);
}

static int vdev_loop_close(struct vbus_device *vdev)
{
	struct vb_close arg = { .devid = vdev->devid };
	int rc = vdev_bus_call(vdev, VB_CALL_CLOSE, &arg, sizeof(arg));

	return min(rc, 0);
}

static int vdev_loop_shm(struct vbus_device *vdev, u32 id, void *mem, u32 len, u32 *prio, u32 *port)
{
	struct vb_shm arg = {
		.devid = vdev->devid, .id = id, .gpa = virt_to_phys(mem), .len = len, .prio = *prio,
	};
	int rc = vdev_bus_call(vdev, VB_CALL_SHM, &arg, sizeof(arg));

	*port = arg.port;
	*prio = arg.prio;
	return min(rc, 0);
}

static int vdev_loop_call(struct vbus_device *vdev, u32 func, void *data, u32 len)
{
	struct vb_devcall *arg;
	int rc;

	if (READ_ONCE(vdev->gone))
		return -ENODEV;
	arg = kzalloc(sizeof(*arg), GFP_KERNEL);
	if (!arg)
		return -ENOMEM;
	arg->devid = vdev->devid;
	arg->func = func;
	arg->len = len;
	memcpy(arg->data, data, len);
	rc = vdev_bus_call(vdev, VB_CALL_DEV, arg, sizeof(*arg));
	memcpy(data, arg->data, len);
	kfree(arg);
	return rc;
}

static int vdev_loop_irq_get(u32 port, u32 prio)
{
	return loop_port_join(port);
}

static void vdev_loop_irq_put(u32 port, int irq)
{
	loop_port_leave(port, LOOP_NORTH);
}

static void vdev_loop_notify(u32 port)
{
	loop_port_send(port, LOOP_SOUTH);
}

static const struct vdev_ops loop_vdev_ops = {
	.open = vdev_loop_open,
	.close = vdev_loop_close,
	.shm = vdev_loop_shm,
	.call = vdev_loop_call,
	.irq_get = vdev_loop_irq_get,
	.irq_put = vdev_loop_irq_put,
	.notify = vdev_loop_notify,
};

/* ---- the device list ---- */

static int north_negotiate(struct loop_north *n)
{
	struct vb_negotiate arg = {
		.magic = VB_MAGIC, .version = VB_VERSION, .features = VB_F_EVENT_IDX,
	};
	int rc = loop_south_call(n->bus, VB_CALL_NEGOTIATE, &arg, sizeof(arg));

	if (rc < 0)
		return rc;
	return arg.version == VB_VERSION && arg.features == VB_F_EVENT_IDX ? 0 : -EPROTO;
}

/* The whole list of one generation; -EAGAIN if it keeps changing. */
static int north_enumerate(struct loop_north *n, struct north_list *list)
{
	u32 generation = 0;
	int turn, rc;

	for (turn = 0; turn < NORTH_TURNS; turn++) {
		for (list->count = 0;; list->count++) {
			struct vb_enum *d = &list->dev[list->count];

			if (list->count == NORTH_MAX_DEVICES)
				return -EPROTO;
			*d = (struct vb_enum){ .index = list->count };
			rc = loop_south_call(n->bus, VB_CALL_ENUM, d, sizeof(*d));
			if (rc == -ENOENT)
				return 0;
			if (rc < 0)
				return rc;
			if (list->count && d->generation != generation)
				break;
			generation = d->generation;
		}
	}
	return -EAGAIN;
}

static bool north_listed(const struct vb_enum *dev, u32 count, u32 devid)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (dev[i].devid == devid)
			return true;
	return false;
}

static bool north_known(struct loop_north *n, u32 devid)
{
	struct vbus_device *vdev;

	list_for_each_entry(vdev, &n->devices, node)
		if (vdev->devid == devid)
			return true;
	return false;
}

/* Removal first: a new device may have the name of an old one. */
static void north_apply(struct loop_north *n, const struct vb_enum *dev, u32 count)
{
	struct vbus_device *vdev, *next;
	u32 i;

	list_for_each_entry_safe(vdev, next, &n->devices, node)
		if (!north_listed(dev, count, vdev->devid)) {
			list_del(&vdev->node);
			vdev_remove(vdev);
		}
	for (i = 0; i < count; i++) {
		const struct vb_enum *d = &dev[i];

		if (north_known(n, d->devid))
			continue;
		vdev = vdev_add(n->parent, &loop_vdev_ops, d);
		if (IS_ERR(vdev))
			dev_err(n->parent, "device %u \"%.*s\" refused: %ld\n", d->devid,
				VB_NAME_LEN, d->name, PTR_ERR(vdev));
		else
			list_add_tail(&vdev->node, &n->devices);
	}
}

static void north_work(struct work_struct *work)
{
	struct loop_north *n = container_of(to_delayed_work(work), struct loop_north, work);
	struct north_list *list = kvmalloc(sizeof(*list), GFP_KERNEL);
	int rc = list ? 0 : -ENOMEM;

	if (!rc && !n->negotiated)
		rc = north_negotiate(n);
	if (!rc) {
		n->negotiated = true;
		rc = north_enumerate(n, list);
	}
	if (!rc)
		north_apply(n, list->dev, list->count);
	else
		queue_delayed_work(system_unbound_wq, &n->work, NORTH_RETRY);
	kvfree(list);
}

void loop_north_changed(struct loop_north *n)
{
	mod_delayed_work(system_unbound_wq, &n->work, 0);
}

void loop_north_show(struct seq_file *m)
{
	struct vdev_stats s;

	vdev_stats_total(&s);
	seq_printf(m, "notify %llu\ninject %llu\nsuppressed %llu\n", s.notify, s.inject,
		   s.suppressed);
	seq_printf(m, "spurious %llu\nringfull %llu\nfaults %llu\n", s.spurious, s.ringfull,
		   s.faults);
}

/* ---- life ---- */

struct loop_north *loop_north_create(struct loop_bus *bus, const char *name)
{
	struct loop_north *n = kzalloc(sizeof(*n), GFP_KERNEL);
	char dir[64];
	long err;

	if (!n)
		return ERR_PTR(-ENOMEM);
	snprintf(dir, sizeof(dir), "vbus-loop-%s", name);
	n->bus = bus;
	INIT_LIST_HEAD(&n->devices);
	INIT_DELAYED_WORK(&n->work, north_work);
	n->parent = root_device_register(dir);
	if (IS_ERR(n->parent)) {
		err = PTR_ERR(n->parent);
		kfree(n);
		return ERR_PTR(err);
	}
	dev_set_drvdata(n->parent, n);
	return n;
}

void loop_north_destroy(struct loop_north *n)
{
	cancel_delayed_work_sync(&n->work);
	north_apply(n, NULL, 0);
	root_device_unregister(n->parent);
	kfree(n);
}
