// SPDX-License-Identifier: GPL-2.0-only
/*
 * venet, transmitting: one chain per frame, straight from the skb's memory.
 *
 * Completions cost no interrupt if nobody waits for them: each transmission reaps what is done, so
 * does every poll, and a timer takes the rest. An interrupt is asked for only when large TCP frames
 * or many frames are under way (their sender waits for it) or the queue is stopped, and then one
 * for three quarters of what is under way.
 */
#include <linux/etherdevice.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <asm/io.h>

#include "venet.h"

#define TX_SMALL 256u			/* frames up to this size may wait for the timer */
#define TX_MAX_DESC (MAX_SKB_FRAGS + 2) /* header, linear part, fragments */
#define HDR_BYTES ((u32)sizeof(struct vb_net_hdr))

static struct netdev_queue *tx_queue(struct venet_pair *pair)
{
	return netdev_get_tx_queue(pair->nv->dev, pair->index);
}

static u32 tx_under_way(const struct venet_tx *tx)
{
	return tx->size - tx->nfree;
}

static bool tx_room(struct venet_tx *tx)
{
	return tx->nfree && ioq_space(&tx->sub) >= TX_MAX_DESC;
}

/* Transmit lock held. Take the completions; budget as for napi_consume_skb(). How many? */
static u32 tx_reap(struct venet_pair *pair, int budget)
{
	struct venet_tx *tx = &pair->tx;
	u32 packets = 0, bytes = 0, refused = 0;
	struct ioq_desc d;
	int rc;

	while ((rc = ioq_pop(&tx->com, &d)) > 0) {
		struct sk_buff *skb;

		/* The id is the other side's word: it must name a frame that is under way. */
		if (d.id >= tx->size || !tx->skb[d.id]) {
			rc = -EPROTO;
			break;
		}
		skb = tx->skb[d.id];
		tx->skb[d.id] = NULL;
		tx->free[tx->nfree++] = d.id;
		packets++;
		bytes += skb->len;
		refused += !!(d.flags & VB_NET_C_DROPPED);
		napi_consume_skb(skb, budget);
	}
	ioq_release(&tx->com);
	if (rc < 0)
		venet_break(pair->nv, &tx->region, "impossible transmit completion");
	if (packets) {
		u64_stats_update_begin(&tx->sync);
		tx->packets += packets - refused;
		tx->bytes += bytes;
		tx->errors += refused;
		u64_stats_update_end(&tx->sync);
		netdev_tx_completed_queue(tx_queue(pair), packets, bytes);
	}
	if (!tx_under_way(tx))
		tx->want_irq = false;
	/* up is cleared before the queues are stopped under this lock: no waking after that. */
	if (netif_tx_queue_stopped(tx_queue(pair)) && READ_ONCE(pair->nv->up) && tx_room(tx))
		netif_tx_wake_queue(tx_queue(pair));
	return packets;
}

/* Transmit lock held. See to it that what is under way gets reaped. True: some is done already. */
static bool tx_rearm(struct venet_pair *pair)
{
	struct venet_tx *tx = &pair->tx;
	u32 n = tx_under_way(tx);
	bool stopped = netif_xmit_stopped(tx_queue(pair));

	if ((!n && !stopped) || READ_ONCE(pair->nv->broken))
		return false;
	if (n && (tx->want_irq || stopped))
		return !ioq_arm_after(&tx->com, max(1u, n * 3 / 4));
	/* Also when all is completed but its ring slots are not yet free again. */
	if (!timer_pending(&pair->timer))
		mod_timer(&pair->timer, jiffies + usecs_to_jiffies(READ_ONCE(pair->coal.tx_usecs)));
	return false;
}

/* Does the sender wait for this frame's completion? TCP does: it limits what lies in queues. Others
 * only when much is under way. */
