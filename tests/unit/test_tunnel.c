// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit test of hv/tunnel.c: events, routes, pages that come and go, binding, calls, hostile pages,
 * and a stress with threads that send, consume, route and move queues at random and must lose
 * nothing.
 *
 * SOURCES: hv/tunnel.c hv/locks.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 * SOURCES: tests/fake_arch/fake_vcpu.c tests/fake_arch/fake_vendor.c
 *
 * usage: test_tunnel [rounds of the stress, default 20000]
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake.h"
#include "tap.h"

#include "arch/x86/atomic.h"
#include "arch/x86/barrier.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/tunnel.h"
#include "hv/vcpu.h"

#define VCPUS 4u
#define VECTOR 0xe0u
#define NONE (~0ull)

struct domain *dom0;

static struct domain host, guest;
static struct vcpu vcpus[2][VCPUS];

/* Pages of the receiver; a guest-physical address is 0x1000 * (1 + index). */
#define PAGES (2 * VCPUS)
static union {
	struct mb_eventq q;
	u8 bytes[PAGE_SIZE];
} pages[PAGES] __attribute__((aligned(4096)));

static u64 gpa_of(u32 page)
{
	return 0x1000ull * (1 + page);
}

void *guest_page(struct domain *d, gpa_t gpa, u32 len)
{
	u64 page = gpa.v / PAGE_SIZE - 1, off = gpa.v % PAGE_SIZE;

	(void)d;
	return page < PAGES && off + len <= PAGE_SIZE ? &pages[page].bytes[off] : NULL;
}

static void domain_make(struct domain *d, u32 id, struct vcpu *v, u32 ports)
{
	memset(d, 0, sizeof(*d));
	memset(v, 0, sizeof(*v) * VCPUS);
	d->id = (u16)id;
	d->privileged = !id;
	d->nr_vcpus = VCPUS;
	for (u32 i = 0; i < VCPUS; i++) {
		v[i].dom = d;
		v[i].id = i;
		d->vcpu[i] = &v[i];
	}
	if (tunnel_init(d, ports))
		abort();
}

static void begin(void)
{
	domain_make(&host, 0, vcpus[0], MB_DOM0_PORTS);
	domain_make(&guest, 1, vcpus[1], MB_GUEST_PORTS);
	memset(pages, 0, sizeof(pages));
	dom0 = &host;
	fake_vectors = 0;
}

static void end(void)
{
	tunnel_destroy(&guest);
	tunnel_destroy(&host);
}

static bool has(u32 page, u32 port)
{
	return pages[page].q.pending[port / 64] >> (port % 64) & 1;
}

static u64 taken[MB_EVQ_WORDS];

/* The consumer as hv/abi/tunnel.h says. */
static void drain(struct mb_eventq *q, void (*handle)(u32 port))
{
	u64 s, p;

	do {
		atomic_exchange(&q->state, MB_EVQ_AWAKE);
		while ((s = atomic_exchange(&q->summary, 0)) != 0) {
			for (; s; s &= s - 1) {
				u32 w = (u32)__builtin_ctzl(s);

				p = atomic_exchange(&q->pending[w], 0);
				for (; p; p &= p - 1)
					handle(w * 64 + (u32)__builtin_ctzl(p));
			}
		}
		/* Pairs with queue_raise(). */
		atomic_exchange(&q->state, MB_EVQ_ASLEEP);
	} while (atomic_load(&q->summary));
}

static void take(u32 port)
{
	taken[port / 64] |= BIT(port % 64);
}

