// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device files: /dev/minibus/NAME.console, NAME.memory and log.
 *
 * A file can stay open after its guest is gone. So every operation takes chan->sem for reading and
 * looks at chan->guest, and south_chr_close() clears that under the write lock: when it returns, no
 * operation touches the guest, its memory or its domain id. Nobody waits with the semaphore held.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "south.h"

#define CHR_MINORS 1024u
#define CHR_BUFFER 4096u
#define CHR_WRITE_POLL_MS 10 /* the guest's input ring has no event for "room again" */

struct south_chan {
	struct device dev; /* first reference is ours, cdev holds one per open file */
	struct cdev cdev;
	struct rw_semaphore sem;
	struct south_guest *guest; /* under sem; NULL: gone (or the log) */
	wait_queue_head_t wait;
	atomic_t events; /* counts wake-ups, so that none is lost between look and sleep */
};

struct chan_file {
	struct south_chan *chan;
	struct mutex lock; /* position and buffer */
	u64 position;
	struct mb_stream_io *io;
	char *buffer;
};

static dev_t chr_base;
static struct class *chr_class;
static DEFINE_IDA(chr_minors);
static struct south_chan *chr_log;

/* ---- open and release ---- */

static int chan_open(struct inode *inode, struct file *file)
{
	struct chan_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->chan = container_of(inode->i_cdev, struct south_chan, cdev);
	mutex_init(&f->lock);
	f->io = hc_buffer(sizeof(*f->io));
	f->buffer = (void *)__get_free_page(GFP_KERNEL);
	if (!f->io || !f->buffer) {
		free_page((unsigned long)f->buffer);
		kfree(f->io);
		kfree(f);
		return -ENOMEM;
	}
	file->private_data = f;
	return 0;
}

static int chan_open_stream(struct inode *inode, struct file *file)
{
	int err = chan_open(inode, file);

	/* No file position lock: a read that waits must not hold up a write. */
	return err ? err : stream_open(inode, file);
}

static int chan_release(struct inode *inode, struct file *file)
{
	struct chan_file *f = file->private_data;

	free_page((unsigned long)f->buffer);
	kfree(f->io);
	kfree(f);
	return 0;
}

/* ---- streams: console and log ---- */

/* Fills f->buffer from nr at f->position: bytes, 0 at the end, or an error. f->lock is held. */
static long stream_fetch(struct chan_file *f, u32 nr, u32 domid, size_t want)
{
	long ret;

	f->io->struct_size = sizeof(*f->io);
	f->io->len = min_t(size_t, want, CHR_BUFFER);
	f->io->gpa = hc_gpa(f->buffer);
	f->io->position = f->position;
	ret = nr == MB_HC_LOG_READ ? mb_hc1(nr, hc_gpa(f->io)) : mb_hc2(nr, domid, hc_gpa(f->io));
	if (ret > (long)f->io->len)
		return -EIO;
	if (ret > 0)
		f->position = f->io->position;
	return ret;
}

static ssize_t stream_give(struct chan_file *f, char __user *to, long n)
{
	return n > 0 && copy_to_user(to, f->buffer, n) ? -EFAULT : n;
}

/* Bytes, 0: nothing now, -EPIPE: nothing ever again. */
static long console_fetch(struct chan_file *f, size_t want)
{
	struct south_chan *chan = f->chan;
	long n = -EPIPE;
	bool ended;

	down_read(&chan->sem);
	if (chan->guest) {
		/* State first: what was written before the end is read before the end is told. */
		ended = READ_ONCE(chan->guest->state) == MB_STATE_SHUTDOWN;
		n = stream_fetch(f, MB_HC_CONSOLE_READ, chan->guest->domid, want);
		if (!n && ended)
			n = -EPIPE;
	}
	up_read(&chan->sem);
	return n;
}

static ssize_t console_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct chan_file *f = file->private_data;
	struct south_chan *chan = f->chan;
	ssize_t n;
	int seen;

	if (!count)
		return 0;
	for (;;) {
		seen = atomic_read(&chan->events);
		if (mutex_lock_interruptible(&f->lock))
			return -ERESTARTSYS;
		n = console_fetch(f, count);
		if (n > 0)
			n = stream_give(f, to, n);
		mutex_unlock(&f->lock);
		if (n == -EPIPE)
			return 0;
		if (n)
			return n;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(chan->wait, atomic_read(&chan->events) != seen))
			return -ERESTARTSYS;
	}
}

