// SPDX-License-Identifier: GPL-2.0-only
/*
 * What echo devices are for: tests of the bus, through files of the device in sysfs.
 *
 *     echo 10000 >run     a call of the class, then that many requests, every answer checked
 *     cat run             the result of the last run
 *     echo 1000 >probe    that many requests one at a time
 *     cat probe           how long they took there and back, in nanoseconds
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>

#include "../vbus/proto/adapt.h"
#include "vecho.h"

#define ECHO_WAIT (HZ / 2) /* then look whether the device is gone */
#define ECHO_WAITS 20
#define PROBE_MAX 100000u

/* Of the last run and the last probe; under the driver's lock. */
struct vecho_result {
	bool dead; /* queue broken or silent: no more runs */
	u64 done, bytes, errors, ns;
	u32 under_way;
	u64 probes, p50, p99, max;
	u64 window, poll_hits; /* of polling before a sleep; ns */
};

static unsigned int poll_us = 50;
module_param(poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us, "longest time answers are polled for before a sleep; 0: never");

static void result_release(struct device *dev, void *res)
{
}

/* Lives and dies with the driver's hold on the device. */
static struct vecho_result *result_of(struct device *dev)
{
	struct vecho_result *r = devres_find(dev, result_release, NULL, NULL);

	if (r)
		return r;
	r = devres_alloc(result_release, sizeof(*r), GFP_KERNEL);
	if (r)
		devres_add(dev, r);
	return r;
}

static u64 poll_max(void)
{
	return num_online_cpus() > 1 ? min(READ_ONCE(poll_us), 1000000u) * 1000ull : 0;
}

/* Until so many answers are there. While the ring is not armed the other side need not ring. */
static int vecho_wait(struct vecho *e, struct vecho_result *r, u32 answers)
{
	u64 start = ktime_get_ns(), window = min(r->window, poll_max());
	int turn;

	while (window && ktime_get_ns() - start < window && !need_resched()) {
		if (ioq_hint(&e->answers) >= answers) {
			r->poll_hits++;
			return 0;
		}
		cpu_relax();
	}
	if (!ioq_arm_after(&e->answers, answers))
		return 0;
	start = ktime_get_ns();
	for (turn = 0; turn < ECHO_WAITS && !READ_ONCE(e->vdev->gone); turn++)
		if (wait_event_timeout(e->wait, xchg(&e->event, false), ECHO_WAIT)) {
			r->window = adapt_window(r->window, ktime_get_ns() - start, poll_max());
			return 0;
		}
	return turn == ECHO_WAITS ? -ETIMEDOUT : -ENODEV;
}

/* Fill the free slots, up to left requests; returns how many were sent. */
static u32 run_send(struct vecho *e, struct vecho_result *r, u64 left)
{
	u32 sent = 0, id;

	for (id = 0; id < ECHO_REQUESTS && sent < left; id++) {
		u32 len = 1 + get_random_u32() % ECHO_BYTES;

		if (e->len[id])
			continue;
		get_random_bytes(echo_out(e, id), len);
		memset(echo_in(e, id), 0, len);
		if (vecho_send(e, id, len))
			break;
		sent++;
	}
	vecho_publish(e);
	r->under_way += sent;
	return sent;
}

/* Returns how many answers came, or -EPROTO. */
static int run_reap(struct vecho *e, struct vecho_result *r)
{
	int n = 0, rc;
	u32 id;

	while ((rc = vecho_next(e, &id)) > 0) {
		r->errors += !!memcmp(echo_out(e, id), echo_in(e, id), e->len[id]);
		r->bytes += e->len[id];
		e->len[id] = 0;
		r->under_way--;
		n++;
	}
	return rc < 0 ? rc : n;
}

