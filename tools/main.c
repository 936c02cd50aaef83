// SPDX-License-Identifier: GPL-2.0-only
/*
 * minibus: the command of dom0. Global options, then a command (any unique prefix of its name),
 * then its own arguments. Everything it does is file operations under configfs, sysfs, debugfs and
 * /dev/minibus; other places for them can be named, for tests.
 */
#include "tools/commands.h"

#include "hv/abi/cpuid.h"
#include "version.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
	const char *name;
	int (*run)(const struct tree *tree, int argc, char **argv);
	const char *arguments;
	const char *summary;
	const char *details; /* printed by help COMMAND */
};

static const struct command commands[] = {
	{ "create", cmd_create, "[-cnpw] [-t SECONDS] CONF [KEY=VALUE ...]",
	  "make and start a guest",
	  "  -c, --console   attach its console (Ctrl-] leaves it)\n"
	  "  -n, --dry-run   only check, print what would be done as JSON\n"
	  "  -p, --paused    do not start it; 'unpause' does\n"
	  "  -w, --wait      stay until it has ended for good; obey on_poweroff, on_reboot,\n"
	  "                  on_crash; a signal destroys it\n"
	  "  -t, --timeout   with -c: leave this long after the end of standard input\n"
	  "Exit status of -c and -w: 0 poweroff, 10 reboot, 11 crash, 12 triple fault, 13 killed\n"
	  "by the hypervisor, 14 destroyed. KEY=VALUE overrides CONF, see minibus.conf(5).\n" },
	{ "list", cmd_list, "[-j]", "dom0 and the guests", "  -j, --json      as JSON\n" },
	{ "console", cmd_console, "[-t SECONDS] NAME[:PORT]", "attach a guest's console",
	  "NAME: its serial line; NAME:PORT: a port of its first console device,\n"
	  "NAME:con1.PORT: of another. Ctrl-] leaves it. Prints what is kept of the output first.\n"
	  "If standard input is not a terminal: -t says how long to go on after its end, else\n"
	  "until the guest ends.\n" },
	{ "destroy", cmd_destroy, "NAME ... | -a", "end guests and give their memory back",
	  "  -a, --all       every guest\n" },
	{ "pause", cmd_pause, "NAME ...", "stop a guest's vCPUs", "" },
	{ "unpause", cmd_unpause, "NAME ...", "let them run on, or start after create -p", "" },
	{ "dmesg", cmd_dmesg, "", "the hypervisor's log", "" },
	{ "info", cmd_info, "[-j]", "the hypervisor and the machine",
	  "  -j, --json      as JSON\n" },
	{ "stats", cmd_stats, "[-j] NAME | dom0", "exits and other counters",
	  "  -j, --json      as JSON, zeros included\n" },
	{ "trace", cmd_trace, "[-j] NAME", "address spaces a guest switches to (cr3_trace=1)",
	  "  -j, --json      as JSON\n" },
	{ "doctor", cmd_doctor, "", "is all there that guests need?", "" },
	{ "help", NULL, "[COMMAND]", "this text", "" },
	{ "version", NULL, "", "release and ABI of this tool", "" },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

int commands_fail(const char *command, const char *name, const struct fault *fault)
{
	fflush(stdout);
	fprintf(stderr, "minibus: %s%s%s: %s\n", command, *name ? " " : "", name, fault->text);
	return COMMAND_FAILED;
}

int commands_usage(const char *command)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, command))
			fprintf(stderr, "usage: minibus %s %s\n", command, commands[i].arguments);
	return COMMAND_USAGE;
}

/* The command, or NULL after a message: unknown or not unique. */
static const struct command *find_command(const char *word)
{
	const struct command *found = NULL;
	size_t len = strlen(word);

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(commands[i].name, word))
			return &commands[i];
		if (!len || strncmp(commands[i].name, word, len))
			continue;
		if (found) {
			fprintf(stderr, "minibus: %s: could be %s or %s\n", word, found->name,
				commands[i].name);
			return NULL;
		}
		found = &commands[i];
	}
	if (!found)
		fprintf(stderr, "minibus: %s: no such command; see 'minibus help'\n", word);
	return found;
}

static int help(const char *word)
{
	const struct command *command = word ? find_command(word) : NULL;

	if (command) {
		printf("usage: minibus %s %s\n%s\n%s", command->name, command->arguments,
		       command->summary, command->details);
		return COMMAND_OK;
	}
	if (word)
		return COMMAND_USAGE;
	puts("usage: minibus [OPTION ...] COMMAND ...   (a unique prefix of a command is enough)");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-8s %-42s %s\n", commands[i].name, commands[i].arguments,
		       commands[i].summary);
	return COMMAND_OK;
}

static int version(void)
{
	printf("minibus %s (%s), ABI %u.%u\n", MINIBUS_VERSION, MINIBUS_BUILD,
	       MB_ABI_VERSION >> 16, MB_ABI_VERSION & 0xffff);
	return COMMAND_OK;
}

static int run_command(const struct tree *tree, int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	bool ask = argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"));
	int result;

	if (!command)
		return COMMAND_USAGE;
	argv[0] = (char *)command->name; /* getopt's messages name the command */
	if (!strcmp(command->name, "help"))
		return argc > 2 ? commands_usage("help") : help(argc == 2 && !ask ? argv[1] : NULL);
	if (ask)
		return help(command->name);
	if (!strcmp(command->name, "version"))
		return argc == 1 ? version() : commands_usage("version");
	optind = 0;
	result = command->run(tree, argc, argv);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "minibus: %s: cannot write to standard output\n", command->name);
		return COMMAND_FAILED;
	}
	return result;
}

static const char *place(const char *variable, const char *standard)
{
	const char *value = secure_getenv(variable);

	return value && *value ? value : standard;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "configfs", required_argument, NULL, 'c' },
		{ "sysfs", required_argument, NULL, 's' }, { "dev", required_argument, NULL, 'd' },
		{ "debugfs", required_argument, NULL, 'b' },
		{ "sys", required_argument, NULL, 'y' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 },
	};
	struct tree tree = {
		.configfs = place("MINIBUS_CONFIGFS", "/sys/kernel/config/vbus"),
		.sysfs = place("MINIBUS_SYSFS", "/sys/kernel/minibus"),
		.dev = place("MINIBUS_DEV", "/dev/minibus"),
		.debugfs = place("MINIBUS_DEBUGFS", "/sys/kernel/debug/minibus"),
		.sys = place("MINIBUS_SYS", "/sys"),
	};
	int option;

	while ((option = getopt_long(argc, argv, "+hV", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': tree.configfs = optarg; break;
		case 's': tree.sysfs = optarg; break;
		case 'd': tree.dev = optarg; break;
		case 'b': tree.debugfs = optarg; break;
		case 'y': tree.sys = optarg; break;
		case 'h': return help(NULL);
		case 'V': return version();
		default: return COMMAND_USAGE;
		}
	}
	if (optind >= argc) {
		help(NULL);
		return COMMAND_USAGE;
	}
	return run_command(&tree, argc - optind, argv + optind);
}
