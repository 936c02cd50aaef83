// SPDX-License-Identifier: GPL-2.0-only
/*
 * vblk, the data path: a request of the block layer is one chain, straight from its pages; its
 * tag is the id. A batch is published with its last request, so it costs one notification at
 * most.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>

#include "vblk.h"

#define VBLK_TIMEOUTS 2 /* of one request, until the connection is made anew */

/* The request as its first descriptor. */
static blk_status_t queue_head(const struct vblk_queue *q, struct request *rq, struct ioq_desc *d)
{
	*d = (struct ioq_desc){
		.addr = blk_rq_pos(rq), .len = blk_rq_sectors(rq), .id = rq->tag,
	};
	switch (req_op(rq)) {
	case REQ_OP_READ:
		d->flags = VB_BLK_OP(VB_BLK_OP_READ);
		return BLK_STS_OK;
	case REQ_OP_WRITE:
		d->flags = VB_BLK_OP(VB_BLK_OP_WRITE);
		if (rq->cmd_flags & REQ_FUA)
			d->flags |= VB_BLK_R_FUA;
		return BLK_STS_OK;
	case REQ_OP_FLUSH:
		d->flags = VB_BLK_OP(VB_BLK_OP_FLUSH);
		d->addr = 0;
		d->len = 0;
		return BLK_STS_OK;
	case REQ_OP_DISCARD:
		d->flags = VB_BLK_OP(VB_BLK_OP_DISCARD);
		return BLK_STS_OK;
	case REQ_OP_WRITE_ZEROES:
		d->flags = VB_BLK_OP(VB_BLK_OP_ZEROES);
		if (!(rq->cmd_flags & REQ_NOUNMAP))
			d->flags |= VB_BLK_R_UNMAP;
		return BLK_STS_OK;
	default:
		return BLK_STS_NOTSUPP;
	}
}

static bool has_data(struct request *rq)
{
	return req_op(rq) == REQ_OP_READ || req_op(rq) == REQ_OP_WRITE;
}

/* Lock held. How many buffers, in q->sg; 0 where none belong; negative: not to be sent. */
static int queue_map(struct vblk_queue *q, struct request *rq)
{
	u32 mask = q->b->info.block - 1;
	int n, i;

	if (!has_data(rq))
		return 0;
	n = blk_rq_map_sg(rq->q, rq, q->sg);
	for (i = 0; i < n; i++)
		if ((q->sg[i].offset | q->sg[i].length) & mask)
			return -EINVAL; /* the limits of the queue rule it out */
	return n;
}

/* Lock held. */
static blk_status_t queue_submit(struct vblk_queue *q, struct request *rq)
{
	u16 write = req_op(rq) == REQ_OP_READ ? IOQ_F_WRITE : 0;
	blk_status_t status;
	struct ioq_desc d;
	int n, i, rc;

	status = queue_head(q, rq, &d);
	if (status)
		return status;
	n = queue_map(q, rq);
	if (n < 0)
		return BLK_STS_IOERR;
	if (READ_ONCE(q->b->broken) || ioq_space(&q->sub) < n + 1)
		return BLK_STS_DEV_RESOURCE;
	d.flags |= n ? IOQ_F_NEXT : 0;
	rc = ioq_push(&q->sub, &d);
	for (i = 0; i < n && !rc; i++) {
		d.addr = sg_phys(&q->sg[i]);
		d.len = q->sg[i].length;
		d.flags = write | (i + 1 < n ? IOQ_F_NEXT : 0);
		rc = ioq_push(&q->sub, &d);
	}
	if (rc) {
		vblk_break(q->b, &q->region, "impossible count of consumed requests");
		return BLK_STS_DEV_RESOURCE;
	}
	q->rq[rq->tag] = rq;
	return BLK_STS_OK;
}

