// SPDX-License-Identifier: GPL-2.0-only
/*
 * badnet: a guest that breaks the rules of the net device's rings and frame headers. What may go
 * wrong in dom0: a receive buffer is written that lies outside the guest's memory, a header field
 * makes Linux's network stack look behind the frame or warn, a header is checked and then read
 * again after the guest changed it, one direction that broke stops the other or other guests.
 * dom0's view is checked by tests/linux/dom0/badring.sh, which counts a line in its log for each
 * queue that "broke" here and answers ARP at 10.99.0.1.
 *
 * BY: badring
 */
#include "bus.h"

#include "vbus/abi/net.h"

#define RAM_END 0x4000000ull /* 64 MiB */
#define WAIT_MS 2000 /* for an answer that must not come; also paces dom0's log */
#define RACES 100000u	     /* frames whose header changes while dom0 reads it */
#define SIZE 64u
#define BUFFER 2048u
#define FRAME 60u
#define FEATURES (VB_NET_F_CSUM | VB_NET_F_TSO4 | VB_NET_F_TSO6 | VB_NET_F_MRG)
#define FILTER_LEN ((uint32_t)sizeof(struct vb_net_filter))
#define W IOQ_F_WRITE
#define N IOQ_F_NEXT

static char rx_ring[8192] __attribute__((aligned(4096)));
static char tx_ring[8192] __attribute__((aligned(4096)));
static uint8_t buffers[SIZE][BUFFER];
static struct packet {
	struct vb_net_hdr hdr;
	uint8_t frame[65536];
} packet __attribute__((aligned(64)));
static struct bus_queue rx, tx;
static uint32_t net, broke;
static volatile bool racing;
static volatile uint32_t flips;

static const uint8_t arp_request[42] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x99, 0, 31, 8, 6, /* Ethernet */
	0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x99, 0, 31, 10, 99, 0, 31,
	0, 0, 0, 0, 0, 0, 10, 99, 0, 1,
};

/* TCP over IPv4 to 10.99.0.1 by broadcast: nobody answers, everybody looks. */
static const uint8_t tcp_segment[54] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x99, 0, 31, 8, 0,
	0x45, 0, 0, 46, 0, 0, 0, 0, 64, 6, 0x66, 0, 10, 99, 0, 31, 10, 99, 0, 1,
	0x10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 1, 0, 0, 0, 0, 0,
};

static void copy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

static void packet_plain(const uint8_t *frame, size_t n)
{
	copy(packet.frame, frame, n);
	packet.hdr = (struct vb_net_hdr){.len = FRAME};
}

static void send(const void *at, uint32_t len)
{
	queue_put(&tx, (uint64_t)at, len, 1, 0);
	queue_send(&tx);
}

static void send_arp(void)
{
	packet_plain(arp_request, sizeof(arp_request));
	send(&packet, sizeof(packet.hdr) + FRAME);
}

static void give_buffer(unsigned int i)
{
	queue_put(&rx, (uint64_t)buffers[i], BUFFER, (uint16_t)i, W);
	queue_send(&rx);
}

static bool is_arp_reply(const uint8_t *b)
{
	const uint8_t *f = b + sizeof(struct vb_net_hdr);

	return f[12] == 8 && f[13] == 6 && f[20] == 0 && f[21] == 2 && f[28] == 10 && f[31] == 1;
}

/* Asks for 10.99.0.1 until it answers; dom0 may take a second to notice the carrier. */
static bool arp_answers(void)
{
	uint32_t seen = queue_answers(&rx), next = 0;

	while (rx.head - seen < SIZE / 2)
		give_buffer(rx.head % SIZE);
	for (unsigned int tries = 0; tries < 40; tries++) {
		next = queue_answers(&tx) + 1;
		send_arp();
		if (!queue_until(&tx, next, 5000))
			return false;
		while (queue_until(&rx, seen + 1, 250)) {
			uint32_t id = rx.answer[seen++ & (SIZE - 1)].id;

			give_buffer(rx.head % SIZE);
			if (id < SIZE && is_arp_reply(buffers[id]))
				return true;
		}
	}
	return false;
}

static bool fresh(void)
{
	bus_close(net);
	return !bus_open(net, FEATURES) &&
	       !queue_begin(&rx, net, VB_NET_SHM_RX(0), rx_ring, SIZE) &&
	       !queue_begin(&tx, net, VB_NET_SHM_TX(0), tx_ring, SIZE) &&
	       !bus_dev(net, VB_NET_CALL_UP, 0, 0);
}

/* ---- calls and regions ---- */

static int32_t region(uint32_t id, uint64_t gpa, uint64_t len)
{
	const struct vb_shm arg = {.devid = net, .id = id, .gpa = gpa, .len = len};

	return bus_shm(&arg, NULL);
}

