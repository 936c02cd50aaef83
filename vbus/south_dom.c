// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a guest's domain: build, start, state changes, destroy.
 *
 * Build is all or nothing. Destroy works from any state and in this order, each step making the
 * next one safe: stop the vCPUs; no more calls or state events; close connections (device models
 * let go of the memory); shut the device files; close the ports; unmap the memory; destroy the
 * domain. Pages of it may still lie in a queue of dom0's network or disks: after a short wait the
 * last two steps are left to a worker, so that nobody hangs, and the memory stays taken until then.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "../hv/abi/guest.h"
#include "south.h"

#define DOM_IDLE_WAIT (2 * HZ)

struct workqueue_struct *south_wq;

int south_dom_info(u32 domid, struct mb_dom_info *info)
{
	long ret;

	info->struct_size = sizeof(*info);
	info->domid = 0;
	ret = mb_hc2(MB_HC_DOM_INFO, domid, hc_gpa(info));
	if (ret < 0)
		return ret == -ENOENT ? -ESRCH : ret;
	return info->domid == domid ? 0 : -ESRCH; /* else it told of the next one */
}

/* The state port rang: learn what happened and tell whoever watches. */
static void dom_state_work(struct work_struct *work)
{
	struct south_guest *g = container_of(work, struct south_guest, state_work);
	struct mb_dom_info *info = hc_buffer(sizeof(*info));
	u32 domid = READ_ONCE(g->domid);
	bool changed = false;

	if (!info)
		return;
	if (!domid || south_dom_info(domid, info))
		goto out;
	mutex_lock(&g->info_lock);
	changed = g->state != info->state || g->reason != info->reason;
	g->state = info->state;
	g->reason = info->reason;
	memcpy(g->reason_text, info->reason_text, sizeof(g->reason_text));
	g->reason_text[sizeof(g->reason_text) - 1] = '\0';
	mutex_unlock(&g->info_lock);
	if (!changed)
		goto out;
	if (info->state == MB_STATE_SHUTDOWN) {
		pr_info("minibus: guest %s ended: %s %s\n", g->name,
			south_reason_name(info->reason),
			info->reason == MB_REASON_KILLED ? g->reason_text : "");
		/* It cannot use its devices any more: links go down, buffers are let go. */
		vbus_bus_reset(&g->bus);
	}
	south_chr_wake(READ_ONCE(g->console));
	south_chr_uevent(READ_ONCE(g->console), g);
out:
	kfree(info);
}

static void dom_console_event(void *arg)
{
	struct south_guest *g = arg;

	/* The port is silenced before the console goes. */
	south_chr_wake(READ_ONCE(g->console));
}

static void dom_state_event(void *arg)
{
	struct south_guest *g = arg;

	queue_work(south_wq, &g->state_work);
}

int south_dom_init(struct south_guest *g)
{
	mutex_init(&g->lock);
	mutex_init(&g->info_lock);
	INIT_WORK(&g->state_work, dom_state_work);
	return vbus_bus_init(&g->bus, &south_bus_ops, g->name);
}

void south_dom_exit(struct south_guest *g)
{
	vbus_bus_exit(&g->bus);
}

static int dom_port(struct south_guest *g, struct south_port *port, const char *what,
		    void (*fn)(void *))
{
	char name[SOUTH_PORT_NAME];

	snprintf(name, sizeof(name), "%s.%s", g->name, what);
	return south_port_open(port, g, name, SOUTH_PRIO_CONTROL, fn, g);
}

static int dom_ports_open(struct south_guest *g)
{
	int err = dom_port(g, &g->call_port, "call", south_call_event);

	if (!err)
		err = dom_port(g, &g->console_port, "console", dom_console_event);
	if (!err)
		err = dom_port(g, &g->state_port, "state", dom_state_event);
	if (!err)
		err = dom_port(g, &g->bus_port, "bus", NULL);
	return err;
}

