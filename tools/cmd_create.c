// SPDX-License-Identifier: GPL-2.0-only
/*
 * minibus create: reads the description, checks all that can be checked beforehand, makes the guest
 * and, if asked, stays: with its console (-c), or until it ended for good (-w), acting on its
 * on_poweroff, on_reboot and on_crash. There is no daemon; without -w an ended guest stays in state
 * shutdown until it is destroyed.
 */
#include "tools/commands.h"

#include "tools/console.h"
#include "tools/lib_json.h"
#include "tools/watch.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_LINES 12
#define EARLY_MS 300	    /* without -c and -w: how long create looks whether the guest lives */
#define MIN_LIFE_MS 2000 /* a guest that ends faster is not restarted: it would do so for ever */

struct options {
	bool console, paused, dry, wait;
	int timeout_ms;
};

struct session {
	const struct tree *tree;
	const struct options *options;
	struct config config;
	struct guest_image image;
};

static void print_warning(const char *text)
{
	fprintf(stderr, "minibus: create: warning: %s\n", text);
}

static int exit_status(const struct guest_status *status)
{
	static const struct { const char *reason; int status; } table[] = {
		{ "poweroff", COMMAND_OK }, { "reboot", CREATE_REBOOT }, { "crash", CREATE_CRASH },
		{ "triple fault", CREATE_TRIPLE_FAULT }, { "killed", CREATE_KILLED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strncmp(status->reason, table[i].reason, strlen(table[i].reason)))
			return table[i].status;
	return CREATE_DESTROYED;
}

static enum config_action action_for(const struct config *config,
				     const struct guest_status *status)
{
	switch (exit_status(status)) {
	case COMMAND_OK:
		return config->on_poweroff;
	case CREATE_REBOOT:
		return config->on_reboot;
	case CREATE_DESTROYED:
		return CONFIG_PRESERVE; /* somebody else is at it */
	default:
		return config->on_crash;
	}
}

static void report_end(const struct session *s, const struct guest_status *status, bool shown)
{
	const char *name = s->config.name;

	if (!strcmp(status->state, "gone")) {
		fprintf(stderr, "minibus: guest %s is gone: somebody destroyed it\n", name);
		return;
	}
	if (!shown && exit_status(status) != COMMAND_OK) {
		fprintf(stderr, "minibus: guest %s wrote last:\n", name);
		console_tail(s->tree, name, TAIL_LINES);
	}
	fprintf(stderr, "minibus: guest %s ended: %s\n", name, status->reason);
}

/* Until the guest ended or the user or a signal wants to go; *left says the latter. */
static int attend(struct session *s, struct guest_status *status, bool *left, struct fault *fault)
{
	enum console_end end = CONSOLE_ENDED;
	int err = 0;

	*left = false;
	if (s->options->console) {
		err = console_run(s->tree, s->config.name, s->options->timeout_ms, &end, fault);
		if (err)
			return err;
		*left = end != CONSOLE_ENDED && !s->options->wait;
	}
	if (!*left)
		watch_guest(s->tree, s->config.name, -1, status);
	return 0;
}

/* The guest ended under -w. True: it runs again. */
static bool follow_up(struct session *s, const struct guest_status *status, uint64_t lived_ms,
		      struct fault *fault)
{
	enum config_action action = action_for(&s->config, status);

	if (action == CONFIG_RESTART && lived_ms < MIN_LIFE_MS) {
		fprintf(stderr, "minibus: guest %s ended %llu ms after its start, so it is not "
			"restarted\n", s->config.name, (unsigned long long)lived_ms);
		action = CONFIG_PRESERVE;
	}
	if (action == CONFIG_PRESERVE)
		return false;
	if (guest_destroy(s->tree, s->config.name, fault) || action == CONFIG_DESTROY)
		return false;
	return !guest_create(s->tree, &s->config, &s->image, false, fault);
}

static int stay(struct session *s, struct fault *fault)
{
	struct guest_status status = { "", "-" };
	bool left, again = true;

	while (again) {
		uint64_t start = watch_now_ms();

		if (attend(s, &status, &left, fault))
			return COMMAND_FAILED;
		if (watch_signal()) {
			/* Whoever waits in the foreground owns the guest, as a service does. */
			if (s->options->wait)
				guest_destroy(s->tree, s->config.name, fault);
			return fault->err ? COMMAND_FAILED : CREATE_SIGNAL + watch_signal();
		}
		if (left)
			return COMMAND_OK;
		report_end(s, &status, s->options->console);
		if (!s->options->wait)
			break;
		again = follow_up(s, &status, watch_now_ms() - start, fault);
	}
	return fault->err ? COMMAND_FAILED : exit_status(&status);
}

static int start(struct session *s, struct fault *fault)
{
	struct guest_status status;

	watch_init();
	if (guest_create(s->tree, &s->config, &s->image, s->options->paused, fault))
		return COMMAND_FAILED;
	if (s->options->console || s->options->wait)
		return stay(s, fault);
	if (s->options->paused)
		return COMMAND_OK;
	/* Most mistakes show at once; a script should not have to look for them. */
	watch_guest(s->tree, s->config.name, EARLY_MS, &status);
	if (!guest_ended(&status))
		return COMMAND_OK;
	report_end(s, &status, false);
	return COMMAND_OK; /* it was created; how it ended is list's to tell */
}

static int dry_run(const struct session *s, struct fault *fault)
{
	struct loader_plan plan;
	struct json_object *o;

	if (guest_plan(&s->config, &s->image, &plan, fault))
		return COMMAND_FAILED;
	o = json_object_new_object();
	json_object_object_add(o, "config", json_from_config(&s->config));
	json_object_object_add(o, "load", json_from_plan(&plan));
	json_print(o);
	return COMMAND_OK;
}

static int create(struct session *s, const char *path, char *const overrides[], unsigned int count,
		  struct fault *fault)
{
	struct loader_plan plan;
	int result = COMMAND_FAILED;

	if (config_load(&s->config, path, overrides, count, print_warning, fault))
		return COMMAND_FAILED;
	/* Before the files are read: the commonest mistake gets the quickest answer. */
	if (!s->options->dry && guest_check_free(s->tree, s->config.name, fault))
		return COMMAND_FAILED;
	if (guest_read(&s->config, &s->image, fault))
		return COMMAND_FAILED;
	if (s->options->dry)
		result = dry_run(s, fault);
	else if (!guest_plan(&s->config, &s->image, &plan, fault))
		result = start(s, fault);
	guest_release(&s->image);
	return result;
}

int cmd_create(const struct tree *tree, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "console", no_argument, NULL, 'c' }, { "paused", no_argument, NULL, 'p' },
		{ "dry-run", no_argument, NULL, 'n' }, { "wait", no_argument, NULL, 'w' },
		{ "timeout", required_argument, NULL, 't' }, { NULL, 0, NULL, 0 },
	};
	struct options options = { .timeout_ms = -1 };
	static struct session session;
	struct fault fault = { 0 };
	int option, result;
	char *end;

	while ((option = getopt_long(argc, argv, "cpnwt:", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': options.console = true; break;
		case 'p': options.paused = true; break;
		case 'n': options.dry = true; break;
		case 'w': options.wait = true; break;
		case 't':
			options.timeout_ms = (int)(strtod(optarg, &end) * 1000);
			if (end == optarg || *end || options.timeout_ms < 0)
				return commands_usage("create");
			break;
		default: return commands_usage("create");
		}
	}
	if (optind >= argc)
		return commands_usage("create");
	session = (struct session){ .tree = tree, .options = &options };
	result = create(&session, argv[optind], argv + optind + 1,
			(unsigned int)(argc - optind - 1), &fault);
	if (fault.err)
		return commands_fail("create", *session.config.name ? session.config.name :
				     argv[optind], &fault);
	return result;
}
