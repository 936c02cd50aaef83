// SPDX-License-Identifier: GPL-2.0-only
/*
 * badblk: a guest that breaks the rules of the blk device's regions and requests. What may go
 * wrong in dom0: sectors beyond the end of the file are read or written, a sum of sectors or
 * bytes wraps and is believed, memory that is not the guest's gets into a transfer, a buffer is
 * written that the guest gave to be read, a broken queue goes on being served or takes the other
 * with it. dom0's view is checked by tests/linux/dom0/badring.sh, which gives it a disk of 1 MiB
 * and counts a line in its log for each queue that "broke" here.
 *
 * BY: badring
 */
#include "bus.h"

#include "vbus/abi/blk.h"

#define RAM_END 0x4000000ull /* 64 MiB */
#define WAIT_MS 2000 /* for an answer that must not come; also paces dom0's log */
#define SIZE 64u
#define SECTORS 2048u
#define FEATURES (VB_BLK_F_FLUSH | VB_BLK_F_DISCARD | VB_BLK_F_ZEROES)
#define W IOQ_F_WRITE
#define N IOQ_F_NEXT
#define READ VB_BLK_OP(VB_BLK_OP_READ)
#define WRITE VB_BLK_OP(VB_BLK_OP_WRITE)
#define FLUSH VB_BLK_OP(VB_BLK_OP_FLUSH)
#define DISCARD VB_BLK_OP(VB_BLK_OP_DISCARD)
#define ZEROES VB_BLK_OP(VB_BLK_OP_ZEROES)

static char ring[2][8192] __attribute__((aligned(4096)));
static uint8_t buffer[4096] __attribute__((aligned(4096)));
static struct bus_queue q, other;
static uint32_t blk, broke;

/* One operation of one buffer on an idle queue; its status, or -1 if there was no answer. */
static int64_t transfer(struct bus_queue *to, uint16_t op, uint64_t sector, uint32_t sectors)
{
	uint32_t n = queue_answers(to);

	queue_put(to, sector, sectors, 3, op | N);
	queue_put(to, (uint64_t)buffer, sectors * 512, 3, op == READ ? W : 0);
	queue_send(to);
	if (!queue_until(to, n + 1, 10000))
		return -1;
	return (int64_t)to->answer[n & (SIZE - 1)].addr;
}

static int64_t simple(uint16_t op, uint64_t sector, uint32_t sectors)
{
	uint32_t n = queue_answers(&q);

	queue_put(&q, sector, sectors, 4, op);
	queue_send(&q);
	return queue_until(&q, n + 1, 10000) ? (int64_t)q.answer[n & (SIZE - 1)].addr : -1;
}

/* Writes a sector and reads it back. */
static bool works(struct bus_queue *on)
{
	for (unsigned int i = 0; i < 512; i++)
		buffer[i] = (uint8_t)(i + broke);
	if (transfer(on, WRITE, 7, 1))
		return false;
	for (unsigned int i = 0; i < 512; i++)
		buffer[i] = 0;
	if (transfer(on, READ, 7, 1))
		return false;
	for (unsigned int i = 0; i < 512; i++)
		if (buffer[i] != (uint8_t)(i + broke))
			return false;
	return true;
}

static bool fresh(void)
{
	bus_close(blk);
	return !bus_open(blk, FEATURES) &&
	       !queue_begin(&q, blk, VB_BLK_SHM_QUEUE(0), ring[0], SIZE) &&
	       !queue_begin(&other, blk, VB_BLK_SHM_QUEUE(1), ring[1], SIZE);
}

static int32_t region(uint32_t id, uint64_t gpa, uint64_t len)
{
	const struct vb_shm arg = {.devid = blk, .id = id, .gpa = gpa, .len = len};

	return bus_shm(&arg, NULL);
}

static void calls_and_regions(void)
{
	const struct vb_blk_info *info;
	const uint64_t gpa = (uint64_t)ring[0];

	report(!bus_open(blk, ~0ull), "all features at once: only the known are accepted");
	report(((struct vb_open *)bus_data)->features == (FEATURES | VB_BLK_F_RESIZE), "here all");
	report(!bus_dev(blk, VB_BLK_CALL_INFO, 0, 0), "what disk it is");
	info = (const void *)((struct vb_devcall *)bus_data)->data;
	report(info->sectors == SECTORS && info->block == 512 && info->queues == 2 && !info->flags,
	       "of 1 MiB, with two queues");
	report(bus_dev(blk, 2, 0, 0) == -MB_ENOSYS, "an unknown call");
	report(region(2, gpa, IOQ_QUEUE_BYTES(SIZE)) == -MB_EINVAL &&
		       region(VB_BLK_SHM_STATE + 1, gpa, 192) == -MB_EINVAL &&
		       region(~0u, gpa, 192) == -MB_EINVAL, "regions that are not there");
	report(region(0, gpa, IOQ_QUEUE_BYTES(16)) == -MB_EINVAL &&
		       region(0, gpa, IOQ_QUEUE_BYTES(48)) == -MB_EINVAL &&
		       region(0, gpa, IOQ_QUEUE_BYTES(2048)) == -MB_EINVAL &&
		       region(0, gpa, IOQ_QUEUE_BYTES(SIZE) + 8) == -MB_EINVAL,
	       "rings of impossible sizes");
	report(region(VB_BLK_SHM_STATE, gpa, 191) == -MB_EINVAL, "a state page too short");
	report(fresh() && works(&q) && works(&other), "both queues work");
	report(region(0, gpa, IOQ_QUEUE_BYTES(SIZE)) == -MB_EEXIST, "a queue twice");
}

