// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "console": character ports between dom0 and a guest.
 *
 * In dom0 port N of device NAME is the tty /dev/minibus/NAME.N, from mkdir to rmdir: it waits for
 * the guest, and for the next one. While nobody has it open the latest 16 KiB of output are kept
 * for who opens it next, so a guest never waits for dom0 to listen; while somebody does, nothing is
 * lost (vbus/proto/vtty.c).
 *
 * The node is a device of this module's own class and not of the tty core's, which knows numbers
 * only; both name the same device number.
 */
#include <linux/device.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "abi/console.h"
#include "bus.h"
#include "compat.h"
#include "proto/vtty.h"

#define CON_LINES 256 /* of all devices */

struct con_port {
	struct vtty *vtty;	    /* NULL: above the device's number of ports */
	struct vbus_region *region; /* while registered */
};

struct con {
	struct vbus_device vdev; /* first: the core frees it */
	u32 ports;		 /* vdev.lock; constant while linked */
	char name[VB_NAME_LEN];
	struct con_port port[VB_CONSOLE_MAX_PORTS];
};

static struct tty_driver *con_driver;
static struct class *con_class;

static struct con *to_con(struct vbus_device *dev)
{
	return container_of(dev, struct con, vdev);
}

static void con_signal(void *owner, bool needed)
{
	vbus_region_signal(owner, needed);
}

static void con_broken(void *owner)
{
	vbus_region_break(owner, "impossible count of bytes");
}

static const struct vtty_ops con_vtty_ops = { .signal = con_signal, .broken = con_broken };

static void con_notify(struct vbus_region *region)
{
	vtty_event(region->priv);
}

static dev_t con_devt(const struct vtty *t)
{
	return MKDEV(con_driver->major, con_driver->minor_start + t->index);
}

/* Ports n and up go; whoever has them open is hung up. */
static void con_cut(struct con *c, u32 n)
{
	for (; c->ports > n; c->ports--) {
		struct con_port *p = &c->port[c->ports - 1];

		device_destroy(con_class, con_devt(p->vtty));
		vtty_destroy(p->vtty);
		p->vtty = NULL;
	}
}

/* Until there are n ports, or none more than before. */
static int con_grow(struct con *c, u32 n)
{
	u32 before = c->ports;

	while (c->ports < n) {
		struct vtty *t = vtty_create(con_driver, &con_vtty_ops, true);
		struct device *node;

		if (IS_ERR(t)) {
			con_cut(c, before);
			return PTR_ERR(t);
		}
		node = device_create(con_class, NULL, con_devt(t), NULL, "minibus!%s.%u", c->name,
				     c->ports);
		if (IS_ERR(node)) {
			vtty_destroy(t);
			con_cut(c, before);
			return PTR_ERR(node);
		}
		c->port[c->ports++].vtty = t;
	}
	return 0;
}

static struct vbus_device *con_create(const char *name)
{
	struct con *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int err;

	if (!c)
		return ERR_PTR(-ENOMEM);
	strscpy(c->name, name, sizeof(c->name));
	err = con_grow(c, 1);
	if (err) {
		kfree(c);
		return ERR_PTR(err);
	}
	return &c->vdev;
}

static void con_remove(struct vbus_device *dev)
{
	con_cut(to_con(dev), 0);
}

static int con_open(struct vbus_device *dev, u64 *features)
{
	return 0;
}

static void con_close(struct vbus_device *dev)
{
	struct con *c = to_con(dev);
	u32 i;

	for (i = 0; i < c->ports; i++) {
		vtty_detach(c->port[i].vtty);
		c->port[i].region = NULL;
	}
}

static void con_name_region(u32 id, char *name, size_t size)
{
	snprintf(name, size, "port%u", id);
}

static int con_shm(struct vbus_device *dev, struct vbus_region *region)
{
	struct con *c = to_con(dev);
	struct con_port *p;

	if (region->id >= c->ports || region->len != sizeof(struct vb_console_port) ||
	    !region->port)
		return -EINVAL;
	p = &c->port[region->id];
	p->region = region;
	vbus_region_watch(region, con_notify, p->vtty);
	vtty_attach(p->vtty, region, region->va, VB_CONSOLE_SOUTH);
	return 0;
}

static int con_call(struct vbus_device *dev, u32 func, void *data, u32 *len)
{
	struct vb_console_info *info = data;

	if (func != VB_CONSOLE_CALL_INFO)
		return -ENOSYS;
	*info = (struct vb_console_info){ .ports = to_con(dev)->ports };
	*len = sizeof(*info);
	return 0;
}

static void con_stats(struct vbus_device *dev, struct seq_file *m)
{
	struct con *c = to_con(dev);
	u32 i;

	for (i = 0; i < c->ports; i++) {
		struct vtty *t = c->port[i].vtty;

		seq_printf(m, "port%u.open %d\nport%u.carrier %d\n", i, READ_ONCE(t->open), i,
			   READ_ONCE(t->other_opens) & 1);
		seq_printf(m, "port%u.sent %llu\nport%u.received %llu\nport%u.lost %llu\n", i,
			   READ_ONCE(t->sent), i, READ_ONCE(t->received), i, READ_ONCE(t->lost));
	}
}

static const struct vbus_class_ops con_ops = {
	.create = con_create,
	.remove = con_remove,
	.open = con_open,
	.close = con_close,
	.name_region = con_name_region,
	.shm = con_shm,
	.call = con_call,
	.stats = con_stats,
};

static ssize_t con_ports_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_con(vbus_device(item))->ports));
}

static ssize_t con_ports_store(struct config_item *item, const char *page, size_t n)
{
	struct con *c = to_con(vbus_device(item));
	u32 ports;
	int err = kstrtou32(page, 0, &ports);

	if (err)
		return err;
	if (!ports || ports > VB_CONSOLE_MAX_PORTS)
		return -EINVAL;
	mutex_lock(&c->vdev.lock);
	if (c->vdev.bus) {
		err = -EBUSY;
	} else {
		con_cut(c, ports);
		err = con_grow(c, ports);
	}
	mutex_unlock(&c->vdev.lock);
	return err ? err : n;
}
CONFIGFS_ATTR(con_, ports);

static struct configfs_attribute *con_attrs[] = { &con_attr_ports, NULL };

static struct vbus_class con_vbus_class = {
	.type = VB_CONSOLE_TYPE,
	.version = VB_CONSOLE_VERSION,
	.owner = THIS_MODULE,
	.ops = &con_ops,
	.attrs = con_attrs,
};

static char *con_devnode(COMPAT_CONST_DEVICE *dev, umode_t *mode)
{
	if (mode)
		*mode = 0600;
	return NULL;
}

static int __init con_init(void)
{
	int err;

	con_driver = vtty_driver_create("vbus_console", "vbcon", CON_LINES, true);
	if (IS_ERR(con_driver))
		return PTR_ERR(con_driver);
	con_class = compat_class_create("vbus_console");
	if (IS_ERR(con_class)) {
		vtty_driver_free(con_driver);
		return PTR_ERR(con_class);
	}
	con_class->devnode = con_devnode;
	err = vbus_class_register(&con_vbus_class);
	if (err) {
		class_destroy(con_class);
		vtty_driver_free(con_driver);
	}
	return err;
}

static void __exit con_exit(void)
{
	vbus_class_unregister(&con_vbus_class);
	class_destroy(con_class);
	vtty_driver_free(con_driver);
}

module_init(con_init);
module_exit(con_exit);
MODULE_DESCRIPTION("vbus device class console");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
