// SPDX-License-Identifier: GPL-2.0-only
/*
 * vecho: driver of the class "echo" (vbus/abi/echo.h), the one to copy for a new class. It shows
 * the life of a driver: probe opens, registers a region and takes events; remove closes and only
 * then frees. And it tests the bus:
 *
 *     echo 10000 >/sys/bus/vbus/devices/NAME/run     sends that many requests, checks every answer
 *     cat /sys/bus/vbus/devices/NAME/run             the result of the last run
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <asm/io.h>

#include "../vbus/abi/echo.h"
#include "../vbus/proto/ioq.h"
#include "bus.h"

#define ECHO_REQUESTS (VB_ECHO_RING / 2) /* under way at most: two descriptors each */
#define ECHO_BYTES 1024u
#define ECHO_WAIT (HZ / 2) /* then look whether the device is gone */
#define ECHO_WAITS 20

/* Legend: [r] run_lock. */
struct vecho {
	struct vbus_device *vdev;
	struct vdev_region region;
	struct ioq_producer sub; /* [r] */
	struct ioq_consumer com; /* [r] */
	wait_queue_head_t wait;
	bool event; /* set by the interrupt, taken by the runner */
	struct mutex run_lock;
	bool dead;		 /* [r] queue broken or silent: no more runs */
	u8 *data;		 /* [r] per request ECHO_BYTES out, ECHO_BYTES in */
	u32 len[ECHO_REQUESTS];	 /* [r] of the request under way, 0: free */
	u32 under_way;		 /* [r] */
	u64 done, bytes, errors; /* [r] of the last run */
	u64 ns;			 /* [r] */
};

static u8 *echo_out(struct vecho *e, u32 id)
{
	return e->data + id * 2 * ECHO_BYTES;
}

static u8 *echo_in(struct vecho *e, u32 id)
{
	return echo_out(e, id) + ECHO_BYTES;
}

static void vecho_event(struct vdev_region *region)
{
	struct vecho *e = region->priv;

	WRITE_ONCE(e->event, true);
	wake_up(&e->wait);
}

/* One request with random contents in slot id. */
static int vecho_submit(struct vecho *e, u32 id)
{
	u32 len = 1 + get_random_u32() % ECHO_BYTES;
	struct ioq_desc out = {
		.addr = virt_to_phys(echo_out(e, id)), .len = len, .id = id, .flags = IOQ_F_NEXT,
	};
	struct ioq_desc in = {
		.addr = virt_to_phys(echo_in(e, id)), .len = len, .id = id, .flags = IOQ_F_WRITE,
	};
	int rc;

	get_random_bytes(echo_out(e, id), len);
	memset(echo_in(e, id), 0, len);
	rc = ioq_push(&e->sub, &out);
	if (!rc)
		rc = ioq_push(&e->sub, &in);
	if (rc) {
		e->region.stats.ringfull += rc == -ENOSPC;
		return rc;
	}
	e->len[id] = len;
	e->under_way++;
	return 0;
}

/* Returns how many answers came, or -EPROTO: the queue is of no use any more. */
static int vecho_reap(struct vecho *e)
{
	struct ioq_desc d;
	int n = 0, rc;

	while ((rc = ioq_pop(&e->com, &d)) > 0) {
		/* The id is the other side's word: it must name a request that is under way. */
		if (d.id >= ECHO_REQUESTS || !e->len[d.id] || d.len > e->len[d.id]) {
			rc = -EPROTO;
			break;
		}
		if (d.len != e->len[d.id] || memcmp(echo_out(e, d.id), echo_in(e, d.id), d.len))
			e->errors++;
		e->bytes += d.len;
		e->len[d.id] = 0;
		e->under_way--;
		n++;
	}
	ioq_release(&e->com);
	if (rc < 0) {
		e->region.stats.faults++;
		dev_err(&e->vdev->dev, "impossible completion (id %u, len %u)\n", d.id, d.len);
		return rc;
	}
	return n;
}

/* Sleep until half of what is under way is back. */
static int vecho_wait(struct vecho *e)
{
	int turn;

	if (!e->under_way) { /* all is answered, but the ring's slots are not free again yet */
		usleep_range(100, 200);
		return 0;
	}
	if (!ioq_arm_after(&e->com, max(1u, e->under_way / 2)))
		return 0;
	for (turn = 0; turn < ECHO_WAITS && !READ_ONCE(e->vdev->gone); turn++)
		if (wait_event_timeout(e->wait, READ_ONCE(e->event), ECHO_WAIT)) {
			WRITE_ONCE(e->event, false);
			return 0;
		}
	return turn == ECHO_WAITS ? -ETIMEDOUT : -ENODEV;
}

/* Fill the free slots, up to left requests; returns how many were sent, or -EPROTO. */
static int vecho_send(struct vecho *e, u64 left)
{
	int sent = 0, rc = 0;
	u32 id;

	for (id = 0; id < ECHO_REQUESTS && sent < left && !rc; id++)
		if (!e->len[id]) {
			rc = vecho_submit(e, id);
			sent += !rc;
		}
	vdev_region_kick(&e->region, ioq_publish(&e->sub));
	return rc == -EPROTO ? rc : sent;
}

