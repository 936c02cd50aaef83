/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  venet, the guest's Ethernet driver (vbus/abi/net.h): what its files share. venet_dev.c
 *           is the life of the device, venet_mode.c which frames it wants and its address,
 *           venet_rx.c and venet_tx.c one direction each, venet_ethtool.c and venet_queues.c what
 *           ethtool shows and sets.
 * Callers:  venet_*.c only.
 * Context:  said per function; NAPI = the pair's poll, or while it is disabled.
 * Locking:  legend: [r] rtnl, [n] NAPI of the pair, [t] lock of the netdev's transmit queue,
 *           [c] constant while up.
 * Lifetime: struct venet is the netdev's private part. Rings and buffers live from venet_up() to
 *           venet_down(): each time up is a new connection with new, zeroed rings.
 * Errors:   a rule the other side broke ends in venet_break(): that device is reset a second
 *           later, with everything else untouched.
 */
#ifndef VENET_H
#define VENET_H

#include <linux/ethtool.h>
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "../vbus/abi/net.h"
#include "../vbus/proto/ioq.h"
#include "../vbus/proto/poll.h"
#include "bus.h"

#define VENET_RING 256u	  /* default; ethtool -G */
#define VENET_MIN_RING 64u

struct venet;

struct venet_rx {
	struct vdev_region region;
	struct ioq_producer sub;  /* [n] */
	struct ioq_consumer com;  /* [n] */
	u32 size;		  /* [c] */
	struct page **page;	  /* [n] by id; NULL: not posted */
	u16 *free;		  /* [n] stack of ids not posted */
	u32 nfree;		  /* [n] */
	struct sk_buff *skb;	  /* [n] frame being put together; NULL: being dropped */
	struct vb_net_hdr hdr;	  /* [n] its header, copied and checked */
	u32 missing;		  /* [n] its buffers still to come */
	u32 left;		  /* [n] its bytes still to come */
	struct u64_stats_sync sync;
	u64 packets, bytes, dropped, errors; /* [n] */
};

struct venet_tx {
	struct vdev_region region;
	struct ioq_producer sub; /* [t] */
	struct ioq_consumer com; /* [t] */
	u32 size;		 /* [c] */
	struct sk_buff **skb;	 /* [t] by id; NULL: not under way */
	u16 *free;		 /* [t] stack of ids */
	u32 nfree;		 /* [t] size - nfree are under way */
	bool want_irq;		 /* [t] somebody waits for completions */
	struct vb_net_hdr *hdr;	 /* [t] by id, for frames without room in front */
	struct u64_stats_sync sync;
	u64 packets, bytes, dropped, errors; /* [t] */
};

/* When to be interrupted, ethtool -C; usecs 0: at once. */
struct venet_coal {
	u32 rx_usecs, rx_frames; /* frames count in buffers; 0: by time alone */
	u32 tx_usecs, tx_frames; /* so long, or so many under way, before anybody waits for them */
};

struct venet_pair {
	struct venet *nv;
	u32 index;
	struct venet_coal coal; /* [r] written; read anywhere */
	struct venet_rx rx;
	struct venet_tx tx;
	struct napi_struct napi;
	struct vb_poll poll;	 /* [n] */
	bool polling;		 /* NAPI looks again by itself; written by NAPI */
	struct timer_list timer; /* schedules NAPI for what no interrupt announces */
	struct hrtimer moderation; /* the same, for frames that came after the last poll */
};

struct venet {
	struct net_device *dev;
	struct vbus_device *vdev;
	u64 features;	 /* accepted, the same at each opening */
	bool mtu_changed; /* [r] by this guest */
	bool mac_changed; /* [r] by this guest */
	u32 rx_ring, tx_ring; /* [r] for the next time up */
	u32 buf_bytes;	 /* [c] of a receive buffer */
	u32 buf_order;	 /* [c] */
	u32 max_pairs;	 /* there is memory for so many */
	u32 want_pairs;	 /* [r] for the next time up */
	u32 pairs;	 /* [c] in use */
	bool up;	 /* [r] written; read by transmission before it touches a ring */
	bool broken;	 /* set by anybody, cleared by the reset */
	u64 resets;	 /* [r] */
	struct vdev_region link;
	u32 link_seen;	 /* link_work */
	u32 speed;
	struct work_struct link_work;
	struct delayed_work reset_work;
	struct work_struct mode_work;
	struct venet_pair pair[];
};

/* Any context: report, then reset soon. */
void venet_break(struct venet *nv, struct vdev_region *region, const char *what);
/* rtnl: new ring sizes or MTU take effect. */
int venet_restart(struct venet *nv);

/* Memory and region of a queue; event goes to NAPI. rtnl. */
int venet_queue_create(struct venet_pair *pair, struct vdev_region *region, u32 id, u32 size,
		       const char *name);

/* venet_mode.c */
int venet_send_filter(struct venet *nv);     /* rtnl, open */
void venet_set_rx_mode(struct net_device *dev); /* any */
int venet_set_mac(struct net_device *dev, void *addr); /* rtnl */
int venet_send_mac(struct venet *nv);	     /* rtnl, open: an address changed here */
void venet_mode_init(struct venet *nv);

/* venet_queues.c: rings, channels, moderation; rtnl */
void venet_queues_init(struct venet *nv); /* defaults */
void venet_spread(struct venet *nv); /* each pair to CPUs of its own: interrupts and transmitters */
void venet_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			 struct kernel_ethtool_ringparam *kernel_ring,
			 struct netlink_ext_ack *extack);
int venet_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			struct kernel_ethtool_ringparam *kernel_ring,
			struct netlink_ext_ack *extack);
void venet_get_channels(struct net_device *dev, struct ethtool_channels *ch);
int venet_set_channels(struct net_device *dev, struct ethtool_channels *ch);
int venet_get_coalesce(struct net_device *dev, struct ethtool_coalesce *c,
		       struct kernel_ethtool_coalesce *kernel_coal, struct netlink_ext_ack *extack);
int venet_set_coalesce(struct net_device *dev, struct ethtool_coalesce *c,
		       struct kernel_ethtool_coalesce *kernel_coal, struct netlink_ext_ack *extack);
int venet_get_queue_coalesce(struct net_device *dev, u32 queue, struct ethtool_coalesce *c);
int venet_set_queue_coalesce(struct net_device *dev, u32 queue, struct ethtool_coalesce *c);

/* venet_rx.c */
int venet_rx_create(struct venet_pair *pair);	  /* rtnl */
void venet_rx_destroy(struct venet_pair *pair, bool closed); /* rtnl; not closed: abandon */
bool venet_rx_fill(struct venet_pair *pair);	  /* NAPI; false: try again later */
int venet_rx_poll(struct venet_pair *pair, int budget); /* NAPI; frames */
/* NAPI, after so many frames: ask for an interrupt. False: poll again. */
bool venet_rx_arm(struct venet_pair *pair, int frames);

/* venet_tx.c */
int venet_tx_create(struct venet_pair *pair);
void venet_tx_destroy(struct venet_pair *pair, bool closed);
u32 venet_tx_poll(struct venet_pair *pair, int budget); /* NAPI; completions taken */
bool venet_tx_arm(struct venet_pair *pair); /* NAPI, polling cleared. False: poll again */
netdev_tx_t venet_tx_start(struct sk_buff *skb, struct net_device *dev);

extern const struct ethtool_ops venet_ethtool_ops;

#endif
