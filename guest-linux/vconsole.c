// SPDX-License-Identifier: GPL-2.0-only
/*
 * vconsole: driver of the class "console" (vbus/abi/console.h). Each port is a tty, /dev/vbc0 and
 * up (/sys/bus/vbus/devices/NAME/tty and its attribute "ports" say which), and can be the kernel's
 * console: console=vbc0.
 *
 * Not on top of hvc: that has eight ttys for the whole machine, moves 16 bytes at a time, and
 * cannot give up a console when its device is unplugged.
 */
#include <linux/console.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../vbus/abi/console.h"
#include "../vbus/proto/vtty.h"
#include "bus.h"

#define VCON_LINES 64 /* of all devices */

struct vcon_port {
	struct vtty *vtty;
	struct console console;
	struct vdev_region region;
};

struct vcon {
	struct vbus_device *vdev;
	u32 ports;
	struct vcon_port port[];
};

static struct tty_driver *vcon_driver;

static void vcon_event(struct vdev_region *region)
{
	struct vcon_port *p = region->priv;

	vtty_event(p->vtty);
}

static void vcon_signal(void *owner, bool needed)
{
	struct vcon_port *p = owner;

	vdev_region_kick(&p->region, needed);
}

static void vcon_broken(void *owner)
{
	struct vcon_port *p = owner;

	p->region.stats.faults++; /* no message: this may be where messages go */
}

static const struct vtty_ops vcon_ops = { .signal = vcon_signal, .broken = vcon_broken };

/* ---- the kernel's console ---- */

static void vcon_console_write(struct console *console, const char *text, unsigned int len)
{
	struct vcon_port *p = console->data;

	vtty_print(p->vtty, text, len);
}

static struct tty_driver *vcon_console_device(struct console *console, int *index)
{
	*index = console->index;
	return vcon_driver;
}

static int vcon_console_setup(struct console *console, char *options)
{
	return 0;
}

static void vcon_console_start(struct vcon_port *p)
{
	p->console = (struct console){
		.name = "vbc", .write = vcon_console_write, .device = vcon_console_device,
		.setup = vcon_console_setup, .flags = CON_PRINTBUFFER, .index = p->vtty->index,
		.data = p,
	};
	register_console(&p->console); /* takes part only if the command line wants it */
}

static void vcon_console_stop(struct vcon_port *p)
{
	if (p->console.flags & CON_ENABLED)
		unregister_console(&p->console);
}

/* ---- ports ---- */

static int vcon_port_start(struct vcon *c, u32 nr)
{
	struct vcon_port *p = &c->port[nr];
	struct device *node;
	struct vtty *t;
	int rc;

	p->region.mem = vdev_mem_alloc(p->region.len);
	if (!p->region.mem)
		return -ENOMEM;
	t = vtty_create(vcon_driver, &vcon_ops, false);
	if (IS_ERR(t))
		return PTR_ERR(t);
	p->vtty = t;
	rc = vdev_region_add(c->vdev, &p->region);
	if (rc)
		return rc;
	vtty_attach(t, p, p->region.mem, VB_CONSOLE_NORTH);
	node = tty_register_device(vcon_driver, t->index, &c->vdev->dev);
	if (IS_ERR(node))
		return PTR_ERR(node);
	vcon_console_start(p);
	c->ports = nr + 1;
	return 0;
}

/* After it nobody rings or looks at shared memory; interrupts may still come until close. */
static void vcon_port_quiet(struct vcon_port *p)
{
	vcon_console_stop(p);
	tty_unregister_device(vcon_driver, p->vtty->index);
	vtty_detach(p->vtty);
}

static void vcon_free(struct vcon *c, bool closed)
{
	u32 i;

	for (i = 0; i < VB_CONSOLE_MAX_PORTS; i++) {
		struct vcon_port *p = &c->port[i];

		if (p->vtty)
			vtty_destroy(p->vtty);
		/* Memory that the other side may still write to is not given back. */
		if (closed)
			vdev_mem_free(p->region.mem, p->region.len);
	}
	kfree(c);
}

