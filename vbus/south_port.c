// SPDX-License-Identifier: GPL-2.0-only
/*
 * dom0's ports: numbers 1..4095 are handed out here, each with its own Linux irq.
 *
 * Closing has two steps, because a device model may ring until it has stopped: first the handler
 * goes (no event reaches anybody), later the number and the hypervisor's binding.
 */
#include <linux/bitmap.h>
#include <linux/interrupt.h>
#include <linux/irqdomain.h>

#include "south.h"

static DEFINE_SPINLOCK(ports_lock);
static DECLARE_BITMAP(ports_used, MB_DOM0_PORTS) = { 1 }; /* port 0 is nobody's; under ports_lock */

static u32 port_take(void)
{
	u32 nr;

	spin_lock(&ports_lock);
	nr = find_first_zero_bit(ports_used, MB_DOM0_PORTS);
	if (nr < MB_DOM0_PORTS)
		__set_bit(nr, ports_used);
	spin_unlock(&ports_lock);
	return nr < MB_DOM0_PORTS ? nr : 0;
}

static void port_give(u32 nr)
{
	spin_lock(&ports_lock);
	__clear_bit(nr, ports_used);
	spin_unlock(&ports_lock);
}

static irqreturn_t port_interrupt(int irq, void *arg)
{
	struct south_port *port = arg;
	struct south_guest *g = port->guest;
	u64 tag = south_irq_tag();

	port->events++;
	/* Two CPUs may both count one wake-up here now and then; it is a figure for people. */
	if (READ_ONCE(g->last_tag) != tag) {
		WRITE_ONCE(g->last_tag, tag);
		atomic64_inc(&g->qnotify);
	}
	if (port->fn)
		port->fn(port->arg);
	return IRQ_HANDLED;
}

int south_port_open(struct south_port *port, struct south_guest *guest, const char *name, u32 prio,
		    void (*fn)(void *arg), void *arg)
{
	int err;

	*port = (struct south_port){ .fn = fn, .arg = arg, .guest = guest };
	strscpy(port->name, name, sizeof(port->name));
	port->nr = port_take();
	if (!port->nr)
		return -ENOSPC;
	south_irq_prio(port->nr, prio);
	port->virq = irq_create_mapping(south_irq_domain(), port->nr);
	if (!port->virq) {
		err = -ENOMEM;
		goto give;
	}
	err = request_irq(port->virq, port_interrupt, 0, port->name, port);
	if (err)
		goto unmap;
	return 0;

unmap:
	irq_dispose_mapping(port->virq);
give:
	port_give(port->nr);
	port->nr = 0;
	return err;
}

int south_port_bind(struct south_port *port, u32 guest_port)
{
	long ret = mb_hc3(MB_HC_PORT_BIND, port->guest->domid, guest_port, port->nr);

	port->bound = !ret;
	return ret;
}

void south_port_send(const struct south_port *port)
{
	/* The only errors are "no peer any more": nobody is left to be told. */
	mb_hc1(MB_HC_PORT_SEND, port->nr);
}

void south_port_quiesce(struct south_port *port)
{
	if (!port->nr || port->quiet)
		return;
	port->quiet = true;
	free_irq(port->virq, port);
}

void south_port_close(struct south_port *port)
{
	if (!port->nr)
		return;
	south_port_quiesce(port);
	if (port->bound)
		mb_hc1(MB_HC_PORT_UNBIND, port->nr);
	irq_dispose_mapping(port->virq);
	port_give(port->nr);
	port->nr = 0;
}
