// SPDX-License-Identifier: GPL-2.0-only
/*
 * minibus list: dom0 and every guest, one line each; a guest that is just being made or destroyed
 * shows what is known of it and is no error.
 */
#include "tools/commands.h"

#include "tools/guest.h"
#include "tools/lib_json.h"
#include "tools/stats.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct row {
	char name[TREE_NAME];
	char id[16];
	uint64_t memory; /* MiB */
	uint64_t vcpus;
	uint64_t run_ns;
	struct guest_status status;
};

static void fill_guest(const struct tree *tree, const char *name, struct row *row)
{
	char path[TREE_PATH];

	*row = (struct row){ .memory = 0 };
	snprintf(row->name, sizeof(row->name), "%s", name);
	tree_path(path, tree->configfs, "guests/%s/domid", name);
	if (tree_try_read(path, row->id, sizeof(row->id)) || !*row->id || *row->id == '0')
		strcpy(row->id, "-");
	tree_path(path, tree->configfs, "guests/%s/memory", name);
	tree_try_read_u64(path, &row->memory);
	tree_path(path, tree->configfs, "guests/%s/vcpus", name);
	tree_try_read_u64(path, &row->vcpus);
	row->run_ns = stats_run_ns(tree, name);
	guest_ask(tree, name, &row->status);
}

static void fill_dom0(const struct tree *tree, struct row *row)
{
	char path[TREE_PATH];

	*row = (struct row){ .name = "dom0", .id = "0", .status = { "privileged", "-" } };
	tree_path(path, tree->sysfs, "memory_dom0");
	tree_try_read_u64(path, &row->memory);
	row->memory >>= 20;
	tree_path(path, tree->sysfs, "cpus");
	tree_try_read_u64(path, &row->vcpus);
	row->run_ns = stats_run_ns(tree, "dom0");
}

static void print_row(const struct row *row)
{
	bool ended = !strcmp(row->status.state, "shutdown");

	printf("%-24s %4s %6llu %5llu %8.1f  %s%s%s\n", row->name, row->id,
	       (unsigned long long)row->memory, (unsigned long long)row->vcpus,
	       (double)row->run_ns / 1e9, row->status.state, ended ? ": " : "",
	       ended ? row->status.reason : "");
}

static void add_row(struct json_object *to, const struct row *row)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "name", row->name);
	json_add_text(o, "id", row->id);
	json_add_number(o, "memory", row->memory);
	json_add_number(o, "vcpus", row->vcpus);
	json_add_number(o, "run_ns", row->run_ns);
	json_add_text(o, "state", row->status.state);
	json_add_text(o, "reason", row->status.reason);
	json_object_array_add(to, o);
}

int cmd_list(const struct tree *tree, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	static struct tree_names names;
	struct json_object *rows = NULL;
	struct fault fault = { 0 };
	struct row row;
	char path[TREE_PATH];
	int option;

	while ((option = getopt_long(argc, argv, "j", long_options, NULL)) != -1) {
		if (option != 'j')
			return commands_usage("list");
		rows = rows ? rows : json_object_new_array();
	}
	if (optind != argc)
		return commands_usage("list");
	tree_path(path, tree->configfs, "guests");
	if (tree_list(path, &names)) {
		fault_set(&fault, ENODEV, "%s: no Minibus here; run 'minibus doctor'", path);
		return commands_fail("list", "", &fault);
	}
	if (!rows)
		printf("%-24s %4s %6s %5s %8s  %s\n", "NAME", "ID", "MIB", "VCPUS", "TIME(S)",
		       "STATE");
	for (unsigned int i = 0; i <= names.count; i++) {
		if (i)
			fill_guest(tree, names.name[i - 1], &row);
		else
			fill_dom0(tree, &row);
		if (rows)
			add_row(rows, &row);
		else
			print_row(&row);
	}
	if (rows)
		json_print(rows);
	return COMMAND_OK;
}
