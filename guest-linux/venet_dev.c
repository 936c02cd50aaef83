// SPDX-License-Identifier: GPL-2.0-only
/*
 * venet: the life of the network device. Each time it goes up it is a new connection: open, rings,
 * interrupts, UP; down is the reverse and ends with close, after which the other side touches none
 * of our memory. A reset after a fault, a new MTU and new ring sizes are the same two steps.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/sched/clock.h>

#include "venet.h"

#define VENET_FEATURES \
	(VB_NET_F_CSUM | VB_NET_F_TSO4 | VB_NET_F_TSO6 | VB_NET_F_MRG | VB_NET_F_MTU | \
	 VB_NET_F_FILTER | VB_NET_F_MAC | VB_NET_F_PAIR)
static uint poll_usecs = 200;
module_param(poll_usecs, uint, 0644);
MODULE_PARM_DESC(poll_usecs, "look for more work for so long before sleeping; 0: do not");

#define LINK_TURNS 8 /* state changes followed in a row before others get the worker */

static void queue_event(struct vdev_region *region)
{
	struct venet_pair *pair = region->priv;

	napi_schedule(&pair->napi);
}

static void pair_timer(struct timer_list *t)
{
	struct venet_pair *pair = from_timer(pair, t, timer);

	napi_schedule(&pair->napi);
}

static enum hrtimer_restart pair_moderation(struct hrtimer *t)
{
	struct venet_pair *pair = container_of(t, struct venet_pair, moderation);

	napi_schedule(&pair->napi);
	return HRTIMER_NORESTART;
}

/* Look again by itself, instead of asking for interrupts? */
static bool pair_stay(struct venet_pair *pair, bool work)
{
	bool stay = vb_poll_again(&pair->poll, work, local_clock(), poll_usecs * NSEC_PER_USEC);

	WRITE_ONCE(pair->polling, stay);
	if (stay)
		cpu_relax(); /* the other side may be waiting for this very CPU */
	return stay;
}

static int pair_poll(struct napi_struct *napi, int budget)
{
	struct venet_pair *pair = container_of(napi, struct venet_pair, napi);
	u32 reaped = venet_tx_poll(pair, budget);
	int frames = 0;

	if (!budget) /* netpoll: transmit only */
		return 0;
	if (READ_ONCE(pair->nv->broken)) {
		WRITE_ONCE(pair->polling, false);
		napi_complete_done(napi, 0);
		return 0;
	}
	frames = venet_rx_poll(pair, budget);
	if (frames == budget)
		return budget;
	if (pair_stay(pair, frames || reaped))
		return budget;
	if (!frames && !reaped && !pair->poll.empty)
		pair->rx.region.stats.spurious++;
	/* The receive queue first (VB_NET_F_PAIR). Arm before completing: an event in between marks
	 * NAPI as missed, and it runs again. The other way round the next poll could already be
	 * using the ring on another CPU. */
	if (!venet_rx_arm(pair, frames) || !venet_tx_arm(pair))
		return budget;
	napi_complete_done(napi, frames);
	return frames;
}

static void link_event(struct vdev_region *region)
{
	struct venet *nv = region->priv;

	schedule_work(&nv->link_work);
}

/* Follow the link state; each look is at one moment's values, a later change comes as an event. */
static void link_changed(struct work_struct *work)
{
	struct venet *nv = container_of(work, struct venet, link_work);
	struct vb_net_link *link = nv->link.mem;
	u32 seq = vb_load_acquire(&link->tx.seq);
	int turn;

	for (turn = 0; turn < LINK_TURNS; turn++) {
		bool up = READ_ONCE(link->up);

		nv->link_seen = seq;
		WRITE_ONCE(nv->speed, READ_ONCE(link->speed));
		if (up && READ_ONCE(nv->up) && !READ_ONCE(nv->broken))
			netif_carrier_on(nv->dev);
		else
			netif_carrier_off(nv->dev);
		seq = shm_signal_arm(&link->tx, &link->rx, nv->link_seen);
		if (seq == nv->link_seen)
			return;
	}
	schedule_work(&nv->link_work);
}

void venet_break(struct venet *nv, struct vdev_region *region, const char *what)
{
	region->stats.faults++;
	if (xchg(&nv->broken, true))
		return;
	netdev_err(nv->dev, "%s: %s; resetting the device\n", region->name, what);
	netif_carrier_off(nv->dev);
	schedule_delayed_work(&nv->reset_work, HZ);
}