static void dom_port_close(struct south_guest *g, struct south_port *port)
{
	south_port_close(port);
	g->past_events += port->events;
	port->events = 0;
}

static long dom_create(struct south_guest *g)
{
	struct mb_dom_create *c = hc_buffer(sizeof(*c));
	long ret;

	if (!c)
		return -ENOMEM;
	c->flags = MB_DOM_SHARE_ALL | (g->cr3_trace ? MB_DOM_CR3_TRACE : 0);
	c->vcpus = g->vcpus;
	c->tsc_khz = g->tsc_khz;
	c->call_port = g->call_port.nr;
	c->console_port = g->console_port.nr;
	c->state_port = g->state_port.nr;
	c->wallclock_ns = ktime_get_real_ns();
	strscpy(c->name, g->name, sizeof(c->name));
	ret = mb_hc1(MB_HC_DOM_CREATE, hc_gpa(c));
	kfree(c);
	return ret;
}

static int dom_memory_range(u32 domid, u64 gpa, u64 bytes)
{
	while (bytes) {
		long ret = mb_hc3(MB_HC_DOM_MEM_ADD, domid, gpa, bytes);

		cond_resched();
		if (ret == -EAGAIN)
			continue;
		if (ret < 0)
			return ret;
		if (!ret || ret > bytes)
			return -EIO;
		gpa += ret;
		bytes -= ret;
	}
	return 0;
}

/* RAM from 0, with a hole below 4 GiB for the local APIC and the like. */
static int dom_memory(struct south_guest *g)
{
	u64 bytes = (u64)g->memory_mib << 20;
	u64 low = min_t(u64, bytes, MB_GUEST_RAM_HOLE_START);
	int err = dom_memory_range(g->domid, 0, low);

	if (!err)
		err = dom_memory_range(g->domid, MB_GUEST_RAM_HIGH_START, bytes - low);
	return err;
}

static void dom_end(u32 domid, const char *name)
{
	long ret;

	do {
		ret = mb_hc1(MB_HC_DOM_DESTROY, domid);
		cond_resched();
	} while (ret == -EAGAIN);
	if (ret)
		pr_err("minibus: guest %s: domain %u cannot be destroyed: error %ld\n", name, domid,
		       ret);
}

struct dom_rest { /* a domain whose memory is still in use */
	struct delayed_work work;
	struct south_mem *mem;
	u32 domid;
	char name[MB_DOM_NAME_LEN];
};

static void dom_rest_work(struct work_struct *work)
{
	struct dom_rest *rest = container_of(work, struct dom_rest, work.work);

	if (!south_mem_idle(rest->mem)) {
		queue_delayed_work(south_wq, &rest->work, HZ);
		return;
	}
	south_mem_unmap(rest->mem);
	dom_end(rest->domid, rest->name);
	pr_info("minibus: guest %s: its memory is free now\n", rest->name);
	kfree(rest);
	module_put(THIS_MODULE); /* exit waits for this queue */
}

/* The memory and the domain, now or as soon as that is possible. */
static void dom_let_go(u32 domid, const char *name, struct south_mem *mem)
{
	unsigned long until = jiffies + DOM_IDLE_WAIT;
	struct dom_rest *rest = NULL;

	while (!south_mem_idle(mem)) {
		if (!rest && time_after(jiffies, until))
			rest = kzalloc(sizeof(*rest), GFP_KERNEL);
		if (rest)
			break;
		msleep(20);
	}
	if (!rest) {
		south_mem_unmap(mem);
		if (domid)
			dom_end(domid, name);
		return;
	}
	pr_warn("minibus: guest %s: dom0 still reads its memory; it stays until that is over\n",
		name);
	__module_get(THIS_MODULE);
	INIT_DELAYED_WORK(&rest->work, dom_rest_work);
	rest->mem = mem;
	rest->domid = domid;
	strscpy(rest->name, name, sizeof(rest->name));
	queue_delayed_work(south_wq, &rest->work, HZ);
}

