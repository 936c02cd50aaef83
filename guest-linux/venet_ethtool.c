// SPDX-License-Identifier: GPL-2.0-only
/* venet: what ethtool shows: driver, link, statistics. What it sets is in venet_queues.c. */
#include <linux/ethtool.h>

#include "venet.h"

struct venet_stat {
	const char *name;
	u64 (*get)(const struct venet_pair *pair);
};

#define REGION_STAT(side, field) \
	static u64 side##_##field(const struct venet_pair *pair) \
	{ \
		return pair->side.region.stats.field; \
	}
#define QUEUE_STAT(side, field) \
	static u64 side##_##field(const struct venet_pair *pair) { return pair->side.field; }

QUEUE_STAT(rx, packets)
QUEUE_STAT(rx, bytes)
REGION_STAT(rx, inject)
REGION_STAT(rx, notify)
REGION_STAT(rx, suppressed)
REGION_STAT(rx, spurious)
REGION_STAT(rx, ringfull)
REGION_STAT(rx, faults)
QUEUE_STAT(poll, hits)
QUEUE_STAT(poll, misses)
QUEUE_STAT(tx, packets)
QUEUE_STAT(tx, bytes)
REGION_STAT(tx, inject)
REGION_STAT(tx, notify)
REGION_STAT(tx, suppressed)
REGION_STAT(tx, ringfull)
REGION_STAT(tx, faults)

#define STAT(name) { #name, name }
static const struct venet_stat venet_stats[] = {
	STAT(rx_packets), STAT(rx_bytes), STAT(rx_inject), STAT(rx_notify), STAT(rx_suppressed),
	STAT(rx_spurious), STAT(rx_ringfull), STAT(rx_faults), STAT(poll_hits), STAT(poll_misses),
	STAT(tx_packets), STAT(tx_bytes), STAT(tx_inject), STAT(tx_notify), STAT(tx_suppressed),
	STAT(tx_ringfull), STAT(tx_faults),
};

static void venet_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	struct venet *nv = netdev_priv(dev);

	strscpy(info->driver, "venet", sizeof(info->driver));
	strscpy(info->bus_info, dev_name(&nv->vdev->dev), sizeof(info->bus_info));
}

static int venet_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *ks)
{
	struct venet *nv = netdev_priv(dev);
	u32 speed = READ_ONCE(nv->speed);

	ks->base.speed = netif_carrier_ok(dev) && speed ? speed : SPEED_UNKNOWN;
	ks->base.duplex = DUPLEX_FULL;
	ks->base.port = PORT_OTHER;
	return 0;
}

static int venet_get_sset_count(struct net_device *dev, int sset)
{
	struct venet *nv = netdev_priv(dev);

	return sset == ETH_SS_STATS ? 1 + nv->pairs * ARRAY_SIZE(venet_stats) : -EOPNOTSUPP;
}

static void venet_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	struct venet *nv = netdev_priv(dev);
	u32 i, p;

	if (sset != ETH_SS_STATS)
		return;
	ethtool_sprintf(&data, "resets");
	for (p = 0; p < nv->pairs; p++)
		for (i = 0; i < ARRAY_SIZE(venet_stats); i++)
			ethtool_sprintf(&data, "%u_%s", p, venet_stats[i].name);
}

static void venet_get_stats(struct net_device *dev, struct ethtool_stats *unused, u64 *data)
{
	struct venet *nv = netdev_priv(dev);
	u32 i, p;

	*data++ = nv->resets;
	for (p = 0; p < nv->pairs; p++)
		for (i = 0; i < ARRAY_SIZE(venet_stats); i++)
			*data++ = venet_stats[i].get(&nv->pair[p]);
}

const struct ethtool_ops venet_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS | ETHTOOL_COALESCE_MAX_FRAMES,
	.get_drvinfo = venet_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = venet_get_link_ksettings,
	.get_ringparam = venet_get_ringparam,
	.set_ringparam = venet_set_ringparam,
	.get_channels = venet_get_channels,
	.set_channels = venet_set_channels,
	.get_coalesce = venet_get_coalesce,
	.set_coalesce = venet_set_coalesce,
	.get_per_queue_coalesce = venet_get_queue_coalesce,
	.set_per_queue_coalesce = venet_set_queue_coalesce,
	.get_sset_count = venet_get_sset_count,
	.get_strings = venet_get_strings,
	.get_ethtool_stats = venet_get_stats,
	.get_ts_info = ethtool_op_get_ts_info,
};