static void test_events(void)
{
	begin();
	ok(!tunnel_queue_set(&guest, 1, 0, gpa_of(0), VECTOR), "a queue is set up");
	ok(!tunnel_route(&guest, 70, 1, 0), "a port is routed to it");
	tunnel_post(&guest, 70);
	ok(has(0, 70) && pages[0].q.summary == 2 && pages[0].q.state == MB_EVQ_AWAKE &&
	           fake_vectors == 1,
	   "the first event injects one vector");
	tunnel_post(&guest, 70);
	tunnel_route(&guest, 3, 1, 0);
	tunnel_post(&guest, 3);
	ok(fake_vectors == 1 && has(0, 3), "none is injected while the consumer is awake");
	ok(vcpus[1][1].counters[MB_CNT_EV_MERGED] == 1 && vcpus[1][1].counters[MB_CNT_EV_POST] == 3,
	   "merged events are counted");
	memset(taken, 0, sizeof(taken));
	drain(&pages[0].q, take);
	ok(taken[1] == BIT(6) && taken[0] == BIT(3) && taken[2] == 0,
	   "the consumer gets both ports");
	tunnel_post(&guest, 70);
	ok(fake_vectors == 2, "after it slept, the next event injects");
	tunnel_post(&guest, MB_GUEST_PORTS);
	tunnel_post(&guest, ~0u);
	ok(pages[0].q.summary == 2, "ports beyond the table are ignored");
	end();
}

static void test_route(void)
{
	begin();
	tunnel_queue_set(&guest, 0, 0, gpa_of(0), VECTOR);
	tunnel_queue_set(&guest, 2, 3, gpa_of(1), VECTOR + 1);
	tunnel_post(&guest, 9);
	ok(has(0, 9), "a new port is routed to the first queue");
	ok(!tunnel_route(&guest, 9, 2, 3) && !has(0, 9) && has(1, 9) && fake_vectors == 2,
	   "a pending event moves along with its route");
	ok(!tunnel_route(&guest, 9, 2, 3) && has(1, 9) && fake_vectors == 2,
	   "routing is idempotent");
	ok(tunnel_route(&guest, 256, 0, 0) == -MB_EINVAL &&
	           tunnel_route(&guest, 0, VCPUS, 0) == -MB_EINVAL &&
	           tunnel_route(&guest, 0, 0, MB_EVQ_PRIOS) == -MB_EINVAL &&
	           tunnel_route(&guest, ~0u, ~0u, ~0u) == -MB_EINVAL,
	   "bad routes are refused");
	tunnel_route(&guest, 9, 1, 1);
	ok(!has(1, 9), "an event routed to no queue leaves the old one");
	tunnel_queue_set(&guest, 1, 1, gpa_of(2), VECTOR);
	ok(has(2, 9) && pages[2].q.state == MB_EVQ_AWAKE, "and is announced when the queue comes");
	end();
}

static void test_queue(void)
{
	begin();
	tunnel_post(&guest, 5);
	ok(fake_vectors == 0, "an event without a queue waits");
	tunnel_queue_set(&guest, 0, 0, gpa_of(0), 0);
	ok(has(0, 5) && fake_vectors == 0, "without a vector the queue collects");
	tunnel_post(&guest, 6);
	tunnel_queue_set(&guest, 0, 0, gpa_of(0), VECTOR);
	ok(fake_vectors == 1 && has(0, 6), "with a vector it announces what it collected");
	tunnel_queue_set(&guest, 0, 0, NONE, 0);
	ok(!has(0, 5) && !has(0, 6), "removing the page takes its events along");
	pages[1].q.state = MB_EVQ_AWAKE;
	tunnel_queue_set(&guest, 0, 0, gpa_of(1), VECTOR);
	ok(has(1, 5) && has(1, 6) && fake_vectors == 2, "the next page gets them, awake or not");
	tunnel_queue_set(&guest, 0, 0, gpa_of(0), VECTOR);
	ok(!has(1, 5) && has(0, 5) && has(0, 6), "replacing the page moves them");
	ok(tunnel_queue_set(&guest, VCPUS, 0, gpa_of(0), VECTOR) == -MB_EINVAL &&
	           tunnel_queue_set(&guest, 0, MB_EVQ_PRIOS, gpa_of(0), VECTOR) == -MB_EINVAL &&
	           tunnel_queue_set(&guest, 0, 0, gpa_of(0) + 8, VECTOR) == -MB_EINVAL &&
	           tunnel_queue_set(&guest, 0, 0, gpa_of(0), 0x1f) == -MB_EINVAL &&
	           tunnel_queue_set(&guest, 0, 0, gpa_of(0), 0x100) == -MB_EINVAL,
	   "malformed queues are refused");
	ok(tunnel_queue_set(&guest, 0, 0, 0x100000000ull, VECTOR) == -MB_EFAULT &&
	           guest.tunnel.queue[0].page == &pages[0].q,
	   "a page that is not the domain's is refused, the old one stays");
	ok(!tunnel_queue_set(&guest, 3, 3, NONE, 0xffff), "removing what is not there is harmless");
	end();
}