static bool tx_urgent(const struct venet_pair *pair, const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	if (skb->len <= TX_SMALL)
		return false;
	if (tx_under_way(&pair->tx) >= READ_ONCE(pair->coal.tx_frames))
		return true;
	return sk && sk_fullsock(sk) && sk_is_tcp(sk);
}

static int tx_header(const struct sk_buff *skb, struct vb_net_hdr *h)
{
	const struct skb_shared_info *info = skb_shinfo(skb);

	*h = (struct vb_net_hdr){ .len = skb->len };
	if (skb->len > VB_NET_MAX_FRAME)
		return -EMSGSIZE;
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		h->flags = VB_NET_H_NEEDS_CSUM;
		h->csum_start = skb_checksum_start_offset(skb);
		h->csum_offset = skb->csum_offset;
	}
	if (!skb_is_gso(skb))
		return 0;
	if (info->gso_type & SKB_GSO_TCPV4)
		h->gso_type = VB_NET_GSO_TCPV4;
	else if (info->gso_type & SKB_GSO_TCPV6)
		h->gso_type = VB_NET_GSO_TCPV6;
	else
		return -EINVAL;
	if (info->gso_type & SKB_GSO_TCP_ECN)
		h->gso_type |= VB_NET_GSO_ECN;
	h->hdr_len = skb_transport_offset(skb) + tcp_hdrlen(skb);
	h->gso_size = info->gso_size;
	return 0;
}

static int tx_push(struct venet_tx *tx, phys_addr_t addr, u32 len, u16 id, bool last)
{
	struct ioq_desc d = {
		.addr = addr, .len = len, .id = id, .flags = last ? 0 : IOQ_F_NEXT,
	};

	return ioq_push(&tx->sub, &d);
}

/*
 * The chain of one frame; there is room for it, so only a broken ring refuses. The header goes
 * right before the data if that room is ours alone.
 */
static int tx_chain(struct venet_tx *tx, struct sk_buff *skb, const struct vb_net_hdr *hdr, u16 id)
{
	u32 frags = skb_shinfo(skb)->nr_frags, head = skb_headlen(skb), i;
	u8 *front = skb->data - HDR_BYTES;
	int rc;

	if (skb_headroom(skb) >= HDR_BYTES && !skb_header_cloned(skb) && head) {
		memcpy(front, hdr, HDR_BYTES);
		rc = tx_push(tx, virt_to_phys(front), HDR_BYTES + head, id, !frags);
	} else {
		tx->hdr[id] = *hdr;
		rc = tx_push(tx, virt_to_phys(&tx->hdr[id]), HDR_BYTES, id, false);
		if (!rc && head)
			rc = tx_push(tx, virt_to_phys(skb->data), head, id, !frags);
	}
	for (i = 0; !rc && i < frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];

		rc = tx_push(tx, page_to_phys(skb_frag_page(f)) + skb_frag_off(f),
			     skb_frag_size(f), id, i + 1 == frags);
	}
	return rc;
}

/* Transmit lock held. Show what was pushed; NAPI takes what is done by now, and wakes a queue
 * that had to stop. */
static void tx_flush(struct venet_pair *pair)
{
	vdev_region_kick(&pair->tx.region, ioq_publish(&pair->tx.sub));
	/* NAPI that polls arms when it stops: venet_tx_arm(), under this lock. */
	if (!READ_ONCE(pair->polling) && tx_rearm(pair))
		napi_schedule(&pair->napi);
}