/* Honest in form: refused alone. */
static void refused(void)
{
	report(transfer(&q, READ, SECTORS, 1) == VB_BLK_S_RANGE, "a read behind the end");
	report(transfer(&q, WRITE, SECTORS - 1, 2) == VB_BLK_S_RANGE, "a write across the end");
	report(transfer(&q, WRITE, ~0ull, 1) == VB_BLK_S_RANGE, "a write at 2^64 - 1");
	report(transfer(&q, WRITE, 1ull << 55, 1) == VB_BLK_S_RANGE, "a write at byte 2^64");
	report(simple(DISCARD, SECTORS - 1, 2) == VB_BLK_S_RANGE, "a discard across the end");
	report(!simple(FLUSH, 0, 0) && !simple(DISCARD, 0, 8) && !simple(ZEROES, 8, 8),
	       "flush, discard and zeroes are served");
	report(works(&q), "and the queue works");
}

static const struct bad {
	const char *what;
	struct ioq_desc head, buffer; /* address 0: our buffer; no bytes: no buffer */
	uint32_t ahead; /* added to the count */
} bads[] = {
	{"an unknown operation", {0, 1, 1, VB_BLK_OP(9) | N}, {0, 512, 1, 0}, 0},
	{"a head that is a buffer", {0, 1, 1, READ | W | N}, {0, 512, 1, W}, 0},
	{"a read into memory to be read", {0, 1, 1, READ | N}, {0, 512, 1, 0}, 0},
	{"a write from memory to be written", {0, 1, 1, WRITE | N}, {0, 512, 1, W}, 0},
	{"a read without memory", {0, 1, 1, READ}, {0, 0, 0, 0}, 0},
	{"a flush with memory", {0, 0, 1, FLUSH | N}, {0, 512, 1, 0}, 0},
	{"a read of no sectors", {0, 0, 1, READ | N}, {0, 512, 1, W}, 0},
	{"more memory than sectors", {0, 1, 1, READ | N}, {0, 1024, 1, W}, 0},
	{"more sectors than memory", {0, 2, 1, READ | N}, {0, 512, 1, W}, 0},
	{"sectors whose bytes wrap", {0, 1u << 23, 1, READ | N}, {0, 4096, 1, W}, 0},
	{"memory that is not aligned", {0, 1, 1, READ | N}, {8, 512, 1, W}, 0},
	{"memory across the end of RAM", {0, 2, 1, READ | N}, {RAM_END - 512, 1024, 1, W}, 0},
	{"memory in the hole", {0, 1, 1, READ | N}, {MB_GUEST_LAPIC_BASE, 512, 1, W}, 0},
	{"memory round 2^64", {0, 2, 1, READ | N}, {~511ull, 1024, 1, W}, 0},
	{"an id beyond the ring", {0, 1, SIZE, READ | N}, {0, 512, SIZE, W}, 0},
	{"two ids in one chain", {0, 1, 1, READ | N}, {0, 512, 2, W}, 0},
	{"a chain without end", {0, 1, 1, READ | N}, {0, 512, 1, W | N}, 0},
	{"a discard of 2^32 - 1 sectors", {0, ~0u, 1, DISCARD}, {0, 0, 0, 0}, 0},
	{"a count one too far", {0, 0, 1, FLUSH}, {0, 0, 0, 0}, SIZE},
	{"a count that goes back", {0, 0, 1, FLUSH}, {0, 0, 0, 0}, ~0u - 1},
};

static void break_queues(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bads); i++) {
		const struct bad *b = &bads[i];
		bool worked = fresh() && works(&q);
		uint32_t n = queue_answers(&q);

		queue_put(&q, b->head.addr, b->head.len, b->head.id, b->head.flags);
		if (b->buffer.len)
			queue_put(&q, b->buffer.addr ? b->buffer.addr : (uint64_t)buffer,
				  b->buffer.len, b->buffer.id, b->buffer.flags);
		q.head += b->ahead;
		queue_send(&q);
		broke++;
		worked = worked && !queue_until(&q, n + 1, WAIT_MS);
		report(worked && works(&other), "%s: that queue is dead, the other works", b->what);
	}
	report(fresh() && works(&q), "opened again, it works");
}

void guest_main(void)
{
	report_plan(2 + 10 + 7 + ARRAY_SIZE(bads) + 1);
	guest_apic_on();
	report(!bus_begin(), "the bus");
	blk = bus_find('b', 0);
	report(blk, "a blk device");
	calls_and_regions();
	refused();
	break_queues();
	guest_printf("# broke %u\n", broke);
}
