// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device side of a loopback bus, and its directory: /sys/kernel/config/vbus/loopback/NAME/.
 *
 * bus/ takes links to devices as a guest's does. Calls come from the drivers of the same kernel and
 * are answered in a worker, as those of a guest are: a driver may hold locks (rtnl) of which a
 * device model must know nothing, and the model gets a private copy of what was asked.
 *
 * The guest's memory is all memory of this kernel, at its physical address: the ends trust each
 * other, since each could do anything to the other anyway. This is for tests and development.
 */
#include <linux/configfs.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <asm/io.h>

#include "../hv/abi/tunnel.h"
#include "../vbus/bus.h"
#include "loop.h"

#define LOOP_NAME 32

struct loop_bus {
	struct config_group group;
	struct config_group bus_group;
	char name[LOOP_NAME];
	struct vbus_bus bus;
	struct loop_north *north;
	struct dentry *debugfs;
};

/* The south end of a port. */
struct loop_south_end {
	u32 port;
	int irq;
	char name[LOOP_NAME + VB_NAME_LEN + VBUS_REGION_NAME + 4];
};

struct loop_call {
	struct work_struct work;
	struct loop_bus *bus;
	u32 nr;
	u32 len;
	int result;
	u8 data[MB_CALL_DATA] __aligned(8);
};

static struct workqueue_struct *calls_wq;
static struct vbus_mem *memory; /* of this kernel, as it was when the module was loaded */
static struct config_group loopback_group;
static atomic_t call_turns;

/* ---- memory ---- */

static int memory_count(struct resource *res, void *count)
{
	++*(u32 *)count;
	return 0;
}

/* Resources come in order and do not overlap. */
static int memory_add(struct resource *res, void *room)
{
	struct vbus_mem_range *last = memory->count ? &memory->range[memory->count - 1] : NULL;
	u64 gpa = PAGE_ALIGN(res->start), end = (res->end + 1) & PAGE_MASK;

	if (gpa >= end)
		return 0;
	if (last && last->gpa + last->size == gpa) {
		last->size = end - last->gpa;
		return 0;
	}
	if (memory->count == *(u32 *)room)
		return -E2BIG;
	memory->range[memory->count++] =
		(struct vbus_mem_range){ .gpa = gpa, .size = end - gpa, .va = phys_to_virt(gpa) };
	return 0;
}

static int memory_walk(void *arg, int (*fn)(struct resource *, void *))
{
	return walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
				   arg, fn);
}

static int memory_init(void)
{
	u32 room = 0;
	int rc = memory_walk(&room, memory_count);

	if (rc)
		return rc;
	memory = kvzalloc(struct_size(memory, range, room), GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	rc = memory_walk(&room, memory_add);
	if (rc)
		kvfree(memory);
	return rc;
}

/* ---- what the core asks of the connector; all but sending under dev->lock ---- */

static struct loop_bus *to_loop_bus(struct vbus_bus *bus)
{
	return container_of(bus, struct loop_bus, bus);
}

static irqreturn_t south_event(int irq, void *arg)
{
	vbus_region_event(arg);
	return IRQ_HANDLED;
}

static int south_port_new(struct vbus_region *region, u32 *guest_port)
{
	struct loop_bus *b = to_loop_bus(region->dev->bus);
	struct loop_south_end *end = kzalloc(sizeof(*end), GFP_KERNEL);
	int rc;

	if (!end)
		return -ENOMEM;
	snprintf(end->name, sizeof(end->name), "%s:%s.%s", b->name, region->dev->name,
		 region->name);
	end->irq = loop_port_open(&end->port, region->prio);
	if (end->irq < 0) {
		rc = end->irq;
		goto free;
	}
	rc = request_irq(end->irq, south_event, 0, end->name, region);
	if (rc)
		goto leave;
	region->port = end;
	*guest_port = end->port;
	return 0;

leave:
	loop_port_leave(end->port, LOOP_SOUTH);
free:
	kfree(end);
	return rc;
}

static void south_port_silence(struct vbus_region *region)
{
	struct loop_south_end *end = region->port;

	free_irq(end->irq, region);
	end->irq = 0;
}

/* Silenced before, see region.c. */
static void south_port_end(struct vbus_region *region)
{
	struct loop_south_end *end = region->port;

	loop_port_leave(end->port, LOOP_SOUTH);
	region->port = NULL;
	kfree(end);
}

static void south_port_ring(struct vbus_region *region)
{
	struct loop_south_end *end = region->port;

	loop_port_send(end->port, LOOP_NORTH);
}

static void south_bus_changed(struct vbus_bus *bus)
{
	if (bus->mem)
		loop_north_changed(to_loop_bus(bus)->north);
}

static const struct vbus_bus_ops loop_bus_ops = {
	.port_open = south_port_new,
	.port_quiesce = south_port_silence,
	.port_close = south_port_end,
	.port_send = south_port_ring,
	.changed = south_bus_changed,
};

/* ---- calls ---- */

static void south_answer(struct work_struct *work)
{
	struct loop_call *c = container_of(work, struct loop_call, work);
	u32 us = READ_ONCE(loop_fault_call_us);

	if (us)
		usleep_range(1, 1 + us);
	c->result = vbus_bus_call(&c->bus->bus, c->nr, c->data, &c->len);
}

int loop_south_call(struct loop_bus *bus, u32 nr, void *data, u32 len)
{
	struct loop_call c = { .bus = bus, .nr = nr, .len = len };

	if (len > sizeof(c.data))
		return -EINVAL;
	/* A close that fails costs the driver its memory: closing never fails here. */
	if (nr != VB_CALL_CLOSE && loop_fault_turn(READ_ONCE(loop_fault_call_fail), &call_turns))
		return -ENOMEM;
	memcpy(c.data, data, len);
	INIT_WORK_ONSTACK(&c.work, south_answer);
	queue_work(calls_wq, &c.work);
	flush_work(&c.work);
	destroy_work_on_stack(&c.work);
	if (c.result >= 0)
		memcpy(data, c.data, len);
	return c.result;
}

/* ---- statistics: /sys/kernel/debug/vbus_loop/NAME/bus ---- */

static int bus_stats_show(struct seq_file *m, void *unused)
{
	struct loop_bus *b = m->private;
	struct vbus_stats s;
	u64 buscalls;

	vbus_bus_stats(&b->bus, &s, &buscalls);
	seq_printf(m, "notify %llu\ninject %llu\nsuppressed %llu\n", s.notify, s.inject,
		   s.suppressed);
	seq_printf(m, "buscalls %llu\nspurious %llu\nringfull %llu\nfaults %llu\n", buscalls,
		   s.spurious, s.ringfull, s.faults);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bus_stats);

/* ---- configfs ---- */

static struct loop_bus *item_bus(struct config_item *bus_dir)
{
	return container_of(to_config_group(bus_dir), struct loop_bus, bus_group);
}

static int bus_allow_link(struct config_item *src, struct config_item *target)
{
	return vbus_bus_link(&item_bus(src)->bus, target);
}

static void bus_drop_link(struct config_item *src, struct config_item *target)
{
	vbus_bus_unlink(&item_bus(src)->bus, target);
}

static struct configfs_item_operations bus_item_ops = {
	.allow_link = bus_allow_link,
	.drop_link = bus_drop_link,
};
static const struct config_item_type bus_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &bus_item_ops,
};

