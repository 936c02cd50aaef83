// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net": an Ethernet link between a guest and a netdev of dom0. This file is the
 * class: the guest's calls, regions. Traffic is in dev_net_out.c and _in.c.
 */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "dev_net.h"

#define NET_FEATURES \
	(VB_NET_F_CSUM | VB_NET_F_TSO4 | VB_NET_F_TSO6 | VB_NET_F_MRG | VB_NET_F_MTU | \
	 VB_NET_F_FILTER | VB_NET_F_MAC | VB_NET_F_PAIR)

void net_link_publish(struct vnet *net)
{
	struct vbus_region *region = net->link_region;
	struct vb_net_link *page;
	u32 old = net->link_seq;

	if (!region)
		return;
	page = region->va;
	WRITE_ONCE(page->up, net->link);
	WRITE_ONCE(page->speed, NET_SPEED);
	WRITE_ONCE(page->mtu, VB_NET_MAX_MTU);
	net->link_seq++;
	vbus_region_signal(region, shm_signal_publish(&page->tx, &page->rx, old, net->link_seq));
}

/* ---- which frames the guest wants; dev->lock is held ---- */

static void net_want(struct vnet *net, struct net_wanted *wanted)
{
	struct net_wanted *old = rcu_replace_pointer(net->host->wanted, wanted,
						     lockdep_is_held(&net->vdev.lock));

	if (old)
		kfree_rcu(old, rcu);
}

static int net_set_filter(struct vnet *net, const void *data, u32 len)
{
	struct net_wanted *wanted;

	if (!(net->vdev.features & VB_NET_F_FILTER))
		return -ENOSYS;
	if (len < sizeof(struct vb_net_filter))
		return -EINVAL;
	wanted = kzalloc(sizeof(*wanted), GFP_KERNEL);
	if (!wanted)
		return -ENOMEM;
	if (!net_filter_make(&wanted->filter, net->mac_now, data)) {
		kfree(wanted);
		return -EINVAL;
	}
	net_want(net, wanted);
	return 0;
}

static int net_set_mac(struct vnet *net, const u8 *mac, u32 len)
{
	const struct net_wanted *now = rcu_dereference_protected(net->host->wanted,
						lockdep_is_held(&net->vdev.lock));
	struct net_wanted *wanted = NULL;

	if (!(net->vdev.features & VB_NET_F_MAC))
		return -ENOSYS;
	if (len < ETH_ALEN || !is_valid_ether_addr(mac))
		return -EINVAL;
	if (now) {
		wanted = kmemdup(now, sizeof(*now), GFP_KERNEL);
		if (!wanted)
			return -ENOMEM;
		ether_addr_copy(wanted->filter.mac[0], mac);
	}
	ether_addr_copy(net->mac_now, mac);
	net_want(net, wanted);
	return 0;
}

/* ---- the guest's calls; dev->lock is held ---- */

static int net_open(struct vbus_device *dev, u64 *features)
{
	struct vnet *net = to_vnet(dev);

	if (!(*features & VB_NET_F_CSUM)) /* segments cannot do without partial checksums */
		*features &= ~(VB_NET_F_TSO4 | VB_NET_F_TSO6);
	ether_addr_copy(net->mac_now, net->mac);
	net->host->vdev = dev;
	net->host->mem = vbus_device_mem(dev);
	net_host_set_features(net->host, *features);
	return 0;
}

/* -ETIMEDOUT: dom0's queues still hold frames that lie in the guest's memory. */
static int net_down(struct vnet *net)
{
	unsigned long until = jiffies + NET_ZC_WAIT;
	int err = 0;
	u32 i;

	if (!net->up)
		return 0;
	net_host_set_carrier(net->host, false);
	for (i = 0; i < VB_NET_MAX_PAIRS; i++)
		if (net->host->pair[i].up && !net_pair_down(&net->host->pair[i], until))
			err = -ETIMEDOUT;
	net->up = false;
	if (err)
		pr_warn_ratelimited("vbus: guest %s: net %s: dom0 still reads frames of it\n",
				    net->vdev.bus->name, net->vdev.name);
	return err;
}