netdev_tx_t venet_tx_start(struct sk_buff *skb, struct net_device *dev)
{
	struct venet *nv = netdev_priv(dev);
	struct venet_pair *pair = &nv->pair[skb_get_queue_mapping(skb)];
	struct venet_tx *tx = &pair->tx;
	struct vb_net_hdr hdr;
	u32 len = skb->len;
	u16 id;

	if (!READ_ONCE(nv->up)) { /* a restart failed: there are no rings */
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	tx_reap(pair, 0);
	if (READ_ONCE(nv->broken) || !tx_room(tx) || tx_header(skb, &hdr))
		goto drop;
	id = tx->free[tx->nfree - 1];
	if (tx_chain(tx, skb, &hdr, id)) {
		venet_break(nv, &tx->region, "impossible count of consumed frames");
		goto drop;
	}
	tx->nfree--;
	tx->skb[id] = skb;
	if (tx_urgent(pair, skb))
		tx->want_irq = true;
	skb_tx_timestamp(skb);
	if (!tx_room(tx)) {
		tx->region.stats.ringfull++;
		netif_tx_stop_queue(tx_queue(pair));
	}
	if (__netdev_tx_sent_queue(tx_queue(pair), len, netdev_xmit_more()))
		tx_flush(pair);
	return NETDEV_TX_OK;
drop:
	u64_stats_update_begin(&tx->sync);
	tx->dropped++;
	u64_stats_update_end(&tx->sync);
	dev_kfree_skb_any(skb);
	if (!netdev_xmit_more()) /* the last of a batch is the one that flushes it */
		tx_flush(pair);
	return NETDEV_TX_OK;
}

int venet_tx_create(struct venet_pair *pair)
{
	struct venet_tx *tx = &pair->tx;
	u32 i;

	tx->size = pair->nv->tx_ring;
	tx->nfree = 0;
	tx->want_irq = false;
	tx->skb = kvcalloc(tx->size, sizeof(*tx->skb), GFP_KERNEL);
	tx->free = kvmalloc_array(tx->size, sizeof(*tx->free), GFP_KERNEL);
	tx->hdr = vdev_mem_alloc(tx->size * sizeof(*tx->hdr));
	tx->region.mem = vdev_mem_alloc(IOQ_QUEUE_BYTES(tx->size));
	if (!tx->skb || !tx->free || !tx->hdr || !tx->region.mem)
		return -ENOMEM;
	for (i = tx->size; i--;)
		tx->free[tx->nfree++] = i;
	ioq_producer_init(&tx->sub, ioq_submissions(tx->region.mem), tx->size);
	ioq_consumer_init(&tx->com, ioq_completions(tx->region.mem, tx->size), tx->size);
	netdev_tx_reset_queue(tx_queue(pair));
	return venet_queue_create(pair, &tx->region, VB_NET_SHM_TX(pair->index), tx->size, "tx");
}

void venet_tx_destroy(struct venet_pair *pair, bool closed)
{
	struct venet_tx *tx = &pair->tx;
	u32 id;

	/* Not closed: the skbs may still be read there. They are abandoned with the ring. */
	if (closed) {
		for (id = 0; tx->skb && id < tx->size; id++)
			dev_kfree_skb_any(tx->skb[id]);
		vdev_mem_free(tx->hdr, tx->size * sizeof(*tx->hdr));
		vdev_mem_free(tx->region.mem, IOQ_QUEUE_BYTES(tx->size));
	}
	tx->region.mem = NULL;
	tx->hdr = NULL;
	kvfree(tx->skb);
	kvfree(tx->free);
	tx->skb = NULL;
	tx->free = NULL;
}

u32 venet_tx_poll(struct venet_pair *pair, int budget)
{
	struct netdev_queue *txq = tx_queue(pair);
	u32 reaped;

	/* Whoever has the lock is transmitting, so reaps by itself. */
	if (!__netif_tx_trylock(txq))
		return 0;
	reaped = tx_reap(pair, budget);
	__netif_tx_unlock(txq);
	return reaped;
}

bool venet_tx_arm(struct venet_pair *pair)
{
	struct netdev_queue *txq = tx_queue(pair);
	bool again;

	/* Whoever has the lock may have seen that NAPI polls, and so not arm. */
	if (!__netif_tx_trylock(txq))
		return false;
	again = tx_rearm(pair);
	__netif_tx_unlock(txq);
	return !again;
}
