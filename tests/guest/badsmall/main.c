// SPDX-License-Identifier: GPL-2.0-only
/*
 * badsmall: a guest that breaks the rules of the small device classes, rng, console, balloon. What
 * may go wrong in dom0: random bytes are written outside the guest's memory or beyond the buffer, a
 * count of bytes is believed and a copy runs past the ring, a port that is broken is looked at
 * again or takes its neighbour with it, a state that never stops changing keeps a worker busy for
 * ever. dom0's view is checked by tests/linux/dom0/badring.sh, which counts a line in its log for
 * each queue or port that "broke" here.
 *
 * BY: badring
 */
#include "bus.h"

#include "vbus/abi/balloon.h"
#include "vbus/abi/console.h"
#include "vbus/abi/rng.h"

#define RAM_END 0x4000000ull /* 64 MiB */
#define WAIT_MS 1000 /* for an answer that must not come; also paces dom0's log */
#define W IOQ_F_WRITE
#define N IOQ_F_NEXT
#define RACES 300u

static char ring[4096] __attribute__((aligned(4096)));
static uint8_t buf[1024];
static struct vb_console_port ports[2] __attribute__((aligned(4096)));
static uint32_t port_nr[2];
static struct bus_queue q;
static uint32_t rng, con, balloon, broke;
static volatile bool racing;
static volatile uint32_t flips;

/* ---- rng ---- */

static bool rng_fresh(void)
{
	bus_close(rng);
	return !bus_open(rng, 0) && !queue_begin(&q, rng, VB_RNG_SHM_QUEUE, ring, VB_RNG_RING);
}

static bool rng_answers(void)
{
	uint32_t before = queue_answers(&q), sum = 0, len;

	for (unsigned int i = 0; i < sizeof(buf); i++)
		buf[i] = 0;
	queue_put(&q, (uint64_t)buf, VB_RNG_MAX_LEN, 3, W);
	queue_send(&q);
	if (!queue_until(&q, before + 1, 10000))
		return false;
	len = q.answer[before & (q.size - 1)].len;
	for (unsigned int i = 0; i < sizeof(buf); i++)
		if (i < VB_RNG_MAX_LEN)
			sum += buf[i];
		else if (buf[i])
			return false;
	return sum && len && len <= VB_RNG_MAX_LEN && q.answer[before & (q.size - 1)].id == 3;
}

static const struct {
	const char *what;
	uint32_t count;
	struct ioq_desc d;
	uint32_t ahead;
} bad_rng[] = {
	{"a buffer to read", 1, {0, 16, 1, 0}, 0},
	{"a chain of two", 2, {0, 16, 1, W | N}, 0},
	{"a class flag", 1, {0, 16, 1, W | 0x100}, 0},
	{"a buffer of no bytes", 1, {0, 0, 1, W}, 0},
	{"a buffer too long", 1, {0, VB_RNG_MAX_LEN + 1, 1, W}, 0},
	{"an id beyond the ring", 1, {0, 16, VB_RNG_RING, W}, 0},
	{"a buffer across the end of RAM", 1, {RAM_END - 8, 16, 1, W}, 0},
	{"a buffer at the local APIC", 1, {MB_GUEST_LAPIC_BASE, 16, 1, W}, 0},
	{"a buffer round 2^64", 1, {~7ull, 16, 1, W}, 0},
	{"a count one too far", 0, {0, 0, 0, 0}, VB_RNG_RING + 1},
	{"a count that goes back", 0, {0, 0, 0, 0}, ~0u},
};

static void break_rng(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_rng); i++) {
		bool worked = rng_fresh() && rng_answers();
		uint32_t n = queue_answers(&q);
		struct ioq_desc d = bad_rng[i].d;

		for (uint32_t k = 0; k < bad_rng[i].count; k++)
			queue_put(&q, d.addr ? d.addr : (uint64_t)buf, d.len, d.id,
				  k + 1 < bad_rng[i].count ? d.flags : d.flags & (uint16_t)~N);
		q.head += bad_rng[i].ahead;
		queue_send(&q);
		broke++;
		worked = worked && !queue_until(&q, n + 1, WAIT_MS);
		queue_put(&q, (uint64_t)buf, 16, 1, W);
		queue_send(&q);
		report(worked && !queue_until(&q, n + 1, 50), "rng: %s: no answer any more",
		       bad_rng[i].what);
	}
	report(rng_fresh() && rng_answers(), "opened again, it gives");
	report(bus_dev(rng, 1, 0, 4) == -MB_ENOSYS, "it has no calls");
	/* More than the rate allows: the answers stop, the device does not. */
	for (unsigned int i = 0; i < 20; i++)
		queue_ring(&q);
	report(rng_answers(), "events without work");
}

