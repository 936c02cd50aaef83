/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  one string of net=[...]: "bridge=br0,mac=...,mtu=1500,ifname=vif0".
 * Callers:  lib_config.c, tests.    Context: any.    Locking: none.    Lifetime: no state.
 * Errors:   -EINVAL with a fault that names the word that is wrong.
 */
#ifndef MINIBUS_TOOLS_LIB_CONFIG_NET_H
#define MINIBUS_TOOLS_LIB_CONFIG_NET_H

#include "tools/lib_config.h"

int config_net_parse(struct config_net *net, const char *text, struct fault *fault);
/* A locally administered address, the same for the same guest name and index each time. */
void config_net_make_mac(struct config_net *net, const char *name, unsigned int index);

#endif