static void net_close(struct vbus_device *dev)
{
	struct vnet *net = to_vnet(dev);
	u32 i;

	net_down(net);
	net_want(net, NULL);
	net_host_set_features(net->host, 0);
	for (i = 0; i < VB_NET_MAX_PAIRS; i++) {
		net->host->pair[i].rx = (struct net_queue){ 0 };
		net->host->pair[i].tx = (struct net_queue){ 0 };
	}
	net->link_region = NULL;
	net->host->mem = NULL;
}

static void net_name_region(u32 id, char *name, size_t size)
{
	if (id == VB_NET_SHM_LINK)
		snprintf(name, size, "link");
	else
		snprintf(name, size, "%s%u", id & 1 ? "tx" : "rx", id / 2);
}

static int net_shm_link(struct vnet *net, struct vbus_region *region)
{
	struct vb_net_link *page = region->va;

	if (region->len != sizeof(*page))
		return -EINVAL;
	net->link_region = region;
	net->link_seq = 0;
	WRITE_ONCE(page->tx.seq, 0);
	net_link_publish(net);
	return 0;
}

static int net_shm(struct vbus_device *dev, struct vbus_region *region)
{
	struct vnet *net = to_vnet(dev);
	struct net_pair *pair;
	u32 size;

	if (region->id == VB_NET_SHM_LINK)
		return net_shm_link(net, region);
	if (net->up || region->id >= 2 * net->pairs)
		return -EINVAL;
	/* The length says how large the rings are. */
	size = (region->len - min(region->len, IOQ_QUEUE_BYTES(0))) / (2 * sizeof(struct ioq_desc));
	if (!ioq_size_ok(size) || size > VB_NET_MAX_RING || region->len != IOQ_QUEUE_BYTES(size))
		return -EINVAL;
	pair = &net->host->pair[region->id / 2];
	if (region->id & 1) {
		net_queue_init(&pair->tx, region, size);
		vbus_region_watch(region, net_tx_event, pair);
	} else {
		net_queue_init(&pair->rx, region, size);
		vbus_region_watch(region, net_rx_event, pair);
	}
	return 0;
}

/* How many pairs are there, from 0 without a gap? 0: none, or there is one. */
static u32 net_pairs_registered(const struct vnet *net)
{
	const struct net_pair *pair = net->host->pair;
	u32 i, n = 0;

	while (n < net->pairs && pair[n].rx.region && pair[n].tx.region)
		n++;
	for (i = n; i < net->pairs; i++)
		if (pair[i].rx.region || pair[i].tx.region)
			return 0;
	return n;
}

static int net_up(struct vnet *net)
{
	u32 i, pairs;

	if (net->up)
		return -EBUSY;
	pairs = net_pairs_registered(net);
	if (!pairs)
		return -EINVAL;
	net_host_set_pairs(net->host, pairs);
	for (i = 0; i < pairs; i++)
		net_pair_up(&net->host->pair[i]);
	net->up = true;
	net_host_set_carrier(net->host, true);
	return 0;
}

static int net_info(struct vnet *net, void *data, u32 *len)
{
	struct vb_net_info *info = data;

	ether_addr_copy(info->mac, net->mac);
	info->max_pairs = net->pairs;
	info->mtu = net_host_mtu(net->host);
	info->max_mtu = VB_NET_MAX_MTU;
	*len = sizeof(*info);
	return 0;
}

static int net_set_mtu(struct vnet *net, const void *data, u32 len)
{
	u32 mtu;

	if (!(net->vdev.features & VB_NET_F_MTU))
		return -ENOSYS;
	if (net->up)
		return -EBUSY;
	if (len < sizeof(mtu))
		return -EINVAL;
	memcpy(&mtu, data, sizeof(mtu));
	if (mtu < VB_NET_MIN_MTU || mtu > VB_NET_MAX_MTU)
		return -EINVAL;
	net_host_set_mtu(net->host, mtu);
	return 0;
}

