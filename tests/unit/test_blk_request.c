// SPDX-License-Identifier: GPL-2.0-only
/* SOURCES: vbus/dev_blk_request.c */
/*
 * Unit test of vbus/dev_blk_request.c: every rule of vbus/abi/blk.h, one broken at a time, edges
 * of the disk in 64 bits, and a million random chains: whatever is let through must keep all the
 * rules, as a second check written in another way sees it.
 *
 * usage: test_blk_request [random chains, default 1000000]
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vbus/dev_blk_request.h"

#define ALL (VB_BLK_F_FLUSH | VB_BLK_F_DISCARD | VB_BLK_F_ZEROES)

static const struct blk_rules usual = {
	.features = ALL, .sectors = 2048, .block = 512, .max_discard = 1024, .max_zeroes = 512,
	.ids = 64,
};

static struct ioq_desc head(u16 op, mb_u64 sector, u32 sectors, u16 flags)
{
	return (struct ioq_desc){ sector, sectors, 5, VB_BLK_OP(op) | flags };
}

static struct ioq_desc buffer(mb_u64 addr, u32 len, u16 flags)
{
	return (struct ioq_desc){ addr, len, 5, flags };
}

/* A copy of exactly n descriptors on the heap, so that ASan sees one read too far. */
static int check(const struct blk_rules *rules, const struct ioq_desc *chain, int n,
		 struct blk_request *r)
{
	struct ioq_desc *copy = malloc(n * sizeof(*copy));
	const char *why = NULL;
	int ret;

	if (!copy)
		abort();
	memcpy(copy, chain, n * sizeof(*copy));
	ret = blk_request_check(rules, copy, n, r, &why);
	if ((ret == -EPROTO) != (why != NULL))
		abort();
	r->segment = NULL;
	free(copy);
	return ret;
}

/* A request of one head and, with len, one buffer. */
static int one(const struct blk_rules *rules, struct ioq_desc h, u32 len, u16 flags)
{
	struct ioq_desc chain[2] = { h, buffer(0x10000, len, flags) };
	struct blk_request r;

	return check(rules, chain, len ? 2 : 1, &r);
}

static void test_good(void)
{
	struct ioq_desc chain[3] = { head(VB_BLK_OP_WRITE, 8, 3, IOQ_F_NEXT | VB_BLK_R_FUA),
				     buffer(0x1000, 512, IOQ_F_NEXT), buffer(0x8200, 1024, 0) };
	struct blk_request r;

	ok(!check(&usual, chain, 3, &r) && r.sector == 8 && r.sectors == 3 && r.bytes == 1536 &&
		   r.id == 5 && r.op == VB_BLK_OP_WRITE && r.flags == VB_BLK_R_FUA &&
		   r.segments == 2,
	   "a write of two buffers, taken apart");
	ok(!one(&usual, head(VB_BLK_OP_READ, 0, 8, IOQ_F_NEXT), 4096, IOQ_F_WRITE), "a read");
	ok(!one(&usual, head(VB_BLK_OP_FLUSH, 0, 0, 0), 0, 0), "a flush");
	ok(!one(&usual, head(VB_BLK_OP_DISCARD, 0, 1024, 0), 0, 0), "the largest discard");
	ok(!one(&usual, head(VB_BLK_OP_ZEROES, 0, 512, VB_BLK_R_UNMAP), 0, 0),
	   "the largest write of zeroes");
}