static void loop_bus_release(struct config_item *item)
{
	kfree(container_of(to_config_group(item), struct loop_bus, group));
}

static struct configfs_item_operations loop_bus_item_ops = { .release = loop_bus_release };
static const struct config_item_type loop_bus_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &loop_bus_item_ops,
};

static struct config_group *loopback_make_group(struct config_group *group, const char *name)
{
	struct loop_bus *b;
	int rc;

	if (!vbus_name_ok(name, LOOP_NAME))
		return ERR_PTR(-EINVAL);
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return ERR_PTR(-ENOMEM);
	strscpy(b->name, name, sizeof(b->name));
	rc = vbus_bus_init(&b->bus, &loop_bus_ops, b->name);
	if (rc)
		goto free;
	b->north = loop_north_create(b, name);
	if (IS_ERR(b->north)) {
		rc = PTR_ERR(b->north);
		goto exit_bus;
	}
	b->debugfs = debugfs_create_dir(name, loop_debugfs);
	debugfs_create_file("bus", 0400, b->debugfs, b, &bus_stats_fops);
	vbus_bus_attach(&b->bus, memory, b->debugfs);
	config_group_init_type_name(&b->group, name, &loop_bus_type);
	config_group_init_type_name(&b->bus_group, "bus", &bus_type);
	configfs_add_default_group(&b->bus_group, &b->group);
	return &b->group;

exit_bus:
	vbus_bus_exit(&b->bus);
free:
	kfree(b);
	return ERR_PTR(rc);
}

/* No device is linked any more, but the drivers may still be letting go of the last ones. */
static void loopback_drop_item(struct config_group *group, struct config_item *item)
{
	struct loop_bus *b = container_of(to_config_group(item), struct loop_bus, group);

	loop_north_destroy(b->north);
	vbus_bus_attach(&b->bus, NULL, NULL);
	vbus_bus_exit(&b->bus);
	debugfs_remove(b->debugfs);
	config_item_put(item);
}

static struct configfs_group_operations loopback_group_ops = {
	.make_group = loopback_make_group,
	.drop_item = loopback_drop_item,
};
static const struct config_item_type loopback_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &loopback_group_ops,
};

int loop_south_init(void)
{
	int rc = memory_init();

	if (rc)
		return rc;
	rc = -ENOMEM;
	calls_wq = alloc_workqueue("vbus-loop-calls", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!calls_wq)
		goto no_wq;
	config_group_init_type_name(&loopback_group, "loopback", &loopback_type);
	rc = configfs_register_group(vbus_configfs_root(), &loopback_group);
	if (rc)
		goto no_group;
	return 0;
no_group:
	destroy_workqueue(calls_wq);
no_wq:
	kvfree(memory);
	return rc;
}

void loop_south_exit(void)
{
	configfs_unregister_group(&loopback_group);
	destroy_workqueue(calls_wq);
	kvfree(memory);
}
