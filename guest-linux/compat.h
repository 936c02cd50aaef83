/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the few kernel interfaces that differ between Linux 6.1 and 6.12, under one name.
 * Callers:  modules of the guest (guest-linux/).
 * Context, locking, lifetime, errors: as the real ones.
 */
#ifndef GUEST_COMPAT_H
#define GUEST_COMPAT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/version.h>

/* bus_type.uevent() and .match() take const pointers later. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define COMPAT_UEVENT_DEVICE const struct device
#else
#define COMPAT_UEVENT_DEVICE struct device
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define COMPAT_MATCH_DRIVER const struct device_driver
#else
#define COMPAT_MATCH_DRIVER struct device_driver
#endif

/* A disk with limits: given at once later, set one by one before. */
struct compat_disk_limits {
	unsigned int block, physical, io_opt; /* bytes */
	unsigned int max_sectors, max_segments;
	unsigned int max_discard, max_zeroes; /* sectors; 0: none */
	unsigned int discard_granularity;     /* bytes */
	bool cache, rotational;
};

static inline struct gendisk *compat_alloc_disk(struct blk_mq_tag_set *set,
						const struct compat_disk_limits *l, void *data)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	struct queue_limits lim = {
		.logical_block_size = l->block,
		.physical_block_size = l->physical,
		.io_opt = l->io_opt,
		.dma_alignment = l->block - 1,
		.max_hw_sectors = l->max_sectors,
		.max_segments = l->max_segments,
		.max_segment_size = l->max_sectors << SECTOR_SHIFT,
		.max_hw_discard_sectors = l->max_discard,
		.discard_granularity = l->max_discard ? l->discard_granularity : 0,
		.max_write_zeroes_sectors = l->max_zeroes,
		.features = (l->cache ? BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA : 0) |
			    (l->rotational ? BLK_FEAT_ROTATIONAL : 0),
	};

	return blk_mq_alloc_disk(set, &lim, data);
#else
	struct gendisk *disk = blk_mq_alloc_disk(set, data);
	struct request_queue *q;

	if (IS_ERR(disk))
		return disk;
	q = disk->queue;
	blk_queue_logical_block_size(q, l->block);
	blk_queue_physical_block_size(q, l->physical);
	blk_queue_io_opt(q, l->io_opt);
	blk_queue_dma_alignment(q, l->block - 1);
	blk_queue_max_hw_sectors(q, l->max_sectors);
	blk_queue_max_segments(q, l->max_segments);
	blk_queue_max_segment_size(q, l->max_sectors << SECTOR_SHIFT);
	blk_queue_max_discard_sectors(q, l->max_discard);
	if (l->max_discard)
		q->limits.discard_granularity = l->discard_granularity;
	blk_queue_max_write_zeroes_sectors(q, l->max_zeroes);
	blk_queue_write_cache(q, l->cache, l->cache);
	if (!l->rotational)
		blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
	return disk;
#endif
}

#endif