int venet_queue_create(struct venet_pair *pair, struct vdev_region *region, u32 id, u32 size,
		       const char *name)
{
	region->id = id;
	region->len = IOQ_QUEUE_BYTES(size);
	region->prio = VB_PRIO_NORMAL;
	region->event = queue_event;
	region->priv = pair;
	snprintf(region->name, sizeof(region->name), "%s%u", name, pair->index);
	return vdev_region_add(pair->nv->vdev, region);
}

static int link_create(struct venet *nv)
{
	nv->link = (struct vdev_region){
		.id = VB_NET_SHM_LINK, .len = sizeof(struct vb_net_link), .name = "link",
		.prio = VB_PRIO_CONTROL,
		.event = link_event, .priv = nv,
	};
	nv->link.mem = vdev_mem_alloc(nv->link.len);
	return nv->link.mem ? vdev_region_add(nv->vdev, &nv->link) : -ENOMEM;
}

/* Receive buffers: a page each, or without MRG one large enough for any frame. */
static void size_buffers(struct venet *nv)
{
	u32 need = sizeof(struct vb_net_hdr) + ETH_HLEN + VLAN_HLEN + nv->dev->mtu;

	nv->buf_order = nv->features & VB_NET_F_MRG ? 0 : get_order(need);
	nv->buf_bytes = PAGE_SIZE << nv->buf_order;
}

static int set_device_mtu(struct venet *nv)
{
	u32 mtu = nv->dev->mtu;
	int rc;

	/* Until somebody here changes it, the MTU is the administrator's of the other side. */
	if (!nv->mtu_changed)
		return 0;
	rc = vdev_call(nv->vdev, VB_NET_CALL_MTU, &mtu, sizeof(mtu));
	return rc < 0 ? rc : 0;
}

/* Give everything back; any part of it may be missing. NAPI is off, no frame is sent any more. */
static void disconnect(struct venet *nv)
{
	int rc = vdev_call(nv->vdev, VB_NET_CALL_DOWN, NULL, 0);
	bool closed = vdev_close(nv->vdev); /* no event comes after this */
	u32 i;

	/* Frames of ours lie in queues over there and are read from our memory. */
	if (rc == -ETIMEDOUT)
		netdev_err(nv->dev, "frames under way are not let go of; they are abandoned\n");
	cancel_work_sync(&nv->link_work);
	netif_carrier_off(nv->dev);
	for (i = 0; i < nv->pairs; i++) {
		venet_rx_destroy(&nv->pair[i], closed);
		venet_tx_destroy(&nv->pair[i], closed && rc != -ETIMEDOUT);
	}
	if (closed)
		vdev_mem_free(nv->link.mem, nv->link.len);
	nv->link.mem = NULL;
}

static int connect(struct venet *nv)
{
	u32 i;
	int rc = vdev_open(nv->vdev, VB_NET_VERSION, nv->features);

	if (rc)
		return rc;
	if (nv->vdev->accepted != nv->features)
		rc = -EIO; /* the stack was told of these features */
	if (!rc)
		rc = set_device_mtu(nv);
	if (!rc)
		rc = venet_send_mac(nv);
	if (!rc)
		rc = venet_send_filter(nv);
	size_buffers(nv);
	for (i = 0; !rc && i < nv->pairs; i++) {
		rc = venet_rx_create(&nv->pair[i]);
		if (!rc)
			rc = venet_tx_create(&nv->pair[i]);
	}
	if (!rc)
		rc = link_create(nv);
	if (!rc)
		rc = vdev_call(nv->vdev, VB_NET_CALL_UP, NULL, 0);
	if (rc < 0)
		disconnect(nv);
	return rc < 0 ? rc : 0;
}

/* rtnl. Also runs when it is down already. */
static void venet_down(struct venet *nv)
{
	u32 i;

	if (!nv->up)
		return;
	WRITE_ONCE(nv->up, false);
	netif_tx_disable(nv->dev);
	netif_carrier_off(nv->dev);
	for (i = 0; i < nv->pairs; i++) {
		napi_disable(&nv->pair[i].napi);
		del_timer_sync(&nv->pair[i].timer);
		hrtimer_cancel(&nv->pair[i].moderation);
	}
	disconnect(nv);
}

/* rtnl */
static int venet_up(struct venet *nv)
{
	u32 i;
	int rc;

	WRITE_ONCE(nv->broken, false);
	nv->pairs = nv->want_pairs;
	rc = netif_set_real_num_queues(nv->dev, nv->pairs, nv->pairs);
	if (!rc)
		rc = connect(nv);
	if (rc) {
		netdev_err(nv->dev, "the device does not come up: %d\n", rc);
		return rc;
	}
	venet_spread(nv);
	WRITE_ONCE(nv->up, true);
	for (i = 0; i < nv->pairs; i++)
		napi_enable(&nv->pair[i].napi);
	netif_tx_start_all_queues(nv->dev);
	/* Events that came before NAPI was on were not heard. */
	local_bh_disable();
	for (i = 0; i < nv->pairs; i++)
		napi_schedule(&nv->pair[i].napi);
	local_bh_enable();
	schedule_work(&nv->link_work);
	return 0;
}

