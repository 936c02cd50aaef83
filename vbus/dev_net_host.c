// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net", dom0's end: an ordinary Ethernet netdev, to be bridged, routed or filtered.
 * Its carrier says whether the guest's driver is up. Offloads follow what the guest accepted.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "dev_net.h"

#define NET_OFFLOADS (NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO_ECN | NETIF_F_TSO6)

static netdev_features_t host_fix_features(struct net_device *ndev, netdev_features_t want)
{
	struct net_host *host = netdev_priv(ndev);
	u64 f = READ_ONCE(host->features);

	if (!(f & VB_NET_F_CSUM))
		want &= ~NETIF_F_HW_CSUM;
	/* Without merged buffers a large segment would need buffers of 64 KiB. */
	if (!(f & VB_NET_F_TSO4) || !(f & VB_NET_F_MRG))
		want &= ~(NETIF_F_TSO | NETIF_F_TSO_ECN);
	if (!(f & VB_NET_F_TSO6) || !(f & VB_NET_F_MRG))
		want &= ~NETIF_F_TSO6;
	return want;
}

static void net_host_sync(struct work_struct *work)
{
	struct net_host *host = container_of(work, struct net_host, sync);
	u32 mtu, pairs;

	rtnl_lock();
	mtu = READ_ONCE(host->mtu);
	if (mtu && dev_set_mtu(host->ndev, mtu))
		netdev_warn(host->ndev, "the guest's MTU of %u is refused\n", mtu);
	/* Unless the guest has asked for another one meanwhile. */
	cmpxchg(&host->mtu, mtu, 0);
	netdev_update_features(host->ndev);
	pairs = READ_ONCE(host->pairs);
	if (netif_set_real_num_queues(host->ndev, pairs, pairs))
		netdev_warn(host->ndev, "%u queues are refused\n", pairs);
	rtnl_unlock();
	spin_lock_bh(&host->carrier_lock);
	if (host->carrier)
		netif_carrier_on(host->ndev);
	spin_unlock_bh(&host->carrier_lock);
}

void net_host_set_features(struct net_host *host, u64 features)
{
	WRITE_ONCE(host->features, features);
	schedule_work(&host->sync);
}

void net_host_set_mtu(struct net_host *host, u32 mtu)
{
	WRITE_ONCE(host->mtu, mtu);
	schedule_work(&host->sync);
}

u32 net_host_mtu(const struct net_host *host)
{
	return READ_ONCE(host->mtu) ?: READ_ONCE(host->ndev->mtu);
}

void net_host_set_carrier(struct net_host *host, bool on)
{
	spin_lock_bh(&host->carrier_lock);
	host->carrier = on;
	if (!on)
		netif_carrier_off(host->ndev);
	spin_unlock_bh(&host->carrier_lock);
	if (on)
		schedule_work(&host->sync);
}

void net_host_set_pairs(struct net_host *host, u32 pairs)
{
	WRITE_ONCE(host->pairs, pairs);
	schedule_work(&host->sync);
}

static int host_open(struct net_device *ndev)
{
	netif_tx_start_all_queues(ndev);
	return 0;
}

static int host_stop(struct net_device *ndev)
{
	/* The guest's queues stay: its frames are dropped and counted meanwhile. */
	netif_tx_disable(ndev);
	return 0;
}

static const struct net_device_ops host_ops = {
	.ndo_open = host_open,
	.ndo_stop = host_stop,
	.ndo_start_xmit = net_xmit,
	.ndo_fix_features = host_fix_features,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

/* ---- ethtool ---- */

static void host_drvinfo(struct net_device *ndev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "vbus_net", sizeof(info->driver));
	strscpy(info->bus_info, "vbus", sizeof(info->bus_info));
}

static int host_link_settings(struct net_device *ndev, struct ethtool_link_ksettings *cmd)
{
	cmd->base.speed = NET_SPEED;
	cmd->base.duplex = DUPLEX_FULL;
	cmd->base.port = PORT_OTHER;
	cmd->base.autoneg = AUTONEG_DISABLE;
	return 0;
}

static void host_ringparam(struct net_device *ndev, struct ethtool_ringparam *ring,
			   struct kernel_ethtool_ringparam *kernel_ring,
			   struct netlink_ext_ack *extack)
{
	const struct net_host *host = netdev_priv(ndev);

	/* Seen from dom0: what the guest receives from is what this end sends to. */
	ring->rx_max_pending = VB_NET_MAX_RING;
	ring->tx_max_pending = VB_NET_MAX_RING;
	ring->rx_pending = host->pair[0].tx.size;
	ring->tx_pending = host->pair[0].rx.size;
}

static void host_channels(struct net_device *ndev, struct ethtool_channels *ch)
{
	ch->max_combined = ndev->num_tx_queues;
	ch->combined_count = ndev->real_num_tx_queues; /* the guest chooses */
}

