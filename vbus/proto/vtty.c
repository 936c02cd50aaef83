// SPDX-License-Identifier: GPL-2.0-only
/*
 * One end of a console port as a tty: its driver, its user's calls, its owner's calls.
 *
 * The user's bytes go straight into the shared ring. All that comes the other way is done by one
 * work (vtty_work.c).
 */
#include <linux/console.h>
#include <linux/err.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tty_flip.h>

#include "compat.h"
#include "vtty.h"

struct vtty_table { /* of a driver; slots are freed with the last reference */
	spinlock_t lock;
	unsigned int lines;
	struct vtty *slot[];
};

static struct vtty_table *vtty_table(const struct tty_driver *driver)
{
	return driver->driver_state;
}

static struct vtty *vtty_of(const struct tty_struct *tty)
{
	return container_of(tty->port, struct vtty, port);
}

/* Lock held. */
static void vtty_kick(struct vtty *t)
{
	if (!t->dead)
		queue_delayed_work(system_unbound_wq, &t->work, 0);
}

/* Lock held: tell the other end how this one is. */
static void vtty_tell(struct vtty *t)
{
	u32 old = t->mine_seq++;

	if (!t->owner)
		return;
	vb_write_once(t->mine->opens, t->opens);
	vb_write_once(t->mine->rows, t->size.ws_row);
	vb_write_once(t->mine->columns, t->size.ws_col);
	t->ops->signal(t->owner, shm_signal_publish(&t->mine->tx, &t->mine->rx, old, old + 1));
}

/* ---- the tty's user ---- */

static int vtty_install(struct tty_driver *driver, struct tty_struct *tty)
{
	struct vtty_table *table = vtty_table(driver);
	struct tty_port *port = NULL;
	struct vtty *t;
	int err;

	spin_lock(&table->lock);
	t = table->slot[tty->index];
	if (t && !READ_ONCE(t->dead))
		port = tty_port_get(&t->port);
	spin_unlock(&table->lock);
	if (!port)
		return -ENODEV;
	err = tty_port_install(port, driver, tty);
	if (err)
		tty_port_put(port);
	return err;
}

static void vtty_cleanup(struct tty_struct *tty)
{
	tty_port_put(tty->port);
}

static int vtty_open(struct tty_struct *tty, struct file *file)
{
	return tty_port_open(tty->port, tty, file);
}

static void vtty_close(struct tty_struct *tty, struct file *file)
{
	tty_port_close(tty->port, tty, file);
}

static void vtty_hangup(struct tty_struct *tty)
{
	tty_port_hangup(tty->port);
}

/* Lock held: bytes into the ring; if not all fit, the work will wake the writer. */
static u32 vtty_put(struct vtty *t, const void *from, u32 len)
{
	u32 n;

	if (!t->owner)
		return 0;
	n = bytes_put(&t->out, from, len);
	t->ops->signal(t->owner, bytes_publish(&t->out));
	t->sent += n;
	if (t->out.broken)
		vtty_kick(t); /* it will disconnect */
	return n;
}

static COMPAT_TTY_SSIZE vtty_write(struct tty_struct *tty, const u8 *buf, COMPAT_TTY_SIZE count)
{
	struct vtty *t = vtty_of(tty);
	unsigned long flags;
	u32 n = 0;

	if (tty->flow.stopped)
		return 0;
	spin_lock_irqsave(&t->lock, flags);
	if (t->owner) {
		/* No room and not asked for it: half a ring has become free meanwhile. */
		do
			n += vtty_put(t, buf + n, min_t(size_t, count - n, VB_CONSOLE_RING));
		while (n < count && !bytes_want_room(&t->out));
	}
	t->want_room = n < count;
	spin_unlock_irqrestore(&t->lock, flags);
	return n;
}

static unsigned int vtty_write_room(struct tty_struct *tty)
{
	struct vtty *t = vtty_of(tty);
	unsigned long flags;
	u32 room = 0;

	spin_lock_irqsave(&t->lock, flags);
	if (t->owner) {
		room = bytes_room(&t->out);
		if (!room && !bytes_want_room(&t->out))
			room = bytes_room(&t->out);
	}
	/* Who learns that there is none goes to sleep without having tried. */
	t->want_room = t->want_room || !room;
	spin_unlock_irqrestore(&t->lock, flags);
	return room;
}

static void vtty_throttle(struct tty_struct *tty)
{
	struct vtty *t = vtty_of(tty);
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	t->throttled = true;
	spin_unlock_irqrestore(&t->lock, flags);
}

static void vtty_unthrottle(struct tty_struct *tty)
{
	struct vtty *t = vtty_of(tty);
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	t->throttled = false;
	vtty_kick(t);
	spin_unlock_irqrestore(&t->lock, flags);
}