/* bus_dev() gives the first four bytes; the others are 0. */
static void bad_filters(void)
{
	bus_close(net);
	report(!bus_open(net, FEATURES | VB_NET_F_FILTER | VB_NET_F_MAC) &&
		       bus_dev(net, VB_NET_CALL_FILTER, 4, FILTER_LEN) == -MB_EINVAL &&
		       bus_dev(net, VB_NET_CALL_FILTER, 0x80, FILTER_LEN) == -MB_EINVAL &&
		       bus_dev(net, VB_NET_CALL_FILTER, 37 << 8, FILTER_LEN) == -MB_EINVAL &&
		       bus_dev(net, VB_NET_CALL_FILTER, 255 << 8, FILTER_LEN) == -MB_EINVAL &&
		       bus_dev(net, VB_NET_CALL_FILTER, 0, FILTER_LEN - 1) == -MB_EINVAL &&
		       !bus_dev(net, VB_NET_CALL_FILTER, 36 << 8, FILTER_LEN),
	       "filters of unknown flags, with too many addresses, too short");
	report(bus_dev(net, VB_NET_CALL_MAC, 0x995453, 6) == -MB_EINVAL &&
		       bus_dev(net, VB_NET_CALL_MAC, 0, 6) == -MB_EINVAL &&
		       bus_dev(net, VB_NET_CALL_MAC, 0x995452, 5) == -MB_EINVAL &&
		       !bus_dev(net, VB_NET_CALL_MAC, 0x995452, 6),
	       "addresses of a group, of nobody, too short");
}

static void bad_pairs(void)
{
	static char more[5][8192] __attribute__((aligned(4096)));

	bus_close(net);
	report(!bus_open(net, FEATURES) &&
		       !region(VB_NET_SHM_RX(1), (uint64_t)more[0], IOQ_QUEUE_BYTES(SIZE)) &&
		       !region(VB_NET_SHM_TX(1), (uint64_t)more[1], IOQ_QUEUE_BYTES(SIZE)) &&
		       bus_dev(net, VB_NET_CALL_UP, 0, 0) == -MB_EINVAL &&
		       !region(VB_NET_SHM_RX(0), (uint64_t)more[2], IOQ_QUEUE_BYTES(SIZE)) &&
		       bus_dev(net, VB_NET_CALL_UP, 0, 0) == -MB_EINVAL &&
		       !region(VB_NET_SHM_TX(0), (uint64_t)more[3], IOQ_QUEUE_BYTES(SIZE)) &&
		       !region(VB_NET_SHM_RX(2), (uint64_t)more[4], IOQ_QUEUE_BYTES(SIZE)) &&
		       bus_dev(net, VB_NET_CALL_UP, 0, 0) == -MB_EINVAL,
	       "up with a second pair alone, half a first one, half a third one");
	bus_close(net);
}

static void bad_calls(void)
{
	const uint64_t gpa = (uint64_t)rx_ring;

	report(bus_dev(net, VB_NET_CALL_UP, 0, 0) == -MB_EBUSY, "up before open");
	report(!bus_open(net, FEATURES) && bus_dev(net, VB_NET_CALL_UP, 0, 0) == -MB_EINVAL,
	       "up without queues");
	report(region(VB_NET_SHM_RX(VB_NET_MAX_PAIRS), gpa, IOQ_QUEUE_BYTES(SIZE)) == -MB_EINVAL &&
		       region(VB_NET_SHM_LINK + 1, gpa, 192) == -MB_EINVAL,
	       "regions of numbers that are not there");
	report(region(0, gpa, IOQ_QUEUE_BYTES(48)) == -MB_EINVAL &&
		       region(0, gpa, IOQ_QUEUE_BYTES(2)) == -MB_EINVAL &&
		       region(0, gpa, IOQ_QUEUE_BYTES(8192)) == -MB_EINVAL &&
		       region(0, gpa, IOQ_QUEUE_BYTES(SIZE) + 8) == -MB_EINVAL &&
		       region(0, gpa, 1) == -MB_EINVAL,
	       "rings of impossible sizes");
	report(region(VB_NET_SHM_LINK, gpa, 191) == -MB_EINVAL, "a link page too short");
	report(region(0, RAM_END - 64, IOQ_QUEUE_BYTES(SIZE)) == -MB_EFAULT, "a ring outside RAM");
	report(bus_dev(net, VB_NET_CALL_MTU, 1400, 4) == -MB_ENOSYS, "MTU without the feature");
	report(bus_dev(net, VB_NET_CALL_FILTER, 0, FILTER_LEN) == -MB_ENOSYS &&
		       bus_dev(net, VB_NET_CALL_MAC, 0x995452, 6) == -MB_ENOSYS,
	       "filter and address without their features");
	bad_filters();
	bad_pairs();
	report(fresh() && bus_dev(net, VB_NET_CALL_UP, 0, 0) == -MB_EBUSY, "up twice");
	report(region(0, gpa, IOQ_QUEUE_BYTES(SIZE)) == -MB_EEXIST, "a ring again while up");
	report(arp_answers(), "and traffic flows");
}

