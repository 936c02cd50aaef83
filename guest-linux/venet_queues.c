// SPDX-License-Identifier: GPL-2.0-only
/*
 * venet: how many queues there are, how long, on which CPUs, and how eager: what ethtool -G, -L and
 * -C set. New sizes and counts are a new connection (venet_restart()); moderation takes effect at
 * the next poll.
 *
 * Moderation needs nobody's help: a queue that had work is armed for its n-th next buffer, not
 * for the first, and a timer polls it if these do not come. The first frame after a pause always
 * interrupts at once, so that an idle connection has no delay.
 */
#include <linux/cpumask.h>
#include <linux/ethtool.h>
#include <linux/interrupt.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "venet.h"

#define COAL_MAX_USECS 1000000u
#define TX_USECS 8000u /* frames that nobody waits for */
#define TX_FRAMES 16u  /* so many under way do not wait for the timer */

void venet_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			 struct kernel_ethtool_ringparam *kernel_ring,
			 struct netlink_ext_ack *extack)
{
	struct venet *nv = netdev_priv(dev);

	ring->rx_max_pending = VB_NET_MAX_RING;
	ring->tx_max_pending = VB_NET_MAX_RING;
	ring->rx_pending = nv->rx_ring;
	ring->tx_pending = nv->tx_ring;
}

int venet_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ring,
			struct kernel_ethtool_ringparam *kernel_ring,
			struct netlink_ext_ack *extack)
{
	struct venet *nv = netdev_priv(dev);
	u32 old_rx = nv->rx_ring, old_tx = nv->tx_ring;
	int rc;

	if (ring->rx_mini_pending || ring->rx_jumbo_pending)
		return -EINVAL;
	nv->rx_ring = roundup_pow_of_two(clamp(ring->rx_pending, VENET_MIN_RING, VB_NET_MAX_RING));
	nv->tx_ring = roundup_pow_of_two(clamp(ring->tx_pending, VENET_MIN_RING, VB_NET_MAX_RING));
	if (nv->rx_ring == old_rx && nv->tx_ring == old_tx)
		return 0;
	rc = venet_restart(nv);
	if (rc) {
		nv->rx_ring = old_rx;
		nv->tx_ring = old_tx;
		venet_restart(nv);
	}
	return rc;
}

void venet_get_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	struct venet *nv = netdev_priv(dev);

	ch->max_combined = nv->max_pairs;
	ch->combined_count = nv->want_pairs;
}

int venet_set_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	struct venet *nv = netdev_priv(dev);
	u32 old = nv->want_pairs;
	int rc;

	if (ch->rx_count || ch->tx_count || ch->other_count || !ch->combined_count ||
	    ch->combined_count > nv->max_pairs)
		return -EINVAL;
	nv->want_pairs = ch->combined_count;
	rc = nv->want_pairs == old ? 0 : venet_restart(nv);
	if (rc) {
		nv->want_pairs = old;
		venet_restart(nv);
	}
	return rc;
}

int venet_get_queue_coalesce(struct net_device *dev, u32 queue, struct ethtool_coalesce *c)
{
	struct venet *nv = netdev_priv(dev);
	const struct venet_coal *coal;

	if (queue >= nv->want_pairs)
		return -EINVAL;
	coal = &nv->pair[queue].coal;
	c->rx_coalesce_usecs = coal->rx_usecs;
	c->rx_max_coalesced_frames = coal->rx_frames;
	c->tx_coalesce_usecs = coal->tx_usecs;
	c->tx_max_coalesced_frames = coal->tx_frames;
	return 0;
}

static int coalesce_check(const struct ethtool_coalesce *c)
{
	if (c->rx_coalesce_usecs > COAL_MAX_USECS || c->tx_coalesce_usecs > COAL_MAX_USECS ||
	    c->rx_max_coalesced_frames > VB_NET_MAX_RING ||
	    c->tx_max_coalesced_frames > VB_NET_MAX_RING)
		return -EINVAL;
	/* With neither nobody would ever look. */
	if (!c->tx_coalesce_usecs || (!c->rx_coalesce_usecs && c->rx_max_coalesced_frames != 1))
		return -EINVAL;
	return 0;
}

static void coalesce_set(struct venet_pair *pair, const struct ethtool_coalesce *c)
{
	WRITE_ONCE(pair->coal.rx_usecs, c->rx_coalesce_usecs);
	WRITE_ONCE(pair->coal.rx_frames, c->rx_max_coalesced_frames);
	WRITE_ONCE(pair->coal.tx_usecs, c->tx_coalesce_usecs);
	WRITE_ONCE(pair->coal.tx_frames, c->tx_max_coalesced_frames);
}

int venet_set_queue_coalesce(struct net_device *dev, u32 queue, struct ethtool_coalesce *c)
{
	struct venet *nv = netdev_priv(dev);
	int rc = queue < nv->want_pairs ? coalesce_check(c) : -EINVAL;

	if (!rc)
		coalesce_set(&nv->pair[queue], c);
	return rc;
}

int venet_get_coalesce(struct net_device *dev, struct ethtool_coalesce *c,
		       struct kernel_ethtool_coalesce *kernel_coal, struct netlink_ext_ack *extack)
{
	return venet_get_queue_coalesce(dev, 0, c);
}

int venet_set_coalesce(struct net_device *dev, struct ethtool_coalesce *c,
		       struct kernel_ethtool_coalesce *kernel_coal, struct netlink_ext_ack *extack)
{
	struct venet *nv = netdev_priv(dev);
	int rc = coalesce_check(c);
	u32 i;

	for (i = 0; !rc && i < nv->max_pairs; i++)
		coalesce_set(&nv->pair[i], c);
	return rc;
}

void venet_spread(struct venet *nv)
{
	cpumask_var_t mask;
	int cpu;
	u32 n, i;

	if (nv->pairs < 2 || !zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for (i = 0; i < nv->pairs; i++) {
		cpumask_clear(mask);
		n = 0;
		for_each_online_cpu(cpu)
			if (n++ % nv->pairs == i)
				cpumask_set_cpu(cpu, mask);
		if (cpumask_empty(mask))
			continue;
		/* Both are only better places; where they fail, any place works. */
		netif_set_xps_queue(nv->dev, mask, i);
		irq_set_affinity(nv->pair[i].rx.region.irq, mask);
		irq_set_affinity(nv->pair[i].tx.region.irq, mask);
	}
	free_cpumask_var(mask);
}

void venet_queues_init(struct venet *nv)
{
	u32 i;

	nv->rx_ring = VENET_RING;
	nv->tx_ring = VENET_RING;
	nv->want_pairs = min(nv->max_pairs, num_online_cpus());
	for (i = 0; i < nv->max_pairs; i++)
		nv->pair[i].coal = (struct venet_coal){
			.rx_frames = 1, .tx_usecs = TX_USECS, .tx_frames = TX_FRAMES,
		};
}
