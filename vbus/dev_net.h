/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  device class "net": what its files share. dev_net.c is the class (mkdir, calls),
 *           dev_net_host.c the Linux netdev, dev_net_out.c and _in.c the frames to and from the
 *           guest, dev_net_queue.c what both share.
 * Callers:  dev_net*.c only.
 * Context:  as said at each function.
 * Locking:  rtnl > dev->lock. What a guest's call changes at the netdev under rtnl is done by a
 *           worker (net_host_sync), since a guest must not wait for all of dom0's network, nor
 *           its driver for itself where both ends are in one kernel. [d] dev->lock, [t] the lock
 *           of the netdev's tx queue of that pair, [n] NAPI of that pair, [c] constant while up.
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
#include "proto/ioq.h"

#define NET_PAIRS 1u	 /* queue pairs offered; everything below is ready for more */
#define NET_STASH 64u	 /* guest buffers held ready, and the most one frame may take */
#define NET_MIN_RX_BUFFER 128u
#define NET_STALL_MS 100 /* without a single buffer for so long: drop instead of waiting */
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
	u64 refused;		/* [n] frames of the guest that were not deliverable */
	u64 no_buffer;		/* [t] frames for the guest that found no buffer */
	u64 too_long;		/* [t] frames for the guest that no buffer can hold */
	u64 stops;		/* [t] times the queue was stopped */
};

struct net_host { /* netdev_priv */
	struct net_device *ndev;
	const struct vbus_mem *mem; /* [c] */
	u64 features;		    /* [c] accepted by the guest; 0 while closed */
	struct work_struct sync;    /* makes the netdev follow what is below, and features */
	u32 mtu;		    /* asked for, not applied yet; 0: nothing. [d] and sync */
	spinlock_t carrier_lock;
	bool carrier;		    /* carrier_lock: the guest is up, when all is applied */
	struct net_pair pair[NET_PAIRS];
};

struct vnet {
	struct vbus_device vdev; /* first: the core frees it */
	struct net_host *host;	 /* [d] */
	u8 mac[ETH_ALEN];	 /* [d] the guest's */
	bool up;		 /* [d] */
	bool link;		 /* [d] carrier the guest sees */
	struct vbus_region *link_region; /* [d] */
	u32 link_seq;		 /* [d] */
};

static inline struct vnet *to_vnet(struct vbus_device *dev)
{
	return container_of(dev, struct vnet, vdev);
}

/* dev_net_host.c: process context */
struct net_host *net_host_create(const char *ifname, const u8 *guest_mac); /* may be a pattern */
void net_host_destroy(struct net_host *host);
/*
 * Offloads, MTU and carrier follow in a moment; the carrier goes on last and off at once. The call
 * of the guest is not held up.
 */
void net_host_set_features(struct net_host *host, u64 features);
void net_host_set_mtu(struct net_host *host, u32 mtu);
void net_host_set_carrier(struct net_host *host, bool on);
u32 net_host_mtu(const struct net_host *host); /* also before it is applied */

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

/* dev_net_queue.c */
void net_queue_init(struct net_queue *q, struct vbus_region *region, u32 size);
bool net_queue_broken(const struct net_queue *q);
/* Show completions and freed slots to the guest, one event at most. */
void net_queue_flush(struct net_queue *q);
/* False: broken, and said so. */
bool net_queue_complete(struct net_queue *q, u16 id, u32 len, u16 flags);
void net_pair_up(struct net_pair *pair);
/* Returns when no buffer is touched any more; what the guest submitted so far is forgotten. */
void net_pair_down(struct net_pair *pair);

#endif
