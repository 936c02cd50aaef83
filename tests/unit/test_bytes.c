// SPDX-License-Identifier: GPL-2.0-only
/* SOURCES: vbus/proto/bytes.c */
/*
 * Unit test of vbus/proto/bytes.h: order and room, counts that wrap at 2^32, notification of data
 * and of room, hostile counts on either line, and a stress with a thread per end that sleeps
 * whenever the rules allow it and must never miss a wake-up.
 *
 * usage: test_bytes [bytes of the stress, default 64 MiB]
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tap.h"
#include "vbus/proto/bytes.h"

struct pair {
	struct vb_console_ring *ring;
	struct bytes_writer w;
	struct bytes_reader r;
};

/* Exactly the ring's bytes, so that ASan catches one too far. start: value of every count. */
static void pair_init(struct pair *t, u32 start)
{
	t->ring = aligned_alloc(64, sizeof(*t->ring));
	if (!t->ring)
		abort();
	memset(t->ring, 0, sizeof(*t->ring));
	bytes_writer_init(&t->w, t->ring);
	bytes_reader_init(&t->r, t->ring);
	t->w.head = t->w.published = t->w.taken = start;
	t->r.tail = t->r.avail = t->r.released = start;
	t->ring->tx.seq = t->ring->taken.seq = t->ring->rx.event = t->ring->room.event = start;
}

static unsigned char buf[2 * VB_CONSOLE_RING], got[2 * VB_CONSOLE_RING];

static void test_order(u32 start, const char *name)
{
	u32 sent = 0, read = 0, bad = 0, n, i;
	struct pair t;

	pair_init(&t, start);
	for (i = 0; i < 400; i++) {
		u32 want = (i * 977) % 3000, k;

		for (k = 0; k < want; k++)
			buf[k] = (unsigned char)((sent + k) * 7 + ((sent + k) >> 8));
		sent += bytes_put(&t.w, buf, want);
		bytes_publish(&t.w);
		n = bytes_get(&t.r, got, (i * 1543) % 3500);
		for (k = 0; k < n; k++)
			bad += got[k] != (unsigned char)((read + k) * 7 + ((read + k) >> 8));
		read += n;
		bytes_release(&t.r);
	}
	ok(!bad && sent > 300000 && sent - read <= VB_CONSOLE_RING, name);
	free(t.ring);
}

static void test_room(void)
{
	struct pair t;

	pair_init(&t, 0);
	ok(bytes_room(&t.w) == VB_CONSOLE_RING, "an empty ring has room for its length");
	ok(bytes_put(&t.w, buf, 2 * VB_CONSOLE_RING) == VB_CONSOLE_RING, "no more goes in");
	ok(!bytes_there(&t.r), "not published, not there");
	ok(bytes_publish(&t.w), "the first byte is told");
	ok(bytes_there(&t.r) == VB_CONSOLE_RING && !bytes_room(&t.w), "all there, no room");
	ok(bytes_want_room(&t.w), "the writer may sleep");
	ok(bytes_get(&t.r, got, VB_CONSOLE_RING / 2 - 1) && !bytes_release(&t.r),
	   "less than half read: it sleeps on");
	ok(bytes_get(&t.r, got, 1) && bytes_release(&t.r), "half read: it is told");
	ok(bytes_get(&t.r, got, 100) == 100 && !bytes_release(&t.r), "once only");
	ok(bytes_room(&t.w) == VB_CONSOLE_RING / 2 + 100, "and has the room");
	bytes_put(&t.w, buf, VB_CONSOLE_RING);
	bytes_publish(&t.w);
	bytes_get(&t.r, got, VB_CONSOLE_RING);
	bytes_release(&t.r);
	ok(!bytes_want_room(&t.w), "room came before it was asked for: no sleep");
	ok(bytes_arm(&t.r), "all read: the reader may sleep");
	bytes_put(&t.w, buf, 1);
	ok(bytes_publish(&t.w), "and is told of the next byte");
	bytes_put(&t.w, buf, 1);
	ok(!bytes_publish(&t.w), "not of the one after");
	ok(!bytes_arm(&t.r), "a byte is there: no sleep");
	free(t.ring);
}

