// SPDX-License-Identifier: GPL-2.0-only
/* SOURCES: vbus/proto/ioq.c */
/*
 * Unit test of vbus/proto/ioq.c: order and space, counts that wrap at 2^32, notification on demand,
 * hostile counts and chains on either line, and a stress of a whole queue (submissions and
 * completions, one thread per end) that sleeps and arms at random and must never miss a wake-up.
 *
 * usage: test_ioq [requests of the stress, default 600000]
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tap.h"
#include "vbus/proto/ioq.h"

struct pair {
	struct ioq_ring *ring;
	struct ioq_producer p;
	struct ioq_consumer c;
	u32 size;
};

/* Exactly the ring's bytes, so that ASan catches one slot too far. start: value of every count. */
static void pair_init(struct pair *t, u32 size, u32 start)
{
	t->size = size;
	t->ring = aligned_alloc(64, (IOQ_RING_BYTES(size) + 63) & ~63u);
	if (!t->ring)
		abort();
	memset(t->ring, 0, IOQ_RING_BYTES(size));
	ioq_producer_init(&t->p, t->ring, size);
	ioq_consumer_init(&t->c, t->ring, size);
	t->p.head = t->p.published = t->p.consumed = start;
	t->c.tail = t->c.avail = t->c.released = start;
	t->ring->tx.seq = t->ring->rx.consumed = t->ring->rx.event = start;
}

static void pair_free(struct pair *t)
{
	free(t->ring);
}

static int push(struct pair *t, u16 id, u16 flags)
{
	struct ioq_desc d = { .addr = 0x1000u * id, .len = 10u + id, .id = id, .flags = flags };

	return ioq_push(&t->p, &d);
}

static bool pop_is(struct pair *t, u16 id)
{
	struct ioq_desc d;

	return ioq_pop(&t->c, &d) == 1 && d.id == id && d.addr == 0x1000u * id && d.len == 10u + id;
}

static void test_sizes(void)
{
	ok(ioq_size_ok(IOQ_MIN_SIZE) && ioq_size_ok(64) && ioq_size_ok(IOQ_MAX_SIZE),
	   "sizes accepted");
	ok(!ioq_size_ok(0) && !ioq_size_ok(1) && !ioq_size_ok(2) && !ioq_size_ok(63) &&
		   !ioq_size_ok(65536) && !ioq_size_ok(0xffffffffu),
	   "sizes refused");
	ok(IOQ_RING_BYTES(IOQ_MIN_SIZE) % 64 == 0, "second ring starts on a line");
}

static void test_fill(u32 start, const char *name)
{
	struct ioq_desc d;
	struct pair t;
	bool good = true;

	pair_init(&t, 8, start);
	good = good && ioq_space(&t.p) == 8 && ioq_empty(&t.c);
	for (u16 i = 0; i < 8; i++)
		good = good && push(&t, i, 0) == 0;
	good = good && push(&t, 8, 0) == -ENOSPC && ioq_space(&t.p) == 0;
	good = good && ioq_pop(&t.c, &d) == 0; /* nothing published yet */
	good = good && ioq_publish(&t.p) && !ioq_publish(&t.p) && !ioq_empty(&t.c);
	for (u16 i = 0; i < 8; i++)
		good = good && pop_is(&t, i);
	good = good && ioq_pop(&t.c, &d) == 0 && push(&t, 9, 0) == -ENOSPC;
	good = good && ioq_release(&t.c) && !ioq_release(&t.c) && ioq_space(&t.p) == 8;
	good = good && push(&t, 9, 0) == 0 && push(&t, 10, 0) == 0;
	ioq_cancel(&t.p);
	good = good && !ioq_publish(&t.p) && ioq_space(&t.p) == 8;
	for (u16 i = 0; i < 100; i++) {
		good = good && push(&t, i, 0) == 0;
		ioq_publish(&t.p);
		good = good && pop_is(&t, i);
		ioq_release(&t.c);
	}
	ok(good && !t.p.broken && !t.c.broken, name);
	pair_free(&t);
}

