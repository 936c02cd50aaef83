// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands about the hypervisor: info and dmesg.
 */
#include "tools/commands.h"

#include "tools/lib_json.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VALUE 160

/* Files of /sys/kernel/minibus in the order of printing. */
static const struct { const char *file; enum { TEXT, NUMBER, BYTES, PAGES, NANOSECONDS } kind; }
items[] = {
	{ "version", TEXT }, { "abi", TEXT }, { "vendor", TEXT }, { "cpu", TEXT },
	{ "cpus", NUMBER }, { "tsc_khz", NUMBER }, { "domains", NUMBER }, { "domid", NUMBER },
	{ "memory_total", BYTES }, { "memory_free", BYTES }, { "memory_dom0", BYTES },
	{ "memory_hv", BYTES }, { "heap_total", PAGES }, { "heap_free", PAGES },
	{ "uptime_ns", NANOSECONDS }, { "hw_help", TEXT }, { "hw_help_off", TEXT },
	{ "hw_help_unused", TEXT },
};
#define ITEM_COUNT (sizeof(items) / sizeof(items[0]))

static void print_item(size_t i, const char *text, uint64_t number)
{
	printf("%-14s ", items[i].file);
	if (items[i].kind == BYTES)
		printf("%llu MiB\n", (unsigned long long)number >> 20);
	else if (items[i].kind == PAGES)
		printf("%llu KiB\n", (unsigned long long)number * 4);
	else if (items[i].kind == NANOSECONDS)
		printf("%.3f s\n", (double)number / 1e9);
	else
		printf("%s\n", *text ? text : "none");
}

int cmd_info(const struct tree *tree, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' }, { NULL, 0, NULL, 0 },
	};
	struct json_object *json = NULL;
	struct fault fault = { 0 };
	char path[TREE_PATH], text[VALUE];
	uint64_t number = 0;
	int option;

	while ((option = getopt_long(argc, argv, "j", long_options, NULL)) != -1) {
		if (option != 'j')
			return commands_usage("info");
		json = json ? json : json_object_new_object();
	}
	if (optind != argc)
		return commands_usage("info");
	if (!tree_exists(tree->sysfs)) {
		fault_set(&fault, ENODEV, "%s: no Minibus here; run 'minibus doctor'", tree->sysfs);
		return commands_fail("info", "", &fault);
	}
	for (size_t i = 0; i < ITEM_COUNT; i++) {
		tree_path(path, tree->sysfs, "%s", items[i].file);
		if (tree_try_read(path, text, sizeof(text)) ||
		    (items[i].kind != TEXT && tree_try_read_u64(path, &number)))
			continue;
		if (!json)
			print_item(i, text, number);
		else if (items[i].kind == TEXT)
			json_add_text(json, items[i].file, text);
		else
			json_add_number(json, items[i].file, number);
	}
	if (json)
		json_print(json);
	return COMMAND_OK;
}

int cmd_dmesg(const struct tree *tree, int argc, char **argv)
{
	struct fault fault = { 0 };
	char path[TREE_PATH], buf[4096];
	ssize_t len;
	int fd;

	if (getopt(argc, argv, "") != -1 || optind != argc)
		return commands_usage("dmesg");
	tree_path(path, tree->dev, "log");
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		fault_set(&fault, errno, "%s: %s; run 'minibus doctor'", path, strerror(errno));
		return commands_fail("dmesg", "", &fault);
	}
	while ((len = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)len, stdout);
	if (len < 0 && errno != EAGAIN)
		fault_set(&fault, errno, "%s: %s", path, strerror(errno));
	close(fd);
	return fault.err ? commands_fail("dmesg", "", &fault) : COMMAND_OK;
}
