// SPDX-License-Identifier: GPL-2.0-only
/*
 * badring: a guest that breaks every rule of bus calls, shared regions and the echo device's ring.
 * What may go wrong in dom0: a count or a chain is believed and runs past the ring, an address that
 * wraps or leaves the guest's memory is touched, a value is checked and then read again after the
 * guest changed it, a broken queue goes on being served or takes others with it, a refused region
 * leaves a port or memory behind. dom0's view is checked by tests/linux/dom0/badring.sh, which
 * counts a line in its log for each queue of the first echo device that "broke" here.
 *
 * BY: badring
 */
#include "bus.h"

#include "vbus/abi/echo.h"

#define RAM_END 0x4000000ull /* 64 MiB */
#define WAIT_MS 2000 /* for an answer that must not come; also paces dom0's log */
#define RACES 30000u	     /* requests whose memory changes while dom0 reads it */
#define RACE_CHAINS 32u
#define W IOQ_F_WRITE
#define N IOQ_F_NEXT

static char ring[8192] __attribute__((aligned(4096)));
static char race_ring[8192] __attribute__((aligned(4096)));
static char in[4096], out[4096];
static struct bus_queue q;
static uint32_t echo, other, broke;
static volatile bool racing;
static volatile uint32_t flips;

static void request(struct bus_queue *to, uint16_t id)
{
	queue_put(to, (uint64_t)in, 16, id, N);
	queue_put(to, (uint64_t)out, 16, id, W);
}

/* An honest request on q, which is registered and idle. */
static bool echoes(void)
{
	uint32_t before = queue_answers(&q);

	for (unsigned int i = 0; i < 16; i++) {
		in[i] = (char)(broke + i);
		out[i] = 0;
	}
	request(&q, 5);
	queue_send(&q);
	if (!queue_until(&q, before + 1, 10000))
		return false;
	for (unsigned int i = 0; i < 16; i++)
		if (out[i] != in[i])
			return false;
	return q.answer[before & (q.size - 1)].id == 5;
}

static bool fresh(void)
{
	bus_close(echo);
	return !bus_open(echo, 0) && !queue_begin(&q, echo, VB_ECHO_SHM_QUEUE, ring, VB_ECHO_RING);
}

/* ---- calls ---- */

static void bad_calls(void)
{
	static const uint16_t unknown[] = {0, 7, 8, 255, 65535};
	static const uint16_t sizes[] = {0, 24, 72, 16, 8, 40, 240};
	unsigned int right = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(unknown); i++)
		right += bus_call(unknown[i], MB_CALL_DATA) == -MB_ENOSYS;
	report(right == ARRAY_SIZE(unknown), "unknown calls are refused");
	right = 0;
	for (uint16_t nr = 1; nr < ARRAY_SIZE(sizes); nr++)
		right += bus_call(nr, sizes[nr] - 1) == -MB_EINVAL && bus_call(nr, 0) == -MB_EINVAL;
	report(right == 6, "calls too short for their arguments are refused");
	report(bus_call(VB_CALL_ENUM, MB_CALL_DATA + 1) == -MB_EINVAL, "and longer than a slot");
	report(hypercall(MB_HC_CALL_SETUP, (uint64_t)ring, 1, 0) == -MB_EINVAL &&
		       hypercall(MB_HC_CALL_SETUP, (uint64_t)ring, 3, 0) == -MB_EINVAL,
	       "one call slot, and three, for two vCPUs are refused");
	report(bus_open(0, 0) == -MB_ENOENT && bus_open(~0u, 0) == -MB_ENOENT, "no such device");
	report(bus_dev(echo, VB_ECHO_CALL_PING, 0, 4) == -MB_EBUSY, "a device call before open");
	report(!bus_open(echo, ~0ull), "unknown features: only the known are accepted");
	report(!((struct vb_open *)bus_data)->features, "here none");
	report(bus_open(echo, 0) == -MB_EBUSY, "open twice");
	report(bus_dev(echo, 99, 0, 4) == -MB_ENOSYS, "an unknown device call");
	report(bus_dev(echo, VB_ECHO_CALL_PING, 0, VB_DEVCALL_DATA + 1) == -MB_EINVAL &&
		       bus_dev(echo, VB_ECHO_CALL_PING, 0, ~0u) == -MB_EINVAL,
	       "a device call with more data than there is room");
	report(!bus_close(echo) && !bus_close(echo), "close twice changes nothing");
}