static void test_notify(u32 start, const char *name)
{
	struct pair t;
	bool good = true;

	pair_init(&t, 16, start);
	push(&t, 0, 0);
	good = good && !ioq_told(&t.p);
	good = good && ioq_publish(&t.p) && ioq_told(&t.p); /* armed from the start */
	push(&t, 1, 0);
	good = good && !ioq_publish(&t.p); /* not armed again: masked */
	good = good && !ioq_arm(&t.c);	   /* something is there */
	good = good && pop_is(&t, 0) && !ioq_arm(&t.c) && pop_is(&t, 1) && ioq_arm(&t.c);
	push(&t, 2, 0);
	push(&t, 3, 0);
	good = good && ioq_publish(&t.p);
	good = good && pop_is(&t, 2) && pop_is(&t, 3) && ioq_release(&t.c);
	good = good && ioq_arm_after(&t.c, 3);
	push(&t, 4, 0);
	push(&t, 5, 0);
	good = good && !ioq_publish(&t.p) && ioq_arm_after(&t.c, 3); /* two: still asleep */
	push(&t, 6, 0);
	good = good && ioq_publish(&t.p) && !ioq_arm_after(&t.c, 3);
	good = good && !ioq_arm_after(&t.c, 2) && ioq_arm_after(&t.c, 4);
	ok(good, name);
	pair_free(&t);
}

/* The consumer against a producer that lies about seq. */
static void test_bad_seq(u32 seq, const char *name)
{
	struct ioq_desc d, chain[IOQ_MAX_CHAIN];
	struct pair t;
	bool good = true;

	pair_init(&t, 8, 100);
	push(&t, 1, 0);
	push(&t, 2, 0);
	ioq_publish(&t.p);
	good = good && pop_is(&t, 1); /* the count 102 is known and private now */
	t.ring->tx.seq = seq;
	good = good && pop_is(&t, 2);
	if (seq != 102)
		good = good && !ioq_arm(&t.c); /* do not sleep on it: go and find out */
	good = good && ioq_pop(&t.c, &d) == -EPROTO && t.c.broken;
	t.ring->tx.seq = 103; /* repenting does not help */
	good = good && ioq_pop(&t.c, &d) == -EPROTO && ioq_pop_chain(&t.c, chain) == -EPROTO;
	good = good && ioq_arm(&t.c) && ioq_arm_after(&t.c, 5) && ioq_empty(&t.c); /* no spinning */
	memset(t.ring, 0, IOQ_RING_BYTES(8));
	ioq_producer_init(&t.p, t.ring, 8);
	ioq_consumer_init(&t.c, t.ring, 8);
	push(&t, 7, 0);
	good = good && ioq_publish(&t.p) && pop_is(&t, 7);
	ok(good, name);
	pair_free(&t);
}

/* The producer against a consumer that lies about consumed. Honest: 4 published, 2 taken. */
static void test_bad_consumed(u32 consumed, bool gathering, const char *name)
{
	struct pair t;
	bool good = true;

	pair_init(&t, 8, 0xfffffffeu);
	for (u16 i = 0; i < 4; i++)
		push(&t, i, 0);
	ioq_publish(&t.p);
	t.ring->rx.consumed = 0;
	good = good && ioq_space(&t.p) == 6;
	if (gathering)
		push(&t, 5, 0);
	t.ring->rx.consumed = consumed;
	good = good && ioq_space(&t.p) == 0 && t.p.broken;
	t.ring->rx.consumed = 0;
	good = good && ioq_space(&t.p) == 0 && push(&t, 6, 0) == -EPROTO && !ioq_publish(&t.p);
	ok(good, name);
	pair_free(&t);
}

static int chain_of(u32 size, u32 start, u32 n, u16 last_flags, u16 odd_id)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	struct pair t;
	int got;

	pair_init(&t, size, start);
	for (u32 i = 0; i < n; i++)
		push(&t, i == n / 2 ? odd_id : 3, i + 1 < n ? IOQ_F_NEXT : last_flags);
	ioq_publish(&t.p);
	got = ioq_pop_chain(&t.c, chain);
	for (int i = 0; i < got; i++)
		if (chain[i].id != 3 || chain[i].addr != 0x3000)
			got = -1;
	if (got > 0 && (t.c.broken || t.c.tail != start + (u32)got))
		got = -1;
	if (got == -EPROTO && (!t.c.broken || t.c.tail != start))
		got = -1;
	pair_free(&t);
	return got;
}

static void test_chains(void)
{
	ok(chain_of(64, 0, 0, 0, 3) == 0, "chain: empty ring");
	ok(chain_of(64, 0, 1, 0, 3) == 1, "chain: of one");
	ok(chain_of(64, 0, IOQ_MAX_CHAIN, 0, 3) == IOQ_MAX_CHAIN, "chain: the longest");
	ok(chain_of(64, 0xfffffff8u, 20, 0, 3) == 20, "chain: across 2^32 and the ring's end");
	ok(chain_of(4, 3, 4, 0, 3) == 4, "chain: fills the smallest ring");
	ok(chain_of(64, 0, IOQ_MAX_CHAIN + 1, 0, 3) == -EPROTO,
	   "chain: one too long breaks the ring");
	ok(chain_of(64, 0, 64, IOQ_F_NEXT, 3) == -EPROTO, "chain: endless breaks the ring");
	ok(chain_of(4, 0, 4, IOQ_F_NEXT, 3) == -EPROTO, "chain: a loop in a small ring breaks it");
	ok(chain_of(64, 0, 3, IOQ_F_NEXT, 3) == -EPROTO,
	   "chain: not published whole breaks the ring");
	ok(chain_of(64, 0, 5, 0, 4) == -EPROTO, "chain: mixed ids break the ring");
}