static blk_status_t vblk_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct vblk_queue *q = hctx->driver_data;
	struct vblk_cmd *cmd = blk_mq_rq_to_pdu(bd->rq);
	blk_status_t status;
	unsigned long flags;

	if (READ_ONCE(q->b->dead))
		return BLK_STS_IOERR;
	cmd->timeouts = 0;
	blk_mq_start_request(bd->rq);
	spin_lock_irqsave(&q->lock, flags);
	status = queue_submit(q, bd->rq);
	if (status == BLK_STS_DEV_RESOURCE) {
		/* Started again by a completion: some are under way, since the ring is full. Or by
		 * the next connection. */
		q->region.stats.ringfull++;
		q->stopped = true;
		blk_mq_stop_hw_queue(hctx);
	}
	if (bd->last || status)
		vdev_region_kick(&q->region, ioq_publish(&q->sub));
	spin_unlock_irqrestore(&q->lock, flags);
	return status;
}

static void vblk_commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	struct vblk_queue *q = hctx->driver_data;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	if (q->region.mem)
		vdev_region_kick(&q->region, ioq_publish(&q->sub));
	spin_unlock_irqrestore(&q->lock, flags);
}

static blk_status_t status_of(u64 status)
{
	switch (status) {
	case VB_BLK_S_OK:
		return BLK_STS_OK;
	case VB_BLK_S_UNSUPP:
		return BLK_STS_NOTSUPP;
	case VB_BLK_S_NOSPC:
		return BLK_STS_NOSPC;
	case VB_BLK_S_MEDIUM:
		return BLK_STS_MEDIUM;
	case VB_BLK_S_TRANSPORT:
		return BLK_STS_TRANSPORT;
	case VB_BLK_S_TIMEOUT:
		return BLK_STS_TIMEOUT;
	case VB_BLK_S_PROTECTION:
		return BLK_STS_PROTECTION;
	case VB_BLK_S_RESOURCE:
		return BLK_STS_RESOURCE;
	default: /* beyond the end, read-only: Linux has no closer word for them */
		return BLK_STS_IOERR;
	}
}

/* Lock held. -EPROTO: nothing of the kind is under way. */
static int queue_completion(struct vblk_queue *q, const struct ioq_desc *d)
{
	struct vblk_cmd *cmd;
	struct request *rq;
	u32 bytes;

	/* The id is the other side's word: it must name a request that is under way. */
	if (d->id >= VBLK_DEPTH || !q->rq[d->id] || d->addr >= VB_BLK_S_COUNT)
		return -EPROTO;
	rq = q->rq[d->id];
	bytes = d->addr == VB_BLK_S_OK && has_data(rq) ? blk_rq_bytes(rq) : 0;
	if (d->len != bytes)
		return -EPROTO;
	q->rq[d->id] = NULL;
	cmd = blk_mq_rq_to_pdu(rq);
	cmd->status = status_of(d->addr);
	blk_mq_complete_request(rq);
	return 0;
}

/* Lock held. Ends: each completion takes a request that is under way, and none can join. */
static u32 queue_reap(struct vblk_queue *q)
{
	struct ioq_desc d;
	u32 done = 0;
	int rc;

	while ((rc = ioq_pop(&q->com, &d)) > 0) {
		rc = queue_completion(q, &d);
		if (rc)
			break;
		done++;
	}
	ioq_release(&q->com);
	if (rc < 0)
		vblk_break(q->b, &q->region, "impossible completion");
	return done;
}

