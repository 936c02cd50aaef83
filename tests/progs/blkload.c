// SPDX-License-Identifier: GPL-2.0-only
/*
 * blkload: load on a disk, with every block checked. Direct I/O through the kernel's own
 * asynchronous calls, so that a queue depth is what it says. Runs in guests, on their disks, and
 * in dom0, on what keeps them. The device is used from its start; a block has 4 KiB and its own
 * contents per generation.
 *
 *     blkload fill DEV MIB GEN            writes every block, flushes
 *     blkload check DEV MIB GEN           reads every block; exit status 1 if one differs
 *     blkload mix DEV MIB DEPTH OPS       random reads and writes of 1 to 16 blocks, each read
 *                                         checked, then everything read again and checked
 *     blkload read DEV MIB DEPTH OPS      random reads of one block, unchecked: to count exits
 *     blkload hammer DEV MIB DEPTH        writes until the first error, and says which it was
 *     blkload at DEV OFFSET read|write    one block there; says ok or the error
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096u
#define MAX_BLOCKS 16u /* of one operation */
#define MAX_DEPTH 64u

struct op {
	struct iocb cb;
	uint32_t block, count;
	int write, busy;
	uint8_t *buf;
};

static int fd;
static uint32_t blocks;
static uint32_t *gen; /* of each block; its top bit: an operation is under way there */
static struct op ops[MAX_DEPTH];
static aio_context_t ctx;
static uint64_t seed = 88172645463325252ull;

#define BUSY 0x80000000u