static int net_call(struct vbus_device *dev, u32 func, void *data, u32 *len)
{
	struct vnet *net = to_vnet(dev);
	u32 given = *len;

	*len = 0;
	switch (func) {
	case VB_NET_CALL_INFO:
		return net_info(net, data, len);
	case VB_NET_CALL_UP:
		return net_up(net);
	case VB_NET_CALL_DOWN:
		return net_down(net);
	case VB_NET_CALL_MTU:
		return net_set_mtu(net, data, given);
	case VB_NET_CALL_FILTER:
		return net_set_filter(net, data, given);
	case VB_NET_CALL_MAC:
		return net_set_mac(net, data, given);
	}
	return -ENOSYS;
}

static void net_show_filter(struct vnet *net, struct seq_file *m)
{
	const struct net_wanted *wanted = rcu_dereference_protected(net->host->wanted,
						lockdep_is_held(&net->vdev.lock));

	if (wanted)
		seq_printf(m, "filter.addresses %u\nfilter.flags %u\n", wanted->filter.count - 1,
			   wanted->filter.flags);
}

static void net_stats(struct vbus_device *dev, struct seq_file *m)
{
	struct vnet *net = to_vnet(dev);
	struct net_pair *pair;
	u32 i;

	seq_printf(m, "up %d\nlink %d\nmac %pM\npairs %u\n", net->up, net->link,
		   dev->open ? net->mac_now : net->mac, net_pairs_registered(net));
	net_show_filter(net, m);
	for (i = 0; i < net->pairs && net->host->pair[i].rx.region; i++) {
		pair = &net->host->pair[i];
		seq_printf(m, "rx%u.ring %u\n", i, pair->rx.size);
		seq_printf(m, "rx%u.no_buffer %llu\n", i, pair->no_buffer);
		seq_printf(m, "rx%u.too_long %llu\n", i, pair->too_long);
		seq_printf(m, "rx%u.stops %llu\n", i, pair->stops);
		seq_printf(m, "rx%u.filtered %llu\n", i, pair->filtered);
		seq_printf(m, "tx%u.ring %u\n", i, pair->tx.size);
		seq_printf(m, "tx%u.zerocopy %llu\n", i, pair->zc_frames);
		seq_printf(m, "tx%u.in_place %u\n", i, net_zc_under_way(pair));
		seq_printf(m, "tx%u.refused %llu\n", i, pair->refused);
	}
}

/* ---- mkdir and rmdir ---- */

static struct vbus_device *net_create(const char *name)
{
	struct vnet *net = kzalloc(sizeof(*net), GFP_KERNEL);

	if (!net)
		return ERR_PTR(-ENOMEM);
	net->link = true;
	net->pairs = NET_PAIRS;
	eth_random_addr(net->mac);
	net->host = net_host_create("vb%d", net->mac);
	if (IS_ERR(net->host)) {
		long err = PTR_ERR(net->host);

		kfree(net);
		return ERR_PTR(err);
	}
	return &net->vdev;
}

static void net_remove(struct vbus_device *dev)
{
	net_host_destroy(to_vnet(dev)->host);
}

static const struct vbus_class_ops net_ops = {
	.create = net_create,
	.remove = net_remove,
	.open = net_open,
	.close = net_close,
	.name_region = net_name_region,
	.shm = net_shm,
	.call = net_call,
	.stats = net_stats,
};

static struct vbus_class net_class = {
	.type = VB_NET_TYPE,
	.version = VB_NET_VERSION,
	.features = NET_FEATURES,
	.owner = THIS_MODULE,
	.ops = &net_ops,
	.attrs = net_attrs,
};

static int __init net_init(void)
{
	return vbus_class_register(&net_class);
}

static void __exit net_exit(void)
{
	vbus_class_unregister(&net_class);
	/* The last frame read in place let go of this module; its callback must have returned. */
	synchronize_rcu();
}

module_init(net_init);
module_exit(net_exit);
MODULE_DESCRIPTION("vbus device class net");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