static void queue_event(struct vdev_region *region)
{
	struct vblk_queue *q = region->priv;
	unsigned long flags;
	u32 done = 0;

	spin_lock_irqsave(&q->lock, flags);
	do {
		done += queue_reap(q);
	} while (!READ_ONCE(q->b->broken) && !ioq_arm(&q->com));
	if (!done)
		region->stats.spurious++;
	if (done && q->stopped) {
		q->stopped = false;
		/* All queues: the block layer has no lighter way that is safe in an interrupt. */
		blk_mq_start_stopped_hw_queues(q->b->disk->queue, true);
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

static void vblk_complete(struct request *rq)
{
	struct vblk_cmd *cmd = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, cmd->status);
}

/*
 * A request cannot be taken back while the other side may serve it: its pages would be written to
 * later. So it goes on waiting; silence for long ends the connection, which can be waited for.
 */
static enum blk_eh_timer_return vblk_timeout(struct request *rq)
{
	struct vblk_queue *q = rq->mq_hctx->driver_data;
	struct vblk_cmd *cmd = blk_mq_rq_to_pdu(rq);
	unsigned long flags;
	bool waiting;
	u32 id;

	spin_lock_irqsave(&q->lock, flags);
	if (q->region.mem)
		queue_reap(q); /* in case only its event was lost */
	id = rq->tag; /* none if the request was given back meanwhile */
	waiting = id < VBLK_DEPTH && q->rq[id] == rq;
	if (waiting && ++cmd->timeouts == VBLK_TIMEOUTS)
		vblk_break(q->b, &q->region, "no answer");
	spin_unlock_irqrestore(&q->lock, flags);
	return waiting ? BLK_EH_RESET_TIMER : BLK_EH_DONE;
}

static int vblk_init_hctx(struct blk_mq_hw_ctx *hctx, void *data, unsigned int index)
{
	struct vblk *b = data;

	hctx->driver_data = &b->queue[index];
	return 0;
}

const struct blk_mq_ops vblk_mq_ops = {
	.queue_rq = vblk_queue_rq,
	.commit_rqs = vblk_commit_rqs,
	.complete = vblk_complete,
	.timeout = vblk_timeout,
	.init_hctx = vblk_init_hctx,
};

void vblk_queue_init(struct vblk_queue *q, struct vblk *b, u32 index)
{
	q->b = b;
	q->index = index;
	spin_lock_init(&q->lock);
	sg_init_table(q->sg, ARRAY_SIZE(q->sg));
}

/* The queue's interrupt goes where its requests come from. */
static void queue_route(struct vblk_queue *q)
{
	const unsigned int *map = q->b->tags.map[HCTX_TYPE_DEFAULT].mq_map;
	cpumask_var_t mask;
	unsigned int cpu;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for_each_possible_cpu(cpu)
		if (map[cpu] == q->index)
			cpumask_set_cpu(cpu, mask);
	/* Only a matter of speed. */
	if (cpumask_intersects(mask, cpu_online_mask))
		irq_set_affinity(q->region.irq, mask);
	free_cpumask_var(mask);
}

int vblk_queue_up(struct vblk_queue *q)
{
	void *mem = vdev_mem_alloc(IOQ_QUEUE_BYTES(VBLK_RING));
	int rc;

	if (!mem)
		return -ENOMEM;
	q->region = (struct vdev_region){
		.id = VB_BLK_SHM_QUEUE(q->index), .mem = mem, .len = IOQ_QUEUE_BYTES(VBLK_RING),
		.prio = VB_PRIO_BULK, .event = queue_event, .priv = q,
	};
	snprintf(q->region.name, sizeof(q->region.name), "q%u", q->index);
	q->stopped = false;
	ioq_producer_init(&q->sub, ioq_submissions(mem), VBLK_RING);
	ioq_consumer_init(&q->com, ioq_completions(mem, VBLK_RING), VBLK_RING);
	rc = vdev_region_add(q->b->vdev, &q->region);
	if (!rc)
		queue_route(q);
	return rc;
}

u32 vblk_queue_down(struct vblk_queue *q)
{
	u32 id, rest = 0;

	if (!q->region.mem)
		return 0;
	spin_lock_irq(&q->lock);
	queue_reap(q);
	for (id = 0; id < VBLK_DEPTH; id++)
		if (q->rq[id]) {
			blk_mq_requeue_request(q->rq[id], false);
			q->rq[id] = NULL;
			rest++;
		}
	vdev_mem_free(q->region.mem, q->region.len);
	q->region.mem = NULL;
	spin_unlock_irq(&q->lock);
	return rest;
}
