/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  one end of a console port (vbus/abi/console.h) as a Linux tty. Both ends are the same
 *           code: what one user writes the other reads, and each sees the other come and go.
 * Callers:  vbus/dev_console.c (dom0), guest-linux/vconsole.c (guest). Each module has its own
 * copy.
 * Context:  process context, may sleep, unless a function says "any".
 * Locking:  the tty core's > vtty->lock (interrupts off). Nothing is printed with it held, since a
 *           line of the log may come back to it through vtty_print().
 * Lifetime: a vtty from vtty_create() to vtty_destroy(); as long as somebody holds it open its
 *           memory stays, hung up for good. Connected from vtty_attach() to vtty_detach(): shared
 *           memory is touched only in between.
 * Errors:   0 or -errno. An impossible count of the other end disconnects this port alone.
 *
 * Flow control: a full ring makes writers wait; a throttled or slow reader leaves the ring full.
 * The carrier (TIOCM_CAR) says whether the other end is open; with -clocal, open() waits for it and
 * its loss hangs up. Closing tells the other end unless -hupcl.
 */
#ifndef VBUS_PROTO_VTTY_H
#define VBUS_PROTO_VTTY_H

#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_port.h>
#include <linux/workqueue.h>

#include "bytes.h"

struct vtty_ops {
	/* vtty->lock held: after a publication; needed: the other end has to be told. */
	void (*signal)(void *owner, bool needed);
	/* vtty->lock held, must not print if the tty can be a console; said once per attachment. */
	void (*broken)(void *owner);
};

#define VTTY_KEPT 16384u /* bytes of the latest output kept while nobody has it open */

struct vtty { /* legend: [c] constant, [l] lock */
	struct tty_port port;	     /* first */
	struct tty_driver *driver;   /* [c] */
	unsigned int index;	     /* [c] of the driver's */
	const struct vtty_ops *ops;  /* [c] */
	spinlock_t lock;
	struct delayed_work work;
	bool dead;		     /* [l] destroyed */
	bool open;		     /* [l] somebody has it open */
	bool throttled;		     /* [l] its reader is slow */
	bool want_room;		     /* [l] its writer waits */
	bool dtr;		     /* [l] what the other end is told: open */
	bool hang;		     /* [l] hang up once the ring is empty */
	u32 opens;		     /* [l] as in the ABI */
	struct winsize size;	     /* [l] of this end */
	struct winsize other_size;   /* [l] of the other end */
	void *owner;		     /* [l] NULL: not connected; then the rest means nothing */
	struct bytes_writer out;     /* [l] */
	struct bytes_reader in;	     /* [l] */
	struct vb_console_state *mine, *other; /* [l] */
	u32 mine_seq, other_seq;     /* [l] */
	u32 other_opens;	     /* [l] odd: carrier */
	u8 *kept;		     /* [l] ring of VTTY_KEPT bytes, or NULL: what comes waits */
	u32 kept_end, kept_len;	     /* [l] */
	u64 sent, received, lost;    /* [l] bytes; lost: pushed out of kept */
};

/* raw: no echo, no translation, as suits the end without a shell. ERR_PTR. */
struct tty_driver *vtty_driver_create(const char *driver_name, const char *name,
				      unsigned int lines, bool raw);
void vtty_driver_free(struct tty_driver *driver); /* all ttys are destroyed and closed */

/* The first free index; keep: keep the latest output while nobody has it open. ERR_PTR. */
struct vtty *vtty_create(struct tty_driver *driver, const struct vtty_ops *ops, bool keep);
/* Disconnects, hangs up, opens no more; the caller's last use of it. */
void vtty_destroy(struct vtty *t);

/* This end's number is end (VB_CONSOLE_NORTH or SOUTH). */
void vtty_attach(struct vtty *t, void *owner, struct vb_console_port *shared, unsigned int end);
/* When it returns neither shared memory nor owner is used any more. */
void vtty_detach(struct vtty *t);
void vtty_event(struct vtty *t); /* any: the other end has signalled */

/* Any context, also an oops: text of the kernel's log; what does not fit is dropped. */
void vtty_print(struct vtty *t, const char *text, unsigned int len);

void vtty_work(struct work_struct *work); /* between the parts of this only */

#endif
