// SPDX-License-Identifier: GPL-2.0-only
/* SOURCES: vbus/proto/ioq.c */
/*
 * Unit test of vbus/proto/shm_signal.h: when a notification is due, what publish and arm store, and
 * that the sleep decision loses no wake-up when both ends run at once.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vbus/proto/shm_signal.h"

struct region {
	struct shm_signal_tx tx;
	struct shm_signal_rx rx;
};

static void test_due(void)
{
	static const struct {
		u32 event, old, new;
		bool due;
		const char *name;
	} cases[] = {
		{ 0, 0, 1, true, "due: the first step passes the initial event" },
		{ 0, 0, 0, false, "due: nothing published, nothing due" },
		{ 0, 1, 2, false, "due: an event already passed is masked" },
		{ 5, 5, 6, true, "due: one step across" },
		{ 5, 3, 5, false, "due: reaching the event is not passing it" },
		{ 5, 3, 6, true, "due: a batch ending just past it" },
		{ 5, 3, 100, true, "due: a batch far past it" },
		{ 4, 5, 100, false, "due: one before the batch" },
		{ 100, 5, 100, false, "due: last of the batch" },
		{ 0xffffffffu, 0xffffffffu, 0, true, "due: step across 2^32" },
		{ 0xfffffffeu, 0xffffffffu, 5, false, "due: passed before 2^32" },
		{ 2, 0xfffffff0u, 3, true, "due: batch across 2^32" },
		{ 3, 0xfffffff0u, 3, false, "due: batch across 2^32, not far enough" },
		{ 0x80000000u, 0, 1, false, "due: the opposite end of the circle" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(shm_signal_due(cases[i].event, cases[i].old, cases[i].new) == cases[i].due,
		   cases[i].name);
}

static void test_words(void)
{
	struct region r;

	memset(&r, 0, sizeof(r));
	ok(shm_signal_publish(&r.tx, &r.rx, 0, 3) && r.tx.seq == 3, "publish stores, due");
	ok(!shm_signal_publish(&r.tx, &r.rx, 3, 4), "not armed again: no second notification");
	ok(r.rx.event == 0 && r.rx.consumed == 0, "publish leaves the receiver's line alone");
	ok(shm_signal_arm(&r.tx, &r.rx, 4) == 4 && r.rx.event == 4,
	   "arm stores, returns the count");
	ok(r.tx.seq == 4, "arm leaves the sender's line alone");
	ok(shm_signal_publish(&r.tx, &r.rx, 4, 5), "armed: due");
}

/*
 * The race itself, without any sleeping: each round the sender publishes round n while the receiver
 * arms at n - 1. "Lost" is: sender saw no need to notify and receiver saw nothing to do.
 */
#define ROUNDS 300000u

static struct region race;
static u32 go[2], sent[ROUNDS], seen[ROUNDS];

static void meet(int self, u32 round)
{
	__atomic_store_n(&go[self], round, __ATOMIC_SEQ_CST);
	/* Spin a while for tight races, then be kind to a busy machine. */
	for (u32 i = 0; __atomic_load_n(&go[!self], __ATOMIC_SEQ_CST) < round; i++)
		if (i > 2000)
			sched_yield();
}

static void *sender(void *arg)
{
	for (u32 n = 1; n <= ROUNDS; n++) {
		meet(0, 2 * n - 1);
		sent[n - 1] = shm_signal_publish(&race.tx, &race.rx, n - 1, n);
		meet(0, 2 * n);
	}
	return arg;
}

static void *receiver(void *arg)
{
	for (u32 n = 1; n <= ROUNDS; n++) {
		meet(1, 2 * n - 1);
		seen[n - 1] = shm_signal_arm(&race.tx, &race.rx, n - 1) != n - 1;
		meet(1, 2 * n);
	}
	return arg;
}

static void test_race(void)
{
	u32 lost = 0, both = 0;
	pthread_t a, b;

	race.rx.event = 0x80000000u;
	if (!ok(!pthread_create(&a, NULL, sender, NULL) &&
			!pthread_create(&b, NULL, receiver, NULL),
		"race: two threads"))
		return;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	for (u32 n = 0; n < ROUNDS; n++) {
		lost += !sent[n] && !seen[n];
		both += sent[n] && seen[n];
	}
	printf("# %u rounds, %u lost, %u notified though seen\n", ROUNDS, lost, both);
	ok(lost == 0, "race: no wake-up lost");
}

int main(void)
{
	test_due();
	test_words();
	test_race();
	return tap_done();
}
