// SPDX-License-Identifier: GPL-2.0-only
/* SOURCES: vbus/proto/evq.c */
/*
 * Unit test of vbus/proto/evq.c: strict order of priorities, the bound on starvation, the budget
 * and what it leaves behind, the states of the queues, and a stress with threads that raise events
 * of all priorities while the consumer drains, where nothing may be lost.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vbus/proto/evq.h"

#define PRIOS MB_EVQ_PRIOS
#define PORTS (MB_EVQ_WORDS * 64)
#define LOG 1024

static struct mb_eventq pages[PRIOS];
static struct evq_cpu cpu;
static u32 vectors[PRIOS]; /* injected */
static u32 handled[LOG], handled_count;
static void (*on_handle)(u32 port);

/* The hypervisor's part, as hv/abi/tunnel.h says. */
static void raise_event(u32 prio, u32 port)
{
	struct mb_eventq *q = &pages[prio];
	u32 asleep = MB_EVQ_ASLEEP;

	if (__atomic_fetch_or(&q->pending[port / 64], 1ull << (port % 64), __ATOMIC_SEQ_CST) >>
		    (port % 64) & 1)
		return;
	__atomic_fetch_or(&q->summary, 1ull << (port / 64), __ATOMIC_SEQ_CST);
	if (__atomic_compare_exchange_n(&q->state, &asleep, MB_EVQ_AWAKE, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		__atomic_fetch_add(&vectors[prio], 1, __ATOMIC_SEQ_CST);
}

static void handle(u32 port)
{
	if (handled_count < LOG)
		handled[handled_count] = port;
	handled_count++;
	if (on_handle)
		on_handle(port);
}

static void begin(void (*fn)(u32 port))
{
	memset(pages, 0, sizeof(pages));
	memset(&cpu, 0, sizeof(cpu));
	memset(vectors, 0, sizeof(vectors));
	for (u32 i = 0; i < PRIOS; i++)
		cpu.level[i].page = &pages[i];
	cpu.handle = handle;
	on_handle = fn;
	handled_count = 0;
}

static bool order_is(const u32 *want, u32 n)
{
	return handled_count == n && !memcmp(handled, want, n * sizeof(*want));
}

static void high_after_two(u32 port)
{
	if (port == 11)
		raise_event(0, 500);
	if (port == 500)
		raise_event(1, 600);
}

static void test_order(void)
{
	begin(NULL);
	raise_event(3, 10);
	raise_event(3, 700);
	raise_event(2, 9);
	raise_event(0, 4000);
	raise_event(1, 0);
	ok(!evq_drain(&cpu, 3) && order_is((u32[]){4000, 0, 9, 10, 700}, 5),
	   "a high event goes before low ones that were there earlier");
	ok(cpu.level[3].events == 2 && cpu.level[0].ahead == 1 && cpu.level[3].wakes == 1 &&
		   !cpu.level[3].ahead,
	   "and is counted");
	ok(!evq_drain(&cpu, 0) && handled_count == 5 && cpu.level[0].empty == 1,
	   "its own vector then finds nothing");
	begin(NULL);
	raise_event(3, 10);
	raise_event(0, 5);
	ok(!evq_drain(&cpu, 0) && order_is((u32[]){5}, 1) && vectors[3] == 1,
	   "a drain of a high level leaves low ones to their vectors");
	ok(!evq_drain(&cpu, 3) && order_is((u32[]){5, 10}, 2), "which then find them");
	begin(high_after_two);
	for (u32 port = 10; port < 15; port++)
		raise_event(3, port);
	ok(!evq_drain(&cpu, 3) && order_is((u32[]){10, 11, 500, 600, 12, 13, 14}, 7),
	   "a high event that comes during a low drain waits for one handler");
	ok(!vectors[0] && !vectors[1], "and needs no vector");
	begin(NULL);
	for (u32 i = 0; i < PRIOS - 1; i++)
		cpu.level[i].page = NULL;
	raise_event(3, 63);
	raise_event(3, 64);
	ok(!evq_drain(&cpu, 3) && order_is((u32[]){63, 64}, 2), "levels that do not exist");
}

static void again(u32 port)
{
	if (port == 1)
		raise_event(0, 1); /* a flood at the highest level */
	if (port >= 100)
		raise_event(2, port);
}

static void test_bound(void)
{
	u32 first, low = 0, run = 0, longest = 0;

	begin(again);
	raise_event(0, 1);
	for (u32 port = 100; port < 140; port++)
		raise_event(2, port);
	ok(evq_drain(&cpu, 0) == 1u, "a flood of the highest level uses up the budget");
	for (first = 0; first < EVQ_BUDGET && handled[first] == 1; first++)
		;
	ok(first == EVQ_BURST, "a low level gets its turn after the burst");
	for (u32 i = 0; i < handled_count; i++) {
		bool is_low = handled[i] >= 100;

		low += is_low;
		run = is_low ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	ok(longest == EVQ_TURN, "and no more than its turn");
	ok(low >= EVQ_BUDGET / (EVQ_BURST + EVQ_TURN) * EVQ_TURN && cpu.level[2].turns == low,
	   "time and again");
	ok(pages[0].state == MB_EVQ_ASLEEP && pages[0].summary == 1 && pages[0].pending[0] == 2,
	   "what is left of the flood can be seen in its queue");
	ok(pages[2].state == MB_EVQ_AWAKE && vectors[2] == 1 && pages[2].summary,
	   "the low queue still has the one vector it had");
}

static void test_budget(void)
{
	u32 left, all = 0;

	begin(NULL);
	for (u32 port = 0; port < EVQ_BUDGET + 90; port++)
		raise_event(1, port);
	left = evq_drain(&cpu, 1);
	ok(left == 2u && handled_count == EVQ_BUDGET, "the budget ends a drain");
	for (u32 w = 0; w < MB_EVQ_WORDS; w++) {
		all += (u32)__builtin_popcountll(pages[1].pending[w]);
		if (pages[1].pending[w] && !(pages[1].summary >> w & 1))
			all = 0;
	}
	ok(all == 90 && !cpu.level[1].bits && !cpu.level[1].words,
	   "all that is left is back in the page");
	ok(!evq_drain(&cpu, 1) && handled_count == EVQ_BUDGET + 90, "and comes with the next");
	begin(NULL);
	pages[0].state = MB_EVQ_AWAKE; /* its vector is under way */
	raise_event(0, 7);
	raise_event(3, 8);
	ok(!evq_drain(&cpu, 3) && order_is((u32[]){7, 8}, 2) && pages[0].state == MB_EVQ_AWAKE,
	   "a level that has a vector under way is served and left awake for it");
	ok(!evq_drain(&cpu, 0) && pages[0].state == MB_EVQ_ASLEEP, "which puts it to sleep");
}

/* ---- stress: raisers in threads, each event counted by port ---- */

static u64 raised[PORTS], served[PORTS];
static u32 stress_rounds;
static bool stress_end;

static void serve(u32 port)
{
	/* What was raised before it is handled now is done. */
	served[port] = __atomic_load_n(&raised[port], __ATOMIC_SEQ_CST);
}

static void *raiser(void *arg)
{
	u32 self = (u32)(unsigned long)arg, x = 12345 + self;

	for (u32 i = 0; i < stress_rounds; i++) {
		u32 port;

		x = x * 1664525 + 1013904223;
		port = (x >> 8) % 256 * 4 + self; /* ports of its own; the priority is fixed */
		__atomic_fetch_add(&raised[port], 1, __ATOMIC_SEQ_CST);
		raise_event(port / 4 % PRIOS, port);
	}
	return NULL;
}

static void *consumer(void *unused)
{
	u32 seen[PRIOS] = {0};
	bool end, any;

	(void)unused;
	do {
		end = __atomic_load_n(&stress_end, __ATOMIC_SEQ_CST);
		any = false;
		for (u32 i = 0; i < PRIOS; i++) {
			u32 left;

			if (__atomic_load_n(&vectors[i], __ATOMIC_SEQ_CST) == seen[i])
				continue;
			any = true;
			seen[i]++;
			for (left = evq_drain(&cpu, i); left; left &= left - 1)
				__atomic_fetch_add(&vectors[__builtin_ctz(left)], 1,
						   __ATOMIC_SEQ_CST);
		}
	} while (!end || any);
	return NULL;
}

static void test_stress(void)
{
	pthread_t t[4], c;
	u32 lost = 0;
	u64 events = 0;

	begin(serve);
	pthread_create(&c, NULL, consumer, NULL);
	for (unsigned long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, raiser, (void *)i);
	for (u32 i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	__atomic_store_n(&stress_end, true, __ATOMIC_SEQ_CST);
	pthread_join(c, NULL);
	for (u32 port = 0; port < PORTS; port++)
		lost += served[port] != raised[port];
	for (u32 i = 0; i < PRIOS; i++)
		events += cpu.level[i].events;
	ok(!lost, "stress: no event is lost");
	ok(events >= PORTS / 4 && !pages[0].summary && !pages[1].summary && !pages[2].summary &&
		   !pages[3].summary,
	   "stress: all queues are empty in the end");
}

int main(int argc, char **argv)
{
	stress_rounds = argc > 1 ? (u32)atoi(argv[1]) : 200000;
	test_order();
	test_bound();
	test_budget();
	test_stress();
	return tap_done();
}
