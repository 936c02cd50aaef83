// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "net": what the administrator reads and sets, devices/net/NAME/ in configfs.
 */
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "dev_net.h"

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
		host->zerocopy = old->zerocopy;
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

static ssize_t net_pairs_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_vnet(vbus_device(item))->pairs));
}

static ssize_t net_pairs_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	u32 pairs;
	int err = kstrtou32(page, 0, &pairs);

	if (err)
		return err;
	if (!pairs || pairs > VB_NET_MAX_PAIRS)
		return -EINVAL;
	mutex_lock(&dev->lock);
	if (dev->open)
		err = -EBUSY;
	else
		WRITE_ONCE(to_vnet(dev)->pairs, pairs);
	mutex_unlock(&dev->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(net_, pairs);

static ssize_t net_zerocopy_show(struct config_item *item, char *page)
{
	struct vbus_device *dev = vbus_device(item);
	u32 bytes;

	mutex_lock(&dev->lock);
	bytes = to_vnet(dev)->host->zerocopy;
	mutex_unlock(&dev->lock);
	return sysfs_emit(page, "%u\n", bytes);
}

static ssize_t net_zerocopy_store(struct config_item *item, const char *page, size_t n)
{
	struct vbus_device *dev = vbus_device(item);
	u32 bytes;
	int err = kstrtou32(page, 0, &bytes);

	if (err)
		return err;
	if (bytes && (bytes <= NET_LINEAR || bytes > VB_NET_MAX_FRAME))
		return -EINVAL;
	mutex_lock(&dev->lock);
	WRITE_ONCE(to_vnet(dev)->host->zerocopy, bytes);
	mutex_unlock(&dev->lock);
	return n;
}
CONFIGFS_ATTR(net_, zerocopy);

struct configfs_attribute *net_attrs[] = {
	&net_attr_mac, &net_attr_ifname, &net_attr_mtu, &net_attr_link, &net_attr_pairs,
	&net_attr_zerocopy, NULL,
};
