// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plugs devices into a loopback bus, uses them, and pulls them, as fast as it goes: an echo device
 * answers requests, a net device goes up and gets a large MTU. Every third echo device is pulled
 * while it answers.
 * Usage: plugcycle BUS PREFIX SECONDS [may-fail]     BUS: /sys/kernel/config/vbus/loopback/NAME
 * Prints what it did; exit status 1 when a device got no driver (unless may-fail), did not answer,
 * or stayed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEVICES "/sys/bus/vbus/devices"
#define CLASSES "/sys/kernel/config/vbus/devices"
#define PATIENCE 30.0 /* seconds: a driver's probe, its remove */

static const char *bus, *prefix;
static bool may_fail;
static unsigned int cycles, bound, cut;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf(": %s, in cycle %u\n", strerror(errno), cycles);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Until path is there (or is not). False: not within so many seconds. */
static bool wait_for(const char *path, bool there, double seconds)
{
	double end = now() + seconds;

	while (!access(path, F_OK) != there) {
		if (now() > end)
			return false;
		usleep(2000);
	}
	return true;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* Whether its driver has taken it: then it has a file (the link "driver" is there before that). */
static bool plug(const char *class, const char *name, const char *file)
{
	char item[256], link[256], taken[256];

	snprintf(item, sizeof(item), CLASSES "/%s/%s", class, name);
	snprintf(link, sizeof(link), "%s/bus/%s", bus, name);
	snprintf(taken, sizeof(taken), DEVICES "/%s/%s", name, file);
	if (mkdir(item, 0755))
		die("mkdir %s", item);
	if (symlink(item, link))
		die("link %s", link);
	if (wait_for(taken, true, may_fail ? 0.2 : PATIENCE)) {
		bound++;
		return true;
	}
	if (!may_fail)
		die("%s has no driver", name);
	return false;
}

static void pull(const char *class, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/bus/%s", bus, name);
	if (unlink(path))
		die("unlink %s", path);
	snprintf(path, sizeof(path), DEVICES "/%s", name);
	if (!wait_for(path, false, PATIENCE))
		die("%s stays", name);
	snprintf(path, sizeof(path), CLASSES "/%s/%s", class, name);
	if (rmdir(path))
		die("rmdir %s", path);
}

static void cycle_echo(unsigned int nr)
{
	char name[32], run[256];
	pid_t child = 0;

	snprintf(name, sizeof(name), "%se%u", prefix, nr);
	snprintf(run, sizeof(run), DEVICES "/%s/run", name);
	if (plug("echo", name, "run")) {
		if (nr % 3 == 0) {
			child = fork();
			if (!child)
				_exit(write_file(run, "1000000000"));
			usleep(5000);
			cut++;
		} else if (!write_file(run, "64") && !may_fail) {
			die("%s does not answer", name);
		}
	}
	pull("echo", name);
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* The driver's netdev goes up and, if wanted, gets a large MTU. */
static void netdev_up(const char *name, bool mtu)
{
	struct ifreq req = { 0 };
	struct dirent *d = NULL;
	char path[256];
	DIR *dir;
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(path, sizeof(path), DEVICES "/%s/net", name);
	dir = opendir(path);
	while (dir && (d = readdir(dir)) && d->d_name[0] == '.')
		;
	if (d) {
		memcpy(req.ifr_name, d->d_name, strnlen(d->d_name, IFNAMSIZ - 1));
		req.ifr_flags = IFF_UP;
		if (ioctl(s, SIOCSIFFLAGS, &req) && !may_fail)
			die("%s does not go up", name);
		req.ifr_mtu = 9000;
		if (mtu && ioctl(s, SIOCSIFMTU, &req) && !may_fail)
			die("%s: mtu", name);
	}
	if (dir)
		closedir(dir);
	close(s);
}

static void cycle_net(unsigned int nr)
{
	char name[32];

	snprintf(name, sizeof(name), "%sn%u", prefix, nr);
	if (plug("net", name, "net"))
		netdev_up(name, nr & 1);
	pull("net", name);
}

int main(int argc, char **argv)
{
	double end;

	if (argc < 4) {
		fprintf(stderr, "usage: plugcycle BUS PREFIX SECONDS [may-fail]\n");
		return 2;
	}
	bus = argv[1];
	prefix = argv[2];
	may_fail = argc > 4;
	end = now() + atof(argv[3]);
	do {
		cycles++;
		cycle_echo(cycles);
		cycle_net(cycles);
	} while (now() < end);
	printf("%u cycles of an echo and a net device: %u drivers, %u pulled while they answered\n",
	       cycles, bound, cut);
	return 0;
}
