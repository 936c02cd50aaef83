/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  device class "net": what its files share. dev_net.c is the class (mkdir, calls),
 *           dev_net_attr.c its attributes, dev_net_host.c the Linux netdev, dev_net_out.c and
 *           _in.c the frames to and from the guest, dev_net_zc.c those read in place,
 *           dev_net_queue.c what both directions share.
 * Callers:  dev_net*.c only.
 * Context:  as said at each function.
 * Locking:  rtnl > dev->lock. What a guest's call changes at the netdev under rtnl is done by a
 *           worker (net_host_sync), since a guest must not wait for all of dom0's network, nor
 *           its driver for itself where both ends are in one kernel. [d] dev->lock, [t] the lock
 *           of the netdev's tx queue of that pair, [n] NAPI of that pair, [c] constant while up,
 *           [a] any, one word.
 * Lifetime: the netdev lives from mkdir to rmdir (a new name makes a new one, before linking);
 *           queues from VB_CALL_SHM to close; frames flow from VB_NET_CALL_UP to _DOWN.
 * Errors:   a queue that breaks the rules is broken alone; what cannot be delivered is counted.
 */
#ifndef VBUS_DEV_NET_H
#define VBUS_DEV_NET_H

#include <linux/netdevice.h>
#include <linux/timer.h>

#include "abi/net.h"
#include "bus.h"
#include "dev_net_filter.h"
#include "proto/ioq.h"
#include "proto/poll.h"

#define NET_PAIRS 8u	 /* queue pairs offered, if the administrator does not say fewer or more */
#define NET_STASH 64u	 /* guest buffers held ready, and the most one frame may take */
#define NET_MIN_RX_BUFFER 128u
#define NET_STALL_MS 100 /* without a single buffer for so long: drop instead of waiting */
#define NET_LINEAR 256u	 /* bytes of a big frame of the guest that are copied: all headers */
#define NET_ZEROCOPY 4096u /* frames of the guest from this size on are read in place */
#define NET_ZC_WAIT (2 * HZ) /* a connection that ends waits for them */
#define NET_SPEED 10000	 /* Mb/s, informational */

struct net_queue { /* one region: submissions in, completions out */
	struct vbus_region *region; /* [d] NULL: not registered */
	u32 size;
	struct ioq_consumer submissions;
	struct ioq_producer completions;
};

struct net_stash { /* buffers taken from the guest's receive queue, not used yet */
	struct ioq_desc desc[NET_STASH];
	u32 head;
	u32 count;
	u64 bytes;
};

struct net_pair {
	struct net_host *host;
	u32 index;
	/* The guest receives: written by ndo_start_xmit. */
	struct net_queue rx;	/* [t] while up */
	struct net_stash stash; /* [t] */
	bool up;		/* [t] */
	bool stalled;		/* [t] the guest gives no buffers: drop */
	struct timer_list stall;
	/* The guest transmits: drained by NAPI. */
	struct net_queue tx;	/* [n] while up */
	struct napi_struct napi;
	struct vb_poll poll;	/* [n] */
	bool tx_due;		/* [n] the guest is to be told of completions */
	struct net_zc *zc;	/* [n] NULL: none */
	u64 zc_frames;		/* [n] frames of the guest read in place */
	u64 zc_copied;		/* [n] times Linux had to copy some after all */
	u64 zc_stuck;		/* [n] times one made no progress */
	u64 refused;		/* [n] frames of the guest that were not deliverable */
	u64 no_buffer;		/* [t] frames for the guest that found no buffer */
	u64 too_long;		/* [t] frames for the guest that no buffer can hold */
	u64 stops;		/* [t] times the queue was stopped */
	u64 filtered;		/* [t] frames that the guest did not ask for */
};

struct net_wanted { /* what the guest asked for last */
	struct rcu_head rcu;
	struct net_filter filter;
};

