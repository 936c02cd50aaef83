/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  one string of disk=[...]: "path=/dev/vg/x,name=root,readonly=0,queues=2".
 * Callers:  lib_config.c, tests.    Context: any.    Locking: none.    Lifetime: no state.
 * Errors:   -EINVAL with a fault that names the word that is wrong or missing.
 */
#ifndef MINIBUS_TOOLS_LIB_CONFIG_DISK_H
#define MINIBUS_TOOLS_LIB_CONFIG_DISK_H

#include "tools/lib_config.h"

int config_disk_parse(struct config_disk *disk, const char *text, struct fault *fault);

#endif
