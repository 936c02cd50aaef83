// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net", the data path.
 *
 * To the guest: ndo_start_xmit copies a frame into buffers of the guest's receive queue. Buffers are
 * taken ahead into a private stash, so that it is known before the next frame whether there is room;
 * if not, the queue stops and the ring is armed. A guest that gives nothing for NET_STALL_MS loses
 * frames (counted) instead of holding up dom0.
 *
 * From the guest: an event schedules NAPI; it takes chains within its budget, copies each into an
 * skb, checks the header with the same code that checks virtio's, and arms the ring before it stops.
 *
 * A descriptor is checked completely (memory, direction, id, length) before a byte is copied.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/virtio_net.h>

#include "dev_net.h"

#define NET_LINEAR 256u /* bytes of a big frame in the skb's head: all headers */
#define NET_MIN_GSO 8u	/* smallest segment Linux's TCP can make */

static_assert(VB_NET_H_NEEDS_CSUM == VIRTIO_NET_HDR_F_NEEDS_CSUM);
static_assert(VB_NET_GSO_TCPV4 == VIRTIO_NET_HDR_GSO_TCPV4);
static_assert(VB_NET_GSO_TCPV6 == VIRTIO_NET_HDR_GSO_TCPV6);
static_assert(VB_NET_GSO_ECN == VIRTIO_NET_HDR_GSO_ECN);

void net_queue_init(struct net_queue *q, struct vbus_region *region, u32 size)
{
	q->region = region;
	q->size = size;
	ioq_consumer_init(&q->submissions, ioq_submissions(region->va), size);
	ioq_producer_init(&q->completions, ioq_completions(region->va, size), size);
}

static bool queue_broken(const struct net_queue *q)
{
	return READ_ONCE(q->region->broken);
}

/* Show completions and freed slots to the guest, one event at most. */
static void queue_flush(struct net_queue *q)
{
	bool published = q->completions.head != q->completions.published;

	ioq_release(&q->submissions);
	if (published)
		vbus_region_signal(q->region, ioq_publish(&q->completions));
}

static bool queue_complete(struct net_queue *q, u16 id, u32 len, u16 flags)
{
	struct ioq_desc d = { .len = len, .id = id, .flags = flags };

	if (!ioq_push(&q->completions, &d))
		return true;
	vbus_region_break(q->region, "more buffers under way than the ring holds");
	return false;
}

/* ---- to the guest ---- */

/* Takes one buffer into the stash: 1, 0 none, negative: broken. */
static int stash_take(struct net_pair *pair)
{
	struct net_stash *s = &pair->stash;
	struct net_queue *q = &pair->rx;
	struct ioq_desc d;
	int n = ioq_pop(&q->submissions, &d);

	if (!n)
		return 0;
	if (n < 0) {
		vbus_region_break(q->region, "impossible count of submissions");
		return n;
	}
	if (d.flags != IOQ_F_WRITE || d.id >= q->size || d.len < NET_MIN_RX_BUFFER) {
		vbus_region_break(q->region, "receive buffer id %u, %u bytes, flags 0x%x", d.id, d.len,
				  d.flags);
		return -EPROTO;
	}
	d.len = min_t(u32, d.len, VB_NET_MAX_FRAME + sizeof(struct vb_net_hdr));
	if (!vbus_mem_ok(pair->host->mem, d.addr, d.len)) {
		vbus_region_break(q->region, "receive buffer 0x%llx + %u outside memory", d.addr, d.len);
		return -EFAULT;
	}
	s->desc[(s->head + s->count++) % NET_STASH] = d;
	s->bytes += d.len;
	return 1;
}

static struct ioq_desc *stash_first(struct net_stash *s)
{
	return &s->desc[s->head % NET_STASH];
}

/* Is there room for so many bytes? Takes buffers as needed. */
static bool stash_room(struct net_pair *pair, u32 bytes)
{
	struct net_stash *s = &pair->stash;
	bool spread = pair->host->features & VB_NET_F_MRG;

	while (spread ? s->bytes < bytes && s->count < NET_STASH : !s->count)
		if (stash_take(pair) <= 0)
			return false;
	return spread ? s->bytes >= bytes : true;
}

/* Could it fit at all, with buffers like the first one? */
static bool stash_hopeless(struct net_pair *pair, u32 bytes)
{
	struct net_stash *s = &pair->stash;
	u32 most = pair->host->features & VB_NET_F_MRG ? min(NET_STASH, pair->rx.size) : 1;

	/* With a full stash of mixed buffers no event would ever help. */
	return s->count == NET_STASH || (s->count && (u64)stash_first(s)->len * most < bytes);
}