/* A CPU goes offline in Linux's order: the queue loses its vector, later the ports move away. */
static void test_offline(void)
{
	begin();
	tunnel_queue_set(&guest, 0, 1, gpa_of(0), VECTOR);
	tunnel_queue_set(&guest, 1, 1, gpa_of(1), VECTOR);
	tunnel_bind(&host, 8, &guest, 5);
	tunnel_route(&guest, 5, 0, 1);
	tunnel_route(&guest, 6, 0, 1);
	tunnel_post(&guest, 6); /* its vector is lost with the CPU */
	tunnel_queue_set(&guest, 0, 1, gpa_of(0), 0);
	tunnel_send(&vcpus[0][0], 8);
	ok(fake_vectors == 1 && has(0, 5) && has(0, 6),
	   "a doorbell between a queue's shutdown and the move of its port is kept");
	ok(!tunnel_route(&guest, 5, 1, 1) && has(1, 5) && !has(0, 5) && fake_vectors == 2,
	   "and replayed by the move");
	ok(!tunnel_route(&guest, 6, 1, 1) && has(1, 6) && pages[1].q.state == MB_EVQ_AWAKE,
	   "as is the event whose vector was lost");
	tunnel_queue_set(&guest, 0, 1, gpa_of(0), VECTOR);
	ok(fake_vectors == 2, "a queue that comes back empty needs no vector");
	tunnel_route(&guest, 5, 2, 1);
	tunnel_send(&vcpus[0][0], 8);
	tunnel_queue_set(&guest, 2, 1, gpa_of(2), 0);
	ok(has(2, 5) && !tunnel_route(&guest, 5, 0, 1) && has(0, 5) && fake_vectors == 3,
	   "so is one that waited in its port for a queue");
	end();
}

static void test_bind(void)
{
	begin();
	tunnel_queue_set(&guest, 0, 0, gpa_of(0), VECTOR);
	tunnel_queue_set(&host, 0, 0, gpa_of(1), VECTOR);
	ok(tunnel_send(&vcpus[1][0], 4) == -MB_ENOENT &&
	           tunnel_send(&vcpus[1][0], 256) == -MB_EINVAL,
	   "no sending on a free port or beyond the table");
	ok(!tunnel_bind(&guest, 4, &host, 4095), "two ports are joined");
	ok(!tunnel_send(&vcpus[1][0], 4) && has(1, 4095), "the guest's event reaches dom0's port");
	ok(!tunnel_send(&vcpus[0][3], 4095) && has(0, 4), "and back");
	ok(tunnel_bind(&guest, 4, &host, 7) == -MB_EEXIST &&
	           tunnel_bind(&guest, 5, &host, 4095) == -MB_EEXIST &&
	           tunnel_bind(&guest, 256, &host, 7) == -MB_EINVAL &&
	           tunnel_bind(&guest, 5, &host, 4096) == -MB_EINVAL &&
	           tunnel_bind(&host, 5, &host, 5) == -MB_EINVAL,
	   "bad binds are refused");
	tunnel_route(&guest, 4, 1, 0);
	ok(!tunnel_unbind(&host, 4095) && !has(0, 4) && !has(1, 4095) &&
	           !guest.tunnel.port[4].peer && !guest.tunnel.port[4].route,
	   "separating drops events under way and frees both ends");
	ok(tunnel_unbind(&host, 4095) == -MB_ENOENT && tunnel_unbind(&host, 4096) == -MB_EINVAL &&
	           tunnel_send(&vcpus[0][0], 4095) == -MB_ENOENT,
	   "twice is an error");
	for (u32 i = 0; i < MB_GUEST_PORTS; i++)
		tunnel_bind(&guest, i, &host, 1000 + i);
	tunnel_unbind_all(&guest);
	ok(!host.tunnel.port[1000].peer && !host.tunnel.port[1255].peer, "all ports are separated");
	host.tunnel.sender[2].busy = 1;
	ok(!tunnel_senders_idle(&host), "a sender under way is seen");
	host.tunnel.sender[2].busy = 0;
	ok(tunnel_senders_idle(&host), "and its end");
	end();
}

