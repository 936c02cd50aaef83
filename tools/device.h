/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the vbus devices of a guest: made from its configuration, linked to its bus, bridged.
 * Callers:  guest.c.    Context: user space, one thread.    Locking: none.
 * Lifetime: a device is named GUEST-ethN, GUEST-diskN or GUEST-echoN and lives as long as the
 *           guest.
 * Errors:   -errno with a fault; device_create() undoes its own half-done device.
 */
#ifndef MINIBUS_TOOLS_DEVICE_H
#define MINIBUS_TOOLS_DEVICE_H

#include "tools/lib_config.h"
#include "tools/lib_tree.h"

/* All devices of the configuration; made counts them (net, disks, echo), also on failure. */
int device_create_all(const struct tree *tree, const struct config *config, unsigned int *made,
		      struct fault *fault);
/* Takes the first made devices of the configuration away again; their links are gone already. */
void device_undo(const struct tree *tree, const struct config *config, unsigned int made);
/* Takes every link off the guest's bus. */
int device_unlink_all(const struct tree *tree, const char *guest, struct fault *fault);
/* Removes devices of all classes named after the guest. */
int device_destroy_all(const struct tree *tree, const char *guest, struct fault *fault);

#endif