struct net_host { /* netdev_priv */
	struct net_device *ndev;
	const struct vbus_device *vdev; /* [c] */
	const struct vbus_mem *mem; /* [c] */
	u64 features;		    /* [c] accepted by the guest; 0 while closed */
	struct work_struct sync;    /* makes the netdev follow what is below, and features */
	u32 mtu;		    /* asked for, not applied yet; 0: nothing. [d] and sync */
	spinlock_t carrier_lock;
	bool carrier;		    /* carrier_lock: the guest is up, when all is applied */
	u32 pairs;		    /* [a] frames for the guest shall go by so many */
	u32 zerocopy;		    /* [a] bytes, NET_ZEROCOPY; 0: copy all */
	struct net_wanted __rcu *wanted; /* [d]; NULL: every frame */
	struct net_pair pair[VB_NET_MAX_PAIRS];
};

struct vnet {
	struct vbus_device vdev; /* first: the core frees it */
	struct net_host *host;	 /* [d] */
	u8 mac[ETH_ALEN];	 /* [d] the guest's, as the administrator says */
	u8 mac_now[ETH_ALEN];	 /* [d] the guest's, while open */
	u32 pairs;		 /* [d] offered */
	bool up;		 /* [d] */
	bool link;		 /* [d] carrier the guest sees */
	struct vbus_region *link_region; /* [d] */
	u32 link_seq;		 /* [d] */
};

static inline struct vnet *to_vnet(struct vbus_device *dev)
{
	return container_of(dev, struct vnet, vdev);
}

extern struct configfs_attribute *net_attrs[]; /* dev_net_attr.c */
void net_link_publish(struct vnet *net);       /* dev_net.c: tell the guest; dev->lock held */

/* dev_net_host.c: process context */
struct net_host *net_host_create(const char *ifname, const u8 *guest_mac); /* may be a pattern */
void net_host_destroy(struct net_host *host);
/*
 * Offloads, MTU, pairs and carrier follow in a moment; the carrier goes on last and off at once.
 * The call of the guest is not held up.
 */
void net_host_set_features(struct net_host *host, u64 features);
void net_host_set_mtu(struct net_host *host, u32 mtu);
void net_host_set_carrier(struct net_host *host, bool on);
u32 net_host_mtu(const struct net_host *host); /* also before it is applied */
void net_host_set_pairs(struct net_host *host, u32 pairs);

static inline struct netdev_queue *net_pair_txq(const struct net_pair *pair)
{
	return netdev_get_tx_queue(pair->host->ndev, pair->index);
}

/* dev_net_out.c: to the guest */
void net_rx_event(struct vbus_region *region); /* hard interrupt: the guest gave buffers */
netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *ndev);
void net_stall(struct timer_list *timer);

/* dev_net_in.c: from the guest */
void net_tx_event(struct vbus_region *region); /* hard interrupt: the guest sent */
int net_poll(struct napi_struct *napi, int budget);

/* dev_net_zc.c: [n] */
/* The frame behind the chain's header in place, its front not yet filled; NULL: copy it. */
struct sk_buff *net_zc_skb(struct net_pair *pair, const struct ioq_desc *chain, u32 len);
/* From now on freeing skb completes chain id, and nobody else does. */
void net_zc_commit(struct net_pair *pair, struct sk_buff *skb, u16 id);
void net_zc_poll_begin(struct net_pair *pair);
void net_zc_poll_end(struct net_pair *pair);
u32 net_zc_under_way(const struct net_pair *pair); /* frames; dev->lock */
void net_zc_up(struct net_pair *pair);
/* NAPI is off. False: at jiffies until some are still being read. */
bool net_zc_down(struct net_pair *pair, unsigned long until);

/* dev_net_queue.c */
void net_queue_init(struct net_queue *q, struct vbus_region *region, u32 size);
bool net_queue_broken(const struct net_queue *q);
/* Show completions and freed slots to the guest, one event at most. */
void net_queue_flush(struct net_queue *q);
/* False: broken, and said so. */
bool net_queue_complete(struct net_queue *q, u16 id, u32 len, u16 flags);
void net_pair_up(struct net_pair *pair);
/* Returns when no buffer is touched any more; what the guest submitted so far is forgotten. False:
 * at jiffies until some frames of the guest were still being read. */
bool net_pair_down(struct net_pair *pair, unsigned long until);

#endif
