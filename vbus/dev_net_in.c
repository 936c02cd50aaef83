// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net", frames from the guest: an event schedules NAPI; it takes chains within its
 * budget, copies each into an skb or has it read in place (dev_net_zc.c), checks the header with
 * the same code that checks virtio's, and arms the ring before it stops.
 *
 * A chain is checked completely (memory, direction, id) before a byte is copied; the header is
 * fetched once.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/sched/clock.h>
#include <linux/virtio_net.h>

#include "dev_net.h"

#define NET_MIN_GSO 8u	/* smallest segment Linux's TCP can make */

void net_tx_event(struct vbus_region *region)
{
	struct net_pair *pair = region->priv;

	napi_schedule(&pair->napi);
}

/*
 * Checks a chain; returns its bytes, header included, or 0 after breaking the queue. A buffer
 * longer than any frame is cut: the rest would not be read, so it need not be looked at either.
 */
static u32 chain_check(struct net_pair *pair, struct ioq_desc *chain, int n)
{
	const u32 longest = VB_NET_MAX_FRAME + sizeof(struct vb_net_hdr);
	u32 total = 0;
	int i;

	for (i = 0; i < n; i++) {
		chain[i].len = min(chain[i].len, longest);
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

/*
 * Linux takes the offsets relative to the skb's data, which moves behind Ethernet's header at once:
 * a start before the end of the network header could become negative and warn. Honest checksums
 * are those of layer 4.
 */
static bool header_csum_ok(const struct net_pair *pair, const struct vb_net_hdr *hdr)
{
	u32 end = (u32)hdr->csum_start + hdr->csum_offset + sizeof(__sum16);

	return (pair->host->features & VB_NET_F_CSUM) && end <= hdr->len &&
	       hdr->csum_start >= ETH_HLEN + sizeof(struct iphdr);
}

static bool header_ok(const struct net_pair *pair, const struct vb_net_hdr *hdr, u32 bytes)
{
	u64 features = pair->host->features;
	u32 longest = VLAN_ETH_HLEN + VB_NET_MAX_MTU;

	if (hdr->len > bytes - sizeof(*hdr) || hdr->len < ETH_HLEN || hdr->buffers)
		return false;
	if ((hdr->flags & VB_NET_H_NEEDS_CSUM) && !header_csum_ok(pair, hdr))
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

/* Copies len bytes of the frame behind the header, once; from here on only the copy counts. */
static void net_copy_in(struct net_pair *pair, struct sk_buff *skb, const struct ioq_desc *chain,
			u32 len)
{
	u32 off = 0, skip = sizeof(struct vb_net_hdr);

	for (; off < len; chain++) {
		u64 gpa = chain->addr + skip;
		u32 left = min(chain->len - skip, len - off);

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

static int net_offloads(struct sk_buff *skb, const struct vb_net_hdr *hdr)
{
	struct virtio_net_hdr v = {
		.flags = hdr->flags & VB_NET_H_NEEDS_CSUM,
		.gso_type = hdr->gso_type,
		.hdr_len = __cpu_to_virtio16(true, hdr->hdr_len),
		.gso_size = __cpu_to_virtio16(true, hdr->gso_size),
		.csum_start = __cpu_to_virtio16(true, hdr->csum_start),
		.csum_offset = __cpu_to_virtio16(true, hdr->csum_offset),
	};

	return virtio_net_hdr_to_skb(skb, &v, true);
}

/*
 * A guest that makes segments itself gains nothing from GRO, and GRO would merge frames that are
 * read in place; so one way for all frames of a guest, and they stay in order.
 */
static void net_give(struct net_pair *pair, struct sk_buff *skb)
{
	struct net_device *ndev = pair->host->ndev;

	dev_sw_netstats_rx_add(ndev, skb->len);
	skb_record_rx_queue(skb, pair->index);
	skb->protocol = eth_type_trans(skb, ndev);
	if (pair->host->features & (VB_NET_F_TSO4 | VB_NET_F_TSO6))
		netif_receive_skb(skb);
	else
		napi_gro_receive(&pair->napi, skb);
}

/*
 * Show what is completed. The event for it waits until the end of the poll: what the stack answers
 * meanwhile often brings the guest an event of its receive queue, which is one for both.
 */
static void net_tx_publish(struct net_pair *pair)
{
	struct net_queue *q = &pair->tx;

	ioq_release(&q->submissions);
	if (q->completions.head == q->completions.published)
		return;
	if (ioq_publish(&q->completions))
		pair->tx_due = true;
	else
		q->region->stats.suppressed++;
}

static void net_tx_tell(struct net_pair *pair)
{
	bool told = pair->host->features & VB_NET_F_PAIR && pair->rx.region &&
		    ioq_told(&pair->rx.completions);

	/* Publishing was followed by a full fence. The guest arms the receive queue, then by
	 * another fence looks at the transmit queue: if that is yet to come, it sees our count. */
	if (pair->tx_due)
		vbus_region_signal(pair->tx.region, !told);
	pair->tx_due = false;
}

enum net_result { NET_REFUSED, NET_DONE, NET_IN_PLACE };

/* A frame whose chain was checked, as an skb. In place: completed when Linux is done with it. */
static enum net_result net_frame(struct net_pair *pair, const struct ioq_desc *chain, u32 bytes,
				 struct sk_buff **out)
{
	struct vb_net_hdr hdr;
	struct sk_buff *skb;
	bool in_place;

	if (vbus_mem_read(pair->host->mem, &hdr, chain[0].addr, sizeof(hdr)) ||
	    !header_ok(pair, &hdr, bytes) || !netif_running(pair->host->ndev))
		return NET_REFUSED;
	skb = net_zc_skb(pair, chain, hdr.len);
	in_place = skb;
	if (!in_place)
		skb = net_skb(pair, hdr.len);
	if (!skb)
		return NET_REFUSED;
	net_copy_in(pair, skb, chain, in_place ? NET_LINEAR : hdr.len);
	if (net_offloads(skb, &hdr)) {
		kfree_skb(skb);
		return NET_REFUSED;
	}
	if (in_place)
		net_zc_commit(pair, skb, chain[0].id);
	*out = skb;
	return in_place ? NET_IN_PLACE : NET_DONE;
}

/* 1: one chain done, 0: none there, negative: broken. */
static int net_poll_one(struct net_pair *pair)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	struct sk_buff *skb = NULL;
	enum net_result result;
	bool ok = true;
	u32 bytes;
	int n = ioq_pop_chain(&pair->tx.submissions, chain);

	if (n < 0)
		vbus_region_break(pair->tx.region, "impossible count or chain");
	if (n <= 0)
		return n;
	bytes = chain_check(pair, chain, n);
	if (!bytes)
		return -EPROTO;
	result = net_frame(pair, chain, bytes, &skb);
	if (result == NET_REFUSED) {
		pair->refused++;
		dev_core_stats_rx_dropped_inc(pair->host->ndev);
	}
	if (result != NET_IN_PLACE)
		ok = net_queue_complete(&pair->tx, chain[0].id, 0,
					result == NET_REFUSED ? VB_NET_C_DROPPED : 0);
	net_tx_publish(pair);
	if (skb)
		net_give(pair, skb);
	return ok ? 1 : -EPROTO;
}

int net_poll(struct napi_struct *napi, int budget)
{
	struct net_pair *pair = container_of(napi, struct net_pair, napi);
	u64 window = READ_ONCE(pair->host->vdev->poll_us) * (u64)NSEC_PER_USEC;
	int done = 0, n = 0;

	if (!budget) /* netpoll: sends only */
		return 0;
	net_zc_poll_begin(pair);
	if (!net_queue_broken(&pair->tx))
		while (done < budget && (n = net_poll_one(pair)) > 0)
			done++;
	net_zc_poll_end(pair);
	net_tx_publish(pair);
	net_tx_tell(pair);
	if (done == budget)
		return budget;
	if (vb_poll_again(&pair->poll, done, local_clock(), window) &&
	    !net_queue_broken(&pair->tx)) {
		cpu_relax(); /* the guest may be waiting for this very CPU */
		return budget;
	}
	/* Armed while still scheduled: an event from now on marks NAPI as missed: it runs again. */
	if (!net_queue_broken(&pair->tx) && !ioq_arm(&pair->tx.submissions))
		return budget;
	if (!done)
		pair->tx.region->stats.spurious++;
	napi_complete_done(napi, done);
	return done;
}
