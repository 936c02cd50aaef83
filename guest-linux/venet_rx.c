// SPDX-License-Identifier: GPL-2.0-only
/*
 * venet, receiving: posts whole pages, takes frames of one or several of them (VB_NET_F_MRG).
 *
 * Short frames are copied and their page is posted again at once; of long ones the headers are
 * copied, since the stack wants them in one piece and out of the other side's reach when it
 * decides, and the rest is attached without a copy.
 */
#include <linux/etherdevice.h>
#include <linux/gfp.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <asm/io.h>

#include "venet.h"

#define RX_COPY 256u /* headers, or a whole short frame */
#define HDR_BYTES ((u32)sizeof(struct vb_net_hdr))

static int rx_post(struct venet_pair *pair, u16 id, struct page *page)
{
	struct venet_rx *rx = &pair->rx;
	struct ioq_desc d = {
		.addr = page_to_phys(page), .len = pair->nv->buf_bytes, .id = id,
		.flags = IOQ_F_WRITE,
	};
	int rc = ioq_push(&rx->sub, &d);

	if (!rc)
		rx->page[id] = page;
	return rc;
}

static void rx_give_back(struct venet_pair *pair, u16 id, struct page *page)
{
	if (rx_post(pair, id, page)) {
		__free_pages(page, pair->nv->buf_order);
		pair->rx.free[pair->rx.nfree++] = id;
	}
}

/* Offloads of a complete frame; false: they make no sense, drop it. */
static bool rx_offloads(struct venet *nv, struct sk_buff *skb, const struct vb_net_hdr *h)
{
	u64 need = 0;

	if (h->flags & VB_NET_H_NEEDS_CSUM) {
		if (!(nv->features & VB_NET_F_CSUM) ||
		    !skb_partial_csum_set(skb, h->csum_start, h->csum_offset))
			return false;
	} else if (h->flags & VB_NET_H_DATA_VALID) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (h->gso_type == VB_NET_GSO_NONE)
		return true;
	switch (h->gso_type & ~VB_NET_GSO_ECN) {
	case VB_NET_GSO_TCPV4:
		need = VB_NET_F_TSO4;
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
		break;
	case VB_NET_GSO_TCPV6:
		need = VB_NET_F_TSO6;
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV6;
		break;
	}
	if (!need || !(nv->features & need) || !h->gso_size)
		return false;
	if (h->gso_type & VB_NET_GSO_ECN)
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
	/* Dodgy: the stack checks the headers again before it believes the sizes. */
	skb_shinfo(skb)->gso_type |= SKB_GSO_DODGY;
	skb_shinfo(skb)->gso_size = h->gso_size;
	skb_shinfo(skb)->gso_segs = 0;
	return true;
}

static void rx_deliver(struct venet_pair *pair)
{
	struct venet_rx *rx = &pair->rx;
	struct sk_buff *skb = rx->skb;
	bool good;

	rx->skb = NULL;
	good = skb && rx_offloads(pair->nv, skb, &rx->hdr);
	u64_stats_update_begin(&rx->sync);
	if (good) {
		rx->packets++;
		rx->bytes += rx->hdr.len;
	} else if (skb) {
		rx->errors++;
	} else {
		rx->dropped++;
	}
	u64_stats_update_end(&rx->sync);
	if (!good) {
		kfree_skb(skb);
		return;
	}
	skb_record_rx_queue(skb, pair->index);
	skb->protocol = eth_type_trans(skb, pair->nv->dev);
	napi_gro_receive(&pair->napi, skb);
}

/* First buffer of a frame: copy the header once, check it, copy the front of the frame. */
static int rx_first(struct venet_pair *pair, u16 id, struct page *page, u32 len)
{
	struct venet_rx *rx = &pair->rx;
	u32 max = pair->nv->features & VB_NET_F_MRG ? MAX_SKB_FRAGS : 1, copy;
	u8 *va = page_address(page);

	if (len < HDR_BYTES)
		return -EPROTO;
	memcpy(&rx->hdr, va, HDR_BYTES);
	len -= HDR_BYTES;
	if (!rx->hdr.buffers || rx->hdr.buffers > max || rx->hdr.len < ETH_HLEN ||
	    rx->hdr.len > VB_NET_MAX_FRAME || len > rx->hdr.len || len < min(rx->hdr.len, RX_COPY))
		return -EPROTO;
	rx->missing = rx->hdr.buffers - 1;
	rx->left = rx->hdr.len - len;
	copy = min(len, RX_COPY);
	rx->skb = napi_alloc_skb(&pair->napi, RX_COPY);
	if (rx->skb)
		skb_put_data(rx->skb, va + HDR_BYTES, copy);
	if (!rx->skb || copy == len) {
		rx_give_back(pair, id, page);
		return 0;
	}
	skb_add_rx_frag(rx->skb, 0, page, HDR_BYTES + copy, len - copy, pair->nv->buf_bytes);
	rx->free[rx->nfree++] = id;
	return 0;
}

static int rx_next(struct venet_pair *pair, u16 id, struct page *page, u32 len)
{
	struct venet_rx *rx = &pair->rx;

	if (!len || len > rx->left)
		return -EPROTO;
	rx->missing--;
	rx->left -= len;
	if (!rx->skb) {
		rx_give_back(pair, id, page);
		return 0;
	}
	skb_add_rx_frag(rx->skb, skb_shinfo(rx->skb)->nr_frags, page, 0, len,
			pair->nv->buf_bytes);
	rx->free[rx->nfree++] = id;
	return 0;
}

