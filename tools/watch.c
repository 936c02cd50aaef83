// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's state is polled five times a second: configfs attributes cannot be waited for, and a
 * reader of uevents would miss what happened before it listened.
 */
#include "tools/watch.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t signal_seen;

static void note_signal(int number)
{
	signal_seen = number;
}

void watch_init(void)
{
	/* No SA_RESTART: poll() and read() shall return. */
	struct sigaction action = { .sa_handler = note_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int watch_signal(void)
{
	return signal_seen;
}

uint64_t watch_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void watch_guest(const struct tree *tree, const char *name, int timeout_ms,
		 struct guest_status *status)
{
	uint64_t start = watch_now_ms();

	for (;;) {
		guest_ask(tree, name, status);
		if (guest_ended(status) || watch_signal())
			return;
		if (timeout_ms >= 0 && watch_now_ms() - start >= (uint64_t)timeout_ms)
			return;
		poll(NULL, 0, timeout_ms >= 0 && timeout_ms < WATCH_STEP_MS ? timeout_ms :
									      WATCH_STEP_MS);
	}
}