static void net_header(struct vb_net_hdr *hdr, const struct sk_buff *skb, u64 features)
{
	struct virtio_net_hdr v;

	*hdr = (struct vb_net_hdr){ .len = skb->len };
	/* An error would be GSO of a kind that our features never admit. */
	if (!(features & VB_NET_F_CSUM) || virtio_net_hdr_from_skb(skb, &v, true, true, 0))
		return;
	hdr->flags = v.flags;
	hdr->gso_type = v.gso_type;
	hdr->hdr_len = __virtio16_to_cpu(true, v.hdr_len);
	hdr->gso_size = __virtio16_to_cpu(true, v.gso_size);
	hdr->csum_start = __virtio16_to_cpu(true, v.csum_start);
	hdr->csum_offset = __virtio16_to_cpu(true, v.csum_offset);
}

/* Copies frame bytes at off to guest memory that was checked when it was taken. */
static void net_copy_out(struct net_pair *pair, const struct sk_buff *skb, u32 off, u64 gpa, u32 len)
{
	while (len) {
		u64 piece = len;
		void *va = vbus_mem_piece(pair->host->mem, gpa, &piece);

		if (WARN_ON_ONCE(!va) || skb_copy_bits(skb, off, va, piece))
			return;
		off += piece;
		gpa += piece;
		len -= piece;
	}
}

/* stash_room() said yes. The header goes out last, when the number of buffers is known. */
static void net_deliver(struct net_pair *pair, const struct sk_buff *skb)
{
	struct net_stash *s = &pair->stash;
	u64 header_at = stash_first(s)->addr;
	u32 skip = sizeof(struct vb_net_hdr), off = 0;
	struct vb_net_hdr hdr;

	net_header(&hdr, skb, pair->host->features);
	while (off < skb->len) {
		struct ioq_desc *d = stash_first(s);
		u32 n = min(d->len - skip, skb->len - off);

		net_copy_out(pair, skb, off, d->addr + skip, n);
		off += n;
		hdr.buffers++;
		s->head++;
		s->count--;
		s->bytes -= d->len;
		if (!queue_complete(&pair->rx, d->id, n + skip, 0))
			return;
		skip = 0;
	}
	vbus_mem_write(pair->host->mem, header_at, &hdr, sizeof(hdr));
}

static struct netdev_queue *pair_txq(const struct net_pair *pair)
{
	return netdev_get_tx_queue(pair->host->ndev, pair->index);
}

/* No room: true if the queue is stopped now and an event of the guest will wake it. */
static bool net_stop(struct net_pair *pair)
{
	struct netdev_queue *txq = pair_txq(pair);

	pair->rx.region->stats.ringfull++;
	ioq_release(&pair->rx.submissions);
	netif_tx_stop_queue(txq);
	/* Stopped before armed: the event that arming asks for finds the queue stopped. */
	if (!ioq_arm(&pair->rx.submissions)) {
		netif_tx_start_queue(txq);
		return false;
	}
	pair->stops++;
	mod_timer(&pair->stall, jiffies + msecs_to_jiffies(NET_STALL_MS));
	return true;
}

/* Room for bytes; else false, with the queue stopped where waiting makes sense. */
static bool net_room_or_stop(struct net_pair *pair, u32 bytes)
{
	for (;;) {
		if (stash_room(pair, bytes)) {
			pair->stalled = false;
			return true;
		}
		if (queue_broken(&pair->rx) || pair->stalled || stash_hopeless(pair, bytes))
			return false;
		if (net_stop(pair))
			return false;
	}
}

/* What a full frame of the current MTU takes. */
static u32 net_usual_need(const struct net_pair *pair)
{
	return sizeof(struct vb_net_hdr) + VLAN_ETH_HLEN + READ_ONCE(pair->host->ndev->mtu);
}

netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *ndev)
{
	struct net_host *host = netdev_priv(ndev);
	struct net_pair *pair = &host->pair[skb_get_queue_mapping(skb)];
	u32 need = sizeof(struct vb_net_hdr) + skb->len;
	bool fits, more = netdev_xmit_more();

	if (!pair->up || queue_broken(&pair->rx))
		goto drop;
	fits = net_room_or_stop(pair, need);
	if (!fits && netif_tx_queue_stopped(pair_txq(pair))) {
		queue_flush(&pair->rx);
		return NETDEV_TX_BUSY;
	}
	if (fits && !(host->features & VB_NET_F_MRG) && stash_first(&pair->stash)->len < need)
		fits = false;
	if (!fits) {
		if (stash_hopeless(pair, need))
			pair->too_long++;
		else
			pair->no_buffer++;
		queue_flush(&pair->rx);
		goto drop;
	}
	skb_tx_timestamp(skb);
	net_deliver(pair, skb);
	dev_sw_netstats_tx_add(ndev, 1, skb->len);
	dev_consume_skb_any(skb);
	if (!net_room_or_stop(pair, net_usual_need(pair)))
		more = false;
	if (!more || netif_tx_queue_stopped(pair_txq(pair)))
		queue_flush(&pair->rx);
	return NETDEV_TX_OK;

drop:
	dev_core_stats_tx_dropped_inc(ndev);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

void net_rx_event(struct vbus_region *region)
{
	struct net_pair *pair = region->priv;
	struct netdev_queue *txq = pair_txq(pair);

	if (netif_tx_queue_stopped(txq))
		netif_tx_wake_queue(txq);
	else
		region->stats.spurious++;
}

void net_stall(struct timer_list *timer)
{
	struct net_pair *pair = from_timer(pair, timer, stall);
	struct netdev_queue *txq = pair_txq(pair);

	__netif_tx_lock(txq, smp_processor_id());
	if (pair->up && netif_tx_queue_stopped(txq)) {
		pair->stalled = true;
		netif_tx_wake_queue(txq);
	}
	__netif_tx_unlock(txq);
}

/* ---- from the guest ---- */

void net_tx_event(struct vbus_region *region)
{
	struct net_pair *pair = region->priv;

	napi_schedule(&pair->napi);
}

/*
 * Checks a chain; returns its bytes, header included, or 0 after breaking the queue. A buffer longer
 * than any frame is cut: the rest would not be read, so it need not be looked at either.
 */
static u32 chain_check(struct net_pair *pair, struct ioq_desc *chain, int n)
{
	u32 total = 0;
	int i;

	for (i = 0; i < n; i++) {
		chain[i].len = min_t(u32, chain[i].len, VB_NET_MAX_FRAME + sizeof(struct vb_net_hdr));
		if (chain[i].flags & ~IOQ_F_NEXT || chain[i].id >= pair->tx.size)
			goto bad;
		if (!vbus_mem_ok(pair->host->mem, chain[i].addr, chain[i].len))
			goto bad;
		total += chain[i].len;
	}
	i = 0;
	if (chain[0].len < sizeof(struct vb_net_hdr))
		goto bad;
	return total;
bad:
	vbus_region_break(pair->tx.region, "buffer %d of %d: 0x%llx + %u, id %u, flags 0x%x", i, n,
			  chain[i].addr, chain[i].len, chain[i].id, chain[i].flags);
	return 0;
}

static bool header_ok(const struct net_pair *pair, const struct vb_net_hdr *hdr, u32 bytes)
{
	u64 features = pair->host->features;
	u32 longest = VLAN_ETH_HLEN + VB_NET_MAX_MTU;

	if (hdr->len > bytes - sizeof(*hdr) || hdr->len < ETH_HLEN || hdr->buffers)
		return false;
	if ((hdr->flags & VB_NET_H_NEEDS_CSUM) && !(features & VB_NET_F_CSUM))
		return false;
	switch (hdr->gso_type & ~VB_NET_GSO_ECN) {
	case VB_NET_GSO_NONE:
		return !hdr->gso_type && hdr->len <= longest;
	case VB_NET_GSO_TCPV4:
		if (!(features & VB_NET_F_TSO4))
			return false;
		break;
	case VB_NET_GSO_TCPV6:
		if (!(features & VB_NET_F_TSO6))
			return false;
		break;
	default:
		return false;
	}
	return (hdr->flags & VB_NET_H_NEEDS_CSUM) && hdr->gso_size >= NET_MIN_GSO &&
	       hdr->len <= VB_NET_MAX_FRAME;
}

static struct sk_buff *net_skb(struct net_pair *pair, u32 len)
{
	u32 linear = min(len, NET_LINEAR);
	struct sk_buff *skb;
	int err;

	if (len <= SKB_WITH_OVERHEAD(2048) - NET_SKB_PAD - NET_IP_ALIGN) {
		skb = napi_alloc_skb(&pair->napi, len);
		if (skb)
			skb_put(skb, len);
		return skb;
	}
	skb = alloc_skb_with_frags(NET_SKB_PAD + NET_IP_ALIGN + linear, len - linear,
				   PAGE_ALLOC_COSTLY_ORDER, &err, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD + NET_IP_ALIGN);
	skb_put(skb, linear);
	skb->data_len = len - linear;
	skb->len += skb->data_len;
	return skb;
}

/* Copies the frame behind the header, once; from here on only the copy counts. */
static void net_copy_in(struct net_pair *pair, struct sk_buff *skb, const struct ioq_desc *chain)
{
	u32 off = 0, skip = sizeof(struct vb_net_hdr);

	for (; off < skb->len; chain++) {
		u64 gpa = chain->addr + skip;
		u32 left = min(chain->len - skip, skb->len - off);

		while (left) {
			u64 piece = left;
			void *va = vbus_mem_piece(pair->host->mem, gpa, &piece);

			if (WARN_ON_ONCE(!va) || skb_store_bits(skb, off, va, piece))
				return;
			off += piece;
			gpa += piece;
			left -= piece;
		}
		skip = 0;
	}
}

/* A frame whose chain was checked: give it to Linux. False: refused. */
static bool net_receive(struct net_pair *pair, const struct ioq_desc *chain, u32 bytes)
{
	struct net_device *ndev = pair->host->ndev;
	struct virtio_net_hdr v = { 0 };
	struct vb_net_hdr hdr;
	struct sk_buff *skb;

	if (vbus_mem_read(pair->host->mem, &hdr, chain[0].addr, sizeof(hdr)) ||
	    !header_ok(pair, &hdr, bytes) || !netif_running(ndev))
		return false;
	skb = net_skb(pair, hdr.len);
	if (!skb)
		return false;
	net_copy_in(pair, skb, chain);
	v.flags = hdr.flags & VB_NET_H_NEEDS_CSUM;
	v.gso_type = hdr.gso_type;
	v.hdr_len = __cpu_to_virtio16(true, hdr.hdr_len);
	v.gso_size = __cpu_to_virtio16(true, hdr.gso_size);
	v.csum_start = __cpu_to_virtio16(true, hdr.csum_start);
	v.csum_offset = __cpu_to_virtio16(true, hdr.csum_offset);
	if (virtio_net_hdr_to_skb(skb, &v, true)) {
		kfree_skb(skb);
		return false;
	}
	dev_sw_netstats_rx_add(ndev, skb->len);
	skb_record_rx_queue(skb, pair->index);
	skb->protocol = eth_type_trans(skb, ndev);
	napi_gro_receive(&pair->napi, skb);
	return true;
}

/* 1: one chain done, 0: none there, negative: broken. */
static int net_poll_one(struct net_pair *pair)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	u16 flags = 0;
	u32 bytes;
	int n = ioq_pop_chain(&pair->tx.submissions, chain);

	if (n < 0)
		vbus_region_break(pair->tx.region, "impossible count or chain");
	if (n <= 0)
		return n;
	bytes = chain_check(pair, chain, n);
	if (!bytes)
		return -EPROTO;
	if (!net_receive(pair, chain, bytes)) {
		pair->refused++;
		dev_core_stats_rx_dropped_inc(pair->host->ndev);
		flags = VB_NET_C_DROPPED;
	}
	return queue_complete(&pair->tx, chain[0].id, 0, flags) ? 1 : -EPROTO;
}

