// SPDX-License-Identifier: GPL-2.0-only
/*
 * vrng: driver of the class "rng" (vbus/abi/rng.h): a source for Linux's hwrng core, /dev/hwrng.
 *
 * One request is under way at a time, for one buffer; what a reader leaves of it waits for the
 * next. A reader that may not wait takes what is there, and has started the request for its next
 * turn. The core serialises readers, so only the interrupt runs beside them.
 *
 * The bytes come from dom0's generator, which answers only once seeded, and dom0 can read this
 * guest's memory anyway: full quality.
 */
#include <linux/hw_random.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <asm/io.h>

#include "../vbus/abi/rng.h"
#include "../vbus/proto/ioq.h"
#include "bus.h"

#define VRNG_QUALITY 1024 /* bits of entropy per 1024 bits */

/* Legend: [c] constant after probe, [r] the reader's (hwrng's own mutex). */
struct vrng {
	struct vbus_device *vdev; /* [c] */
	struct hwrng hwrng;
	char name[VB_NAME_LEN + 8];
	struct vdev_region region;
	struct ioq_producer sub; /* [r] */
	struct ioq_consumer com; /* [r] */
	wait_queue_head_t wait;
	bool event;	/* set by the interrupt, taken by the reader */
	bool leaving;	/* set by remove(): readers go */
	bool under_way; /* [r] */
	bool dead;	/* [r] the other side broke a rule */
	u32 at, end;	/* [r] bytes of data not given yet */
	u8 *data;	/* [c] written by the other side while under_way */
};

static void vrng_event(struct vdev_region *region)
{
	struct vrng *r = region->priv;

	WRITE_ONCE(r->event, true);
	wake_up(&r->wait);
}

static int vrng_request(struct vrng *r)
{
	struct ioq_desc d = {
		.addr = virt_to_phys(r->data), .len = VB_RNG_MAX_LEN, .flags = IOQ_F_WRITE,
	};
	int rc;

	if (r->under_way)
		return 0;
	/* Before it is sent: the answer shall raise an interrupt. */
	WRITE_ONCE(r->event, false);
	ioq_arm(&r->com);
	rc = ioq_push(&r->sub, &d);
	if (rc)
		return rc;
	r->under_way = true;
	vdev_region_kick(&r->region, ioq_publish(&r->sub));
	return 0;
}

/* 1: the answer came, 0: not yet, negative: no use any more. */
static int vrng_reap(struct vrng *r)
{
	struct ioq_desc d = { 0 };
	int rc = ioq_pop(&r->com, &d);

	if (!rc)
		return 0;
	if (rc < 0 || !r->under_way || d.id || !d.len || d.len > VB_RNG_MAX_LEN) {
		r->region.stats.faults++;
		r->dead = true;
		dev_err(&r->vdev->dev, "impossible completion (id %u, len %u)\n", d.id, d.len);
		return -EIO;
	}
	ioq_release(&r->com);
	r->under_way = false;
	r->at = 0;
	r->end = d.len;
	return 1;
}

static size_t vrng_take(struct vrng *r, void *to, size_t max)
{
	size_t n = min_t(size_t, max, r->end - r->at);

	memcpy(to, r->data + r->at, n);
	memzero_explicit(r->data + r->at, n); /* given once, kept nowhere */
	r->at += n;
	return n;
}

/* Until something happened. 0, or why the reader shall not go on. */
static int vrng_sleep(struct vrng *r)
{
	int rc = wait_event_interruptible(r->wait, READ_ONCE(r->event) || READ_ONCE(r->leaving));

	if (rc)
		return rc;
	/* Taken before the ring is looked at. Pairs with the fence in shm_signal_publish(). */
	smp_store_mb(r->event, false);
	return 0;
}

static int vrng_read(struct hwrng *hwrng, void *data, size_t max, bool wait)
{
	struct vrng *r = container_of(hwrng, struct vrng, hwrng);
	size_t n;
	int rc;

	for (;;) {
		if (r->dead || READ_ONCE(r->leaving))
			return r->dead ? -EIO : -ENODEV;
		n = vrng_take(r, data, max);
		if (n)
			break;
		rc = vrng_reap(r);
		if (rc > 0)
			continue;
		if (!rc)
			rc = vrng_request(r);
		if (rc)
			return rc;
		if (!wait)
			return 0;
		rc = vrng_sleep(r);
		if (rc)
			return rc;
	}
	if (r->at == r->end)
		vrng_request(r); /* the next reader need not wait, and sees an error itself */
	return n;
}

/* Memory that the other side may still write to is not given back. */
static void vrng_free(struct vrng *r, bool closed)
{
	if (closed) {
		vdev_mem_free(r->region.mem, r->region.len);
		vdev_mem_free(r->data, VB_RNG_MAX_LEN);
	}
	kfree(r);
}

static struct vrng *vrng_alloc(struct vbus_device *vdev)
{
	struct vrng *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	r->vdev = vdev;
	init_waitqueue_head(&r->wait);
	r->region = (struct vdev_region){
		.id = VB_RNG_SHM_QUEUE, .len = IOQ_QUEUE_BYTES(VB_RNG_RING), .name = "queue",
		.prio = VB_PRIO_NORMAL,
		.event = vrng_event, .priv = r,
	};
	r->region.mem = vdev_mem_alloc(r->region.len);
	r->data = vdev_mem_alloc(VB_RNG_MAX_LEN);
	if (!r->region.mem || !r->data) {
		vrng_free(r, true);
		return NULL;
	}
	snprintf(r->name, sizeof(r->name), "vrng.%s", vdev->name);
	r->hwrng.name = r->name;
	r->hwrng.read = vrng_read;
	r->hwrng.quality = VRNG_QUALITY;
	ioq_producer_init(&r->sub, ioq_submissions(r->region.mem), VB_RNG_RING);
	ioq_consumer_init(&r->com, ioq_completions(r->region.mem, VB_RNG_RING), VB_RNG_RING);
	return r;
}

static int vrng_probe(struct vbus_device *vdev)
{
	struct vrng *r = vrng_alloc(vdev);
	int rc;

	if (!r)
		return -ENOMEM;
	rc = vdev_open(vdev, VB_RNG_VERSION, 0);
	if (rc) {
		vrng_free(r, true);
		return rc;
	}
	dev_set_drvdata(&vdev->dev, r);
	rc = vdev_region_add(vdev, &r->region);
	if (!rc)
		rc = hwrng_register(&r->hwrng);
	if (rc) {
		dev_err(&vdev->dev, "no source of random bytes: %d\n", rc);
		vrng_free(r, vdev_close(vdev));
	}
	return rc;
}

static void vrng_remove(struct vbus_device *vdev)
{
	struct vrng *r = dev_get_drvdata(&vdev->dev);

	/*
	 * Unregistering waits for a reader that is inside, and what that one waits for may take
	 * long (rate), or never come: the device may be gone.
	 */
	WRITE_ONCE(r->leaving, true);
	wake_up(&r->wait);
	hwrng_unregister(&r->hwrng);
	vrng_free(r, vdev_close(vdev));
}

static struct vbus_driver vrng_driver = {
	.driver = { .name = "vrng" },
	.type = VB_RNG_TYPE,
	.probe = vrng_probe,
	.remove = vrng_remove,
};
vdrv_module(vrng_driver);

MODULE_ALIAS("vbus:rng");
MODULE_DESCRIPTION("Random number driver of a Minibus guest");
MODULE_LICENSE("GPL");
