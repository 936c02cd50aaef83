/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  where Minibus shows itself in the file system, and reading and writing there.
 * Callers:  guest.c and the commands.    Context: user space, one thread.    Locking: none.
 * Lifetime: struct tree points to strings of main's, for the whole run.
 * Errors:   -errno with a fault that names the file; tree_try_*() only return -errno.
 */
#ifndef MINIBUS_TOOLS_LIB_TREE_H
#define MINIBUS_TOOLS_LIB_TREE_H

#include "tools/lib_fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_PATH 1024
#define TREE_NAMES 256
#define TREE_NAME 64

struct tree {
	const char *configfs; /* /sys/kernel/config/vbus: devices/, guests/ */
	const char *sysfs;    /* /sys/kernel/minibus */
	const char *dev;      /* /dev/minibus */
	const char *debugfs;  /* /sys/kernel/debug/minibus */
	const char *sys;      /* /sys: modules, network interfaces */
};

struct tree_names {
	unsigned int count;
	char name[TREE_NAMES][TREE_NAME];
};

/* base/format... ; too long a path is cut and then does not exist. */
void tree_path(char path[TREE_PATH], const char *base, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool tree_exists(const char *path);
/* The first line, without its newline. */
int tree_try_read(const char *path, char *buf, size_t size);
int tree_read(const char *path, char *buf, size_t size, struct fault *fault);
int tree_try_read_u64(const char *path, uint64_t *value);
int tree_try_write(const char *path, const char *text);
int tree_write(const char *path, const char *text, struct fault *fault);
/* Entries of a directory in alphabetical order, without . and .. ; 0 or -errno. */
int tree_list(const char *path, struct tree_names *names);
/* The whole file, NUL terminated; free() it. Refuses more than max bytes. */
int tree_load(const char *path, size_t max, uint8_t **data, size_t *len, struct fault *fault);

#endif