static void test_edges(void)
{
	struct blk_rules huge = usual, ro = usual, none = usual;

	huge.sectors = ~(mb_u64)0;
	ro.readonly = true;
	none.sectors = 0;
	ok(!one(&usual, head(VB_BLK_OP_READ, 2047, 1, IOQ_F_NEXT), 512, IOQ_F_WRITE),
	   "last sector");
	ok(one(&usual, head(VB_BLK_OP_READ, 2047, 2, IOQ_F_NEXT), 1024, IOQ_F_WRITE) ==
		   VB_BLK_S_RANGE, "one beyond it");
	ok(one(&usual, head(VB_BLK_OP_READ, 2048, 1, IOQ_F_NEXT), 512, IOQ_F_WRITE) ==
		   VB_BLK_S_RANGE, "right behind the end");
	ok(one(&usual, head(VB_BLK_OP_READ, ~(mb_u64)0, 1, IOQ_F_NEXT), 512, IOQ_F_WRITE) ==
		   VB_BLK_S_RANGE, "a sum that wraps in 64 bits");
	ok(one(&usual, head(VB_BLK_OP_READ, (mb_u64)1 << 55, 1, IOQ_F_NEXT), 512, IOQ_F_WRITE) ==
		   VB_BLK_S_RANGE, "bytes that wrap in 64 bits");
	ok(!one(&huge, head(VB_BLK_OP_READ, ~(mb_u64)0 - 8, 8, IOQ_F_NEXT), 4096, IOQ_F_WRITE),
	   "the end of the largest disk");
	ok(one(&huge, head(VB_BLK_OP_READ, ~(mb_u64)0 - 7, 8, IOQ_F_NEXT), 4096, IOQ_F_WRITE) ==
		   VB_BLK_S_RANGE, "and beyond it");
	ok(one(&none, head(VB_BLK_OP_READ, 0, 1, IOQ_F_NEXT), 512, IOQ_F_WRITE) == VB_BLK_S_RANGE,
	   "a disk without sectors");
	ok(one(&ro, head(VB_BLK_OP_WRITE, 0, 1, IOQ_F_NEXT), 512, 0) == VB_BLK_S_READONLY &&
	   one(&ro, head(VB_BLK_OP_DISCARD, 0, 1, 0), 0, 0) == VB_BLK_S_READONLY &&
	   one(&ro, head(VB_BLK_OP_ZEROES, 0, 1, 0), 0, 0) == VB_BLK_S_READONLY,
	   "read-only: no write, discard, zeroes");
	ok(!one(&ro, head(VB_BLK_OP_READ, 0, 1, IOQ_F_NEXT), 512, IOQ_F_WRITE) &&
	   !one(&ro, head(VB_BLK_OP_FLUSH, 0, 0, 0), 0, 0), "read-only: read, flush");
}

#define BROKEN(rules, h, len, flags, name) ok(one(rules, h, len, flags) == -EPROTO, name)

