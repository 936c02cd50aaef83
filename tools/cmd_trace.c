// SPDX-License-Identifier: GPL-2.0-only
/*
 * minibus trace: the address spaces a guest switches to, per vCPU, as far as the hypervisor saw it.
 * The files are cr3.vcpuN beside the guest's counters; lines of another form are passed over.
 */
#include "tools/commands.h"

#include "tools/lib_json.h"
#include "tools/stats.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "cr3."

/* What one line says; true if it is one of ours. */
struct line {
	enum { SWITCHES, TARGET, LAST } kind;
	uint64_t value, ns;
};

static bool parse(const char *text, struct line *line)
{
	if (sscanf(text, "switches %" SCNu64, &line->value) == 1)
		line->kind = SWITCHES;
	else if (sscanf(text, "target=%" SCNx64, &line->value) == 1)
		line->kind = TARGET;
	else if (sscanf(text, "cr3=%" SCNx64 " ns=%" SCNu64, &line->value, &line->ns) == 2)
		line->kind = LAST;
	else
		return false;
	return true;
}

static void print_line(const struct line *line)
{
	if (line->kind == SWITCHES)
		printf("  %" PRIu64 " switches seen\n", line->value);
	else if (line->kind == TARGET)
		printf("  %-16s 0x%016" PRIx64 "\n", "unseen", line->value);
	else
		printf("  %16.6f 0x%016" PRIx64 "\n", (double)line->ns / 1e9, line->value);
}

static void add_line(struct json_object *to, const struct line *line)
{
	struct json_object *list = NULL, *entry;
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, line->value);
	if (line->kind == SWITCHES) {
		json_add_number(to, "switches", line->value);
	} else if (line->kind == TARGET) {
		json_object_object_get_ex(to, "targets", &list);
		json_object_array_add(list, json_object_new_string(text));
	} else {
		entry = json_object_new_object();
		json_add_text(entry, "cr3", text);
		json_add_number(entry, "ns", line->ns);
		json_object_object_get_ex(to, "last", &list);
		json_object_array_add(list, entry);
	}
}

/* One vCPU's file, as text or added to json. */
static int show(const char *path, const char *vcpu, struct json_object *json)
{
	FILE *file = fopen(path, "re");
	struct json_object *o = NULL;
	struct line line;
	char text[256];

	if (!file)
		return -errno;
	if (json) {
		o = json_object_new_object();
		json_object_object_add(o, "targets", json_object_new_array());
		json_object_object_add(o, "last", json_object_new_array());
		json_object_object_add(json, vcpu, o);
	} else {
		printf("%s\n", vcpu);
	}
	while (fgets(text, sizeof(text), file)) {
		if (!parse(text, &line))
			continue;
		if (json)
			add_line(o, &line);
		else
			print_line(&line);
	}
	fclose(file);
	return 0;
}

/* All vCPUs; -ENOENT if there is none to show. */
static int show_all(const char *dir, struct json_object *json)
{
	static struct tree_names files;
	int err = tree_list(dir, &files), found = -ENOENT;

	for (unsigned int i = 0; i < files.count && !err; i++) {
		char path[TREE_PATH];

		if (strncmp(files.name[i], PREFIX, strlen(PREFIX)))
			continue;
		tree_path(path, dir, "%s", files.name[i]);
		err = show(path, files.name[i] + strlen(PREFIX), json);
		found = 0;
	}
	return err ? err : found;
}

int cmd_trace(const struct tree *tree, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	struct json_object *json = NULL;
	struct fault fault = { 0 };
	char dir[TREE_PATH];
	int option, err;

	while ((option = getopt_long(argc, argv, "j", long_options, NULL)) != -1) {
		if (option != 'j')
			return commands_usage("trace");
		json = json ? json : json_object_new_object();
	}
	if (optind + 1 != argc)
		return commands_usage("trace");
	stats_dir(dir, tree, argv[optind]);
	err = show_all(dir, json);
	if (err) {
		fault_set(&fault, -err, "no trace: %s; was it made with cr3_trace=1, and is "
			  "debugfs mounted? (mount -t debugfs debug /sys/kernel/debug)",
			  strerror(-err));
		return commands_fail("trace", argv[optind], &fault);
	}
	if (json)
		json_print(json);
	return COMMAND_OK;
}
