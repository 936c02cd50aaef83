// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net": an Ethernet link between a guest and a netdev of dom0. This file is the
 * class: configfs attributes, the guest's calls, regions. Traffic is in dev_net_out.c and _in.c.
 */
#include <linux/etherdevice.h>
#include <linux/if_ether.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "dev_net.h"

#define NET_FEATURES \
	(VB_NET_F_CSUM | VB_NET_F_TSO4 | VB_NET_F_TSO6 | VB_NET_F_MRG | VB_NET_F_MTU)

/* Tell the guest about link or MTU; dev->lock is held. */
static void net_link_publish(struct vnet *net)
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

/* ---- the guest's calls; dev->lock is held ---- */

static int net_open(struct vbus_device *dev, u64 *features)
{
	struct vnet *net = to_vnet(dev);

	if (!(*features & VB_NET_F_CSUM)) /* segments cannot do without partial checksums */
		*features &= ~(VB_NET_F_TSO4 | VB_NET_F_TSO6);
	net->host->mem = vbus_device_mem(dev);
	net_host_set_features(net->host, *features);
	return 0;
}

static void net_down(struct vnet *net)
{
	u32 i;

	if (!net->up)
		return;
	net_host_set_carrier(net->host, false);
	for (i = 0; i < NET_PAIRS; i++)
		if (net->host->pair[i].up)
			net_pair_down(&net->host->pair[i]);
	net->up = false;
}

static void net_close(struct vbus_device *dev)
{
	struct vnet *net = to_vnet(dev);
	u32 i;

	net_down(net);
	net_host_set_features(net->host, 0);
	for (i = 0; i < NET_PAIRS; i++) {
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
	if (net->up || region->id >= 2 * NET_PAIRS)
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

static int net_up(struct vnet *net)
{
	struct net_pair *pair = net->host->pair;
	u32 i;

	if (net->up)
		return -EBUSY;
	if (!pair[0].rx.region || !pair[0].tx.region)
		return -EINVAL;
	for (i = 0; i < NET_PAIRS; i++)
		if (pair[i].rx.region && pair[i].tx.region)
			net_pair_up(&pair[i]);
	net->up = true;
	net_host_set_carrier(net->host, true);
	return 0;
}

static int net_info(struct vnet *net, void *data, u32 *len)
{
	struct vb_net_info *info = data;

	ether_addr_copy(info->mac, net->mac);
	info->max_pairs = NET_PAIRS;
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
		net_down(net);
		return 0;
	case VB_NET_CALL_MTU:
		return net_set_mtu(net, data, given);
	}
	return -ENOSYS;
}

static void net_stats(struct vbus_device *dev, struct seq_file *m)
{
	struct vnet *net = to_vnet(dev);
	struct net_pair *pair;
	u32 i;

	seq_printf(m, "up %d\nlink %d\n", net->up, net->link);
	for (i = 0; i < NET_PAIRS; i++) {
		pair = &net->host->pair[i];
		seq_printf(m, "rx%u.ring %u\n", i, pair->rx.size);
		seq_printf(m, "rx%u.no_buffer %llu\n", i, pair->no_buffer);
		seq_printf(m, "rx%u.too_long %llu\n", i, pair->too_long);
		seq_printf(m, "rx%u.stops %llu\n", i, pair->stops);
		seq_printf(m, "tx%u.ring %u\n", i, pair->tx.size);
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

/* ---- attributes ---- */

static ssize_t net_mac_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%pM\n", to_vnet(vbus_device(item))->mac);
}

static ssize_t net_mac_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	u8 mac[ETH_ALEN];
	int err = 0;

	if (!mac_pton(page, mac) || !is_valid_ether_addr(mac))
		return -EINVAL;
	mutex_lock(&dev->lock);
	if (dev->open)
		err = -EBUSY;
	else
		ether_addr_copy(to_vnet(dev)->mac, mac);
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(net_, mac);

static ssize_t net_ifname_show(struct config_item *item, char *page)
{
	struct vbus_device *dev = vbus_device(item);
	ssize_t n;

	mutex_lock(&dev->lock);
	n = sysfs_emit(page, "%s\n", to_vnet(dev)->host->ndev->name);
	mutex_unlock(&dev->lock);
	return n;
}

/*
 * A module cannot rename a netdev: a new one takes the place of the old. Making and destroying take
 * rtnl, so dev->lock is not held then.
 */
static int net_rename(struct vnet *net, const char *name)
{
	struct vbus_device *dev = &net->vdev;
	struct net_host *host, *old;
	u8 mac[ETH_ALEN];
	bool busy, same;

	mutex_lock(&dev->lock);
	busy = dev->bus;
	same = !strcmp(name, net->host->ndev->name);
	ether_addr_copy(mac, net->mac);
	mutex_unlock(&dev->lock);
	if (busy || same)
		return busy ? -EBUSY : 0;
	host = net_host_create(name, mac);
	if (IS_ERR(host))
		return PTR_ERR(host);
	rtnl_lock();
	mutex_lock(&dev->lock);
	old = dev->bus ? host : net->host; /* the one to go */
	if (!dev->bus) {
		dev_set_mtu(host->ndev, old->ndev->mtu);
		net->host = host;
	}
	mutex_unlock(&dev->lock);
	rtnl_unlock();
	net_host_destroy(old);
	return old == host ? -EBUSY : 0;
}

static ssize_t net_ifname_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	char name[IFNAMSIZ + 1];
	int err;

	strscpy(name, page, sizeof(name));
	name[strcspn(name, "\n")] = '\0';
	if (strlen(name) >= IFNAMSIZ || !dev_valid_name(name))
		return -EINVAL;
	err = net_rename(to_vnet(dev), name);
	return err ? err : n;
}
CONFIGFS_ATTR(net_, ifname);

static ssize_t net_mtu_show(struct config_item *item, char *page)
{
	struct vbus_device *dev = vbus_device(item);
	u32 mtu;

	mutex_lock(&dev->lock);
	mtu = to_vnet(dev)->host->ndev->mtu;
	mutex_unlock(&dev->lock);
	return sysfs_emit(page, "%u\n", mtu);
}

static ssize_t net_mtu_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	u32 mtu;
	int err = kstrtou32(page, 0, &mtu);

	if (err)
		return err;
	if (mtu < VB_NET_MIN_MTU || mtu > VB_NET_MAX_MTU)
		return -EINVAL;
	rtnl_lock();
	mutex_lock(&dev->lock);
	err = dev_set_mtu(to_vnet(dev)->host->ndev, mtu);
	mutex_unlock(&dev->lock);
	rtnl_unlock();
	return err ? err : n;
}
CONFIGFS_ATTR(net_, mtu);

static ssize_t net_link_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_vnet(vbus_device(item))->link));
}

static ssize_t net_link_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	bool link;
	int err = kstrtobool(page, &link);

	if (err)
		return err;
	mutex_lock(&dev->lock);
	if (to_vnet(dev)->link != link) {
		to_vnet(dev)->link = link;
		net_link_publish(to_vnet(dev));
	}
	mutex_unlock(&dev->lock);
	return n;
}
CONFIGFS_ATTR(net_, link);

static struct configfs_attribute *net_attrs[] = {
	&net_attr_mac, &net_attr_ifname, &net_attr_mtu, &net_attr_link, NULL,
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
}

module_init(net_init);
module_exit(net_exit);
MODULE_DESCRIPTION("vbus device class net");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
