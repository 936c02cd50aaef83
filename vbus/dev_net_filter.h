/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  which frames a guest asked for (VB_NET_CALL_FILTER): the decision alone, no Linux.
 * Callers:  dev_net.c makes filters, dev_net_out.c asks them; host unit tests.
 * Context:  any.    Locking: none; a filter does not change once it is in use.
 * Lifetime: plain data.
 * Errors:   a malformed request makes no filter.
 */
#ifndef VBUS_DEV_NET_FILTER_H
#define VBUS_DEV_NET_FILTER_H

#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "abi/net.h"
#include "proto/port.h"

#define NET_MAC 6

struct net_filter {
	uint8_t flags; /* VB_NET_FILTER_* */
	uint8_t count; /* of mac[]; mac[0] is the guest's own */
	uint8_t mac[1 + VB_NET_FILTER_MAX][NET_MAC];
};

/* own and what asked names; asked is private memory. False: it makes no sense. */
static inline bool net_filter_make(struct net_filter *f, const uint8_t own[NET_MAC],
				   const struct vb_net_filter *asked)
{
	if (asked->flags & ~(VB_NET_FILTER_ALL | VB_NET_FILTER_GROUPS) ||
	    asked->count > VB_NET_FILTER_MAX)
		return false;
	f->flags = asked->flags;
	f->count = asked->count + 1;
	memcpy(f->mac[0], own, NET_MAC);
	memcpy(f->mac[1], asked->mac, asked->count * NET_MAC);
	return true;
}

/* Does the guest want a frame to this address? Its own comes first: most frames go there. */
static inline bool net_filter_wants(const struct net_filter *f, const uint8_t to[NET_MAC])
{
	static const uint8_t broadcast[NET_MAC] = { 255, 255, 255, 255, 255, 255 };
	unsigned int i;

	if (f->flags & VB_NET_FILTER_ALL)
		return true;
	for (i = 0; i < f->count; i++)
		if (!memcmp(f->mac[i], to, NET_MAC))
			return true;
	if (!(to[0] & 1))
		return false;
	return f->flags & VB_NET_FILTER_GROUPS || !memcmp(broadcast, to, NET_MAC);
}

#endif