static ssize_t ports_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vcon *c = dev_get_drvdata(dev);
	ssize_t n = 0;
	u32 i;

	for (i = 0; i < c->ports; i++)
		n += sysfs_emit_at(buf, n, "%u vbc%u\n", i, c->port[i].vtty->index);
	return n;
}
static DEVICE_ATTR_RO(ports);

static struct attribute *vcon_attrs[] = { &dev_attr_ports.attr, NULL };
ATTRIBUTE_GROUPS(vcon);

static int vcon_start(struct vcon *c)
{
	struct vb_console_info info = { 0 };
	u32 i;
	int rc;

	rc = vdev_call(c->vdev, VB_CONSOLE_CALL_INFO, &info, sizeof(info));
	if (rc < 0)
		return rc;
	if (!info.ports || info.ports > VB_CONSOLE_MAX_PORTS) {
		dev_err(&c->vdev->dev, "%u ports\n", info.ports);
		return -EPROTO;
	}
	for (i = 0; i < info.ports; i++) {
		rc = vcon_port_start(c, i);
		if (rc)
			return rc;
	}
	return 0;
}

static void vcon_stop(struct vcon *c)
{
	u32 i;

	for (i = 0; i < c->ports; i++)
		vcon_port_quiet(&c->port[i]);
	for (i = 0; i < VB_CONSOLE_MAX_PORTS; i++) /* the one that did not start */
		if (c->port[i].vtty)
			vtty_detach(c->port[i].vtty);
}

static int vcon_probe(struct vbus_device *vdev)
{
	struct vcon *c = kzalloc(struct_size(c, port, VB_CONSOLE_MAX_PORTS), GFP_KERNEL);
	int rc;
	u32 i;

	if (!c)
		return -ENOMEM;
	c->vdev = vdev;
	for (i = 0; i < VB_CONSOLE_MAX_PORTS; i++) {
		c->port[i].region = (struct vdev_region){
			.id = i, .len = sizeof(struct vb_console_port), .event = vcon_event,
			.prio = VB_PRIO_HIGH, .priv = &c->port[i],
		};
		snprintf(c->port[i].region.name, VDEV_REGION_NAME, "port%u", i);
	}
	rc = vdev_open(vdev, VB_CONSOLE_VERSION, 0);
	if (rc) {
		kfree(c);
		return rc;
	}
	dev_set_drvdata(&vdev->dev, c);
	rc = vcon_start(c);
	if (rc) {
		dev_err(&vdev->dev, "no console: %d\n", rc);
		vcon_stop(c);
		vcon_free(c, vdev_close(vdev));
	}
	return rc;
}

static void vcon_remove(struct vbus_device *vdev)
{
	struct vcon *c = dev_get_drvdata(&vdev->dev);

	vcon_stop(c);
	vcon_free(c, vdev_close(vdev));
}

static struct vbus_driver vcon_vbus_driver = {
	.driver = { .name = "vconsole", .dev_groups = vcon_groups },
	.type = VB_CONSOLE_TYPE,
	.probe = vcon_probe,
	.remove = vcon_remove,
};

static int __init vcon_init(void)
{
	int rc;

	vcon_driver = vtty_driver_create("vconsole", "vbc", VCON_LINES, false);
	if (IS_ERR(vcon_driver))
		return PTR_ERR(vcon_driver);
	rc = vdrv_register(&vcon_vbus_driver, THIS_MODULE);
	if (rc)
		vtty_driver_free(vcon_driver);
	return rc;
}

static void __exit vcon_exit(void)
{
	vdrv_unregister(&vcon_vbus_driver);
	vtty_driver_free(vcon_driver);
}

module_init(vcon_init);
module_exit(vcon_exit);

MODULE_ALIAS("vbus:console");
MODULE_DESCRIPTION("Console driver of a Minibus guest");
MODULE_LICENSE("GPL");