static int vtty_tiocmget(struct tty_struct *tty)
{
	struct vtty *t = vtty_of(tty);
	unsigned long flags;
	int lines;

	spin_lock_irqsave(&t->lock, flags);
	lines = t->dtr ? TIOCM_DTR | TIOCM_RTS : 0;
	if (t->other_opens & 1)
		lines |= TIOCM_CAR | TIOCM_DSR | TIOCM_CTS;
	spin_unlock_irqrestore(&t->lock, flags);
	return lines;
}

static void vtty_set_dtr(struct vtty *t, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	if (t->dtr != on) {
		t->dtr = on;
		t->opens++;
		vtty_tell(t);
	}
	spin_unlock_irqrestore(&t->lock, flags);
}

static int vtty_tiocmset(struct tty_struct *tty, unsigned int set, unsigned int clear)
{
	if ((set | clear) & TIOCM_DTR)
		vtty_set_dtr(vtty_of(tty), set & TIOCM_DTR);
	return 0;
}

static int vtty_resize(struct tty_struct *tty, struct winsize *size)
{
	struct vtty *t = vtty_of(tty);
	unsigned long flags;
	int err = tty_do_resize(tty, size);

	if (err)
		return err;
	spin_lock_irqsave(&t->lock, flags);
	t->size = *size;
	vtty_tell(t);
	spin_unlock_irqrestore(&t->lock, flags);
	return 0;
}

static const struct tty_operations vtty_tty_ops = {
	.install = vtty_install,
	.cleanup = vtty_cleanup,
	.open = vtty_open,
	.close = vtty_close,
	.hangup = vtty_hangup,
	.write = vtty_write,
	.write_room = vtty_write_room,
	.throttle = vtty_throttle,
	.unthrottle = vtty_unthrottle,
	.tiocmget = vtty_tiocmget,
	.tiocmset = vtty_tiocmset,
	.resize = vtty_resize,
};

static COMPAT_TTY_BOOL vtty_carrier_raised(struct tty_port *port)
{
	struct vtty *t = container_of(port, struct vtty, port);

	return READ_ONCE(t->other_opens) & 1;
}

static void vtty_dtr_rts(struct tty_port *port, COMPAT_TTY_BOOL on)
{
	vtty_set_dtr(container_of(port, struct vtty, port), on);
}

/* The first open: what was kept comes first, then what comes. */
static int vtty_activate(struct tty_port *port, struct tty_struct *tty)
{
	struct vtty *t = container_of(port, struct vtty, port);
	struct winsize size;
	unsigned long flags;
	u32 at, first, n = 0;

	spin_lock_irqsave(&t->lock, flags);
	if (t->dead) {
		spin_unlock_irqrestore(&t->lock, flags);
		return -ENODEV;
	}
	at = (t->kept_end - t->kept_len) & (VTTY_KEPT - 1);
	first = min(t->kept_len, VTTY_KEPT - at);
	if (first)
		n = tty_insert_flip_string(port, t->kept + at, first);
	if (t->kept_len > first)
		n += tty_insert_flip_string(port, t->kept, t->kept_len - first);
	t->lost += t->kept_len - n;
	t->kept_len = 0;
	t->open = true;
	t->throttled = false;
	t->hang = false;
	size = t->other_size;
	vtty_kick(t);
	spin_unlock_irqrestore(&t->lock, flags);
	tty_flip_buffer_push(port);
	if (!t->kept && size.ws_row && size.ws_col)
		tty_do_resize(tty, &size);
	return 0;
}

static void vtty_shutdown(struct tty_port *port)
{
	struct vtty *t = container_of(port, struct vtty, port);
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	t->open = false;
	t->throttled = false;
	t->want_room = false;
	vtty_kick(t);
	spin_unlock_irqrestore(&t->lock, flags);
}

/* The last reference, of the owner's and the tty's. */
static void vtty_destruct(struct tty_port *port)
{
	struct vtty *t = container_of(port, struct vtty, port);
	struct vtty_table *table = vtty_table(t->driver);

	spin_lock(&table->lock);
	table->slot[t->index] = NULL;
	spin_unlock(&table->lock);
	kfree(t->kept);
	kfree(t);
}

static const struct tty_port_operations vtty_port_ops = {
	.carrier_raised = vtty_carrier_raised,
	.dtr_rts = vtty_dtr_rts,
	.activate = vtty_activate,
	.shutdown = vtty_shutdown,
	.destruct = vtty_destruct,
};

/* ---- the owner ---- */