static const struct {
	char name[ETH_GSTRING_LEN];
	size_t offset; /* of a u64 in struct net_pair */
} host_stats[] = {
	{ "to_guest_no_buffer", offsetof(struct net_pair, no_buffer) },
	{ "to_guest_too_long", offsetof(struct net_pair, too_long) },
	{ "to_guest_stops", offsetof(struct net_pair, stops) },
	{ "to_guest_filtered", offsetof(struct net_pair, filtered) },
	{ "from_guest_refused", offsetof(struct net_pair, refused) },
	{ "from_guest_poll_hits", offsetof(struct net_pair, poll.hits) },
	{ "from_guest_poll_misses", offsetof(struct net_pair, poll.misses) },
	{ "from_guest_zerocopy", offsetof(struct net_pair, zc_frames) },
	{ "from_guest_zc_copied", offsetof(struct net_pair, zc_copied) },
	{ "from_guest_zc_stuck", offsetof(struct net_pair, zc_stuck) },
};

static int host_sset_count(struct net_device *ndev, int set)
{
	return set == ETH_SS_STATS ? ARRAY_SIZE(host_stats) * ndev->real_num_tx_queues :
				     -EOPNOTSUPP;
}

static void host_strings(struct net_device *ndev, u32 set, u8 *data)
{
	u32 pair, i;

	if (set != ETH_SS_STATS)
		return;
	for (pair = 0; pair < ndev->real_num_tx_queues; pair++)
		for (i = 0; i < ARRAY_SIZE(host_stats); i++)
			ethtool_sprintf(&data, "q%u_%s", pair, host_stats[i].name);
}

static void host_get_stats(struct net_device *ndev, struct ethtool_stats *stats, u64 *data)
{
	const struct net_host *host = netdev_priv(ndev);
	u32 pair, i;

	for (pair = 0; pair < ndev->real_num_tx_queues; pair++)
		for (i = 0; i < ARRAY_SIZE(host_stats); i++)
			*data++ = READ_ONCE(*(u64 *)((void *)&host->pair[pair] +
						     host_stats[i].offset));
}

static const struct ethtool_ops host_ethtool_ops = {
	.get_drvinfo = host_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = host_link_settings,
	.get_ringparam = host_ringparam,
	.get_channels = host_channels,
	.get_sset_count = host_sset_count,
	.get_strings = host_strings,
	.get_ethtool_stats = host_get_stats,
	.get_ts_info = ethtool_op_get_ts_info,
};

/* ---- life ---- */

struct net_host *net_host_create(const char *ifname, const u8 *guest_mac)
{
	u8 mac[ETH_ALEN];
	struct net_device *ndev;
	struct net_host *host;
	u32 i;
	int err;

	ndev = alloc_netdev_mqs(sizeof(*host), ifname, NET_NAME_USER, ether_setup,
				VB_NET_MAX_PAIRS, VB_NET_MAX_PAIRS);
	if (!ndev)
		return ERR_PTR(-ENOMEM);
	ndev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!ndev->tstats) {
		free_netdev(ndev);
		return ERR_PTR(-ENOMEM);
	}
	host = netdev_priv(ndev);
	host->ndev = ndev;
	INIT_WORK(&host->sync, net_host_sync);
	spin_lock_init(&host->carrier_lock);
	host->zerocopy = NET_ZEROCOPY;
	host->pairs = 1;
	ndev->netdev_ops = &host_ops;
	ndev->ethtool_ops = &host_ethtool_ops;
	ndev->hw_features = NETIF_F_SG | NET_OFFLOADS;
	ndev->features = ndev->hw_features | NETIF_F_HIGHDMA;
	ndev->vlan_features = ndev->hw_features;
	ndev->min_mtu = VB_NET_MIN_MTU;
	ndev->max_mtu = VB_NET_MAX_MTU;
	/* The guest's address with a high first byte: a bridge never takes it as its own. */
	ether_addr_copy(mac, guest_mac);
	mac[0] = 0xfe;
	eth_hw_addr_set(ndev, mac);
	for (i = 0; i < VB_NET_MAX_PAIRS; i++) {
		host->pair[i].host = host;
		host->pair[i].index = i;
		timer_setup(&host->pair[i].stall, net_stall, 0);
		netif_napi_add(ndev, &host->pair[i].napi, net_poll);
	}
	netif_carrier_off(ndev);
	err = netif_set_real_num_queues(ndev, 1, 1);
	if (!err)
		err = register_netdev(ndev);
	if (err) {
		free_percpu(ndev->tstats);
		free_netdev(ndev);
		return ERR_PTR(err);
	}
	return host;
}

void net_host_destroy(struct net_host *host)
{
	struct net_device *ndev = host->ndev;
	struct pcpu_sw_netstats __percpu *stats = ndev->tstats;

	/* Closed, or never opened: nobody queues it again. */
	cancel_work_sync(&host->sync);
	unregister_netdev(ndev);
	free_percpu(stats);
	free_netdev(ndev);
}