static void test_heads(void)
{
	struct blk_rules bare = usual;

	bare.features = 0;
	BROKEN(&usual, head(5, 0, 1, 0), 512, 0, "unknown operation");
	BROKEN(&usual, head(15, 0, 1, 0), 0, 0, "last unknown operation");
	BROKEN(&usual, head(VB_BLK_OP_READ, 0, 1, IOQ_F_WRITE), 512, IOQ_F_WRITE,
	       "head is a buffer");
	BROKEN(&usual, head(VB_BLK_OP_READ, 0, 1, 0x4000), 512, IOQ_F_WRITE, "unknown flag");
	BROKEN(&usual, head(VB_BLK_OP_READ, 0, 1, VB_BLK_R_FUA), 512, IOQ_F_WRITE, "FUA read");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 1, VB_BLK_R_UNMAP), 512, 0, "unmapping write");
	BROKEN(&usual, head(VB_BLK_OP_DISCARD, 0, 1, VB_BLK_R_FUA), 0, 0, "FUA discard");
	BROKEN(&usual, head(VB_BLK_OP_ZEROES, 0, 1, VB_BLK_R_FUA), 0, 0, "FUA zeroes");
	BROKEN(&usual, head(VB_BLK_OP_FLUSH, 0, 1, 0), 0, 0, "flush of sectors");
	BROKEN(&usual, head(VB_BLK_OP_FLUSH, 1, 0, 0), 0, 0, "flush of a place");
	BROKEN(&usual, head(VB_BLK_OP_FLUSH, 0, 0, IOQ_F_NEXT), 512, 0, "flush with a buffer");
	BROKEN(&usual, head(VB_BLK_OP_READ, 0, 0, 0), 0, 0, "read of nothing");
	BROKEN(&usual, head(VB_BLK_OP_READ, 0, 1, 0), 0, 0, "read without a buffer");
	BROKEN(&usual, head(VB_BLK_OP_DISCARD, 0, 0, 0), 0, 0, "discard of nothing");
	BROKEN(&usual, head(VB_BLK_OP_DISCARD, 0, 1, IOQ_F_NEXT), 512, 0, "discard with a buffer");
	BROKEN(&usual, head(VB_BLK_OP_DISCARD, 0, 1025, 0), 0, 0, "too large a discard");
	BROKEN(&usual, head(VB_BLK_OP_ZEROES, 0, 513, 0), 0, 0, "too many zeroes");
	BROKEN(&bare, head(VB_BLK_OP_FLUSH, 0, 0, 0), 0, 0, "flush not accepted");
	BROKEN(&bare, head(VB_BLK_OP_DISCARD, 0, 1, 0), 0, 0, "discard not accepted");
	BROKEN(&bare, head(VB_BLK_OP_ZEROES, 0, 1, 0), 0, 0, "zeroes not accepted");
	BROKEN(&bare, head(VB_BLK_OP_WRITE, 0, 1, VB_BLK_R_FUA), 512, 0, "FUA not accepted");
}

static void test_buffers(void)
{
	struct ioq_desc chain[IOQ_MAX_CHAIN];
	struct blk_rules big = usual, few = usual;
	struct blk_request r;
	u32 i;

	big.block = 4096;
	few.ids = 5;
	BROKEN(&few, head(VB_BLK_OP_FLUSH, 0, 0, 0), 0, 0, "id as large as the ring");
	BROKEN(&usual, head(VB_BLK_OP_READ, 0, 1, 0), 512, 0, "read into one south only reads");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 1, 0), 512, IOQ_F_WRITE, "write from one it fills");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 1, 0), 512, 0x0100, "buffer with a flag");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 1, 0), 1024, 0, "buffer too long");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 2, 0), 512, 0, "buffer too short");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 1, 0), 511, 0, "half a sector");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 2049, 0), 2049 * 512, 0, "too many sectors");
	BROKEN(&usual, head(VB_BLK_OP_WRITE, 0, 1u << 23, 0), 512, 0, "bytes that wrap in 32 bits");
	BROKEN(&big, head(VB_BLK_OP_READ, 0, 1, 0), 512, IOQ_F_WRITE, "part of a large block");
	BROKEN(&big, head(VB_BLK_OP_READ, 4, 8, 0), 4096, IOQ_F_WRITE, "large block, wrong start");
	ok(!one(&big, head(VB_BLK_OP_READ, 8, 8, 0), 4096, IOQ_F_WRITE), "large block");
	chain[0] = head(VB_BLK_OP_WRITE, 0, 1, IOQ_F_NEXT);
	chain[1] = buffer(0x1001, 512, 0);
	ok(check(&usual, chain, 2, &r) == -EPROTO, "odd address");
	chain[0] = head(VB_BLK_OP_WRITE, 0, 2, IOQ_F_NEXT);
	chain[1] = buffer(0x1000, 0, IOQ_F_NEXT);
	chain[2] = buffer(0x1000, 1024, 0);
	ok(check(&usual, chain, 3, &r) == -EPROTO, "empty buffer");
	chain[0] = head(VB_BLK_OP_READ, 0, IOQ_MAX_CHAIN - 1, IOQ_F_NEXT);
	for (i = 1; i < IOQ_MAX_CHAIN; i++)
		chain[i] = buffer(0x1000 * i, 512, IOQ_F_WRITE | IOQ_F_NEXT);
	ok(!check(&usual, chain, IOQ_MAX_CHAIN, &r) && r.segments == VB_BLK_MAX_SEGMENTS,
	   "the longest chain");
	/* 31 times 4 GiB - 512: the sum must not wrap to something small. */
	for (i = 1; i < IOQ_MAX_CHAIN; i++)
		chain[i].len = 0xfffffe00u;
	ok(check(&usual, chain, IOQ_MAX_CHAIN, &r) == -EPROTO, "huge buffers");
}

