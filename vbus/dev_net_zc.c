// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net": frames of the guest that dom0's network stack reads in place. Large frames go
 * to a NIC or to another guest without a copy; the guest's chain is completed when the last of them
 * is freed.
 *
 * Only what lies behind the headers stays in the guest's memory: net_receive() copies the front.
 * Linux itself copies the rest before it gives a frame to a local socket or to a second reader;
 * what remains is waiting time in queues of other devices. That is bounded three ways: so many
 * frames per pair; none while there is no progress, then copies are made; and a connection that
 * ends waits for a while only. What is then still under way outlives it: this structure by its
 * reference count, the guest's memory by those of its pages, which the connector waits for before
 * it takes the memory back.
 */
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "dev_net.h"

#define ZC_FRAMES 16u	   /* of one pair under way: 1 MiB */
#define ZC_STUCK (HZ / 50) /* without a completion for so long: copy */
#define ZC_PAUSE HZ	   /* for so long */
#define ZC_SKIP 64u	   /* frames copied here after Linux had to copy one */

struct zc_frame {
	struct ubuf_info ubuf;
	struct net_zc *zc;
	struct llist_node done;
	u16 id; /* of the chain */
};

struct net_zc {
	refcount_t refs; /* the pair's and one per frame under way */
	spinlock_t lock; /* BH safe; pair */
	struct net_pair *pair; /* NULL: it went */
	wait_queue_head_t wait;
	struct llist_head done; /* any context adds, NAPI takes */
	bool polling;	/* NAPI looks at done by itself before it stops */
	bool copied;	/* Linux copied one */
	bool orphan;	/* holds the module */
	struct rcu_head rcu;
	u32 skip;	/* [n] frames to copy yet */
	u32 nfree;	/* [n] */
	unsigned long progress; /* [n] jiffies of the last completion, or of the first frame */
	unsigned long resume;	/* [n] jiffies; copy until then */
	struct zc_frame *free[ZC_FRAMES]; /* [n] stack */
	struct zc_frame frame[ZC_FRAMES];
};

/* The last one frees it. RCU: until then who was not the last may still wake the waiter. */
static void zc_put(struct net_zc *zc)
{
	rcu_read_lock();
	if (!refcount_dec_and_test(&zc->refs)) {
		wake_up(&zc->wait);
	} else {
		if (zc->orphan)
			module_put(THIS_MODULE);
		kfree_rcu(zc, rcu);
	}
	rcu_read_unlock();
}

/*
 * Linux is done with a frame, or with one of its copies: any context but hard interrupt. RCU: the
 * module's exit waits for us to have returned.
 */
static void zc_complete(struct sk_buff *skb, struct ubuf_info *ubuf, bool untouched)
{
	struct zc_frame *f = container_of(ubuf, struct zc_frame, ubuf);
	struct net_zc *zc = f->zc;

	rcu_read_lock();
	if (!untouched)
		WRITE_ONCE(zc->copied, true);
	if (refcount_dec_and_test(&ubuf->refcnt)) {
		/* A full fence. Pairs with the one in net_zc_poll_end(): NAPI sees the frame, or
		 * we see that NAPI does not look any more. */
		llist_add(&f->done, &zc->done);
		spin_lock_bh(&zc->lock);
		if (zc->pair && !READ_ONCE(zc->polling))
			napi_schedule(&zc->pair->napi);
		spin_unlock_bh(&zc->lock);
		zc_put(zc);
	}
	rcu_read_unlock();
}

/* Complete the chains of what is done. */
static void zc_reap(struct net_pair *pair)
{
	struct net_zc *zc = pair->zc;
	struct llist_node *list = llist_del_all(&zc->done);
	struct zc_frame *f, *next;

	if (!list)
		return;
	llist_for_each_entry_safe(f, next, llist_reverse_order(list), done) {
		net_queue_complete(&pair->tx, f->id, 0, 0);
		zc->free[zc->nfree++] = f;
	}
	zc->progress = jiffies;
	if (READ_ONCE(zc->copied)) {
		WRITE_ONCE(zc->copied, false);
		zc->skip = ZC_SKIP;
		pair->zc_copied++;
	}
}

void net_zc_poll_begin(struct net_pair *pair)
{
	if (!pair->zc)
		return;
	WRITE_ONCE(pair->zc->polling, true);
	zc_reap(pair);
}

void net_zc_poll_end(struct net_pair *pair)
{
	struct net_zc *zc = pair->zc;

	if (!zc)
		return;
	WRITE_ONCE(zc->polling, false);
	/* Pairs with llist_add() in zc_complete(). */
	smp_mb();
	zc_reap(pair);
}