void south_dom_destroy(struct south_guest *g)
{
	u32 domid = g->domid;

	lockdep_assert_held(&g->lock);
	if (domid)
		mb_hc2(MB_HC_DOM_CTL, domid, MB_CTL_STOP); /* fails if never started: as good */
	south_port_quiesce(&g->call_port);
	south_port_quiesce(&g->state_port);
	south_port_quiesce(&g->console_port);
	south_call_exit(g);
	cancel_work_sync(&g->state_work);
	vbus_bus_attach(&g->bus, NULL, NULL);
	south_chr_close(g->console);
	south_chr_close(g->memory);
	g->console = NULL;
	g->memory = NULL;
	debugfs_remove_recursive(g->debugfs);
	g->debugfs = NULL;
	dom_port_close(g, &g->call_port);
	dom_port_close(g, &g->console_port);
	dom_port_close(g, &g->state_port);
	dom_port_close(g, &g->bus_port);
	dom_let_go(domid, g->name, g->mem);
	g->mem = NULL;
	WRITE_ONCE(g->domid, 0);
}

static int dom_open_files(struct south_guest *g)
{
	struct south_chan *chan = south_chr_console(g);

	if (IS_ERR(chan))
		return PTR_ERR(chan);
	WRITE_ONCE(g->console, chan);
	chan = south_chr_memory(g);
	if (IS_ERR(chan))
		return PTR_ERR(chan);
	g->memory = chan;
	return 0;
}

int south_dom_build(struct south_guest *g)
{
	long ret;

	lockdep_assert_held(&g->lock);
	if (g->domid)
		return -EBUSY;
	if (!g->memory_mib || !g->vcpus)
		return -EINVAL;
	mutex_lock(&g->info_lock);
	g->state = MB_STATE_NEW;
	g->reason = MB_REASON_NONE;
	g->reason_text[0] = '\0';
	mutex_unlock(&g->info_lock);
	ret = south_call_init(g);
	if (ret)
		goto fail;
	ret = dom_ports_open(g);
	if (ret)
		goto fail;
	ret = dom_create(g);
	if (ret < 0)
		goto fail;
	WRITE_ONCE(g->domid, ret);
	ret = dom_memory(g);
	if (ret)
		goto fail;
	ret = south_mem_map(g->domid, g->name, &g->mem);
	if (ret)
		goto fail;
	ret = south_port_bind(&g->bus_port, MB_PORT_BUS);
	if (ret)
		goto fail;
	ret = dom_open_files(g);
	if (ret)
		goto fail;
	g->debugfs = south_stats_guest(g);
	vbus_bus_attach(&g->bus, south_mem_table(g->mem), g->debugfs);
	return 0;

fail:
	south_dom_destroy(g);
	return ret;
}

int south_dom_start(struct south_guest *g)
{
	struct mb_vcpu_state *state;
	long ret;

	lockdep_assert_held(&g->lock);
	if (!g->domid)
		return -ENXIO;
	if (!g->entry_set)
		return -EINVAL;
	state = hc_buffer(sizeof(*state));
	if (!state)
		return -ENOMEM;
	*state = g->entry;
	state->struct_size = sizeof(*state);
	ret = mb_hc3(MB_HC_VCPU_STATE, g->domid, 0, hc_gpa(state));
	kfree(state);
	return ret ? ret : south_dom_control(g, MB_CTL_START);
}

int south_dom_control(struct south_guest *g, u32 ctl)
{
	long ret;

	lockdep_assert_held(&g->lock);
	if (!g->domid)
		return -ENXIO;
	ret = mb_hc2(MB_HC_DOM_CTL, g->domid, ctl);
	/* Readers of `state` see the effect at once, not only after the event. */
	if (!ret) {
		queue_work(south_wq, &g->state_work);
		flush_work(&g->state_work);
	}
	return ret;
}