static void bad_regions(void)
{
	const struct vb_shm good = {.devid = echo, .gpa = (uint64_t)ring,
				    .len = IOQ_QUEUE_BYTES(VB_ECHO_RING)};
	const struct {
		const char *what;
		struct vb_shm arg;
		int32_t want;
	} cases[] = {
		{"not aligned", {.gpa = 8}, -MB_EINVAL},
		{"behind the end of RAM", {.gpa = RAM_END}, -MB_EFAULT},
		{"across the end of RAM", {.gpa = RAM_END - 64}, -MB_EFAULT},
		{"that wraps", {.gpa = ~63ull}, -MB_EFAULT},
		{"at the local APIC", {.gpa = MB_GUEST_LAPIC_BASE}, -MB_EFAULT},
		{"of no bytes", {.len = 1}, -MB_EINVAL},
		{"too short", {.len = IOQ_QUEUE_BYTES(32)}, -MB_EINVAL},
		{"of a wrong length", {.len = IOQ_QUEUE_BYTES(VB_ECHO_RING) + 1}, -MB_EINVAL},
		{"of 1 TiB", {.len = 1ull << 40}, -MB_ENOMEM},
		{"of nearly 2^64 bytes", {.len = ~0ull}, -MB_ENOMEM},
		{"whose length wraps to the right one",
		 {.len = (1ull << 32) + IOQ_QUEUE_BYTES(VB_ECHO_RING)}, -MB_ENOMEM},
		{"with priority 2^32 - 1", {.prio = ~0u}, -MB_EINVAL},
		{"with unknown flags", {.flags = 0x80}, -MB_EINVAL},
		{"with an unknown number", {.id = 77}, -MB_EINVAL},
		{"of a device that is not there", {.devid = 999}, -MB_ENOENT},
	};
	struct vb_shm a = good;

	report(bus_shm(&good, NULL) == -MB_EBUSY, "a region before open");
	bus_open(echo, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		int32_t ret;

		a = good;
		a.gpa = cases[i].arg.gpa == 8 ? good.gpa + 8 :
			cases[i].arg.gpa      ? cases[i].arg.gpa : good.gpa;
		a.len = cases[i].arg.len == 1 ? 0 : cases[i].arg.len ? cases[i].arg.len : good.len;
		a.prio = cases[i].arg.prio;
		a.flags = cases[i].arg.flags;
		a.id = cases[i].arg.id;
		a.devid = cases[i].arg.devid ? cases[i].arg.devid : echo;
		ret = bus_shm(&a, NULL);
		report(ret == cases[i].want, "a region %s: %d", cases[i].what, ret);
	}
	report(!bus_shm(&good, NULL) && bus_shm(&good, NULL) == -MB_EEXIST, "a region twice");
	/* Two devices in the same memory fool only this guest. */
	a = good;
	a.devid = other;
	report(!bus_open(other, 0) && !bus_shm(&a, NULL), "a region over another one's");
	report(!bus_close(other) && fresh() && echoes(), "after all that a region works");
}

/* ---- rings: each breaks its queue ---- */

static void far_ahead(void)
{
	q.head += VB_ECHO_RING + 1;
}

static void halfway_round(void)
{
	q.head += 0x80000000u;
}

static void backwards(void)
{
	q.head -= 1;
}

static void chain_too_long(void)
{
	for (unsigned int i = 0; i < IOQ_MAX_CHAIN; i++)
		queue_put(&q, (uint64_t)in, 16, 1, N);
	queue_put(&q, (uint64_t)out, 16, 1, W);
}

static void chain_without_end(void)
{
	for (unsigned int i = 0; i < VB_ECHO_RING; i++)
		queue_put(&q, (uint64_t)in, 16, 1, N);
}

static void chain_cut(void)
{
	queue_put(&q, (uint64_t)in, 16, 1, N);
}

static void chain_of_two_ids(void)
{
	queue_put(&q, (uint64_t)in, 16, 1, N);
	queue_put(&q, (uint64_t)out, 16, 2, W);
}

