// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "blk": the check of one request. All sums are in 64 bits of 32-bit terms or written
 * as differences, so that none can wrap.
 */
#include "dev_blk_request.h"

#define REQUEST_FLAGS (IOQ_F_NEXT | VB_BLK_OP_MASK | VB_BLK_R_FUA | VB_BLK_R_UNMAP)

struct op_rules {
	mb_u64 feature; /* that must be accepted; 0: none */
	u16 flags;	/* VB_BLK_R_* that have a meaning */
	bool buffers;
	bool sectors;
	bool changes;	/* the disk's contents */
};

static const struct op_rules ops[] = {
	[VB_BLK_OP_READ] = { .buffers = true, .sectors = true },
	[VB_BLK_OP_WRITE] = { 0, VB_BLK_R_FUA, true, true, true },
	[VB_BLK_OP_FLUSH] = { .feature = VB_BLK_F_FLUSH },
	[VB_BLK_OP_DISCARD] = { VB_BLK_F_DISCARD, 0, false, true, true },
	[VB_BLK_OP_ZEROES] = { VB_BLK_F_ZEROES, VB_BLK_R_UNMAP, false, true, true },
};
#define OP_COUNT (sizeof(ops) / sizeof(ops[0]))

/* What an operation may carry at all; NULL or what is wrong. */
static const char *check_head(const struct blk_rules *rules, const struct ioq_desc *head,
			      const struct blk_request *r)
{
	const struct op_rules *op;

	if (head->flags & ~REQUEST_FLAGS)
		return "unknown flag";
	if (r->op >= OP_COUNT)
		return "unknown operation";
	op = &ops[r->op];
	if (op->feature && !(rules->features & op->feature))
		return "operation that was not accepted";
	if (r->flags & ~op->flags)
		return "flag that means nothing here";
	if ((r->flags & VB_BLK_R_FUA) && !(rules->features & VB_BLK_F_FLUSH))
		return "FUA that was not accepted";
	if (r->id >= rules->ids)
		return "impossible id";
	if (!op->buffers && r->segments)
		return "buffers where none belong";
	if (op->buffers && !r->segments)
		return "no buffers";
	if (op->sectors ? !r->sectors : (r->sectors || r->sector))
		return "impossible number of sectors";
	if (((r->sector | r->sectors) & (rules->block / VB_BLK_SECTOR - 1)))
		return "sectors that are no blocks";
	return NULL;
}

static const char *check_buffers(const struct blk_rules *rules, struct blk_request *r)
{
	const u16 want = r->op == VB_BLK_OP_READ ? IOQ_F_WRITE : 0;
	mb_u64 bytes = 0;
	u32 i;

	if (r->sectors > VB_BLK_MAX_SECTORS)
		return "too many sectors";
	for (i = 0; i < r->segments; i++) {
		const struct ioq_desc *d = &r->segment[i];

		if ((d->flags & ~IOQ_F_NEXT) != want)
			return "buffer with wrong flags";
		if (!d->len || ((d->addr | d->len) & (rules->block - 1)))
			return "buffer that is no blocks";
		bytes += d->len;
	}
	if (bytes != (mb_u64)r->sectors * VB_BLK_SECTOR)
		return "buffers that do not match the sectors";
	r->bytes = (u32)bytes;
	return NULL;
}

int blk_request_check(const struct blk_rules *rules, const struct ioq_desc *chain, int n,
		      struct blk_request *r, const char **why)
{
	*r = (struct blk_request){
		.sector = chain->addr,
		.sectors = chain->len,
		.id = chain->id,
		.op = (chain->flags & VB_BLK_OP_MASK) >> VB_BLK_OP_SHIFT,
		.flags = chain->flags & (VB_BLK_R_FUA | VB_BLK_R_UNMAP),
		.segments = (u32)n - 1,
		.segment = chain + 1,
	};
	*why = check_head(rules, chain, r);
	if (!*why && ops[r->op].buffers)
		*why = check_buffers(rules, r);
	if (!*why && ((r->op == VB_BLK_OP_DISCARD && r->sectors > rules->max_discard) ||
		      (r->op == VB_BLK_OP_ZEROES && r->sectors > rules->max_zeroes)))
		*why = "too many sectors";
	if (*why)
		return -EPROTO;
	/* The disk may have shrunk since the guest last looked: no broken rule. */
	if (r->sectors > rules->sectors || r->sector > rules->sectors - r->sectors)
		return VB_BLK_S_RANGE;
	if (ops[r->op].changes && rules->readonly)
		return VB_BLK_S_READONLY;
	return 0;
}