static void test_calls(void)
{
	struct vcpu *v = &vcpus[1][1];
	s64 result = 77;

	begin();
	ok(tunnel_call_setup(&guest, gpa_of(0) + 8, 1) == -MB_EINVAL &&
	           tunnel_call_setup(&guest, gpa_of(0), 0) == -MB_EINVAL &&
	           tunnel_call_setup(&guest, gpa_of(0), VCPUS + 1) == -MB_EINVAL &&
	           tunnel_call_setup(&guest, gpa_of(0), VCPUS - 1) == -MB_EINVAL &&
	           tunnel_call_setup(&guest, gpa_of(PAGES - 1) + PAGE_SIZE - 256, VCPUS) ==
	                   -MB_EFAULT &&
	           tunnel_call_setup(&guest, -256ull, VCPUS) == -MB_EFAULT,
	   "bad call slots are refused");
	ok(tunnel_call(v, &result) == EXIT_RESUME && result == -MB_EINVAL, "no call without slots");
	ok(!tunnel_call_setup(&guest, gpa_of(0), VCPUS), "slots are set up");
	ok(tunnel_call(v, &result) == EXIT_RESUME && result == -MB_ENODEV, "nobody serves");
	guest.tunnel.call_port = 12;
	tunnel_queue_set(&host, 0, 0, gpa_of(1), VECTOR);
	ok(tunnel_call(v, &result) == EXIT_BLOCK && has(1, 12), "a call blocks and is announced");
	drain(&pages[1].q, take);
	ok(tunnel_call(v, &result) == EXIT_BLOCK && !has(1, 12),
	   "going on does not announce again");
	ok(tunnel_call_done(&guest, 0) == -MB_ESTALE &&
	           tunnel_call_done(&guest, VCPUS) == -MB_EINVAL,
	   "only who waits can be answered");
	ok(!tunnel_call_done(&guest, 1) && v->pub.requests & VCPU_REQ_CALL_DONE &&
	           tunnel_call(v, &result) == EXIT_RESUME && !result,
	   "the answer ends the call");
	ok(tunnel_call_done(&guest, 1) == -MB_ESTALE, "a second answer is stale");
	tunnel_call(v, &result);
	v->call_deadline = 0;
	ok(tunnel_call(v, &result) == EXIT_RESUME && result == -MB_ETIMEDOUT &&
	           tunnel_call_done(&guest, 1) == -MB_ESTALE,
	   "a call ends after its time");
	end();
}

static void test_memory(void)
{
	u64 before = fake_pages_bytes;
	u32 n = 0;
	int ret;

	memset(&guest, 0, sizeof(guest));
	guest.nr_vcpus = VCPUS;
	do {
		fake_fail_at = ++n;
		ret = tunnel_init(&guest, MB_GUEST_PORTS);
		if (ret && fake_pages_bytes != before)
			break;
	} while (ret && n < 100);
	fake_fail_at = 0;
	ok(!ret && n == 4, "set-up without memory fails and leaves nothing");
	tunnel_destroy(&guest);
	ok(fake_pages_bytes == before, "destroying gives everything back");
}