int venet_restart(struct venet *nv)
{
	int rc = 0;

	if (!netif_running(nv->dev))
		return 0;
	netif_device_detach(nv->dev);
	venet_down(nv);
	rc = venet_up(nv);
	netif_device_attach(nv->dev);
	return rc;
}

static void reset_worker(struct work_struct *work)
{
	struct venet *nv = container_of(work, struct venet, reset_work.work);

	rtnl_lock();
	if (netif_running(nv->dev) && !READ_ONCE(nv->vdev->gone)) {
		nv->resets++;
		if (venet_restart(nv))
			schedule_delayed_work(&nv->reset_work, 5 * HZ);
	}
	rtnl_unlock();
}

static int venet_open(struct net_device *dev)
{
	return venet_up(netdev_priv(dev));
}

static int venet_stop(struct net_device *dev)
{
	struct venet *nv = netdev_priv(dev);

	cancel_delayed_work(&nv->reset_work);
	venet_down(nv);
	return 0;
}

static int venet_change_mtu(struct net_device *dev, int mtu)
{
	struct venet *nv = netdev_priv(dev);
	int old = dev->mtu, rc;

	nv->mtu_changed = true;
	dev->mtu = mtu;
	rc = venet_restart(nv);
	if (rc) {
		dev->mtu = old;
		venet_restart(nv);
	}
	return rc;
}

static void venet_tx_timeout(struct net_device *dev, unsigned int queue)
{
	struct venet *nv = netdev_priv(dev);

	venet_break(nv, &nv->pair[queue].tx.region, "nothing was completed for long");
}

static void venet_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *sum)
{
	struct venet *nv = netdev_priv(dev);
	unsigned int start;
	u32 i;

	for (i = 0; i < nv->max_pairs; i++) {
		const struct venet_rx *rx = &nv->pair[i].rx;
		const struct venet_tx *tx = &nv->pair[i].tx;
		struct rtnl_link_stats64 s;

		do {
			start = u64_stats_fetch_begin(&rx->sync);
			s.rx_packets = rx->packets;
			s.rx_bytes = rx->bytes;
			s.rx_dropped = rx->dropped;
			s.rx_errors = rx->errors;
		} while (u64_stats_fetch_retry(&rx->sync, start));
		do {
			start = u64_stats_fetch_begin(&tx->sync);
			s.tx_packets = tx->packets;
			s.tx_bytes = tx->bytes;
			s.tx_dropped = tx->dropped;
			s.tx_errors = tx->errors;
		} while (u64_stats_fetch_retry(&tx->sync, start));
		sum->rx_packets += s.rx_packets;
		sum->rx_bytes += s.rx_bytes;
		sum->rx_dropped += s.rx_dropped;
		sum->rx_errors += s.rx_errors;
		sum->tx_packets += s.tx_packets;
		sum->tx_bytes += s.tx_bytes;
		sum->tx_dropped += s.tx_dropped;
		sum->tx_errors += s.tx_errors;
	}
}

static const struct net_device_ops venet_ops = {
	.ndo_open = venet_open,
	.ndo_stop = venet_stop,
	.ndo_start_xmit = venet_tx_start,
	.ndo_change_mtu = venet_change_mtu,
	.ndo_tx_timeout = venet_tx_timeout,
	.ndo_get_stats64 = venet_get_stats64,
	.ndo_set_mac_address = venet_set_mac,
	.ndo_set_rx_mode = venet_set_rx_mode,
	.ndo_validate_addr = eth_validate_addr,
};

/* What to ask for: TSO needs checksums, and receiving it needs frames of several buffers. */
static u64 wanted_features(u64 offered)
{
	u64 f = offered & VENET_FEATURES;

	if (!(f & VB_NET_F_CSUM) || !(f & VB_NET_F_MRG))
		f &= ~(VB_NET_F_TSO4 | VB_NET_F_TSO6);
	return f;
}

