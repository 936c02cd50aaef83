// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device class "blk", dom0's end: a block device, which gets bios made of the guest's own pages, or
 * a regular file, read and written through its file system and the page cache by the work.
 *
 * Either is opened by the task that writes `path`, with its rights. A block device is claimed as
 * a mount would do it; a file, which Linux claims for nobody, is claimed here against other blk
 * devices.
 */
#include <linux/file.h>
#include <linux/fs.h> /* before falloc.h, which uses its types */
#include <linux/falloc.h>
#include <linux/mutex.h>
#include <linux/uio.h>

#include "compat.h"
#include "dev_blk.h"

#define DISK_MAX_OTHER (SZ_1G / VB_BLK_SECTOR) /* sectors of one discard or one ZEROES */

/* What is known of a bio that is under way. */
struct disk_io {
	struct blk_queue *q;
	struct blk_request r;
	struct bio bio; /* last: blk_dev.bios has the rest as front pad */
};

static DEFINE_MUTEX(disks_lock);
static LIST_HEAD(disks); /* under disks_lock */

static u32 disk_status(blk_status_t status)
{
	switch (status) {
	case BLK_STS_OK:
		return VB_BLK_S_OK;
	case BLK_STS_NOTSUPP:
		return VB_BLK_S_UNSUPP;
	case BLK_STS_NOSPC:
		return VB_BLK_S_NOSPC;
	case BLK_STS_MEDIUM:
		return VB_BLK_S_MEDIUM;
	case BLK_STS_TRANSPORT:
		return VB_BLK_S_TRANSPORT;
	case BLK_STS_TIMEOUT:
		return VB_BLK_S_TIMEOUT;
	case BLK_STS_PROTECTION:
		return VB_BLK_S_PROTECTION;
	case BLK_STS_RESOURCE:
	case BLK_STS_AGAIN:
		return VB_BLK_S_RESOURCE;
	}
	return VB_BLK_S_IOERR;
}

/* ---- a block device ---- */

static void bio_done(struct bio *bio)
{
	struct disk_io *io = container_of(bio, struct disk_io, bio);
	u32 status = disk_status(bio->bi_status);
	struct blk_request r = io->r;
	struct blk_queue *q = io->q;

	/* First: once the last request is complete the bio_set may go. */
	bio_put(bio);
	blk_queue_complete(q, &r, status);
}

static blk_opf_t bio_flags(const struct blk_task *task)
{
	const struct blk_dev *d = task->q->d;

	switch (task->r.op) {
	case VB_BLK_OP_READ:
		return REQ_OP_READ;
	case VB_BLK_OP_WRITE:
		/* REQ_IDLE and the like are the guest's scheduler's business. A guest that cannot
		 * flush gets every write on stable storage. */
		if ((task->r.flags & VB_BLK_R_FUA) || !(d->features & VB_BLK_F_FLUSH))
			return REQ_OP_WRITE | REQ_SYNC | REQ_FUA;
		return REQ_OP_WRITE | REQ_SYNC;
	case VB_BLK_OP_FLUSH:
		return REQ_OP_WRITE | REQ_PREFLUSH;
	case VB_BLK_OP_DISCARD:
		return REQ_OP_DISCARD;
	}
	return REQ_OP_WRITE_ZEROES | (task->r.flags & VB_BLK_R_UNMAP ? 0 : REQ_NOUNMAP);
}

static void bio_issue_task(const struct blk_task *task)
{
	struct blk_dev *d = task->q->d;
	struct disk_io *io;
	struct bio *bio;
	u32 i;

	/* Charged to the cgroup of this thread. */
	bio = bio_alloc_bioset(d->disk.bdev, task->pieces, bio_flags(task), GFP_NOIO, &d->bios);
	io = container_of(bio, struct disk_io, bio);
	io->q = task->q;
	io->r = task->r;
	bio->bi_end_io = bio_done;
	bio->bi_iter.bi_sector = task->r.sector;
	for (i = 0; i < task->pieces; i++) {
		const struct bio_vec *p = &task->piece[i];

		if (bio_add_page(bio, p->bv_page, p->bv_len, p->bv_offset) != p->bv_len) {
			bio->bi_status = BLK_STS_RESOURCE;
			bio_done(bio);
			return;
		}
	}
	if (task->r.op == VB_BLK_OP_DISCARD || task->r.op == VB_BLK_OP_ZEROES)
		bio->bi_iter.bi_size = task->r.sectors * VB_BLK_SECTOR;
	submit_bio(bio);
}

/* ---- a file ---- */

static int file_transfer(const struct blk_task *task)
{
	struct file *file = task->q->d->disk.file;
	bool write = task->r.op == VB_BLK_OP_WRITE;
	bool fua = (task->r.flags & VB_BLK_R_FUA) || !(task->q->d->features & VB_BLK_F_FLUSH);
	loff_t pos = task->r.sector * VB_BLK_SECTOR;
	struct iov_iter iter;
	ssize_t n = 1;

	iov_iter_bvec(&iter, write ? WRITE : READ, task->piece, task->pieces, task->r.bytes);
	while (n > 0 && iov_iter_count(&iter)) {
		if (write)
			n = compat_vfs_iter_write(file, &iter, &pos, fua ? RWF_DSYNC : 0);
		else
			n = vfs_iter_read(file, &iter, &pos, 0);
	}
	return n < 0 ? n : iov_iter_count(&iter) ? -EIO : 0;
}