static u32 some(u32 below)
{
	return (u32)random() % below;
}

/* The same rules, the other way round: everything a good request must be. */
static bool is_good(const struct blk_rules *k, const struct ioq_desc *chain, int n)
{
	const mb_u64 end = chain->addr + chain->len;
	u32 op = chain->flags >> 8 & 15, bytes = 0;
	bool data = op == VB_BLK_OP_READ || op == VB_BLK_OP_WRITE;

	for (int i = 1; i < n; i++) {
		if (chain[i].addr % k->block || chain[i].len % k->block || !chain[i].len ||
		    (chain[i].flags & 0xfffe) != (op ? 0 : IOQ_F_WRITE) || chain[i].len > 1u << 20)
			return false;
		bytes += chain[i].len;
	}
	return op <= VB_BLK_OP_ZEROES && !(chain->flags & 0xc0fe) && data == (n > 1) &&
		(!data || bytes == chain->len * 512) && end >= chain->addr && end <= k->sectors &&
		chain->addr % (k->block / 512) == 0 && end % (k->block / 512) == 0 &&
		(op == VB_BLK_OP_FLUSH) == !chain->len && (op != VB_BLK_OP_FLUSH || !chain->addr) &&
		(op == VB_BLK_OP_READ || op == VB_BLK_OP_FLUSH || !k->readonly) &&
		(op < 2 || k->features >> (op - 2) & 1) &&
		(!(chain->flags & VB_BLK_R_FUA) || (op == VB_BLK_OP_WRITE && k->features & 1)) &&
		(!(chain->flags & VB_BLK_R_UNMAP) || op == VB_BLK_OP_ZEROES) &&
		(op != VB_BLK_OP_DISCARD || chain->len <= k->max_discard) &&
		(op != VB_BLK_OP_ZEROES || chain->len <= k->max_zeroes) && chain->id < k->ids;
}

static void test_random(unsigned long count)
{
	unsigned long good = 0, wrong = 0;

	for (unsigned long i = 0; i < count; i++) {
		struct ioq_desc chain[3];
		struct blk_rules k = usual;
		struct blk_request r;
		int n = 1 + (int)some(3);
		u16 want;

		k.features = some(8);
		k.block = some(4) ? 512 : 4096;
		k.readonly = !some(8);
		k.ids = 4 + some(4);
		chain[0] = head((u16)some(6), some(5) ? some(2048) & ~7u : random(),
				some(8) ? some(3) * 8 : some(2100), some(9) ? 0 : 1 << some(16));
		want = chain->flags & VB_BLK_OP_MASK ? 0 : IOQ_F_WRITE;
		for (int j = 1; j < n; j++)
			chain[j] = buffer(some(16) * 4096, some(9) ? 4096u << some(2) : some(9000),
					  (some(9) ? want : (u16)some(4)) |
						  (j + 1 < n ? IOQ_F_NEXT : 0));
		if (!check(&k, chain, n, &r) != is_good(&k, chain, n))
			wrong++;
		good += is_good(&k, chain, n);
	}
	printf("# %lu of %lu random chains are good\n", good, count);
	ok(!wrong && good > count / 100 && good < count / 2, "random chains");
}

int main(int argc, char **argv)
{
	srandom(1);
	test_good();
	test_edges();
	test_heads();
	test_buffers();
	test_random(argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000);
	return tap_done();
}