/* Bytes taken, 0: no room now, or an error. */
static long console_put(struct chan_file *f, size_t len)
{
	struct south_chan *chan = f->chan;
	long n = -EPIPE;

	down_read(&chan->sem);
	if (chan->guest && READ_ONCE(chan->guest->state) != MB_STATE_SHUTDOWN)
		n = mb_hc3(MB_HC_CONSOLE_WRITE, chan->guest->domid, hc_gpa(f->buffer), len);
	up_read(&chan->sem);
	return n > (long)len ? -EIO : n;
}

static ssize_t console_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	struct chan_file *f = file->private_data;
	size_t len = min_t(size_t, count, CHR_BUFFER);
	ssize_t n;

	if (!count)
		return 0;
	for (;;) {
		if (mutex_lock_interruptible(&f->lock))
			return -ERESTARTSYS;
		n = copy_from_user(f->buffer, from, len) ? -EFAULT : console_put(f, len);
		mutex_unlock(&f->lock);
		if (n)
			return n;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (msleep_interruptible(CHR_WRITE_POLL_MS))
			return -ERESTARTSYS;
	}
}

static __poll_t console_poll(struct file *file, poll_table *wait)
{
	struct chan_file *f = file->private_data;
	struct south_chan *chan = f->chan;
	__poll_t mask = EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	struct mb_dom_info *info;

	poll_wait(file, &chan->wait, wait);
	info = hc_buffer(sizeof(*info));
	if (!info)
		return EPOLLERR;
	down_read(&chan->sem);
	if (chan->guest && READ_ONCE(chan->guest->state) != MB_STATE_SHUTDOWN) {
		mask = EPOLLOUT | EPOLLWRNORM;
		if (!south_dom_info(chan->guest->domid, info) &&
		    info->console_end > READ_ONCE(f->position))
			mask |= EPOLLIN | EPOLLRDNORM;
	}
	up_read(&chan->sem);
	kfree(info);
	return mask;
}

static const struct file_operations console_fops = {
	.owner = THIS_MODULE,
	.open = chan_open_stream,
	.release = chan_release,
	.read = console_read,
	.write = console_write,
	.poll = console_poll,
	.llseek = no_llseek,
};

static ssize_t log_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct chan_file *f = file->private_data;
	ssize_t n;

	if (!count)
		return 0;
	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	n = stream_fetch(f, MB_HC_LOG_READ, 0, count);
	n = stream_give(f, to, n);
	mutex_unlock(&f->lock);
	return n;
}

static const struct file_operations log_fops = {
	.owner = THIS_MODULE,
	.open = chan_open_stream,
	.release = chan_release,
	.read = log_read,
	.llseek = no_llseek,
};

/* ---- guest memory, at guest-physical addresses ---- */

static ssize_t memory_move(struct file *file, char __user *user, size_t count, loff_t *pos, bool in)
{
	struct chan_file *f = file->private_data;
	struct south_chan *chan = f->chan;
	ssize_t done = -EFAULT;
	u64 piece = count;
	u8 *va = NULL;

	if (!count)
		return 0;
	if (*pos < 0)
		return -EINVAL;
	down_read(&chan->sem);
	if (chan->guest)
		va = vbus_mem_piece(south_mem_table(chan->guest->mem), *pos, &piece);
	if (va) {
		u64 left = in ? copy_from_user(va, user, piece) : copy_to_user(user, va, piece);

		done = left == piece ? -EFAULT : piece - left;
	} else if (!chan->guest) {
		done = -ENODEV;
	}
	up_read(&chan->sem);
	if (done > 0)
		*pos += done;
	return done;
}

static ssize_t memory_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	return memory_move(file, to, count, pos, false);
}

static ssize_t memory_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	return memory_move(file, (char __user *)from, count, pos, true);
}

