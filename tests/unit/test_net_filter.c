// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit test of vbus/dev_net_filter.h: which frames a guest gets that asked for some, for all, for
 * groups or for nothing, and what is no filter at all.
 */
#include <string.h>

#include "tap.h"
#include "vbus/dev_net_filter.h"

static const uint8_t own[NET_MAC] = { 0x52, 0x54, 0, 0x99, 0, 11 };
static const uint8_t other[NET_MAC] = { 0x52, 0x54, 0, 0x99, 0, 12 };
static const uint8_t group[NET_MAC] = { 1, 0, 0x5e, 1, 2, 3 };
static const uint8_t broadcast[NET_MAC] = { 255, 255, 255, 255, 255, 255 };

static struct net_filter make(uint8_t flags, unsigned int count, const uint8_t *mac)
{
	struct vb_net_filter asked = { .flags = flags, .count = (uint8_t)count };
	struct net_filter f;

	for (unsigned int i = 0; i < count; i++)
		memcpy(asked.mac[i], mac, NET_MAC);
	ok(net_filter_make(&f, own, &asked), "flags and count within their limits");
	return f;
}

static void test_wants(void)
{
	struct net_filter f = make(0, 0, NULL);

	ok(net_filter_wants(&f, own), "nothing asked: its own");
	ok(net_filter_wants(&f, broadcast), "nothing asked: broadcast");
	ok(!net_filter_wants(&f, other), "nothing asked: not another station's");
	ok(!net_filter_wants(&f, group), "nothing asked: no group's");
	f = make(0, 1, group);
	ok(net_filter_wants(&f, group), "a group that was named");
	ok(net_filter_wants(&f, broadcast), "and still broadcast");
	f.mac[1][5]++;
	ok(!net_filter_wants(&f, group), "not the group beside it");
	f = make(0, VB_NET_FILTER_MAX, other);
	memcpy(f.mac[VB_NET_FILTER_MAX], group, NET_MAC);
	ok(net_filter_wants(&f, group), "the last of a full list");
	ok(net_filter_wants(&f, other) && net_filter_wants(&f, own), "a second station's address");
	f = make(VB_NET_FILTER_GROUPS, 0, NULL);
	ok(net_filter_wants(&f, group) && net_filter_wants(&f, broadcast), "all groups");
	ok(!net_filter_wants(&f, other), "all groups, but no other station's");
	f = make(VB_NET_FILTER_ALL, 0, NULL);
	ok(net_filter_wants(&f, other) && net_filter_wants(&f, group), "everything");
}

static void test_malformed(void)
{
	struct vb_net_filter asked = { .flags = 4 };
	struct net_filter f;

	ok(!net_filter_make(&f, own, &asked), "an unknown flag makes no filter");
	asked = (struct vb_net_filter){ .count = VB_NET_FILTER_MAX + 1 };
	ok(!net_filter_make(&f, own, &asked), "one address too many makes no filter");
	asked.count = 255;
	ok(!net_filter_make(&f, own, &asked), "255 addresses make no filter");
}

int main(void)
{
	test_wants();
	test_malformed();
	return tap_done();
}