static void chain_of_one(void)
{
	queue_put(&q, (uint64_t)in, 16, 1, 0);
}

static void chain_of_three(void)
{
	queue_put(&q, (uint64_t)in, 16, 1, N);
	queue_put(&q, (uint64_t)in, 16, 1, N);
	queue_put(&q, (uint64_t)out, 16, 1, W);
}

static void pair(uint64_t from, uint64_t to, uint32_t len)
{
	queue_put(&q, from, len, 1, N);
	queue_put(&q, to, len, 1, W);
}

static void read_outside(void)
{
	pair(RAM_END, (uint64_t)out, 16);
}

static void write_outside(void)
{
	pair((uint64_t)in, RAM_END, 16);
}

static void write_across_the_end(void)
{
	pair((uint64_t)in, RAM_END - 8, 16);
}

static void write_in_the_hole(void)
{
	pair((uint64_t)in, MB_GUEST_LAPIC_BASE, 16);
}

static void read_that_wraps(void)
{
	pair(~15ull, (uint64_t)out, 4096);
}

static void write_that_wraps(void)
{
	pair((uint64_t)in, ~0ull, 2);
}

static void id_too_large(void)
{
	queue_put(&q, (uint64_t)in, 16, VB_ECHO_RING, N);
	queue_put(&q, (uint64_t)out, 16, VB_ECHO_RING, W);
}

static void both_read(void)
{
	queue_put(&q, (uint64_t)in, 16, 1, N);
	queue_put(&q, (uint64_t)out, 16, 1, 0);
}

static void both_written(void)
{
	queue_put(&q, (uint64_t)in, 16, 1, N | W);
	queue_put(&q, (uint64_t)out, 16, 1, W);
}

static const struct {
	const char *what;
	void (*fn)(void);
} breaks[] = {
	{"a count one too far", far_ahead},
	{"a count 2^31 ahead", halfway_round},
	{"a count that goes back", backwards},
	{"a chain of 33", chain_too_long},
	{"a chain that never ends", chain_without_end},
	{"a chain cut short", chain_cut},
	{"a chain of two ids", chain_of_two_ids},
	{"a request of one buffer", chain_of_one},
	{"a request of three buffers", chain_of_three},
	{"reading behind the end of RAM", read_outside},
	{"writing behind the end of RAM", write_outside},
	{"writing across the end of RAM", write_across_the_end},
	{"writing at the local APIC", write_in_the_hole},
	{"reading round 2^64", read_that_wraps},
	{"writing round 2^64", write_that_wraps},
	{"an id beyond the ring", id_too_large},
	{"two buffers to read", both_read},
	{"two buffers to write", both_written},
};

static void bad_rings(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(breaks); i++) {
		bool worked = fresh() && echoes();
		uint32_t answers = queue_answers(&q);

		breaks[i].fn();
		queue_send(&q);
		broke++;
		if (queue_until(&q, answers + 1, WAIT_MS))
			worked = false;
		/* Broken is for good: an honest request changes nothing. */
		request(&q, 3);
		queue_send(&q);
		if (queue_until(&q, answers + 1, 50))
			worked = false;
		report(worked, "%s: not answered, nor what follows", breaks[i].what);
	}
	report(fresh() && echoes(), "opened again, the device works");
}

/* The other ring: answers that are never taken, or taken before they are there. */
static void bad_answers(void)
{
	bool worked = fresh();

	for (unsigned int n = 0; n <= VB_ECHO_RING; n++) {
		uint64_t end = rdtsc() + WAIT_MS * guest_tsc_khz();

		request(&q, 1);
		queue_send(&q);
		while (q.com->tx.seq == n && rdtsc() < end)
			hypercall(MB_HC_YIELD, 0, 0, 0);
		if ((q.com->tx.seq == n) != (n == VB_ECHO_RING))
			worked = false;
	}
	broke++;
	report(worked, "no answer when the ring is full of answers nobody took");
	worked = fresh();
	q.com->rx.consumed = 1000;
	for (unsigned int n = 0; n <= VB_ECHO_RING; n++) {
		request(&q, 1);
		queue_send(&q);
		guest_wait_us(n == VB_ECHO_RING ? WAIT_MS * 1000 : 5000);
	}
	broke++;
	report(worked && q.com->tx.seq <= VB_ECHO_RING, "nor when more are taken than there were");
	report(fresh() && echoes(), "opened again, the device works");
}