static loff_t memory_llseek(struct file *file, loff_t off, int whence)
{
	/* No end to seek from: RAM has a hole. */
	return whence == SEEK_END ? -EINVAL : no_seek_end_llseek(file, off, whence);
}

static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.open = chan_open,
	.release = chan_release,
	.read = memory_read,
	.write = memory_write,
	.llseek = memory_llseek,
};

/* ---- life of a channel ---- */

static void chan_free(struct device *dev)
{
	ida_free(&chr_minors, MINOR(dev->devt));
	kfree(container_of(dev, struct south_chan, dev));
}

static struct south_chan *chan_create(struct south_guest *g, const char *name,
				      const struct file_operations *fops)
{
	struct south_chan *chan = kzalloc(sizeof(*chan), GFP_KERNEL);
	int minor, err;

	if (!chan)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&chr_minors, CHR_MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(chan);
		return ERR_PTR(minor);
	}
	chan->guest = g;
	init_rwsem(&chan->sem);
	init_waitqueue_head(&chan->wait);
	device_initialize(&chan->dev);
	chan->dev.class = chr_class;
	chan->dev.release = chan_free;
	chan->dev.devt = MKDEV(MAJOR(chr_base), MINOR(chr_base) + minor);
	cdev_init(&chan->cdev, fops);
	chan->cdev.owner = THIS_MODULE;
	err = dev_set_name(&chan->dev, "%s", name);
	if (!err)
		err = cdev_device_add(&chan->cdev, &chan->dev);
	if (err) {
		put_device(&chan->dev);
		return ERR_PTR(err);
	}
	return chan;
}

struct south_chan *south_chr_console(struct south_guest *g)
{
	char name[MB_DOM_NAME_LEN + 16];

	snprintf(name, sizeof(name), "%s.console", g->name);
	return chan_create(g, name, &console_fops);
}

struct south_chan *south_chr_memory(struct south_guest *g)
{
	char name[MB_DOM_NAME_LEN + 16];

	snprintf(name, sizeof(name), "%s.memory", g->name);
	return chan_create(g, name, &memory_fops);
}

void south_chr_wake(struct south_chan *chan)
{
	if (!chan)
		return;
	atomic_inc(&chan->events);
	wake_up_interruptible_all(&chan->wait);
}

void south_chr_close(struct south_chan *chan)
{
	if (!chan)
		return;
	cdev_device_del(&chan->cdev, &chan->dev);
	down_write(&chan->sem);
	chan->guest = NULL;
	up_write(&chan->sem);
	south_chr_wake(chan); /* sleepers see that it is gone */
	put_device(&chan->dev);
}

void south_chr_uevent(struct south_chan *chan, struct south_guest *g)
{
	char guest[MB_DOM_NAME_LEN + 16], state[32], reason[32];
	char *env[] = { guest, state, reason, NULL };

	if (!chan)
		return;
	snprintf(guest, sizeof(guest), "MINIBUS_GUEST=%s", g->name);
	snprintf(state, sizeof(state), "MINIBUS_STATE=%s", south_state_name(g));
	snprintf(reason, sizeof(reason), "MINIBUS_REASON=%s", south_reason_name(g->reason));
	kobject_uevent_env(&chan->dev.kobj, KOBJ_CHANGE, env);
}

static char *chr_devnode(COMPAT_CONST_DEVICE *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "minibus/%s", dev_name(dev));
}

int south_chr_init(void)
{
	int err = alloc_chrdev_region(&chr_base, 0, CHR_MINORS, "minibus");

	if (err)
		return err;
	chr_class = compat_class_create("minibus");
	if (IS_ERR(chr_class)) {
		err = PTR_ERR(chr_class);
		goto region;
	}
	chr_class->devnode = chr_devnode;
	chr_log = chan_create(NULL, "log", &log_fops);
	if (IS_ERR(chr_log)) {
		err = PTR_ERR(chr_log);
		goto class;
	}
	return 0;

class:
	class_destroy(chr_class);
region:
	unregister_chrdev_region(chr_base, CHR_MINORS);
	return err;
}

void south_chr_exit(void)
{
	south_chr_close(chr_log);
	class_destroy(chr_class);
	unregister_chrdev_region(chr_base, CHR_MINORS);
}
