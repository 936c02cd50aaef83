// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the vbus core asks of the connector: a port per signalled region, ringing, "bus changed".
 * All but ringing run under the device's lock; those of several devices may run at once.
 */
#include <linux/bitmap.h>

#include "south.h"

struct region_port {
	struct south_port port;
	u32 guest_port;
};

static struct south_guest *bus_guest(struct vbus_bus *bus)
{
	return container_of(bus, struct south_guest, bus);
}

static void bus_region_event(void *arg)
{
	vbus_region_event(arg);
}

/* 0, which is the bus port: none is free. */
static u32 guest_port_take(struct south_guest *g)
{
	u32 port = MB_PORT_BUS;

	do
		port = find_next_zero_bit(g->guest_ports, MB_GUEST_PORTS, port + 1);
	while (port < MB_GUEST_PORTS && test_and_set_bit(port, g->guest_ports));
	return port < MB_GUEST_PORTS ? port : 0;
}

static int bus_port_open(struct vbus_region *region, u32 *guest_port)
{
	struct south_guest *g = bus_guest(region->dev->bus);
	struct region_port *rp = kzalloc(sizeof(*rp), GFP_KERNEL);
	char name[SOUTH_PORT_NAME];
	int err = -ENOSPC;

	if (!rp)
		return -ENOMEM;
	rp->guest_port = guest_port_take(g);
	if (!rp->guest_port)
		goto free;
	snprintf(name, sizeof(name), "%s:%s.%s", g->name, region->dev->name, region->name);
	err = south_port_open(&rp->port, g, name, region->prio, bus_region_event, region);
	if (err)
		goto give;
	err = south_port_bind(&rp->port, rp->guest_port);
	if (err)
		goto close;
	atomic64_inc(&g->bridgecalls);
	region->port = rp;
	*guest_port = rp->guest_port;
	return 0;

close:
	south_port_close(&rp->port);
give:
	clear_bit(rp->guest_port, g->guest_ports);
free:
	kfree(rp);
	return err;
}

static void bus_port_quiesce(struct vbus_region *region)
{
	struct region_port *rp = region->port;

	south_port_quiesce(&rp->port);
}

static void bus_port_close(struct vbus_region *region)
{
	struct south_guest *g = bus_guest(region->dev->bus);
	struct region_port *rp = region->port;

	south_port_close(&rp->port);
	atomic64_inc(&g->bridgecalls);
	clear_bit(rp->guest_port, g->guest_ports);
	region->port = NULL;
	kfree(rp);
}

static void bus_port_send(struct vbus_region *region)
{
	struct region_port *rp = region->port;

	south_port_send(&rp->port);
}

static void bus_announce(struct vbus_bus *bus)
{
	/* bus->mem is set only while the port is open and bound, see south_dom.c. */
	if (bus->mem)
		south_port_send(&bus_guest(bus)->bus_port);
}

const struct vbus_bus_ops south_bus_ops = {
	.port_open = bus_port_open,
	.port_quiesce = bus_port_quiesce,
	.port_close = bus_port_close,
	.port_send = bus_port_send,
	.changed = bus_announce,
};