/* Open once to learn features and address; the netdev opens again each time it goes up. */
static int ask_device(struct vbus_device *vdev, u64 *features, struct vb_net_info *info)
{
	int rc = vdev_open(vdev, VB_NET_VERSION, wanted_features(vdev->features));

	if (rc)
		return rc;
	*features = wanted_features(vdev->accepted);
	memset(info, 0, sizeof(*info));
	rc = vdev_call(vdev, VB_NET_CALL_INFO, info, sizeof(*info));
	vdev_close(vdev);
	if (rc < 0)
		return rc;
	if (!is_valid_ether_addr(info->mac) || !info->max_pairs || info->mtu < VB_NET_MIN_MTU ||
	    info->mtu > VB_NET_MAX_MTU) {
		dev_err(&vdev->dev, "impossible: mac %pM, %u pairs, mtu %u of %u\n", info->mac,
			info->max_pairs, info->mtu, info->max_mtu);
		return -EPROTO;
	}
	return 0;
}

static void set_netdev_features(struct net_device *dev, u64 f)
{
	dev->hw_features = NETIF_F_SG;
	if (f & VB_NET_F_CSUM)
		dev->hw_features |= NETIF_F_HW_CSUM | NETIF_F_RXCSUM;
	if (f & VB_NET_F_TSO4)
		dev->hw_features |= NETIF_F_TSO | NETIF_F_TSO_ECN;
	if (f & VB_NET_F_TSO6)
		dev->hw_features |= NETIF_F_TSO6;
	dev->features = dev->hw_features | NETIF_F_HIGHDMA;
	dev->vlan_features = dev->features;
}

static void init_pairs(struct venet *nv)
{
	u32 i;

	for (i = 0; i < nv->max_pairs; i++) {
		struct venet_pair *pair = &nv->pair[i];

		pair->nv = nv;
		pair->index = i;
		u64_stats_init(&pair->rx.sync);
		u64_stats_init(&pair->tx.sync);
		timer_setup(&pair->timer, pair_timer, 0);
		hrtimer_init(&pair->moderation, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
		pair->moderation.function = pair_moderation;
		netif_napi_add(nv->dev, &pair->napi, pair_poll);
	}
}

static void set_netdev(struct venet *nv, const struct vb_net_info *info)
{
	struct net_device *dev = nv->dev;
	bool mtu = nv->features & VB_NET_F_MTU;

	SET_NETDEV_DEV(dev, &nv->vdev->dev);
	dev->netdev_ops = &venet_ops;
	dev->ethtool_ops = &venet_ethtool_ops;
	dev->watchdog_timeo = 10 * HZ;
	dev->needed_headroom = sizeof(struct vb_net_hdr);
	dev->mtu = info->mtu;
	dev->min_mtu = mtu ? VB_NET_MIN_MTU : info->mtu;
	dev->max_mtu = mtu ? clamp(info->max_mtu, info->mtu, VB_NET_MAX_MTU) : info->mtu;
	eth_hw_addr_set(dev, info->mac);
	set_netdev_features(dev, nv->features);
	netif_carrier_off(dev);
}

static int venet_probe(struct vbus_device *vdev)
{
	struct vb_net_info info;
	struct net_device *dev;
	struct venet *nv;
	u64 features;
	u32 pairs;
	int rc = ask_device(vdev, &features, &info);

	if (rc)
		return rc;
	pairs = min3((u32)info.max_pairs, VB_NET_MAX_PAIRS, num_possible_cpus());
	dev = alloc_etherdev_mq(struct_size(nv, pair, pairs), pairs);
	if (!dev)
		return -ENOMEM;
	nv = netdev_priv(dev);
	nv->dev = dev;
	nv->vdev = vdev;
	nv->features = features;
	nv->max_pairs = pairs;
	INIT_WORK(&nv->link_work, link_changed);
	INIT_DELAYED_WORK(&nv->reset_work, reset_worker);
	venet_mode_init(nv);
	init_pairs(nv);
	venet_queues_init(nv);
	set_netdev(nv, &info);
	dev_set_drvdata(&vdev->dev, nv);
	rc = netif_set_real_num_queues(dev, nv->want_pairs, nv->want_pairs);
	if (!rc)
		rc = register_netdev(dev);
	if (rc)
		free_netdev(dev);
	return rc;
}

static void venet_remove(struct vbus_device *vdev)
{
	struct venet *nv = dev_get_drvdata(&vdev->dev);

	unregister_netdev(nv->dev); /* goes down first */
	cancel_delayed_work_sync(&nv->reset_work);
	cancel_work_sync(&nv->mode_work);
	free_netdev(nv->dev);
}

static struct vbus_driver venet_driver = {
	.driver = { .name = "venet" },
	.type = VB_NET_TYPE,
	.probe = venet_probe,
	.remove = venet_remove,
};
vdrv_module(venet_driver);

MODULE_ALIAS("vbus:net");
MODULE_DESCRIPTION("Ethernet driver of a Minibus guest");
MODULE_LICENSE("GPL");