/* ---- frames that are refused, one by one ---- */

static const struct {
	const char *what;
	struct vb_net_hdr hdr;
} frames[] = {
	{"longer than its buffers", {.len = FRAME + 1}},
	{"of 2^32 - 1 bytes", {.len = ~0u}},
	{"shorter than Ethernet's header", {.len = 13}},
	{"of no bytes", {.len = 0}},
	{"longer than the largest MTU", {.len = VB_NET_MAX_MTU + 100}},
	{"in two buffers that are none", {.len = FRAME, .buffers = 2}},
	{"with its checksum behind the end",
	 {.len = FRAME, .flags = 1, .csum_start = 65535, .csum_offset = 16}},
	{"with its checksum's place behind the end",
	 {.len = FRAME, .flags = 1, .csum_start = 34, .csum_offset = 65535}},
	{"with its checksum just across the end",
	 {.len = FRAME, .flags = 1, .csum_start = 34, .csum_offset = FRAME - 34 - 1}},
	{"with its checksum from Ethernet's header on",
	 {.len = FRAME, .flags = 1, .csum_start = 0, .csum_offset = 16}},
	{"with its checksum from before IP's end on",
	 {.len = FRAME, .flags = 1, .csum_start = 15, .csum_offset = 16}},
	{"of an unknown kind of segments",
	 {.len = FRAME, .flags = 1, .gso_type = 3, .gso_size = 100, .csum_start = 34}},
	{"of segments of no bytes",
	 {.len = FRAME, .flags = 1, .gso_type = VB_NET_GSO_TCPV4, .csum_start = 34}},
	{"of segments without a checksum",
	 {.len = FRAME, .gso_type = VB_NET_GSO_TCPV4, .gso_size = 100}},
	{"of segments that are named like Linux's lists of them",
	 {.len = FRAME, .flags = 1, .gso_type = VB_NET_GSO_TCPV4, .gso_size = 0xffff,
	  .csum_start = 34, .csum_offset = 16}},
	{"of ECN alone", {.len = FRAME, .gso_type = VB_NET_GSO_ECN}},
};

static void bad_frames(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++) {
		uint32_t n = queue_answers(&tx);
		bool came;

		packet_plain(tcp_segment, sizeof(tcp_segment));
		packet.hdr = frames[i].hdr;
		send(&packet, sizeof(packet.hdr) +
			      (packet.hdr.len > VB_NET_MAX_MTU && ~packet.hdr.len ? 16384 : FRAME));
		came = queue_until(&tx, n + 1, 10000);
		report(came && tx.answer[n & (SIZE - 1)].flags == VB_NET_C_DROPPED,
		       "a frame %s is refused alone", frames[i].what);
	}
	report(arp_answers(), "and traffic flows");
}

/* ---- what breaks a queue ---- */

static const struct bad_chain {
	const char *what;
	uint32_t count; /* of equal descriptors */
	struct ioq_desc d;
	uint32_t ahead; /* added to the count */
} bad_tx[] = {
	{"a buffer to write", 1, {0, 100, 1, W}, 0},
	{"a class flag", 1, {0, 100, 1, 0x100}, 0},
	{"an id beyond the ring", 1, {0, 100, SIZE, 0}, 0},
	{"half a header", 1, {0, 15, 1, 0}, 0},
	{"a frame across the end of RAM", 1, {RAM_END - 64, 128, 1, 0}, 0},
	{"a frame round 2^64", 1, {~63ull, 128, 1, 0}, 0},
	{"a chain without end", SIZE, {0, 100, 1, N}, 0},
	{"a count one too far", 0, {0, 0, 0, 0}, SIZE + 1},
	{"a count that goes back", 0, {0, 0, 0, 0}, ~0u},
}, bad_rx[] = {
	{"a buffer to read", 1, {0, BUFFER, 1, 0}, 0},
	{"a chain", 1, {0, BUFFER, 1, W | N}, 0},
	{"an id beyond the ring", 1, {0, BUFFER, SIZE, W}, 0},
	{"a buffer of no bytes", 1, {0, 0, 1, W}, 0},
	{"a buffer of 127 bytes", 1, {0, 127, 1, W}, 0},
	{"a buffer across the end of RAM", 1, {RAM_END - 64, BUFFER, 1, W}, 0},
	{"a buffer in the hole", 1, {MB_GUEST_LAPIC_BASE, BUFFER, 1, W}, 0},
	{"a buffer round 2^64", 1, {~63ull, ~0u, 1, W}, 0},
	{"a count one too far", 0, {0, 0, 0, 0}, SIZE + 1},
	{"a count that goes back", 0, {0, 0, 0, 0}, ~0u},
};