static void test_hostile(void)
{
	static const u32 ahead[] = { VB_CONSOLE_RING + 1, 0x80000000u, ~0u };
	static const u32 behind[] = { 1, VB_CONSOLE_RING + 1, 0x80000000u };
	struct pair t;
	size_t i;

	for (i = 0; i < 3; i++) {
		pair_init(&t, 5);
		t.ring->tx.seq = 5 + ahead[i];
		ok(!bytes_there(&t.r) && t.r.broken, "an impossible count of bytes written");
		t.ring->tx.seq = 6;
		ok(!bytes_get(&t.r, got, 10) && bytes_arm(&t.r) && !bytes_release(&t.r),
		   "... is broken for good, and nobody spins");
		free(t.ring);
	}
	for (i = 0; i < 3; i++) {
		pair_init(&t, 5);
		t.ring->taken.seq = 5 + behind[i];
		ok(!bytes_room(&t.w) && t.w.broken, "an impossible count of bytes read");
		t.ring->taken.seq = 5;
		ok(!bytes_put(&t.w, buf, 10) && bytes_want_room(&t.w) && !bytes_publish(&t.w),
		   "... is broken for good, and nobody spins");
		free(t.ring);
	}
	pair_init(&t, 5);
	bytes_put(&t.w, buf, 10);
	t.ring->taken.seq = 10; /* within head, not yet published */
	ok(!bytes_room(&t.w) && t.w.broken, "bytes read that were not published");
	free(t.ring);
}

/* ---- stress ---- */

static struct stress {
	struct pair t;
	sem_t data, room;
	mb_u64 total;
	unsigned int sleeps_w, sleeps_r, late;
	mb_u64 bad;
} s;

static void doze(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	if (sem_timedwait(sem, &until))
		s.late++;
}

static unsigned char value(mb_u64 at)
{
	return (unsigned char)(at * 31 + (at >> 13));
}

static void *writer(void *unused)
{
	static unsigned char from[5000];
	mb_u64 sent = 0;

	(void)unused;
	while (sent < s.total && !s.late) {
		u32 want = 1 + (u32)(sent * 2654435761u >> 7) % sizeof(from), n, k;

		if (want > s.total - sent)
			want = (u32)(s.total - sent);
		for (k = 0; k < want; k++)
			from[k] = value(sent + k);
		n = bytes_put(&s.t.w, from, want);
		if (bytes_publish(&s.t.w))
			sem_post(&s.data);
		sent += n;
		if (n < want && bytes_want_room(&s.t.w)) {
			s.sleeps_w++;
			doze(&s.room);
		}
	}
	return NULL;
}

static void *reader(void *unused)
{
	static unsigned char to[4000];
	mb_u64 read = 0;

	(void)unused;
	while (read < s.total && !s.late) {
		u32 n = bytes_get(&s.t.r, to, 1 + (u32)(read * 40503u >> 5) % sizeof(to)), k;

		for (k = 0; k < n; k++)
			s.bad += to[k] != value(read + k);
		read += n;
		if (bytes_release(&s.t.r))
			sem_post(&s.room);
		if (!n && bytes_arm(&s.t.r)) {
			s.sleeps_r++;
			doze(&s.data);
		}
	}
	return NULL;
}

static void test_stress(mb_u64 total)
{
	pthread_t a, b;

	pair_init(&s.t, 0xffff0000u);
	sem_init(&s.data, 0, 0);
	sem_init(&s.room, 0, 0);
	s.total = total;
	pthread_create(&a, NULL, writer, NULL);
	pthread_create(&b, NULL, reader, NULL);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	ok(!s.late, "stress: no wake-up is missed");
	ok(!s.bad, "stress: every byte in order");
	ok(s.sleeps_w && s.sleeps_r, "stress: both ends did sleep");
	free(s.t.ring);
}

int main(int argc, char **argv)
{
	test_order(0, "order");
	test_order(0xfffffff0u, "order across 2^32");
	test_room();
	test_hostile();
	test_stress(argc > 1 ? strtoull(argv[1], NULL, 0) : 64u << 20);
	return tap_done();
}