/* Odd, and allowed: answered as the ABI says. */
static void odd_requests(void)
{
	report(fresh(), "a fresh queue");
	pair((uint64_t)in, (uint64_t)out, 0);
	queue_send(&q);
	report(queue_until(&q, 1, 10000) && !q.answer[0].len, "no bytes are echoed as no bytes");
	pair(RAM_END / 2, RAM_END / 4, ~0u);
	queue_send(&q);
	report(queue_until(&q, 2, 10000) && q.answer[1].len == 1 << 20,
	       "of 4 GiB - 1 bytes the first MiB is echoed");
	pair((uint64_t)ring, (uint64_t)ring, 64);
	queue_send(&q);
	report(queue_until(&q, 3, 10000), "a ring may be echoed onto itself");
	for (unsigned int i = 0; i < 20000; i++)
		queue_ring(&q);
	report(echoes(), "20000 events without work");
}

/* ---- memory that changes while dom0 reads it ---- */

static uint32_t race_random(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

/* One good or bad value into one field of one descriptor; or noise anywhere in the region. */
static void flip(void)
{
	static const uint64_t addr[] = {RAM_END / 2, RAM_END / 2 + 1, RAM_END - 8, ~7ull,
					0xc0000000, RAM_END};
	static const uint32_t len[] = {16, 0, 4096, 1u << 20, ~0u, 8};
	static const uint16_t flags[] = {N, W, N, W, 0, N | W};
	struct ioq_ring *r = (struct ioq_ring *)race_ring;
	uint32_t x = race_random(), bad = x & 15 ? 0 : 1 + (x >> 4) % 5;
	volatile struct ioq_desc *d = &r->desc[(x >> 8) % VB_ECHO_RING];

	switch (x >> 14 & 7) {
	case 0:
	case 1:
		d->addr = addr[bad];
		break;
	case 2:
	case 3:
		d->len = len[bad];
		break;
	case 4:
		d->flags = flags[bad];
		break;
	case 5:
		d->id = bad ? (uint16_t)x : 1;
		break;
	case 6:
		if (bad)
			((volatile uint32_t *)race_ring)[(x >> 17) % (sizeof(race_ring) / 4)] = x;
		break;
	default:
		if (bad)
			*(volatile uint32_t *)&r->tx.seq = x >> 20;
	}
}

static void racer(void)
{
	guest_irq_on();
	for (;;) {
		if (racing) {
			flip();
			flips++;
		} else {
			__asm__ volatile("pause");
		}
	}
}

static void race(void)
{
	unsigned int sent = 0, failed = 0, answered = 0;
	struct bus_queue r;

	report(guest_start_cpu(1, racer), "a second vCPU");
	while (sent < RACES && failed < 10) {
		racing = false;
		bus_close(other);
		if (bus_open(other, 0) || queue_begin(&r, other, 0, race_ring, VB_ECHO_RING)) {
			failed++;
			continue;
		}
		for (unsigned int i = 0; i < RACE_CHAINS; i++)
			request(&r, 1);
		racing = true;
		queue_send(&r);
		queue_until(&r, RACE_CHAINS, 3);
		answered += *(volatile uint32_t *)&r.com->tx.seq & 63;
		sent += RACE_CHAINS;
	}
	racing = false;
	guest_printf("# %u requests, %u answers seen, %u flips\n", sent, answered, flips);
	report(!failed && sent >= RACES, "requests that change while they are read (%u failed)",
	       failed);
	report(flips > sent / 10, "they did change");
	report(!bus_close(other), "the device can be closed");
}

void guest_main(void)
{
	report_plan(12 + 19 + ARRAY_SIZE(breaks) + 1 + 3 + 5 + 4 + 3);
	guest_apic_on();
	report(!bus_begin(), "the bus");
	echo = bus_find('e', 0);
	other = bus_find('e', 1);
	report(echo && other, "two echo devices");
	bad_calls();
	bad_regions();
	bad_rings();
	bad_answers();
	odd_requests();
	race();
	report(fresh() && echoes(), "the first device works after all that");
	guest_printf("# broke %u\n", broke);
}
