// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands on guests that exist: console, destroy, pause, unpause.
 */
#include "tools/commands.h"

#include "tools/console.h"
#include "tools/watch.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cmd_console(const struct tree *tree, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "timeout", required_argument, NULL, 't' }, { NULL, 0, NULL, 0 },
	};
	struct fault fault = { 0 };
	struct guest_status status;
	enum console_end end;
	int option, timeout_ms = -1;
	char *rest;

	while ((option = getopt_long(argc, argv, "t:", long_options, NULL)) != -1) {
		if (option != 't')
			return commands_usage("console");
		timeout_ms = (int)(strtod(optarg, &rest) * 1000);
		if (rest == optarg || *rest || timeout_ms < 0)
			return commands_usage("console");
	}
	if (optind + 1 != argc)
		return commands_usage("console");
	watch_init();
	if (console_run(tree, argv[optind], timeout_ms, &end, &fault))
		return commands_fail("console", argv[optind], &fault);
	if (end == CONSOLE_SIGNAL)
		return CREATE_SIGNAL + watch_signal();
	if (end == CONSOLE_ENDED) {
		argv[optind][strcspn(argv[optind], ":")] = 0; /* the port ended with its guest */
		guest_ask(tree, argv[optind], &status);
		fprintf(stderr, "minibus: guest %s ended: %s\n", argv[optind],
			strcmp(status.state, "gone") ? status.reason : "destroyed");
	}
	return COMMAND_OK;
}

static int destroy_one(const struct tree *tree, const char *name)
{
	struct fault fault = { 0 };

	return guest_destroy(tree, name, &fault) ? commands_fail("destroy", name, &fault) :
						   COMMAND_OK;
}

int cmd_destroy(const struct tree *tree, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "all", no_argument, NULL, 'a' }, { NULL, 0, NULL, 0 },
	};
	static struct tree_names names;
	int option, result = COMMAND_OK;
	bool all = false;
	char path[TREE_PATH];

	while ((option = getopt_long(argc, argv, "a", long_options, NULL)) != -1) {
		if (option != 'a')
			return commands_usage("destroy");
		all = true;
	}
	if (all == (optind < argc))
		return commands_usage("destroy");
	for (; optind < argc; optind++)
		result |= destroy_one(tree, argv[optind]);
	if (all) {
		tree_path(path, tree->configfs, "guests");
		tree_list(path, &names);
		for (unsigned int i = 0; i < names.count; i++)
			result |= destroy_one(tree, names.name[i]);
	}
	return result;
}

/* Words for each guest of the command line; none is a usage error. */
static int control_each(const struct tree *tree, int argc, char **argv, const char *word)
{
	int result = COMMAND_OK;

	if (getopt(argc, argv, "") != -1 || optind >= argc)
		return commands_usage(argv[0]);
	for (; optind < argc; optind++) {
		struct fault fault = { 0 };
		struct guest_status status;
		const char *now = word;

		guest_ask(tree, argv[optind], &status);
		/* `create -p` leaves a guest built, not started: for the user it is paused. */
		if (!strcmp(word, "unpause") && !strcmp(status.state, "built"))
			now = "start";
		if (guest_control(tree, argv[optind], now, &fault))
			result = commands_fail(argv[0], argv[optind], &fault);
	}
	return result;
}

int cmd_pause(const struct tree *tree, int argc, char **argv)
{
	return control_each(tree, argc, argv, "pause");
}

int cmd_unpause(const struct tree *tree, int argc, char **argv)
{
	return control_each(tree, argc, argv, "unpause");
}