/* A signal stops the sending; what is under way is waited for in any case. */
static int run(struct vecho *e, struct vecho_result *r, u64 count)
{
	u64 sent = 0, start = ktime_get_ns();
	bool stopped = false;
	int rc = 0;

	r->done = r->bytes = r->errors = 0;
	while (r->done < count && rc >= 0) {
		if (signal_pending(current) && !stopped) {
			stopped = true;
			count = sent;
			continue;
		}
		sent += run_send(e, r, count - sent);
		rc = run_reap(e, r);
		if (rc > 0)
			r->done += rc;
		else if (!rc && r->under_way)
			rc = vecho_wait(e, r, max(1u, r->under_way / 2));
		else if (!rc) /* all is answered, but the ring's slots are not free again yet */
			usleep_range(100, 200);
	}
	r->ns = ktime_get_ns() - start;
	if (rc < 0) {
		r->dead = true;
		return rc;
	}
	return r->errors ? -EIO : stopped ? -EINTR : 0;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* One request there and back. */
static int probe_one(struct vecho *e, struct vecho_result *r, u64 *ns)
{
	u64 start = ktime_get_ns();
	int rc;
	u32 id;

	rc = vecho_send(e, 0, 8);
	if (rc)
		return rc == -ENOSPC ? 0 : rc;
	vecho_publish(e);
	while (!(rc = vecho_next(e, &id))) {
		rc = vecho_wait(e, r, 1);
		if (rc)
			return rc;
	}
	if (rc < 0)
		return rc;
	e->len[id] = 0;
	*ns = ktime_get_ns() - start;
	return 1;
}

static int probe(struct vecho *e, struct vecho_result *r, u32 count)
{
	u64 *ns = kvmalloc_array(count, sizeof(*ns), GFP_KERNEL);
	u32 i = 0;
	int rc = 0;

	if (!ns)
		return -ENOMEM;
	while (i < count && rc >= 0 && !signal_pending(current)) {
		rc = probe_one(e, r, &ns[i]);
		if (!rc)
			usleep_range(10, 20);
		else if (rc > 0)
			i++;
	}
	r->dead |= rc < 0;
	r->probes = i;
	if (i) {
		sort(ns, i, sizeof(*ns), compare, NULL);
		r->p50 = ns[i / 2];
		r->p99 = ns[(u64)i * 99 / 100];
		r->max = ns[i - 1];
	}
	kvfree(ns);
	return rc < 0 ? rc : i < count ? -EINTR : 0;
}

/* A call of the class: every bit comes back inverted. */
static int ping(struct vecho *e)
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
	struct vecho_result *r;
	u64 count;
	int rc = kstrtou64(buf, 0, &count);

	if (rc)
		return rc;
	mutex_lock(&e->lock);
	r = result_of(dev);
	rc = !r ? -ENOMEM : r->dead ? -EIO : ping(e);
	if (!rc)
		rc = run(e, r, count);
	mutex_unlock(&e->lock);
	return rc ? rc : size;
}

static ssize_t run_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vecho *e = dev_get_drvdata(dev);
	struct vecho_result none = {}, *r;
	ssize_t n;

	mutex_lock(&e->lock);
	r = result_of(dev) ?: &none;
	n = sysfs_emit(buf, "requests %llu\nbytes %llu\nerrors %llu\nns %llu\n", r->done, r->bytes,
		       r->errors, r->ns);
	mutex_unlock(&e->lock);
	return n;
}
static DEVICE_ATTR_RW(run);

static ssize_t probe_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t size)
{
	struct vecho *e = dev_get_drvdata(dev);
	struct vecho_result *r;
	u32 count;
	int rc = kstrtou32(buf, 0, &count);

	if (!rc && (!count || count > PROBE_MAX))
		rc = -EINVAL;
	if (rc)
		return rc;
	mutex_lock(&e->lock);
	r = result_of(dev);
	rc = !r ? -ENOMEM : r->dead ? -EIO : probe(e, r, count);
	mutex_unlock(&e->lock);
	return rc ? rc : size;
}

static ssize_t probe_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vecho *e = dev_get_drvdata(dev);
	struct vecho_result none = {}, *r;
	ssize_t n;

	mutex_lock(&e->lock);
	r = result_of(dev) ?: &none;
	n = sysfs_emit(buf, "probes %llu\np50 %llu\np99 %llu\nmax %llu\npoll_hits %llu\n",
		       r->probes, r->p50, r->p99, r->max, r->poll_hits);
	mutex_unlock(&e->lock);
	return n;
}
static DEVICE_ATTR_RW(probe);

static struct attribute *vecho_attrs[] = { &dev_attr_run.attr, &dev_attr_probe.attr, NULL };
static const struct attribute_group vecho_group = { .attrs = vecho_attrs };
const struct attribute_group *vecho_groups[] = { &vecho_group, NULL };