static void put_bad(struct bus_queue *q, const struct bad_chain *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		queue_put(q, b->d.addr ? b->d.addr : (uint64_t)&packet, b->d.len, b->d.id,
			  b->d.flags);
	q->head += b->ahead;
	queue_send(q);
	broke++;
}

static void break_tx(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_tx); i++) {
		bool worked = fresh() && arp_answers();
		uint32_t n = queue_answers(&tx);

		packet_plain(arp_request, sizeof(arp_request));
		put_bad(&tx, &bad_tx[i]);
		worked = worked && !queue_until(&tx, n + 1, WAIT_MS);
		send_arp();
		report(worked && !queue_until(&tx, n + 1, 50), "%s: nothing is sent any more",
		       bad_tx[i].what);
	}
}

static void break_rx(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_rx); i++) {
		bool worked = fresh();
		uint32_t n;

		put_bad(&rx, &bad_rx[i]);
		/* dom0 looks when it has something to say; sending goes on all the time. */
		for (n = 0; n < 12; n++) {
			send_arp();
			worked = queue_until(&tx, n + 1, 5000) && worked;
			guest_wait_us(200000);
		}
		report(worked && !queue_answers(&rx), "%s: nothing is received, sending goes on",
		       bad_rx[i].what);
	}
	report(fresh() && arp_answers(), "opened again, the device works");
}

/* ---- a header that changes while dom0 reads it ---- */

static void flip(uint32_t x)
{
	static const uint8_t types[] = {VB_NET_GSO_NONE, VB_NET_GSO_TCPV4, VB_NET_GSO_TCPV6, 0x81};
	static const uint32_t lens[] = {FRAME, 65000, ~0u, 14};
	static const uint16_t starts[] = {34, 34, 0, 65000};
	volatile struct vb_net_hdr *h = &packet.hdr;
	uint32_t pick = x >> 8 & 3;

	switch (x & 7) {
	case 0:
		h->len = lens[pick];
		break;
	case 1:
		h->gso_type = types[pick];
		break;
	case 2:
		h->gso_size = pick ? 1000 : 0;
		break;
	case 3:
		h->csum_start = starts[pick];
		break;
	case 4:
		h->csum_offset = pick ? 16 : (uint16_t)(x >> 16);
		break;
	case 5:
		h->flags = pick != 0;
		break;
	case 6:
		h->hdr_len = (uint16_t)(x >> 16);
		break;
	default:
		((volatile uint8_t *)packet.frame)[14 + (x >> 16) % 40] = (uint8_t)(x >> 8);
	}
}

static void racer(void)
{
	uint64_t x = 88172645463325252ull;

	guest_irq_on();
	for (;;) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (racing) {
			flip((uint32_t)(x >> 24));
			flips++;
		}
	}
}

static void race(void)
{
	uint32_t sent = 0, dropped = 0;
	bool worked = fresh();

	report(guest_start_cpu(1, racer), "a second vCPU");
	packet_plain(tcp_segment, sizeof(tcp_segment));
	racing = true;
	while (worked && sent < RACES) {
		for (unsigned int i = 0; i < SIZE / 2; i++)
			queue_put(&tx, (uint64_t)&packet, i & 3 ? sizeof(packet.hdr) + FRAME :
				  sizeof(packet.hdr) + 65500, 1, 0);
		queue_send(&tx);
		worked = queue_until(&tx, sent + SIZE / 2, 10000);
		for (unsigned int i = 0; i < SIZE / 2; i++)
			dropped += tx.answer[(sent + i) & (SIZE - 1)].flags == VB_NET_C_DROPPED;
		sent += SIZE / 2;
	}
	racing = false;
	guest_printf("# %u frames, %u refused, %u flips\n", sent, dropped, flips);
	report(worked && sent >= RACES, "headers that change while they are read break nothing");
	report(dropped && dropped < sent && flips > sent / 10, "some came through, some did not");
	report(fresh() && arp_answers(), "then traffic flows");
}

void guest_main(void)
{
	report_plan(2 + 14 + ARRAY_SIZE(frames) + 1 + ARRAY_SIZE(bad_tx) + ARRAY_SIZE(bad_rx) + 1 +
		    4);
	guest_apic_on();
	report(!bus_begin(), "the bus");
	net = bus_find('n', 0);
	report(net, "a net device");
	bad_calls();
	bad_frames();
	break_tx();
	break_rx();
	race();
	guest_printf("# broke %u\n", broke);
}
