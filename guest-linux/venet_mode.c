// SPDX-License-Identifier: GPL-2.0-only
/*
 * venet: which frames the other side shall pass on (VB_NET_CALL_FILTER), and the guest's address.
 * Linux changes the lists under a spinlock and a call sleeps, so a worker sends the state it finds.
 */
#include <linux/etherdevice.h>
#include <linux/rtnetlink.h>

#include "venet.h"

static void filter_add(struct vb_net_filter *f, const struct netdev_hw_addr *ha)
{
	memcpy(f->mac[f->count++], ha->addr, ETH_ALEN);
}

/* The state of this moment; what does not fit is asked for more widely. */
static void filter_fill(struct net_device *dev, struct vb_net_filter *f)
{
	const struct netdev_hw_addr *ha;

	netif_addr_lock_bh(dev);
	if (dev->flags & IFF_PROMISC || netdev_uc_count(dev) > VB_NET_FILTER_MAX) {
		f->flags = VB_NET_FILTER_ALL;
		goto out;
	}
	netdev_for_each_uc_addr(ha, dev)
		filter_add(f, ha);
	if (dev->flags & IFF_ALLMULTI || f->count + netdev_mc_count(dev) > VB_NET_FILTER_MAX) {
		f->flags = VB_NET_FILTER_GROUPS;
		goto out;
	}
	netdev_for_each_mc_addr(ha, dev)
		filter_add(f, ha);
out:
	netif_addr_unlock_bh(dev);
}

int venet_send_filter(struct venet *nv)
{
	struct vb_net_filter filter = { 0 };
	int rc;

	if (!(nv->features & VB_NET_F_FILTER))
		return 0;
	filter_fill(nv->dev, &filter);
	rc = vdev_call(nv->vdev, VB_NET_CALL_FILTER, &filter, sizeof(filter));
	return rc < 0 ? rc : 0;
}

static void mode_worker(struct work_struct *work)
{
	struct venet *nv = container_of(work, struct venet, mode_work);
	int rc;

	rtnl_lock();
	if (nv->up && !READ_ONCE(nv->vdev->gone)) {
		rc = venet_send_filter(nv);
		if (rc)
			netdev_warn(nv->dev, "the filter of addresses is refused: %d\n", rc);
	}
	rtnl_unlock();
}

void venet_set_rx_mode(struct net_device *dev)
{
	struct venet *nv = netdev_priv(dev);

	schedule_work(&nv->mode_work);
}

int venet_send_mac(struct venet *nv)
{
	u8 mac[ETH_ALEN];
	int rc;

	/* Until somebody here changes it, the address is the administrator's of the other side. */
	if (!nv->mac_changed)
		return 0;
	ether_addr_copy(mac, nv->dev->dev_addr);
	rc = vdev_call(nv->vdev, VB_NET_CALL_MAC, mac, sizeof(mac));
	return rc < 0 ? rc : 0;
}

int venet_set_mac(struct net_device *dev, void *addr)
{
	struct venet *nv = netdev_priv(dev);
	const struct sockaddr *sa = addr;
	u8 mac[ETH_ALEN];
	int rc;

	if (!(nv->features & VB_NET_F_MAC))
		return -EOPNOTSUPP;
	rc = eth_prepare_mac_addr_change(dev, addr);
	if (rc)
		return rc;
	if (nv->up) {
		ether_addr_copy(mac, sa->sa_data);
		rc = vdev_call(nv->vdev, VB_NET_CALL_MAC, mac, sizeof(mac));
		if (rc < 0)
			return rc;
	}
	nv->mac_changed = true;
	eth_commit_mac_addr_change(dev, addr);
	return 0;
}

void venet_mode_init(struct venet *nv)
{
	INIT_WORK(&nv->mode_work, mode_worker);
	nv->dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	if (nv->features & VB_NET_F_FILTER)
		nv->dev->priv_flags |= IFF_UNICAST_FLT;
}
