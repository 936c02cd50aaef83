// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of configfs, sysfs, debugfs and ordinary ones. Attributes are opened anew each time, since
 * configfs computes them at open.
 */
#include "tools/lib_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_path(char path[TREE_PATH], const char *base, const char *format, ...)
{
	int len = snprintf(path, TREE_PATH, "%s/", base);
	va_list args;

	if (len < 0 || len >= TREE_PATH)
		return;
	va_start(args, format);
	vsnprintf(path + len, (size_t)(TREE_PATH - len), format, args);
	va_end(args);
}

bool tree_exists(const char *path)
{
	return !access(path, F_OK);
}

int tree_try_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t len;

	*buf = 0;
	if (fd < 0)
		return -errno;
	len = read(fd, buf, size - 1);
	if (len < 0)
		err = -errno;
	close(fd);
	buf[len < 0 ? 0 : len] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return err;
}

int tree_read(const char *path, char *buf, size_t size, struct fault *fault)
{
	int err = tree_try_read(path, buf, size);

	return err ? fault_set(fault, -err, "%s: %s", path, strerror(-err)) : 0;
}

int tree_try_read_u64(const char *path, uint64_t *value)
{
	char text[64], *end;
	int err = tree_try_read(path, text, sizeof(text));

	if (err)
		return err;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return end == text || errno ? -EINVAL : 0;
}

int tree_try_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), err = 0;
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = write(fd, text, strlen(text));
	if (len != (ssize_t)strlen(text))
		err = len < 0 ? -errno : -EIO;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

int tree_write(const char *path, const char *text, struct fault *fault)
{
	int err = tree_try_write(path, text);

	return err ? fault_set(fault, -err, "%s: cannot write '%s': %s; see 'minibus dmesg'", path,
			       text, strerror(-err)) : 0;
}

static int compare_names(const void *a, const void *b)
{
	return strverscmp(a, b);
}

int tree_list(const char *path, struct tree_names *names)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	names->count = 0;
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && names->count < TREE_NAMES)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    strlen(entry->d_name) < TREE_NAME)
			strcpy(names->name[names->count++], entry->d_name);
	closedir(dir);
	qsort(names->name, names->count, TREE_NAME, compare_names);
	return 0;
}

static int load_open(int fd, const char *path, size_t max, uint8_t **data, size_t *len,
		     struct fault *fault)
{
	struct stat st;
	uint8_t *buf;
	size_t done = 0;
	ssize_t got = 1;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return fault_set(fault, EINVAL, "%s: not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return fault_set(fault, EFBIG, "%s: %llu MiB, the guest has %llu MiB of memory; "
				 "raise memory=", path, (unsigned long long)st.st_size >> 20,
				 (unsigned long long)max >> 20);
	buf = malloc((size_t)st.st_size + 1);
	if (!buf)
		return fault_set(fault, ENOMEM, "%s: %s", path, strerror(ENOMEM));
	/* The file may shrink meanwhile: only what was read counts. */
	while (done < (size_t)st.st_size && got > 0) {
		got = read(fd, buf + done, (size_t)st.st_size - done);
		if (got > 0)
			done += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0) {
		int err = errno;

		free(buf);
		return fault_set(fault, err, "%s: %s", path, strerror(err));
	}
	buf[done] = 0;
	*data = buf;
	*len = done;
	return 0;
}

int tree_load(const char *path, size_t max, uint8_t **data, size_t *len, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return fault_set(fault, errno, "%s: %s", path, strerror(errno));
	err = load_open(fd, path, max, data, len, fault);
	close(fd);
	return err;
}
