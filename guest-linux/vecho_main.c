// SPDX-License-Identifier: GPL-2.0-only
/*
 * vecho: driver of the class "echo" (vbus/abi/echo.h), the one to copy for a new class. It shows
 * the life of a driver: probe opens, registers a region and takes events; remove closes and only
 * then frees. Who uses it is vecho_test.c.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/io.h>

#include "vecho.h"

static void vecho_event(struct vdev_region *region)
{
	struct vecho *e = region->priv;

	WRITE_ONCE(e->event, true);
	wake_up(&e->wait);
}

int vecho_send(struct vecho *e, u32 id, u32 len)
{
	struct ioq_desc out = { virt_to_phys(echo_out(e, id)), len, id, IOQ_F_NEXT };
	struct ioq_desc in = { virt_to_phys(echo_in(e, id)), len, id, IOQ_F_WRITE };

	if (ioq_space(&e->requests) < 2) {
		e->region.stats.ringfull++;
		return -ENOSPC;
	}
	ioq_push(&e->requests, &out);
	ioq_push(&e->requests, &in);
	e->len[id] = len;
	return 0;
}

int vecho_next(struct vecho *e, u32 *id)
{
	struct ioq_desc d;
	int rc = ioq_pop(&e->answers, &d);

	if (!rc)
		ioq_release(&e->answers);
	/* The id is the other side's word: it must name a request that is under way. */
	if (rc < 0 || (rc && (d.id >= ECHO_REQUESTS || !e->len[d.id] || d.len != e->len[d.id]))) {
		e->region.stats.faults++;
		dev_err(&e->vdev->dev, "impossible completion\n");
		return -EPROTO;
	}
	if (rc)
		*id = d.id;
	return rc;
}

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
	mutex_init(&e->lock);
	e->region = (struct vdev_region){
		.id = VB_ECHO_SHM_QUEUE, .len = IOQ_QUEUE_BYTES(VB_ECHO_RING), .name = "queue",
		.prio = VB_PRIO_HIGH, .event = vecho_event, .priv = e,
	};
	e->region.mem = vdev_mem_alloc(e->region.len);
	e->data = vdev_mem_alloc(ECHO_REQUESTS * 2 * ECHO_BYTES);
	if (e->region.mem && e->data)
		rc = vdev_open(vdev, VB_ECHO_VERSION, 0);
	if (rc) {
		vecho_free(e, true);
		return rc;
	}
	ioq_producer_init(&e->requests, ioq_submissions(e->region.mem), VB_ECHO_RING);
	ioq_consumer_init(&e->answers, ioq_completions(e->region.mem, VB_ECHO_RING), VB_ECHO_RING);
	dev_set_drvdata(&vdev->dev, e);
	rc = vdev_region_add(vdev, &e->region);
	if (rc)
		vecho_free(e, vdev_close(vdev));
	return rc;
}

static void vecho_remove(struct vbus_device *vdev)
{
	struct vecho *e = dev_get_drvdata(&vdev->dev);

	/* Its files are gone, and who used one came back: by an answer, or by vdev->gone. */
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