struct tty_driver *vtty_driver_create(const char *driver_name, const char *name,
				      unsigned int lines, bool raw)
{
	struct vtty_table *table = kzalloc(struct_size(table, slot, lines), GFP_KERNEL);
	struct tty_driver *driver;
	int err;

	if (!table)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&table->lock);
	table->lines = lines;
	/* All numbers are valid from the start; nodes and their names are the owner's. */
	driver = tty_alloc_driver(lines, TTY_DRIVER_REAL_RAW | TTY_DRIVER_DYNAMIC_DEV |
				  TTY_DRIVER_DYNAMIC_ALLOC);
	if (IS_ERR(driver)) {
		kfree(table);
		return driver;
	}
	driver->driver_name = driver_name;
	driver->name = name;
	driver->type = TTY_DRIVER_TYPE_SERIAL;
	driver->subtype = SERIAL_TYPE_NORMAL;
	driver->init_termios = tty_std_termios;
	driver->init_termios.c_cflag |= CLOCAL;
	if (raw) {
		driver->init_termios.c_iflag = 0;
		driver->init_termios.c_oflag = 0;
		driver->init_termios.c_lflag = 0;
	}
	driver->driver_state = table;
	tty_set_operations(driver, &vtty_tty_ops);
	err = tty_register_driver(driver);
	if (err) {
		tty_driver_kref_put(driver);
		kfree(table);
		return ERR_PTR(err);
	}
	return driver;
}

void vtty_driver_free(struct tty_driver *driver)
{
	struct vtty_table *table = vtty_table(driver);

	tty_unregister_driver(driver);
	tty_driver_kref_put(driver);
	kfree(table);
}

/* Takes the first free slot. */
static int vtty_take_slot(struct vtty *t)
{
	struct vtty_table *table = vtty_table(t->driver);
	unsigned int i;

	spin_lock(&table->lock);
	for (i = 0; i < table->lines && table->slot[i]; i++)
		;
	if (i < table->lines)
		table->slot[i] = t;
	spin_unlock(&table->lock);
	t->index = i;
	return i < table->lines ? 0 : -ENOSPC;
}

struct vtty *vtty_create(struct tty_driver *driver, const struct vtty_ops *ops, bool keep)
{
	struct vtty *t = kzalloc(sizeof(*t), GFP_KERNEL);
	int err = -ENOMEM;

	if (!t)
		return ERR_PTR(err);
	if (keep)
		t->kept = kmalloc(VTTY_KEPT, GFP_KERNEL);
	if (keep && !t->kept)
		goto free;
	tty_port_init(&t->port);
	t->port.ops = &vtty_port_ops;
	t->driver = driver;
	t->ops = ops;
	spin_lock_init(&t->lock);
	INIT_DELAYED_WORK(&t->work, vtty_work);
	err = vtty_take_slot(t);
	if (err)
		goto destroy;
	/* Settings that an earlier tty of this index left. */
	kfree(driver->termios[t->index]);
	driver->termios[t->index] = NULL;
	return t;

destroy:
	tty_port_destroy(&t->port);
free:
	kfree(t->kept);
	kfree(t);
	return ERR_PTR(err);
}

void vtty_destroy(struct vtty *t)
{
	struct tty_struct *tty;
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	t->dead = true;
	spin_unlock_irqrestore(&t->lock, flags);
	vtty_detach(t);
	/* With the work over: nothing is pushed to a tty that was hung up. */
	cancel_delayed_work_sync(&t->work);
	tty = tty_port_tty_get(&t->port);
	if (tty) {
		tty_vhangup(tty);
		tty_kref_put(tty);
	}
	tty_port_put(&t->port);
}

void vtty_attach(struct vtty *t, void *owner, struct vb_console_port *shared, unsigned int end)
{
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	bytes_writer_init(&t->out, &shared->ring[end]);
	bytes_reader_init(&t->in, &shared->ring[!end]);
	t->mine = &shared->state[end];
	t->other = &shared->state[!end];
	t->mine_seq = 0;
	t->other_seq = 0;
	t->other_opens = 0;
	t->owner = owner;
	vtty_tell(t);
	vtty_kick(t);
	t->want_room = true; /* writers that waited for the connection */
	spin_unlock_irqrestore(&t->lock, flags);
}

void vtty_detach(struct vtty *t)
{
	unsigned long flags;
	bool was;

	spin_lock_irqsave(&t->lock, flags);
	was = t->owner;
	t->owner = NULL;
	t->other_opens = 0;
	t->hang = false;
	spin_unlock_irqrestore(&t->lock, flags);
	if (was)
		tty_port_tty_hangup(&t->port, true);
}

void vtty_event(struct vtty *t)
{
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	vtty_kick(t);
	spin_unlock_irqrestore(&t->lock, flags);
}

void vtty_print(struct vtty *t, const char *text, unsigned int len)
{
	unsigned int done = 0, line;
	unsigned long flags;

	/* In an oops this CPU may have been stopped with the lock held. */
	if (!oops_in_progress)
		spin_lock_irqsave(&t->lock, flags);
	else if (!spin_trylock_irqsave(&t->lock, flags))
		return;
	while (done < len) {
		for (line = done; line < len && text[line] != '\n'; line++)
			;
		vtty_put(t, text + done, line - done);
		if (line < len)
			vtty_put(t, "\r\n", 2);
		done = line + 1;
	}
	spin_unlock_irqrestore(&t->lock, flags);
}
