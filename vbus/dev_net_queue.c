// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net": what both directions share. A queue is one region, submissions in and
 * completions out; a pair of them goes up and down together.
 */
#include "dev_net.h"

void net_queue_init(struct net_queue *q, struct vbus_region *region, u32 size)
{
	q->region = region;
	q->size = size;
	ioq_consumer_init(&q->submissions, ioq_submissions(region->va), size);
	ioq_producer_init(&q->completions, ioq_completions(region->va, size), size);
}

bool net_queue_broken(const struct net_queue *q)
{
	return READ_ONCE(q->region->broken);
}

void net_queue_flush(struct net_queue *q)
{
	bool published = q->completions.head != q->completions.published;

	ioq_release(&q->submissions);
	if (published)
		vbus_region_signal(q->region, ioq_publish(&q->completions));
}

bool net_queue_complete(struct net_queue *q, u16 id, u32 len, u16 flags)
{
	struct ioq_desc d = { .len = len, .id = id, .flags = flags };
	int err = ioq_push(&q->completions, &d);

	if (!err)
		return true;
	vbus_region_break(q->region, err == -ENOSPC ? "more buffers under way than the ring holds" :
						      "impossible count of completions taken");
	return false;
}

/* ---- up and down: dev->lock is held ---- */

void net_pair_up(struct net_pair *pair)
{
	struct netdev_queue *txq = net_pair_txq(pair);

	net_zc_up(pair);
	napi_enable(&pair->napi);
	__netif_tx_lock_bh(txq);
	pair->stash = (struct net_stash){ 0 };
	pair->stalled = false;
	pair->up = true;
	__netif_tx_unlock_bh(txq);
	netif_tx_wake_queue(txq);
	/* The guest may have submitted before it said up. */
	local_bh_disable();
	napi_schedule(&pair->napi);
	local_bh_enable();
}

/* Forget what was submitted: bounded by the size of the ring. */
static void queue_drain(struct net_queue *q)
{
	struct ioq_desc d;
	u32 left = q->size;

	while (left-- && ioq_pop(&q->submissions, &d) > 0)
		;
	net_queue_flush(q);
}

bool net_pair_down(struct net_pair *pair, unsigned long until)
{
	struct netdev_queue *txq = net_pair_txq(pair);

	__netif_tx_lock_bh(txq);
	pair->up = false; /* from here on frames for the guest are dropped */
	__netif_tx_unlock_bh(txq);
	del_timer_sync(&pair->stall);
	napi_disable(&pair->napi);
	netif_tx_wake_queue(txq);
	queue_drain(&pair->rx);
	queue_drain(&pair->tx);
	return net_zc_down(pair, until);
}
