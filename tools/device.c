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
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE_NAME 64

/* Its class and its link's name; returns its number in the class. */
static unsigned int device_names(const struct config *config, unsigned int index,
				 const char **class, char link[DEVICE_NAME])
{
	const char *prefix = "eth";

	*class = "net";
	if (index >= config->nets) {
		index -= config->nets;
		*class = "blk";
		prefix = "disk";
		if (index >= config->disks) {
			index -= config->disks;
			*class = prefix = "echo";
		}
	}
	snprintf(link, DEVICE_NAME, "%s%u", prefix, index);
	return index;
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

static int device_create(const struct tree *tree, const struct config *config, unsigned int index,
			 struct fault *fault)
{
	char dir[TREE_PATH], class_dir[TREE_PATH], link[DEVICE_NAME];
	const char *class;
	unsigned int number = device_names(config, index, &class, link);
	int err = 0;

	tree_path(class_dir, tree->configfs, "devices/%s", class);
	tree_path(dir, tree->configfs, "devices/%s/%s-%s", class, config->name, link);
	if (!tree_exists(class_dir))
		return fault_set(fault, ENODEV, "%s: there is no device class '%s'; "
				 "modprobe vbus_%s", link, class, class);
	if (mkdir(dir, 0755))
		return fault_set(fault, errno, errno == EEXIST ?
				 "%s: %s; it is left over: rmdir it" : "%s: %s", dir,
				 strerror(errno));
	if (!strcmp(class, "net"))
		err = set_up_net(dir, &config->net[number], fault);
	else if (!strcmp(class, "blk"))
		err = set_up_disk(dir, &config->disk[number], fault);
	if (!err)
		err = plug(tree, config->name, dir, link, fault);
	if (err)
		rmdir(dir);
	return err;
}

int device_create_all(const struct tree *tree, const struct config *config, unsigned int *made,
		      struct fault *fault)
{
	for (*made = 0; *made < config->nets + config->disks + config->echos; ++*made) {
		int err = device_create(tree, config, *made, fault);

		if (err)
			return err;
	}
	return 0;
}

void device_undo(const struct tree *tree, const struct config *config, unsigned int made)
{
	char dir[TREE_PATH], link[DEVICE_NAME];
	const char *class;

	while (made--) {
		device_names(config, made, &class, link);
		tree_path(dir, tree->configfs, "devices/%s/%s-%s", class, config->name, link);
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

/* NAME-ethN and the like, N digits only: "a" does not own the devices of "a-eth0". */
static bool is_of_guest(const char *device, const char *guest)
{
	static const char *const prefixes[] = { "eth", "disk", "echo" };
	size_t len = strlen(guest);

	if (strncmp(device, guest, len) || device[len] != '-')
		return false;
	device += len + 1;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		len = strlen(prefixes[i]);
		if (!strncmp(device, prefixes[i], len))
			return device[len] && !device[len + strspn(device + len, "0123456789")];
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
