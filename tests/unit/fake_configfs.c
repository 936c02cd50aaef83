// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into `minibus` by test_cli.t: makes an ordinary directory behave like Minibus's
 * configfs, as far as the command needs it. mkdir gives a guest or device its attributes, rmdir
 * takes them along, words written to control change the state. FAKE_FAIL names the attribute or
 * word whose writing fails; FAKE_END is how a started guest ends at once, after writing FAKE_TEXT.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH 2048

__attribute__((format(printf, 2, 3))) static void put(const char *text, const char *format, ...)
{
	char path[PATH];
	va_list args;
	FILE *file;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	file = fopen(path, "w");
	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

int mkdir(const char *path, mode_t mode)
{
	static const char *const guest[] = { "memory", "256\n", "vcpus", "1\n", "share", "all\n",
					     "cr3_trace", "0\n", "tsc_khz", "0\n",
					     "domid", "0\n", "state", "new\n", "reason", "-\n",
					     "entry", "\n", "control", "\n", NULL };
	static const char *const device[] = { "mac", "\n", "ifname", "fake0\n", "mtu", "1500\n",
					      "ports", "1\n", "rate", "65536\n",
					      "status", "free\n", NULL };
	int (*real)(const char *, mode_t) = dlsym(RTLD_NEXT, "mkdir");
	const char *const *list = strstr(path, "/guests/") ? guest : device;
	char bus[PATH];

	if (real(path, mode))
		return -1;
	for (; *list; list += 2)
		put(list[1], "%s/%s", path, list[0]);
	snprintf(bus, sizeof(bus), "%s/bus", path);
	if (strstr(path, "/guests/"))
		real(bus, 0755);
	return 0;
}

int rmdir(const char *path)
{
	int (*real)(const char *) = dlsym(RTLD_NEXT, "rmdir");
	char name[PATH];
	DIR *dir;
	struct dirent *entry;

	snprintf(name, sizeof(name), "%s/bus", path);
	if (!access(name, F_OK) && real(name)) {
		errno = EBUSY; /* a device is still linked */
		return -1;
	}
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_REG)
			unlink(name);
	}
	if (dir)
		closedir(dir);
	if (strstr(path, "/guests/")) {
		snprintf(name, sizeof(name), "%s/%s.memory", setting("MINIBUS_DEV"),
			 strrchr(path, '/') + 1);
		unlink(name);
	}
	return real(path);
}

static void control(const char *guest, const char *word)
{
	const char *name = strrchr(guest, '/') + 1, *dev = setting("MINIBUS_DEV");

	if (!strcmp(word, "build")) {
		put("built\n", "%s/state", guest);
		put("7\n", "%s/domid", guest);
		put("", "%s/%s.memory", dev, name);
		put("", "%s/%s.console", dev, name);
	} else if (!strcmp(word, "start") && *setting("FAKE_END")) {
		put(setting("FAKE_TEXT"), "%s/%s.console", dev, name);
		put(setting("FAKE_END"), "%s/reason", guest);
		put("shutdown\n", "%s/state", guest);
	} else if (!strcmp(word, "pause")) {
		put("paused\n", "%s/state", guest);
	} else if (!strcmp(word, "start") || !strcmp(word, "unpause")) {
		put("running\n", "%s/state", guest);
	}
}

ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
	char path[PATH] = "", proc[64], word[64];
	ssize_t path_len;
	char *file;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	snprintf(word, sizeof(word), "%.*s", (int)(len < 63 ? len : 63), (const char *)buf);
	path_len = readlink(proc, path, sizeof(path) - 1);
	path[path_len < 0 ? 0 : path_len] = 0;
	file = strrchr(path, '/');
	if (!file || !(strstr(path, "/guests/") || strstr(path, "/devices/")))
		return real(fd, buf, len);
	if (*setting("FAKE_FAIL") &&
	    (!strcmp(setting("FAKE_FAIL"), file + 1) || !strcmp(setting("FAKE_FAIL"), word))) {
		errno = !strcmp(word, "build") ? ENOMEM : EINVAL;
		return -1;
	}
	if (!strcmp(file, "/control")) {
		*file = 0;
		control(path, word);
	}
	return real(fd, buf, len);
}