static int file_punch(const struct blk_task *task)
{
	struct file *file = task->q->d->disk.file;
	loff_t pos = task->r.sector * VB_BLK_SECTOR;
	loff_t len = (loff_t)task->r.sectors * VB_BLK_SECTOR;
	int err = -EOPNOTSUPP;

	if (task->r.op == VB_BLK_OP_ZEROES && !(task->r.flags & VB_BLK_R_UNMAP))
		err = vfs_fallocate(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, pos, len);
	/* A hole reads as zeroes too; keeping the space was only a wish. */
	if (err == -EOPNOTSUPP)
		err = vfs_fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, len);
	return err;
}

static void file_do_task(const struct blk_task *task)
{
	int err;

	switch (task->r.op) {
	case VB_BLK_OP_READ:
	case VB_BLK_OP_WRITE:
		err = file_transfer(task);
		break;
	case VB_BLK_OP_FLUSH:
		err = vfs_fsync(task->q->d->disk.file, 1);
		break;
	default:
		err = file_punch(task);
	}
	blk_queue_complete(task->q, &task->r, disk_status(errno_to_blk_status(err)));
}

void blk_disk_submit(struct blk_task *task)
{
	if (task->q->d->disk.bdev)
		bio_issue_task(task);
	else
		file_do_task(task);
}

/* ---- open and close ---- */

int blk_disk_bios_init(struct bio_set *bios)
{
	return bioset_init(bios, BIO_POOL_SIZE, offsetof(struct disk_io, bio), BIOSET_NEED_BVECS);
}

static u64 disk_sectors(const struct blk_disk *disk)
{
	u64 sectors = disk->bdev ? bdev_nr_sectors(disk->bdev) :
				   i_size_read(file_inode(disk->file)) / VB_BLK_SECTOR;

	return round_down(sectors, disk->block / VB_BLK_SECTOR);
}

static int disk_ask_bdev(struct blk_disk *disk, struct block_device *bdev)
{
	disk->bdev = bdev;
	disk->block = bdev_logical_block_size(bdev);
	if (bdev_is_zoned(bdev) || disk->block > VB_BLK_MAX_BLOCK)
		return -EOPNOTSUPP;
	disk->physical = bdev_physical_block_size(bdev);
	disk->io_opt = max(bdev_io_opt(bdev), 0);
	disk->cache = bdev_write_cache(bdev);
	disk->rotational = !bdev_nonrot(bdev);
	disk->max_discard = min_t(u64, bdev_max_discard_sectors(bdev), DISK_MAX_OTHER);
	disk->discard_granularity = bdev_discard_granularity(bdev);
	disk->max_zeroes = min_t(u64, bdev_write_zeroes_sectors(bdev), DISK_MAX_OTHER);
	/* Bios pass the page cache by: nothing dirty or old may be left there. */
	sync_blockdev(bdev);
	invalidate_bdev(bdev);
	return 0;
}

static void disk_ask_file(struct blk_disk *disk)
{
	disk->bdev = NULL;
	disk->block = VB_BLK_SECTOR;
	disk->physical = clamp_t(u32, i_blocksize(file_inode(disk->file)), VB_BLK_SECTOR,
				 VB_BLK_MAX_BLOCK);
	disk->io_opt = 0;
	disk->cache = true;
	disk->rotational = false;
	disk->max_discard = disk->file->f_op->fallocate ? DISK_MAX_OTHER : 0;
	disk->discard_granularity = disk->physical;
	disk->max_zeroes = disk->max_discard;
}

/* Two writers of one file, or a writer and a reader, would destroy what the other sees. */
static int disk_claim(struct blk_disk *disk)
{
	struct blk_disk *other;
	int err = 0;

	mutex_lock(&disks_lock);
	list_for_each_entry(other, &disks, node)
		if (file_inode(other->file) == file_inode(disk->file) &&
		    !(other->readonly && disk->readonly))
			err = -EBUSY;
	if (!err)
		list_add(&disk->node, &disks);
	mutex_unlock(&disks_lock);
	return err;
}

int blk_disk_open(struct blk_disk *disk, const char *path, bool readonly)
{
	int flags = (readonly ? O_RDONLY : O_RDWR) | O_EXCL | O_LARGEFILE;
	struct file *file = filp_open(path, flags, 0);
	umode_t mode;
	int err = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	mode = file_inode(file)->i_mode;
	disk->file = file;
	disk->readonly = readonly;
	if (S_ISBLK(mode))
		err = disk_ask_bdev(disk, I_BDEV(file->f_mapping->host));
	else if (S_ISREG(mode) && file->f_op->read_iter && (readonly || file->f_op->write_iter))
		disk_ask_file(disk);
	else
		err = -EINVAL;
	if (!err && readonly)
		disk->max_discard = disk->max_zeroes = 0;
	if (!err && !disk_sectors(disk))
		err = -ENOSPC;
	if (!err)
		err = disk_claim(disk);
	if (err) {
		disk->file = NULL;
		filp_close(file, NULL);
		return err;
	}
	WRITE_ONCE(disk->sectors, disk_sectors(disk));
	return 0;
}

void blk_disk_close(struct blk_disk *disk)
{
	if (!disk->file)
		return;
	mutex_lock(&disks_lock);
	list_del(&disk->node);
	mutex_unlock(&disks_lock);
	/* What dom0 may have cached meanwhile is older than what the guest wrote. */
	if (disk->bdev)
		invalidate_bdev(disk->bdev);
	filp_close(disk->file, NULL);
	disk->file = NULL;
	disk->bdev = NULL;
	WRITE_ONCE(disk->sectors, 0);
}

bool blk_disk_look(struct blk_disk *disk)
{
	u64 sectors = disk_sectors(disk);

	if (sectors == disk->sectors)
		return false;
	WRITE_ONCE(disk->sectors, sectors);
	return true;
}