static u32 rnd(u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Noise in all shared words, calls in random order: results stay in range, nothing outside. */
static void test_noise(void)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	u32 state = 12345, broken = 0, alive = 0;
	bool good = true;

	for (int round = 0; round < 4000; round++) {
		struct pair t;
		u32 size = 4u << (rnd(&state) % 4);

		pair_init(&t, size, rnd(&state));
		for (int i = 0; i < 50; i++) {
			u32 r = rnd(&state), *words = (u32 *)t.ring;
			int n;

			if (r % 256 == 0)
				words[rnd(&state) % (IOQ_RING_BYTES(size) / 4)] = rnd(&state);
			if (r % 256 == 1)
				t.ring->tx.seq += rnd(&state) % (2 * size);
			if (r % 256 == 2)
				t.ring->rx.consumed += rnd(&state) % size;
			n = push(&t, r & 7, (u16)(r >> 8));
			good = good && (n == 0 || n == -ENOSPC || n == -EPROTO);
			good = good && ioq_space(&t.p) <= size;
			ioq_publish(&t.p);
			n = r % 64 ? ioq_pop(&t.c, chain) : ioq_pop_chain(&t.c, chain);
			good = good && (n == -EPROTO || (n >= 0 && n <= (int)IOQ_MAX_CHAIN));
			ioq_arm_after(&t.c, 1 + r % size);
			ioq_release(&t.c);
		}
		broken += t.p.broken || t.c.broken;
		alive += !t.p.broken && !t.c.broken;
		pair_free(&t);
	}
	printf("# noise: %u rounds broken, %u survived\n", broken, alive);
	ok(good, "noise in shared memory: every answer in range");
}

/*
 * Stress: one queue as a driver and a device model use it. north keeps at most ring size requests
 * under way, south answers each. Both sleep on a semaphore, posted only when ioq_publish() says so.
 */
#define STRESS_SIZE 64u

static struct stress {
	u32 requests, sleeps[2], posts[2];
	unsigned char *shared;
	sem_t bell[2]; /* 0: north's, 1: south's */
	const char *error;
} stress;

static void fail(const char *what)
{
	const char *none = NULL;

	__atomic_compare_exchange_n(&stress.error, &none, what, 0, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
}

static bool failed(void)
{
	return __atomic_load_n(&stress.error, __ATOMIC_SEQ_CST) != NULL;
}

static void ring_bell(int who)
{
	stress.posts[who]++;
	sem_post(&stress.bell[who]);
}

/* Ten seconds without a bell though armed: a wake-up was lost. */
static bool wait_bell(int who)
{
	struct timespec until;

	stress.sleeps[who]++;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	if (!sem_timedwait(&stress.bell[who], &until))
		return true;
	fail(who ? "south missed a wake-up" : "north missed a wake-up");
	return false;
}

/* Old bells must not hide a missing one. */
static void drain_bell(int who)
{
	while (!sem_trywait(&stress.bell[who]))
		;
}

static void *south(void *arg)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN], done;
	struct ioq_consumer sub;
	struct ioq_producer com;
	u32 state = 777, answered = 0;
	int n;

	ioq_consumer_init(&sub, ioq_submissions(stress.shared), STRESS_SIZE);
	ioq_producer_init(&com, ioq_completions(stress.shared, STRESS_SIZE), STRESS_SIZE);
	while (answered < stress.requests && !failed()) {
		n = ioq_pop_chain(&sub, chain);
		if (n < 0) {
			fail("south: submissions broken");
			break;
		}
		if (n) {
			done = chain[0];
			for (int i = 0; i < n; i++)
				if (chain[i].addr != chain[0].addr || chain[i].len != (u32)(n - i))
					fail("south: torn chain");
			if (ioq_push(&com, &done))
				fail("south: no room for a completion");
			answered++;
			ioq_release(&sub);
			if (rnd(&state) % 4 == 0 && ioq_publish(&com))
				ring_bell(0);
			continue;
		}
		if (ioq_publish(&com))
			ring_bell(0);
		if (rnd(&state) % 8 == 0)
			continue; /* poll on */
		drain_bell(1);
		if (ioq_arm(&sub) && !wait_bell(1))
			break;
	}
	if (ioq_publish(&com))
		ring_bell(0);
	return arg;
}