static void die(const char *what)
{
	fprintf(stderr, "blkload: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint32_t some(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

static void make(uint8_t *to, uint32_t block, uint32_t g)
{
	uint64_t *w = (uint64_t *)to, x = ((uint64_t)block << 32 | g) * 0x9e3779b97f4a7c15ull + 1;

	for (uint32_t i = 0; i < BLOCK / 8; i++)
		w[i] = x += 0x2545f4914f6cdd1dull;
}

static int differs(const uint8_t *have, uint32_t block, uint32_t g)
{
	static uint8_t want[BLOCK];

	make(want, block, g);
	if (!memcmp(have, want, BLOCK))
		return 0;
	fprintf(stderr, "blkload: block %u is not generation %u\n", block, g);
	return 1;
}

static void submit(struct op *o)
{
	struct iocb *cb = &o->cb;

	memset(cb, 0, sizeof(*cb));
	cb->aio_lio_opcode = o->write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
	cb->aio_fildes = fd;
	cb->aio_buf = (uint64_t)(uintptr_t)o->buf;
	cb->aio_nbytes = o->count * BLOCK;
	cb->aio_offset = (int64_t)o->block * BLOCK;
	cb->aio_data = (uint64_t)(uintptr_t)o;
	o->busy = 1;
}

/* All at once, so that the block layer sees a batch. */
static void submit_all(struct iocb **cbs, long n)
{
	while (n > 0) {
		long done = syscall(SYS_io_submit, ctx, n, cbs);

		if (done <= 0)
			die("io_submit");
		cbs += done;
		n -= done;
	}
}

/* Waits for one at least; calls done() for each; sum of what it returned. */
static long reap(uint32_t under_way, long (*done)(struct op *, long res))
{
	struct io_event ev[MAX_DEPTH];
	long n = syscall(SYS_io_getevents, ctx, 1, under_way, ev, NULL), sum = 0;

	if (n < 0)
		die("io_getevents");
	for (long i = 0; i < n; i++) {
		struct op *o = (struct op *)(uintptr_t)ev[i].data;

		o->busy = 0;
		sum += done(o, ev[i].res);
	}
	return sum | n << 32;
}

/* Keeps depth operations under way; next() fills one in or says there is no more (0). */
static long run(uint32_t depth, int (*next)(struct op *), long (*done)(struct op *, long))
{
	struct iocb *batch[MAX_DEPTH];
	uint32_t under_way = 0;
	long bad = 0;

	for (;;) {
		long n = 0, got;

		for (uint32_t i = 0; i < depth; i++)
			if (!ops[i].busy && next(&ops[i])) {
				submit(&ops[i]);
				batch[n++] = &ops[i].cb;
			}
		submit_all(batch, n);
		under_way += n;
		if (!under_way)
			return bad;
		got = reap(under_way, done);
		under_way -= got >> 32;
		bad += (uint32_t)got;
	}
}

static long stop, left, first_error;
static uint32_t at;

static int next_fill(struct op *o)
{
	if (at >= blocks || stop)
		return 0;
	o->block = at;
	o->count = blocks - at < MAX_BLOCKS ? blocks - at : MAX_BLOCKS;
	at += o->count;
	for (uint32_t i = 0; o->write && i < o->count; i++)
		make(o->buf + i * BLOCK, o->block + i, gen[o->block + i]);
	return 1;
}

static int next_fill_write(struct op *o)
{
	o->write = 1;
	return next_fill(o);
}

static int next_fill_read(struct op *o)
{
	o->write = 0;
	return next_fill(o);
}

static int next_hammer(struct op *o)
{
	if (at >= blocks)
		at = 0;
	return next_fill_write(o);
}

static int next_mix(struct op *o)
{
	for (int tries = 0; tries < 20 && left > 0; tries++) {
		uint32_t i;

		o->count = 1 + some(MAX_BLOCKS);
		o->block = some(blocks - o->count);
		for (i = 0; i < o->count && !(gen[o->block + i] & BUSY); i++)
			;
		if (i < o->count)
			continue;
		o->write = some(2);
		left--;
		for (i = 0; i < o->count; i++) {
			gen[o->block + i] = (gen[o->block + i] + o->write) | BUSY;
			if (o->write)
				make(o->buf + i * BLOCK, o->block + i, gen[o->block + i] & ~BUSY);
		}
		return 1;
	}
	return 0;
}

static int next_read(struct op *o)
{
	if (left <= 0)
		return 0;
	left--;
	o->write = 0;
	o->count = 1;
	o->block = some(blocks);
	return 1;
}

static long done_check(struct op *o, long res)
{
	long bad = 0;

	if (res != (long)(o->count * BLOCK)) {
		fprintf(stderr, "blkload: %u blocks at %u: %s\n", o->count, o->block,
			res < 0 ? strerror((int)-res) : "short");
		bad++;
	}
	for (uint32_t i = 0; i < o->count; i++) {
		gen[o->block + i] &= ~BUSY;
		if (!bad && !o->write)
			bad += differs(o->buf + i * BLOCK, o->block + i, gen[o->block + i]);
	}
	return bad;
}

static long done_plain(struct op *o, long res)
{
	return res != (long)(o->count * BLOCK);
}

static long done_hammer(struct op *o, long res)
{
	if (res == (long)(o->count * BLOCK))
		return 0;
	if (!stop++)
		first_error = -res;
	return 1;
}

static int at_once(const char *offset, const char *what)
{
	off_t off = strtoll(offset, NULL, 0);
	ssize_t n;

	make(ops[0].buf, (uint32_t)(off / BLOCK), 1);
	n = *what == 'w' ? pwrite(fd, ops[0].buf, BLOCK, off) : pread(fd, ops[0].buf, BLOCK, off);
	if (n == BLOCK && *what == 'w' && fdatasync(fd))
		n = -1;
	puts(n == BLOCK ? "ok" : n < 0 ? strerror(errno) : "short");
	return n != BLOCK;
}

static void prepare(const char *dev, const char *mode)
{
	int readonly = !strcmp(mode, "check") || !strcmp(mode, "read");

	fd = open(dev, (readonly ? O_RDONLY : O_RDWR) | O_DIRECT | O_CLOEXEC);
	if (fd < 0 && errno == EINVAL) /* a file system without direct I/O */
		fd = open(dev, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (fd < 0)
		die(dev);
	for (uint32_t i = 0; i < MAX_DEPTH; i++)
		if (posix_memalign((void **)&ops[i].buf, BLOCK, MAX_BLOCKS * BLOCK))
			die("memory");
	if (syscall(SYS_io_setup, MAX_DEPTH, &ctx))
		die("io_setup");
}

int main(int argc, char **argv)
{
	const char *mode = argc > 3 ? argv[1] : "";
	uint32_t depth = argc > 4 ? (uint32_t)atoi(argv[4]) : 8, g = depth;
	struct timespec t0, t1;
	long bad = 0;

	if (!*mode || (strcmp(mode, "at") ? !depth || depth > MAX_DEPTH : argc < 5)) {
		fprintf(stderr, "usage: see the head of tests/progs/blkload.c\n");
		return 2;
	}
	prepare(argv[2], mode);
	if (!strcmp(mode, "at"))
		return at_once(argv[3], argv[4]);
	blocks = (uint32_t)atoi(argv[3]) * (1048576 / BLOCK);
	gen = calloc(blocks, sizeof(*gen));
	left = argc > 5 ? atol(argv[5]) : 0;
	if (!blocks || !gen)
		die("size");
	for (uint32_t i = 0; i < blocks; i++)
		gen[i] = !strcmp(mode, "fill") || !strcmp(mode, "check") ? g : 0;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	if (!strcmp(mode, "fill") || !strcmp(mode, "mix"))
		bad += run(8, next_fill_write, done_check);
	if (!strcmp(mode, "mix"))
		bad += run(depth, next_mix, done_check);
	at = 0;
	if (!strcmp(mode, "check") || !strcmp(mode, "mix"))
		bad += run(8, next_fill_read, done_check);
	if (!strcmp(mode, "read"))
		bad += run(depth, next_read, done_plain);
	if (!strcmp(mode, "hammer")) {
		run(depth, next_hammer, done_hammer);
		printf("hammer ended: %s\n", strerror((int)first_error));
		return 0;
	}
	if (strcmp(mode, "check") && strcmp(mode, "read") && fsync(fd))
		bad++;
	clock_gettime(CLOCK_MONOTONIC, &t1);
	printf("%s bad %ld ms %ld\n", mode, bad,
	       (long)((t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000));
	return bad ? 1 : 0;
}
