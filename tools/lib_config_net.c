// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network devices in a configuration file, written as in xl's vif=[...].
 */
#include "tools/lib_config_net.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib_words.h"

#define MTU_MIN 68u
#define MTU_MAX 65535u

static int set_ifname(char *to, const char *value)
{
	size_t len = strlen(value);

	if (!len || len >= CONFIG_IFNAME || !strcmp(value, ".") || !strcmp(value, ".."))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)value[i]) || strchr("/:%", value[i]))
			return -EINVAL;
	memcpy(to, value, len + 1);
	return 0;
}

static int set_mac(char to[18], const char *value)
{
	unsigned int byte;

	if (strlen(value) != 17)
		return -EINVAL;
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? value[i] != ':' : !isxdigit((unsigned char)value[i]))
			return -EINVAL;
	if (sscanf(value, "%2x", &byte) != 1 || byte & 1 || !strcmp(value, "00:00:00:00:00:00"))
		return -EINVAL; /* a group address or none */
	memcpy(to, value, 18);
	return 0;
}

static int set_mtu(unsigned int *to, const char *value)
{
	char *end;
	unsigned long mtu = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || mtu < MTU_MIN || mtu > MTU_MAX)
		return -EINVAL;
	*to = (unsigned int)mtu;
	return 0;
}

static int set_word(void *to, const char *word, const char *value, struct fault *fault)
{
	struct config_net *net = to;

	if (!strncmp(word, "bridge=", 7))
		return set_ifname(net->bridge, value) ?
			words_refuse("net", word, "not an interface name (1 to 15 characters)",
				     fault) : 0;
	if (!strncmp(word, "ifname=", 7))
		return set_ifname(net->ifname, value) ?
			words_refuse("net", word, "not an interface name (1 to 15 characters)",
				     fault) : 0;
	if (!strncmp(word, "mac=", 4))
		return set_mac(net->mac, value) ?
			words_refuse("net", word, "not a unicast MAC address like "
				     "52:54:00:12:34:56", fault) : 0;
	if (!strncmp(word, "mtu=", 4))
		return set_mtu(&net->mtu, value) ?
			words_refuse("net", word, "not a number from 68 to 65535", fault) : 0;
	return words_refuse("net", word, "unknown; it takes bridge=, mac=, mtu=, ifname=", fault);
}

int config_net_parse(struct config_net *net, const char *text, struct fault *fault)
{
	*net = (struct config_net){ .mtu = 0 };
	return words_parse("net", text, set_word, net, fault);
}

void config_net_make_mac(struct config_net *net, const char *name, unsigned int index)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	while (*name)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	hash = (hash ^ index) * 16777619u;
	snprintf(net->mac, sizeof(net->mac), "02:4d:42:%02x:%02x:%02x", hash >> 16 & 255,
		 hash >> 8 & 255, hash & 255);
}