/* A guest that writes anything into its pages at any time. */
static void test_hostile(void)
{
	u32 seed = 1;
	bool good = true;

	begin();
	tunnel_bind(&guest, 7, &host, 9);
	for (u32 i = 0; i < 200000 && good; i++) {
		u32 r = (u32)rand_r(&seed);
		u32 queue = r % VCPUS;

		if (r % 64 == 0)
			for (u32 b = 0; b < sizeof(struct mb_eventq); b++)
				pages[r / 64 % PAGES].bytes[b] = (u8)rand_r(&seed);
		if (r % 3 == 0)
			tunnel_queue_set(&guest, queue, 0,
			                 r & 0x100 ? gpa_of(r / 512 % PAGES) : NONE,
			                 r & 0x200 ? VECTOR : 0);
		tunnel_route(&guest, r % 300, r / 300 % 5, r / 1500 % 5);
		tunnel_post(&guest, r / 7 % 300);
		for (u32 p = 0; p < MB_GUEST_PORTS && i % 64 == 0; p++)
			good &= guest.tunnel.port[p].route < guest.tunnel.nr_queues &&
			        (p == 7) == (guest.tunnel.port[p].peer == &host);
	}
	ok(good, "pages full of noise change nothing but their own events");
	end();
}

#define SENDERS 3u
#define PORTS 24u

static u32 rounds = 20000;
static u64 sent[PORTS], seen[PORTS];
static sem_t wake[VCPUS];
static pthread_barrier_t gate;
static u32 stop;

static void stress_post(struct vcpu *v, u8 vector)
{
	(void)vector;
	if (v->dom == &guest)
		sem_post(&wake[v->id]);
}

static void stress_handle(u32 port)
{
	u64 now, old;

	if (port >= PORTS)
		return;
	now = atomic_load(&sent[port]);
	old = atomic_load(&seen[port]);
	while (now > old && !atomic_cmpxchg(&seen[port], old, now))
		old = atomic_load(&seen[port]);
}

/* vCPU id: whenever its vector comes, the page that is its queue now. */
static void *consumer(void *arg)
{
	u32 id = (u32)(u64)arg;

	fake_cpu_set(id);
	for (;;) {
		struct mb_eventq *page;

		sem_wait(&wake[id]);
		if (atomic_load(&stop))
			return NULL;
		page = atomic_load(&guest.tunnel.queue[id * MB_EVQ_PRIOS].page);
		if (page)
			drain(page, stress_handle);
	}
}

/* In each round a few events, while the main thread changes something. */
static void *sender(void *arg)
{
	u32 id = (u32)(u64)arg, seed = id + 1;

	fake_cpu_set(VCPUS + id);
	for (;;) {
		pthread_barrier_wait(&gate);
		if (atomic_load(&stop))
			return NULL;
		for (u32 i = (u32)rand_r(&seed) % 8; i; i--) {
			u32 port = (u32)rand_r(&seed) % (PORTS / SENDERS) * SENDERS + id;

			atomic_fetch_add(&sent[port], 1ul);
			tunnel_send(&vcpus[0][id], 100 + port);
		}
		pthread_barrier_wait(&gate);
	}
}

static bool all_seen(void)
{
	struct timespec t, now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	for (u32 i = 0; i < PORTS;) {
		if (atomic_load(&seen[i]) == atomic_load(&sent[i])) {
			i++;
			continue;
		}
		sched_yield();
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > t.tv_sec + 60) {
			printf("# port %u: sent %lu, seen %lu\n", i, sent[i], seen[i]);
			return false;
		}
	}
	return true;
}