/* A signal stops the sending; what is under way is waited for in any case. */
static int vecho_run(struct vecho *e, u64 count)
{
	u64 sent = 0, start = ktime_get_ns();
	bool stopped = false;
	int rc = 0;

	e->done = 0;
	e->bytes = 0;
	e->errors = 0;
	while (e->done < count && rc >= 0) {
		if (signal_pending(current) && !stopped) {
			stopped = true;
			count = sent;
			continue;
		}
		rc = vecho_send(e, count - sent);
		if (rc < 0)
			break;
		sent += rc;
		rc = vecho_reap(e);
		if (rc > 0)
			e->done += rc;
		else if (!rc)
			rc = vecho_wait(e);
	}
	e->ns = ktime_get_ns() - start;
	if (rc < 0) {
		e->dead = true;
		return rc;
	}
	return e->errors ? -EIO : stopped ? -EINTR : 0;
}

/* A call of the class: every bit comes back inverted. */
static int vecho_ping(struct vecho *e)
{
	u8 data[32], back[32];
	u32 i;
	int rc;

	get_random_bytes(data, sizeof(data));
	memcpy(back, data, sizeof(back));
	rc = vdev_call(e->vdev, VB_ECHO_CALL_PING, back, sizeof(back));
	for (i = 0; rc >= 0 && i < sizeof(data); i++)
		if (back[i] != (u8)~data[i])
			rc = -EIO;
	return rc < 0 ? rc : 0;
}

static ssize_t run_store(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t size)
{
	struct vecho *e = dev_get_drvdata(dev);
	u64 count;
	int rc = kstrtou64(buf, 0, &count);

	if (rc)
		return rc;
	mutex_lock(&e->run_lock);
	rc = e->dead ? -EIO : vecho_ping(e);
	if (!rc)
		rc = vecho_run(e, count);
	mutex_unlock(&e->run_lock);
	return rc ? rc : size;
}

static ssize_t run_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vecho *e = dev_get_drvdata(dev);
	ssize_t n;

	mutex_lock(&e->run_lock);
	n = sysfs_emit(buf, "requests %llu\nbytes %llu\nerrors %llu\nns %llu\n", e->done, e->bytes,
		       e->errors, e->ns);
	mutex_unlock(&e->run_lock);
	return n;
}
static DEVICE_ATTR_RW(run);

static struct attribute *vecho_attrs[] = { &dev_attr_run.attr, NULL };
ATTRIBUTE_GROUPS(vecho);

/* Memory that the other side may still write to is not given back. */
static void vecho_free(struct vecho *e, bool closed)
{
	if (closed) {
		vdev_mem_free(e->region.mem, e->region.len);
		vdev_mem_free(e->data, ECHO_REQUESTS * 2 * ECHO_BYTES);
	}
	kfree(e);
}

static int vecho_probe(struct vbus_device *vdev)
{
	struct vecho *e = kzalloc(sizeof(*e), GFP_KERNEL);
	int rc = -ENOMEM;

	if (!e)
		return rc;
	e->vdev = vdev;
	init_waitqueue_head(&e->wait);
	mutex_init(&e->run_lock);
	e->region = (struct vdev_region){
		.id = VB_ECHO_SHM_QUEUE, .len = IOQ_QUEUE_BYTES(VB_ECHO_RING), .name = "queue",
		.prio = VB_PRIO_HIGH,
		.event = vecho_event, .priv = e,
	};
	e->region.mem = vdev_mem_alloc(e->region.len);
	e->data = vdev_mem_alloc(ECHO_REQUESTS * 2 * ECHO_BYTES);
	if (e->region.mem && e->data)
		rc = vdev_open(vdev, VB_ECHO_VERSION, 0);
	if (rc) {
		vecho_free(e, true);
		return rc;
	}
	ioq_producer_init(&e->sub, ioq_submissions(e->region.mem), VB_ECHO_RING);
	ioq_consumer_init(&e->com, ioq_completions(e->region.mem, VB_ECHO_RING), VB_ECHO_RING);
	dev_set_drvdata(&vdev->dev, e);
	rc = vdev_region_add(vdev, &e->region);
	if (!rc)
		rc = vecho_ping(e);
	if (rc) {
		dev_err(&vdev->dev, "echo does not answer: %d\n", rc);
		vecho_free(e, vdev_close(vdev));
	}
	return rc;
}

static void vecho_remove(struct vbus_device *vdev)
{
	struct vecho *e = dev_get_drvdata(&vdev->dev);

	/* The driver core has removed the sysfs files and waited for a run under way: that ends
	 * when its answers are there or vdev->gone is set. */
	vecho_free(e, vdev_close(vdev));
}

static struct vbus_driver vecho_driver = {
	.driver = { .name = "vecho", .dev_groups = vecho_groups },
	.type = VB_ECHO_TYPE,
	.probe = vecho_probe,
	.remove = vecho_remove,
};
vdrv_module(vecho_driver);

MODULE_ALIAS("vbus:echo");
MODULE_DESCRIPTION("Echo driver of a Minibus guest");
MODULE_LICENSE("GPL");
