// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net", frames to the guest: ndo_start_xmit copies each into buffers of the guest's
 * receive queue. Buffers are taken ahead into a private stash, so that it is known before the next
 * frame whether there is room; if not, the queue stops and the ring is armed. A guest that gives
 * nothing for NET_STALL_MS loses frames (counted) instead of holding up dom0.
 *
 * A descriptor is checked completely (memory, direction, id, length) before a byte is copied.
 */
#include <linux/if_vlan.h>
#include <linux/virtio_net.h>

#include "dev_net.h"

static_assert(VB_NET_H_NEEDS_CSUM == VIRTIO_NET_HDR_F_NEEDS_CSUM);
static_assert(VB_NET_GSO_TCPV4 == VIRTIO_NET_HDR_GSO_TCPV4);
static_assert(VB_NET_GSO_TCPV6 == VIRTIO_NET_HDR_GSO_TCPV6);
static_assert(VB_NET_GSO_ECN == VIRTIO_NET_HDR_GSO_ECN);

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
		vbus_region_break(q->region, "receive buffer id %u, %u bytes, flags 0x%x", d.id,
				  d.len, d.flags);
		return -EPROTO;
	}
	d.len = min_t(u32, d.len, VB_NET_MAX_FRAME + sizeof(struct vb_net_hdr));
	if (!vbus_mem_ok(pair->host->mem, d.addr, d.len)) {
		vbus_region_break(q->region, "receive buffer 0x%llx + %u outside memory", d.addr,
				  d.len);
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
static void net_copy_out(struct net_pair *pair, const struct sk_buff *skb, u32 off, u64 gpa,
			 u32 len)
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
		if (!net_queue_complete(&pair->rx, d->id, n + skip, 0))
			return;
		skip = 0;
	}
	vbus_mem_write(pair->host->mem, header_at, &hdr, sizeof(hdr));
}

/* No room: true if the queue is stopped now and an event of the guest will wake it. */
static bool net_stop(struct net_pair *pair)
{
	struct netdev_queue *txq = net_pair_txq(pair);

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
		if (net_queue_broken(&pair->rx) || pair->stalled || stash_hopeless(pair, bytes))
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

/* The guest's filter; BH off, so the pointer stays. */
static bool net_wanted(const struct net_host *host, const struct sk_buff *skb)
{
	const struct net_wanted *wanted = rcu_dereference_bh(host->wanted);

	return !wanted || net_filter_wants(&wanted->filter, skb->data);
}

netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *ndev)
{
	struct net_host *host = netdev_priv(ndev);
	struct net_pair *pair = &host->pair[skb_get_queue_mapping(skb)];
	u32 need = sizeof(struct vb_net_hdr) + skb->len;
	bool fits, more = netdev_xmit_more();

	/* Without carrier the offloads may still be those of an earlier connection. */
	if (!pair->up || !netif_carrier_ok(ndev) || net_queue_broken(&pair->rx))
		goto drop;
	if (!net_wanted(host, skb)) {
		pair->filtered++;
		if (!more)
			net_queue_flush(&pair->rx);
		dev_consume_skb_any(skb);
		return NETDEV_TX_OK;
	}
	fits = net_room_or_stop(pair, need);
	if (!fits && netif_tx_queue_stopped(net_pair_txq(pair))) {
		net_queue_flush(&pair->rx);
		return NETDEV_TX_BUSY;
	}
	if (fits && !(host->features & VB_NET_F_MRG) && stash_first(&pair->stash)->len < need)
		fits = false;
	if (!fits) {
		if (stash_hopeless(pair, need))
			pair->too_long++;
		else
			pair->no_buffer++;
		net_queue_flush(&pair->rx);
		goto drop;
	}
	skb_tx_timestamp(skb);
	net_deliver(pair, skb);
	dev_sw_netstats_tx_add(ndev, 1, skb->len);
	dev_consume_skb_any(skb);
	if (!net_room_or_stop(pair, net_usual_need(pair)))
		more = false;
	if (!more || netif_tx_queue_stopped(net_pair_txq(pair)))
		net_queue_flush(&pair->rx);
	return NETDEV_TX_OK;

drop:
	dev_core_stats_tx_dropped_inc(ndev);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

void net_rx_event(struct vbus_region *region)
{
	struct net_pair *pair = region->priv;
	struct netdev_queue *txq = net_pair_txq(pair);

	if (netif_tx_queue_stopped(txq))
		netif_tx_wake_queue(txq);
	else
		region->stats.spurious++;
}

void net_stall(struct timer_list *timer)
{
	struct net_pair *pair = from_timer(pair, timer, stall);
	struct netdev_queue *txq = net_pair_txq(pair);

	__netif_tx_lock(txq, smp_processor_id());
	if (pair->up && netif_tx_queue_stopped(txq)) {
		pair->stalled = true;
		netif_tx_wake_queue(txq);
	}
	__netif_tx_unlock(txq);
}
