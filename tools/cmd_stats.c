// SPDX-License-Identifier: GPL-2.0-only
/*
 * minibus stats: the counters of one domain, file by file. Counters that are zero are left out of
 * the text, not of the JSON.
 */
#include "tools/commands.h"

#include "tools/lib_json.h"
#include "tools/stats.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_line(void *context, const char *name, uint64_t value)
{
	(void)context;
	if (value)
		printf("  %-24s %20" PRIu64 "\n", name, value);
}

static void add_line(void *context, const char *name, uint64_t value)
{
	json_add_number(context, name, value);
}

static void show(const char *dir, const struct tree_names *files, struct json_object *json)
{
	for (unsigned int i = 0; i < files->count; i++) {
		struct json_object *o = json ? json_object_new_object() : NULL;
		char path[TREE_PATH];

		tree_path(path, dir, "%s", files->name[i]);
		if (json) {
			stats_read(path, add_line, o);
			json_object_object_add(json, files->name[i], o);
		} else {
			printf("%s\n", files->name[i]);
			stats_read(path, print_line, NULL);
		}
	}
}

int cmd_stats(const struct tree *tree, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	static struct tree_names files;
	struct json_object *json = NULL;
	struct fault fault = { 0 };
	char dir[TREE_PATH];
	int option, err;

	while ((option = getopt_long(argc, argv, "j", long_options, NULL)) != -1) {
		if (option != 'j')
			return commands_usage("stats");
		json = json ? json : json_object_new_object();
	}
	if (optind + 1 != argc)
		return commands_usage("stats");
	stats_dir(dir, tree, argv[optind]);
	err = tree_list(dir, &files);
	if (err) {
		fault_set(&fault, -err, "%s: %s; see 'minibus list', and is debugfs mounted? "
			  "(mount -t debugfs debug /sys/kernel/debug)", dir, strerror(-err));
		return commands_fail("stats", argv[optind], &fault);
	}
	show(dir, &files, json);
	if (json)
		json_print(json);
	return COMMAND_OK;
}
