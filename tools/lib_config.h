/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the description of a guest, from its configuration file and key=value arguments.
 * Callers:  cmd_create.c, tests.    Context: user space, one thread.    Locking: none.
 * Lifetime: struct config holds no pointers; copy it freely.
 * Errors:   -errno with a fault. Unknown keys are no errors: warn() is called for each.
 */
#ifndef MINIBUS_TOOLS_LIB_CONFIG_H
#define MINIBUS_TOOLS_LIB_CONFIG_H

#include "tools/lib_fault.h"
#include "tools/lib_loader.h"

#include <stdbool.h>

/* "NAME-disk7" has to fit VB_NAME_LEN and MB_DOM_NAME_LEN. */
#define CONFIG_NAME_MAX 24
#define CONFIG_NETS 8
#define CONFIG_DISKS 8
#define CONFIG_ECHOS 8
#define CONFIG_CONSOLES 4
#define CONFIG_PATH 1024
#define CONFIG_CMDLINE 4096
#define CONFIG_IFNAME 16

enum config_action { CONFIG_DESTROY, CONFIG_RESTART, CONFIG_PRESERVE, CONFIG_ACTIONS };

struct config_net {
	char bridge[CONFIG_IFNAME]; /* "" = none */
	char ifname[CONFIG_IFNAME]; /* "" = as the device class names it */
	char mac[18];
	unsigned int mtu; /* 0 = the class's default */
};

struct config_disk {
	char path[512]; /* of a block device or a file */
	char name[21];	/* the guest sees it as the serial number; "" = none */
	unsigned int readonly; /* 0 or 1 */
	unsigned int queues;   /* 0 = the class's default */
};

struct config_console {
	unsigned int ports; /* 0 = the class's default */
};

struct config {
	char name[CONFIG_NAME_MAX + 1];
	unsigned int memory; /* MiB */
	unsigned int vcpus;
	unsigned int cr3_trace; /* 0 or 1 */
	unsigned int tsc_khz;	/* 0: the machine's */
	enum loader_type type;
	char kernel[CONFIG_PATH];
	char ramdisk[CONFIG_PATH];
	char cmdline[CONFIG_CMDLINE];
	struct config_net net[CONFIG_NETS];
	unsigned int nets;
	struct config_disk disk[CONFIG_DISKS];
	unsigned int disks;
	unsigned int echos;
	struct config_console console[CONFIG_CONSOLES];
	unsigned int consoles;
	unsigned int rng; /* 0 or 1, as balloon */
	unsigned int rng_rate; /* bytes per second; 0 = the class's default */
	unsigned int balloon;
	enum config_action on_poweroff, on_reboot, on_crash;
};

extern const char *const config_action_names[CONFIG_ACTIONS];

typedef void config_warn(const char *text);

/*
 * Reads the file, applies the overrides ("key=value"), checks the whole and fills in the rest (MAC
 * addresses made from the name).
 */
int config_load(struct config *config, const char *path, char *const overrides[],
		unsigned int count, config_warn *warn, struct fault *fault);
bool config_name_ok(const char *name);

#endif