/* ---- balloon ---- */

#define MIB 0x100000ull
#define GIVE VB_BALLOON_GIVE
#define TAKE VB_BALLOON_TAKE

static bool balloon_fresh(void)
{
	bus_close(balloon);
	return !bus_open(balloon, 0) &&
	       !queue_begin(&q, balloon, VB_BALLOON_SHM_QUEUE, ring, VB_BALLOON_RING);
}

static bool balloon_does(uint64_t addr, uint32_t len, uint16_t flags)
{
	uint32_t before = queue_answers(&q);

	queue_put(&q, addr, len, 9, flags);
	queue_send(&q);
	return queue_until(&q, before + 1, 10000) &&
	       q.answer[before & (q.size - 1)].len == len &&
	       q.answer[before & (q.size - 1)].id == 9;
}

/* Each after 32 MiB .. 34 MiB were given. */
static const struct {
	const char *what;
	struct ioq_desc d;
} bad_balloon[] = {
	{"a page given twice", {33 * MIB, 4096, 1, GIVE}},
	{"a run that ends in a given page", {32 * MIB - 4096, 8192, 1, GIVE}},
	{"a run that begins in one", {34 * MIB - 4096, 8192, 1, GIVE}},
	{"a page taken that is not given", {40 * MIB, 4096, 1, TAKE}},
	{"a run taken that is given but for one page", {34 * MIB - 4096, 8192, 1, TAKE}},
	{"neither given nor taken", {40 * MIB, 4096, 1, 0}},
	{"given and taken", {40 * MIB, 4096, 1, GIVE | TAKE}},
	{"a chain", {40 * MIB, 4096, 1, GIVE | N}},
	{"half a page", {40 * MIB, 2048, 1, GIVE}},
	{"no page", {40 * MIB, 0, 1, GIVE}},
	{"a page off its boundary", {40 * MIB + 8, 4096, 1, GIVE}},
	{"more than 2 MiB", {40 * MIB, 0x201000, 1, GIVE}},
	{"a page behind the end of RAM", {RAM_END, 4096, 1, GIVE}},
	{"pages across the end of RAM", {RAM_END - 4096, 8192, 1, GIVE}},
	{"a page round 2^64", {~4095ull, 8192, 1, GIVE}},
	{"an id beyond the ring", {40 * MIB, 4096, VB_BALLOON_RING, GIVE}},
};

static void break_balloon(void)
{
	report(balloon_fresh() && balloon_does(32 * MIB, 2 * MIB, GIVE) &&
		       balloon_does(33 * MIB, 4096, TAKE) && balloon_does(33 * MIB, 4096, GIVE) &&
		       balloon_does(32 * MIB, 2 * MIB, TAKE),
	       "pages are given and taken");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_balloon); i++) {
		const struct ioq_desc *d = &bad_balloon[i].d;
		bool worked = balloon_fresh() && balloon_does(32 * MIB, 2 * MIB, GIVE);
		uint32_t n = queue_answers(&q);

		queue_put(&q, d->addr, d->len, d->id, d->flags);
		queue_send(&q);
		broke++;
		report(worked && !queue_until(&q, n + 1, WAIT_MS), "balloon: %s: no answer",
		       bad_balloon[i].what);
	}
	report(balloon_fresh() && balloon_does(32 * MIB, 2 * MIB, GIVE),
	       "closing took everything back");
}

/* ---- console ---- */

static int32_t port_begin(uint32_t nr)
{
	struct vb_shm arg = {.devid = con, .id = nr, .gpa = (uint64_t)&ports[nr],
			     .len = sizeof(ports[nr])};
	uint64_t *word = (uint64_t *)&ports[nr];

	for (size_t i = 0; i < sizeof(ports[nr]) / 8; i++)
		word[i] = 0;
	return bus_shm(&arg, &port_nr[nr]);
}

static bool con_fresh(void)
{
	bus_close(con);
	return !bus_open(con, 0) && !port_begin(0) && !port_begin(1);
}

static void port_ring(uint32_t nr)
{
	hypercall(MB_HC_PORT_SEND, port_nr[nr], 0, 0);
}