/* One completion. 1: a frame ended, 0: more of it to come, -EPROTO. */
static int rx_completion(struct venet_pair *pair, const struct ioq_desc *d)
{
	struct venet_rx *rx = &pair->rx;
	struct page *page;
	int rc;

	/* The id is the other side's word: it must name a buffer that is posted. */
	if (d->id >= rx->size || !rx->page[d->id] || d->len > pair->nv->buf_bytes)
		return -EPROTO;
	page = rx->page[d->id];
	rx->page[d->id] = NULL;
	if (rx->missing)
		rc = rx_next(pair, d->id, page, d->len);
	else
		rc = rx_first(pair, d->id, page, d->len);
	if (rc) {
		rx->page[d->id] = page; /* freed with the others */
		return rc;
	}
	if (rx->missing)
		return 0;
	if (rx->left)
		return -EPROTO;
	rx_deliver(pair);
	return 1;
}

int venet_rx_create(struct venet_pair *pair)
{
	struct venet_rx *rx = &pair->rx;
	u32 i;
	int rc;

	rx->size = pair->nv->rx_ring;
	rx->nfree = 0;
	rx->missing = 0;
	rx->page = kvcalloc(rx->size, sizeof(*rx->page), GFP_KERNEL);
	rx->free = kvmalloc_array(rx->size, sizeof(*rx->free), GFP_KERNEL);
	rx->region.mem = vdev_mem_alloc(IOQ_QUEUE_BYTES(rx->size));
	if (!rx->page || !rx->free || !rx->region.mem)
		return -ENOMEM;
	for (i = rx->size; i--;)
		rx->free[rx->nfree++] = i;
	ioq_producer_init(&rx->sub, ioq_submissions(rx->region.mem), rx->size);
	ioq_consumer_init(&rx->com, ioq_completions(rx->region.mem, rx->size), rx->size);
	rc = venet_queue_create(pair, &rx->region, VB_NET_SHM_RX(pair->index), rx->size, "rx");
	if (!rc)
		venet_rx_fill(pair);
	return rc;
}

void venet_rx_destroy(struct venet_pair *pair, bool closed)
{
	struct venet_rx *rx = &pair->rx;
	u32 id;

	kfree_skb(rx->skb);
	rx->skb = NULL;
	if (closed) {
		for (id = 0; rx->page && id < rx->size; id++)
			if (rx->page[id])
				__free_pages(rx->page[id], pair->nv->buf_order);
		vdev_mem_free(rx->region.mem, IOQ_QUEUE_BYTES(rx->size));
	}
	rx->region.mem = NULL;
	kvfree(rx->page);
	kvfree(rx->free);
	rx->page = NULL;
	rx->free = NULL;
}

bool venet_rx_fill(struct venet_pair *pair)
{
	struct venet_rx *rx = &pair->rx;
	struct page *page;

	while (rx->nfree) {
		page = __dev_alloc_pages(GFP_ATOMIC | __GFP_NOWARN, pair->nv->buf_order);
		if (!page)
			break;
		if (rx_post(pair, rx->free[rx->nfree - 1], page)) {
			__free_pages(page, pair->nv->buf_order);
			break;
		}
		rx->nfree--;
	}
	vdev_region_kick(&rx->region, ioq_publish(&rx->sub));
	if (rx->nfree)
		rx->region.stats.ringfull++;
	/* Enough posted: the next completion brings us back here. Else nobody might. */
	return rx->nfree <= rx->size / 2;
}

int venet_rx_poll(struct venet_pair *pair, int budget)
{
	struct venet_rx *rx = &pair->rx;
	struct ioq_desc d;
	int frames = 0, rc = 0;

	/* Ends even if frames never do: each completion takes a posted buffer. */
	while (frames < budget && (rc = ioq_pop(&rx->com, &d)) > 0) {
		rc = rx_completion(pair, &d);
		if (rc < 0)
			break;
		frames += rc;
	}
	if (rc < 0) {
		venet_break(pair->nv, &rx->region, "impossible receive completion");
		return frames;
	}
	ioq_release(&rx->com);
	if (rx->nfree || rx->sub.head != rx->sub.published)
		if (!venet_rx_fill(pair))
			mod_timer(&pair->timer, jiffies + 1);
	return frames;
}

bool venet_rx_arm(struct venet_pair *pair, int frames)
{
	struct venet_rx *rx = &pair->rx;
	u32 usecs = READ_ONCE(pair->coal.rx_usecs), n = READ_ONCE(pair->coal.rx_frames);

	/* After a poll that found nothing the next frame is the first of something new. */
	if (!usecs || !frames)
		return ioq_arm(&rx->com);
	/* Half of the ring at the most: the other side must not run out of buffers first. */
	if (!n || n > rx->size / 2)
		n = rx->size / 2;
	if (!ioq_arm_after(&rx->com, n))
		return false;
	if (n > 1)
		hrtimer_start(&pair->moderation, ns_to_ktime((u64)usecs * NSEC_PER_USEC),
			      HRTIMER_MODE_REL);
	return true;
}