/* Afterwards each port leads to a queue that is set up and has a vector. */
static void change(u32 r)
{
	static u32 offline = VCPUS;
	u32 id = r % VCPUS, other = (id + 1 + r / 4 % (VCPUS - 1)) % VCPUS;
	u64 page = gpa_of(r & 0x100 ? id : VCPUS + id);

	if (offline < VCPUS) { /* a CPU comes back, and takes some ports */
		id = offline;
		offline = VCPUS;
		tunnel_queue_set(&guest, id, 0, gpa_of(r & 0x100 ? id : VCPUS + id), VECTOR);
		for (u32 p = id; p < PORTS; p += VCPUS)
			tunnel_route(&guest, p, id, 0);
		return;
	}
	switch (r >> 9 & 3) {
	case 0: /* a CPU goes: its ports, then its vector or its page, or first its vector */
		if (r & 0x1000)
			tunnel_queue_set(&guest, id, 0, page, 0);
		for (u32 p = 0; p < PORTS; p++) {
			if (guest.tunnel.port[p].route == id * MB_EVQ_PRIOS)
				tunnel_route(&guest, p, other, 0);
		}
		tunnel_queue_set(&guest, id, 0, r & 0x800 ? NONE : page, 0);
		offline = id;
		break;
	case 1:
		tunnel_queue_set(&guest, id, 0, page, 0);
		tunnel_queue_set(&guest, id, 0, page, VECTOR);
		break;
	case 2:
		tunnel_queue_set(&guest, id, 0, NONE, 0);
		tunnel_queue_set(&guest, id, 0, page, VECTOR);
		break;
	case 3:
		for (u32 p = r / 4096 % 4; p < PORTS; p += 4)
			tunnel_route(&guest, p, id, 0);
		break;
	}
}

static bool stress_rounds(void)
{
	u32 seed = 99;

	for (u32 i = 0; i < rounds; i++) {
		pthread_barrier_wait(&gate);
		change((u32)rand_r(&seed));
		pthread_barrier_wait(&gate);
		if (!all_seen())
			return false;
	}
	return true;
}

static void test_stress(void)
{
	pthread_t c[VCPUS], s[SENDERS];
	bool good;

	begin();
	fake_post_hook = stress_post;
	fake_races = 8;
	pthread_barrier_init(&gate, NULL, SENDERS + 1);
	for (u32 i = 0; i < VCPUS; i++)
		sem_init(&wake[i], 0, 0);
	for (u32 i = 0; i < VCPUS; i++)
		tunnel_queue_set(&guest, i, 0, gpa_of(i), VECTOR);
	for (u32 i = 0; i < PORTS; i++)
		tunnel_bind(&host, 100 + i, &guest, i);
	for (u32 i = 0; i < VCPUS; i++)
		pthread_create(&c[i], NULL, consumer, (void *)(u64)i);
	for (u32 i = 0; i < SENDERS; i++)
		pthread_create(&s[i], NULL, sender, (void *)(u64)i);
	fake_cpu_set(VCPUS + SENDERS);
	good = stress_rounds();
	atomic_store(&stop, 1u);
	pthread_barrier_wait(&gate);
	for (u32 i = 0; i < VCPUS; i++)
		sem_post(&wake[i]);
	for (u32 i = 0; i < SENDERS; i++)
		pthread_join(s[i], NULL);
	for (u32 i = 0; i < VCPUS; i++)
		pthread_join(c[i], NULL);
	fake_post_hook = NULL;
	fake_races = 0;
	ok(good, "nothing is lost while routes and queues move");
	ok(tunnel_senders_idle(&host), "every sender is done");
	printf("# %u rounds of %u senders, %lu vectors\n", rounds, SENDERS, fake_vectors);
	end();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = (u32)atoi(argv[1]);
	fake_cpu_set(0);
	test_events();
	test_route();
	test_queue();
	test_offline();
	test_bind();
	test_calls();
	test_memory();
	test_hostile();
	test_stress();
	return tap_done();
}