/* Submit one request of a random chain if there is room. addr carries its number. */
static bool submit(struct ioq_producer *sub, u32 number, u16 id, u32 *state)
{
	u32 n = 1 + rnd(state) % (rnd(state) % 16 ? 3 : IOQ_MAX_CHAIN);

	if (ioq_space(sub) < n)
		return false;
	for (u32 i = 0; i < n; i++) {
		struct ioq_desc d = { .addr = number, .len = n - i, .id = id,
				      .flags = i + 1 < n ? IOQ_F_NEXT : 0 };

		if (ioq_push(sub, &d))
			fail("north: push failed though there was space");
	}
	return true;
}

static void north_reap(struct ioq_consumer *com, u32 sent, u32 *reaped)
{
	struct ioq_desc d;
	int n;

	while ((n = ioq_pop(com, &d)) > 0) {
		if (d.addr != *reaped || d.id != *reaped % STRESS_SIZE)
			fail("north: completion out of order or torn");
		if (++*reaped > sent)
			fail("north: completion of nothing");
	}
	if (n < 0)
		fail("north: completions broken");
	ioq_release(com);
}

static void north(void)
{
	u32 state = 4242, sent = 0, reaped = 0;
	struct ioq_producer sub;
	struct ioq_consumer com;

	ioq_producer_init(&sub, ioq_submissions(stress.shared), STRESS_SIZE);
	ioq_consumer_init(&com, ioq_completions(stress.shared, STRESS_SIZE), STRESS_SIZE);
	while (reaped < stress.requests && !failed()) {
		u32 burst = 1 + rnd(&state) % 20, after;

		while (burst-- && sent < stress.requests && sent - reaped < STRESS_SIZE &&
		       submit(&sub, sent, (u16)(sent % STRESS_SIZE), &state))
			sent++;
		if (ioq_publish(&sub))
			ring_bell(1);
		north_reap(&com, sent, &reaped);
		if (sent == reaped || rnd(&state) % 4 == 0)
			continue; /* poll on */
		drain_bell(0);
		/* Never wait for more than what is under way. */
		after = 1 + rnd(&state) % (sent - reaped);
		if (ioq_arm_after(&com, after) && !wait_bell(0))
			break;
	}
	ring_bell(1);
}

static void test_stress(u32 requests)
{
	pthread_t thread;

	stress.requests = requests;
	stress.shared = aligned_alloc(64, IOQ_QUEUE_BYTES(STRESS_SIZE));
	if (!stress.shared || sem_init(&stress.bell[0], 0, 0) || sem_init(&stress.bell[1], 0, 0))
		abort();
	memset(stress.shared, 0, IOQ_QUEUE_BYTES(STRESS_SIZE));
	if (!ok(!pthread_create(&thread, NULL, south, NULL), "stress: second thread"))
		return;
	north();
	pthread_join(thread, NULL);
	printf("# stress: %u requests; north slept %u times for %u bells, south %u for %u\n",
	       requests, stress.sleeps[0], stress.posts[0], stress.sleeps[1], stress.posts[1]);
	if (stress.error)
		printf("# %s\n", stress.error);
	ok(!stress.error, "stress: all requests answered in order, no wake-up lost");
	free(stress.shared);
}

int main(int argc, char **argv)
{
	test_sizes();
	test_fill(0, "fill, drain, cancel from 0");
	test_fill(0xfffffffcu, "fill, drain, cancel across 2^32");
	test_fill(0x7ffffffcu, "fill, drain, cancel across 2^31");
	test_notify(0, "notifications from 0");
	test_notify(0xfffffffdu, "notifications across 2^32");
	test_bad_seq(102 + 9, "seq one beyond the ring breaks it");
	test_bad_seq(101, "seq going back breaks it");
	test_bad_seq(102 + 0x80000000u, "seq half a circle ahead breaks it");
	test_bad_consumed(3, false, "consumed beyond what was published breaks the ring");
	test_bad_consumed(3, true, "consumed beyond it, but pushed: breaks the ring");
	test_bad_consumed(0xfffffff9u, false, "consumed more than a ring behind breaks it");
	test_bad_consumed(0xfffffffau, true,
			  "consumed more than a ring behind what is pushed breaks it");
	test_chains();
	test_noise();
	test_stress(argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 600000);
	return tap_done();
}