/* dom0, where nobody listens, takes what is written: n bytes more than seq. */
static bool port_takes(uint32_t nr, uint32_t n, unsigned int ms)
{
	volatile struct vb_console_ring *r = &ports[nr].ring[VB_CONSOLE_NORTH];
	uint32_t seq = r->tx.seq + n;
	uint64_t end = rdtsc() + ms * guest_tsc_khz();

	/* Bytes before count. Pairs with look_avail(). */
	__atomic_store_n(&r->tx.seq, seq, __ATOMIC_RELEASE);
	port_ring(nr);
	while (__atomic_load_n(&r->taken.seq, __ATOMIC_ACQUIRE) != seq) {
		if (rdtsc() >= end)
			return false;
		hypercall(MB_HC_YIELD, 0, 0, 0);
	}
	return true;
}

static const struct {
	const char *what;
	uint32_t written, taken;
} bad_counts[] = {
	{"one byte more than fits", VB_CONSOLE_RING + 1, 0},
	{"2^31 bytes", 0x80000000u, 0},
	{"a byte taken back", ~0u, 0},
	{"a byte read that was not there", 0, 1},
	{"2^31 bytes read", 0, 0x80000000u},
};

static void break_con(void)
{
	const struct vb_shm good = {.devid = con, .gpa = (uint64_t)&ports[0],
				    .len = sizeof(ports[0])};
	struct vb_shm a = good;

	report(!bus_open(con, 0) && !bus_dev(con, VB_CONSOLE_CALL_INFO, 0, 8), "ask for the ports");
	report(((struct vb_console_info *)((struct vb_devcall *)bus_data)->data)->ports == 2,
	       "two");
	report(bus_dev(con, 9, 0, 4) == -MB_ENOSYS, "an unknown call");
	a.id = 2;
	report(bus_shm(&a, NULL) == -MB_EINVAL, "a port that is not there");
	a = good;
	a.len--;
	report(bus_shm(&a, NULL) == -MB_EINVAL, "a port too short");
	a = good;
	a.flags = VB_SHM_NO_SIGNAL;
	report(bus_shm(&a, NULL) == -MB_EINVAL, "a port without signal");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_counts); i++) {
		struct vb_console_ring *in = &ports[0].ring[VB_CONSOLE_SOUTH];
		bool worked = con_fresh() && port_takes(0, 100, 10000);

		in->taken.seq = bad_counts[i].taken;
		worked = worked && !port_takes(0, bad_counts[i].written ? bad_counts[i].written :
					       1, bad_counts[i].written ? WAIT_MS : 1);
		guest_wait_us(bad_counts[i].written ? 0 : WAIT_MS * 1000);
		broke++;
		in->taken.seq = 0;
		/* Two, so that a byte taken back does not come to what was taken before. */
		worked = worked && !port_takes(0, 2, 50);
		report(worked && port_takes(1, VB_CONSOLE_RING, 10000),
		       "console: %s: that port is dead, the other is not", bad_counts[i].what);
	}
	report(con_fresh() && port_takes(0, 10, 10000) && port_takes(1, 10, 10000),
	       "opened again, both work");
}

/* The other end's state changes all the time, and bytes while they are read: nothing breaks. */
static void scribbler(void)
{
	struct vb_console_state *state = &ports[0].state[VB_CONSOLE_NORTH];
	uint32_t x = 1;

	for (;;) {
		if (!racing) {
			__asm__ volatile("pause");
			continue;
		}
		x = x * 1664525 + 1013904223;
		*(volatile uint32_t *)&state->opens = x >> 8;
		*(volatile uint16_t *)&state->rows = (uint16_t)x;
		*(volatile uint32_t *)&state->tx.seq = x >> 3;
		((volatile uint8_t *)ports[0].ring[VB_CONSOLE_NORTH].data)[x % VB_CONSOLE_RING] = 1;
		flips++;
	}
}

static void race(void)
{
	unsigned int taken = 0;

	report(guest_start_cpu(1, scribbler), "a second vCPU");
	racing = true;
	for (unsigned int i = 0; i < RACES; i++)
		taken += port_takes(0, 1 + i * 7, 10000) && port_takes(1, 5, 10000);
	racing = false;
	report(taken == RACES && flips > 1000, "a state that changes all the time stops nothing");
	report(con_fresh() && port_takes(0, 1, 10000), "opened again, it works");
}

void guest_main(void)
{
	report_plan(2 + ARRAY_SIZE(bad_rng) + 3 + ARRAY_SIZE(bad_balloon) + 2 + 6 +
		    ARRAY_SIZE(bad_counts) + 1 + 3);
	guest_apic_on();
	guest_irq_on();
	report(!bus_begin(), "the bus");
	rng = bus_find('r', 0);
	con = bus_find('c', 0);
	balloon = bus_find('b', 0);
	report(rng && con && balloon, "an rng, a console, a balloon");
	break_rng();
	break_balloon();
	break_con();
	race();
	guest_printf("# broke %u\n", broke);
}
