// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading counters. Lines that are not "name number" are passed over, so that a newer module may
 * say more than this tool knows.
 */
#include "tools/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void stats_dir(char path[TREE_PATH], const struct tree *tree, const char *name)
{
	if (!strcmp(name, "dom0"))
		tree_path(path, tree->debugfs, "dom0");
	else
		tree_path(path, tree->debugfs, "guests/%s", name);
}

int stats_read(const char *path, stats_line *line, void *context)
{
	FILE *file = fopen(path, "re");
	char text[256], name[128];
	uint64_t value;

	if (!file)
		return -errno;
	while (fgets(text, sizeof(text), file))
		if (sscanf(text, "%127s %" SCNu64, name, &value) == 2)
			line(context, name, value);
	fclose(file);
	return 0;
}

static void add_run_ns(void *context, const char *name, uint64_t value)
{
	if (!strcmp(name, "run_ns"))
		*(uint64_t *)context += value;
}

uint64_t stats_run_ns(const struct tree *tree, const char *name)
{
	static struct tree_names files;
	char dir[TREE_PATH], path[TREE_PATH];
	uint64_t sum = 0;

	stats_dir(dir, tree, name);
	tree_list(dir, &files);
	for (unsigned int i = 0; i < files.count; i++) {
		if (strncmp(files.name[i], "vcpu", 4))
			continue;
		tree_path(path, dir, "%s", files.name[i]);
		stats_read(path, add_run_ns, &sum);
	}
	return sum;
}
