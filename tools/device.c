// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices are directories: mkdir makes one, its attributes set it up, a symbolic link plugs it into
 * a guest, rmdir takes it away. The host's end of a network device exists from mkdir on, so it is
 * on the bridge before the guest runs.
 */
#include "tools/device.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE_NAME 64

/* Devices are numbered through: all of one kind, then all of the next. */
static const struct kind {
	const char *class;
	const char *link; /* followed by a number; "NAME-LINKn" has to fit VB_NAME_LEN */
	size_t count;	  /* offset of the number of them in struct config */
} kinds[] = {
	{ "net", "eth", offsetof(struct config, nets) },
	{ "blk", "disk", offsetof(struct config, disks) },
	{ "echo", "echo", offsetof(struct config, echos) },
	{ "console", "con", offsetof(struct config, consoles) },
	{ "rng", "rng", offsetof(struct config, rng) },
	{ "balloon", "bal", offsetof(struct config, balloon) },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static unsigned int kind_count(const struct config *config, const struct kind *kind)
{
	return *(const unsigned int *)((const char *)config + kind->count);
}

/* The kind of device number index, which becomes its number among those; NULL behind the last. */
static const struct kind *kind_of(const struct config *config, unsigned int *index)
{
	for (size_t i = 0; i < KINDS; i++) {
		unsigned int count = kind_count(config, &kinds[i]);

		if (*index < count)
			return &kinds[i];
		*index -= count;
	}
	return NULL;
}

static int bridge_ioctl(const char *bridge, const char *ifname)
{
	struct ifreq up = { 0 }, add = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	snprintf(add.ifr_name, IFNAMSIZ, "%s", bridge);
	add.ifr_ifindex = (int)if_nametoindex(ifname);
	snprintf(up.ifr_name, IFNAMSIZ, "%s", ifname);
	if (*bridge && ioctl(fd, SIOCBRADDIF, &add))
		err = -errno;
	if (!err && ioctl(fd, SIOCGIFFLAGS, &up))
		err = -errno;
	up.ifr_flags |= IFF_UP;
	if (!err && ioctl(fd, SIOCSIFFLAGS, &up))
		err = -errno;
	close(fd);
	return err;
}

static int set_up_net(const char *dir, const struct config_net *net, struct fault *fault)
{
	char path[TREE_PATH], mtu[16], ifname[CONFIG_IFNAME];
	int err;

	tree_path(path, dir, "mac");
	err = tree_write(path, net->mac, fault);
	if (!err && net->mtu) {
		snprintf(mtu, sizeof(mtu), "%u", net->mtu);
		tree_path(path, dir, "mtu");
		err = tree_write(path, mtu, fault);
	}
	tree_path(path, dir, "ifname");
	if (!err && *net->ifname)
		err = tree_write(path, net->ifname, fault);
	if (!err)
		err = tree_read(path, ifname, sizeof(ifname), fault);
	if (err || !*net->bridge)
		return err;
	err = bridge_ioctl(net->bridge, ifname);
	if (err)
		return fault_set(fault, -err, "net: cannot put %s on bridge %s: %s; is there a "
				 "bridge? (ip link add %s type bridge; ip link set %s up)", ifname,
				 net->bridge, strerror(-err), net->bridge, net->bridge);
	return 0;
}

static int set_up_disk(const char *dir, const struct config_disk *disk, struct fault *fault)
{
	char path[TREE_PATH], queues[16];
	int err;

	tree_path(path, dir, "readonly");
	err = tree_write(path, disk->readonly ? "1" : "0", fault);
	tree_path(path, dir, "serial");
	if (!err && *disk->name)
		err = tree_write(path, disk->name, fault);
	tree_path(path, dir, "queues");
	snprintf(queues, sizeof(queues), "%u", disk->queues);
	if (!err && disk->queues)
		err = tree_write(path, queues, fault);
	if (err)
		return err;
	tree_path(path, dir, "path");
	err = tree_write(path, disk->path, fault);
	if (err)
		return fault_set(fault, -err, "disk: cannot open %s: %s", disk->path,
				 err == -EBUSY ? "it is in use: mounted, or another guest's disk" :
						 strerror(-err));
	return 0;
}

static int set_up_number(const char *dir, const char *attribute, unsigned int value,
			 struct fault *fault)
{
	char path[TREE_PATH], text[16];

	if (!value)
		return 0;
	snprintf(text, sizeof(text), "%u", value);
	tree_path(path, dir, "%s", attribute);
	return tree_write(path, text, fault);
}

static int set_up(const struct config *config, const struct kind *kind, unsigned int number,
		  const char *dir, struct fault *fault)
{
	if (!strcmp(kind->class, "net"))
		return set_up_net(dir, &config->net[number], fault);
	if (!strcmp(kind->class, "blk"))
		return set_up_disk(dir, &config->disk[number], fault);
	if (!strcmp(kind->class, "console"))
		return set_up_number(dir, "ports", config->console[number].ports, fault);
	if (!strcmp(kind->class, "rng"))
		return set_up_number(dir, "rate", config->rng_rate, fault);
	return 0;
}

static int plug(const struct tree *tree, const char *guest, const char *dir, const char *link,
		struct fault *fault)
{
	char path[TREE_PATH];

	tree_path(path, tree->configfs, "guests/%s/bus/%s", guest, link);
	if (symlink(dir, path))
		return fault_set(fault, errno, "%s: cannot link the device: %s; "
				 "see 'minibus dmesg'", path, strerror(errno));
	return 0;
}

static int device_create(const struct tree *tree, const struct config *config,
			 const struct kind *kind, unsigned int number, struct fault *fault)
{
	char dir[TREE_PATH], class_dir[TREE_PATH], link[DEVICE_NAME];
	int err;

	snprintf(link, sizeof(link), "%s%u", kind->link, number);
	tree_path(class_dir, tree->configfs, "devices/%s", kind->class);
	tree_path(dir, tree->configfs, "devices/%s/%s-%s", kind->class, config->name, link);
	if (!tree_exists(class_dir))
		return fault_set(fault, ENODEV, "%s: there is no device class '%s'; "
				 "modprobe vbus_%s", link, kind->class, kind->class);
	if (mkdir(dir, 0755))
		return fault_set(fault, errno, errno == EEXIST ?
				 "%s: %s; it is left over: rmdir it" : "%s: %s", dir,
				 strerror(errno));
	err = set_up(config, kind, number, dir, fault);
	if (!err)
		err = plug(tree, config->name, dir, link, fault);
	if (err)
		rmdir(dir);
	return err;
}

int device_create_all(const struct tree *tree, const struct config *config, unsigned int *made,
		      struct fault *fault)
{
	for (*made = 0;; ++*made) {
		unsigned int number = *made;
		const struct kind *kind = kind_of(config, &number);
		int err = kind ? device_create(tree, config, kind, number, fault) : 0;

		if (err || !kind)
			return err;
	}
}

void device_undo(const struct tree *tree, const struct config *config, unsigned int made)
{
	char dir[TREE_PATH];

	while (made--) {
		unsigned int number = made;
		const struct kind *kind = kind_of(config, &number);

		tree_path(dir, tree->configfs, "devices/%s/%s-%s%u", kind->class, config->name,
			  kind->link, number);
		rmdir(dir);
	}
}

int device_unlink_all(const struct tree *tree, const char *guest, struct fault *fault)
{
	static struct tree_names names;
	char path[TREE_PATH];

	tree_path(path, tree->configfs, "guests/%s/bus", guest);
	tree_list(path, &names);
	for (unsigned int i = 0; i < names.count; i++) {
		tree_path(path, tree->configfs, "guests/%s/bus/%s", guest, names.name[i]);
		if (unlink(path) && errno != ENOENT && errno != EISDIR && errno != EPERM)
			return fault_set(fault, errno, "%s: cannot unplug: %s; try again", path,
					 strerror(errno));
	}
	return 0;
}

/* NAME-ethN, NAME-echoN and so on, N digits only: "a" does not own the devices of "a-eth0". */
static bool is_of_guest(const char *device, const char *guest)
{
	size_t len = strlen(guest);

	if (strncmp(device, guest, len) || device[len] != '-')
		return false;
	device += len + 1;
	for (size_t i = 0; i < KINDS; i++) {
		size_t n = strlen(kinds[i].link);

		if (!strncmp(device, kinds[i].link, n))
			return device[n] && device[n + strspn(device + n, "0123456789")] == 0;
	}
	return false;
}

int device_destroy_all(const struct tree *tree, const char *guest, struct fault *fault)
{
	static struct tree_names classes, devices;
	char path[TREE_PATH];

	tree_path(path, tree->configfs, "devices");
	tree_list(path, &classes);
	for (unsigned int i = 0; i < classes.count; i++) {
		tree_path(path, tree->configfs, "devices/%s", classes.name[i]);
		if (tree_list(path, &devices))
			continue;
		for (unsigned int j = 0; j < devices.count; j++) {
			if (!is_of_guest(devices.name[j], guest))
				continue;
			tree_path(path, tree->configfs, "devices/%s/%s", classes.name[i],
				  devices.name[j]);
			if (rmdir(path) && errno != ENOENT)
				return fault_set(fault, errno, "%s: cannot remove the device: %s; "
						 "is it linked to another guest?", path,
						 strerror(errno));
		}
	}
	return 0;
}