/* Is it worth it, and is there a free frame? */
static bool zc_wanted(struct net_pair *pair, u32 len)
{
	struct net_zc *zc = pair->zc;
	u32 threshold = READ_ONCE(pair->host->zerocopy);

	if (!zc || !threshold || len < threshold)
		return false;
	if (!zc->nfree)
		zc_reap(pair);
	if (!zc->nfree)
		return false;
	if (zc->skip) {
		zc->skip--;
		return false;
	}
	if (time_before(jiffies, zc->resume))
		return false;
	if (zc->nfree == ZC_FRAMES || time_before(jiffies, zc->progress + ZC_STUCK))
		return true;
	zc->resume = jiffies + ZC_PAUSE;
	pair->zc_stuck++;
	return false;
}

/* The rest of the frame as fragments. False: too many, or not a guest's own pages. */
static bool zc_fragments(struct net_pair *pair, struct sk_buff *skb, const struct ioq_desc *chain,
			 u32 skip, u32 left)
{
	for (; left; chain++) {
		u64 gpa = chain->addr;
		u32 rest = chain->len;

		while (rest && left) {
			u64 piece = rest;
			void *va = vbus_mem_piece(pair->host->mem, gpa, &piece);
			u32 n = min_t(u64, piece, skip);

			gpa += piece;
			rest -= piece;
			skip -= n;
			piece = min_t(u64, piece - n, left);
			if (!piece)
				continue;
			va += n;
			if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS ||
			    !is_zone_device_page(virt_to_page(va)))
				return false;
			get_page(virt_to_page(va));
			skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, virt_to_page(va),
					offset_in_page(va), piece, PAGE_ALIGN(piece));
			left -= piece;
		}
	}
	return true;
}

struct sk_buff *net_zc_skb(struct net_pair *pair, const struct ioq_desc *chain, u32 len)
{
	struct sk_buff *skb;

	if (!zc_wanted(pair, len))
		return NULL;
	skb = napi_alloc_skb(&pair->napi, NET_LINEAR);
	if (!skb)
		return NULL;
	skb_put(skb, NET_LINEAR);
	if (zc_fragments(pair, skb, chain, sizeof(struct vb_net_hdr) + NET_LINEAR,
			 len - NET_LINEAR))
		return skb;
	kfree_skb(skb);
	return NULL;
}

void net_zc_commit(struct net_pair *pair, struct sk_buff *skb, u16 id)
{
	struct net_zc *zc = pair->zc;
	struct zc_frame *f;

	if (zc->nfree == ZC_FRAMES)
		zc->progress = jiffies;
	f = zc->free[--zc->nfree];
	f->id = id;
	compat_ubuf_init(&f->ubuf, zc_complete);
	refcount_inc(&zc->refs);
	skb_zcopy_init(skb, &f->ubuf);
	pair->zc_frames++;
}

u32 net_zc_under_way(const struct net_pair *pair)
{
	return pair->zc ? ZC_FRAMES - READ_ONCE(pair->zc->nfree) : 0;
}

/* ---- with the pair ---- */

void net_zc_up(struct net_pair *pair)
{
	struct net_zc *zc = kzalloc(sizeof(*zc), GFP_KERNEL);

	pair->zc = zc;
	if (!zc)
		return; /* copies, then */
	refcount_set(&zc->refs, 1);
	spin_lock_init(&zc->lock);
	init_waitqueue_head(&zc->wait);
	init_llist_head(&zc->done);
	zc->pair = pair;
	for (; zc->nfree < ZC_FRAMES; zc->nfree++) {
		zc->frame[zc->nfree].zc = zc;
		zc->free[zc->nfree] = &zc->frame[zc->nfree];
	}
	zc->resume = jiffies;
}

bool net_zc_down(struct net_pair *pair, unsigned long until)
{
	struct net_zc *zc = pair->zc;
	long left = max(1l, (long)(until - jiffies));
	bool done;

	if (!zc)
		return true;
	pair->zc = NULL;
	spin_lock_bh(&zc->lock);
	zc->pair = NULL;
	spin_unlock_bh(&zc->lock);
	done = wait_event_timeout(zc->wait, refcount_read(&zc->refs) == 1, left);
	if (!done) {
		__module_get(THIS_MODULE);
		zc->orphan = true; /* seen by the last zc_put(), whose count is after ours */
	}
	zc_put(zc);
	return done;
}