int net_poll(struct napi_struct *napi, int budget)
{
	struct net_pair *pair = container_of(napi, struct net_pair, napi);
	int done = 0, n = 0;

	if (!budget) /* netpoll: sends only */
		return 0;
	if (!queue_broken(&pair->tx))
		while (done < budget && (n = net_poll_one(pair)) > 0)
			done++;
	queue_flush(&pair->tx);
	if (done == budget)
		return budget;
	/* Armed while still scheduled: an event from now on marks NAPI as missed, and it runs again. */
	if (!queue_broken(&pair->tx) && !ioq_arm(&pair->tx.submissions))
		return budget;
	if (!done)
		pair->tx.region->stats.spurious++;
	napi_complete_done(napi, done);
	return done;
}

/* ---- up and down: dev->lock is held ---- */

void net_pair_up(struct net_pair *pair)
{
	struct netdev_queue *txq = pair_txq(pair);

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
	queue_flush(q);
}

void net_pair_down(struct net_pair *pair)
{
	struct netdev_queue *txq = pair_txq(pair);

	__netif_tx_lock_bh(txq);
	pair->up = false; /* from here on frames for the guest are dropped */
	__netif_tx_unlock_bh(txq);
	del_timer_sync(&pair->stall);
	napi_disable(&pair->napi);
	netif_tx_wake_queue(txq);
	queue_drain(&pair->rx);
	queue_drain(&pair->tx);
}
