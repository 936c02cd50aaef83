// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the other end of a console port did: the work of a vtty.
 *
 * It looks at the other end's state, moves bytes to the tty while there is room, wakes writers, and
 * comes back if its budget did not suffice. It and the tty's own calls meet under one lock; what
 * might sleep, print or call back is done after that is dropped.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/tty_flip.h>

#include "vtty.h"

#define VTTY_BUDGET 4096u /* bytes of one run of the work; then others get the CPU */
#define VTTY_LOOKS 4	  /* at a state that goes on changing */
#define VTTY_RETRY (HZ / 100) /* the tty's buffers are full: nobody tells when they are not */

struct vtty_todo { /* what the work found to do outside the lock */
	bool push, wake, up, hang, resize, again;
	unsigned long delay;
	struct winsize size;
};

/* Lock held. The other end broke a rule: as if it had gone, for good. */
static void vtty_fail(struct vtty *t)
{
	t->ops->broken(t->owner);
	t->owner = NULL;
	t->other_opens = 0;
}

/* Lock held. */
static void vtty_look_state(struct vtty *t, struct vtty_todo *todo)
{
	struct winsize size = { 0 };
	unsigned int looks;
	u32 opens;

	for (looks = 0; looks < VTTY_LOOKS; looks++) {
		u32 seq = shm_signal_arm(&t->other->tx, &t->other->rx, t->other_seq);

		if (seq == t->other_seq)
			return;
		t->other_seq = seq;
		opens = vb_read_once(t->other->opens);
		size.ws_row = vb_read_once(t->other->rows);
		size.ws_col = vb_read_once(t->other->columns);
		/* Also if it is open again already. */
		if (opens != t->other_opens && (t->other_opens & 1))
			t->hang = t->open;
		if (opens != t->other_opens && (opens & 1))
			todo->up = true;
		t->other_opens = opens;
		if (memcmp(&size, &t->other_size, sizeof(size))) {
			t->other_size = size;
			todo->resize = true;
		}
	}
	todo->again = true;
}

/* Lock held: up to n bytes to the tty, or to what is kept. 0: no room now. */
static u32 vtty_move(struct vtty *t, u32 n)
{
	u32 at = t->kept_end & (VTTY_KEPT - 1);
	unsigned char *to;

	if (t->open) {
		n = tty_prepare_flip_string(&t->port, &to, n);
		return n ? bytes_get(&t->in, to, n) : 0;
	}
	n = bytes_get(&t->in, t->kept + at, min(n, VTTY_KEPT - at));
	t->kept_end += n;
	t->kept_len += n;
	if (t->kept_len > VTTY_KEPT) {
		t->lost += t->kept_len - VTTY_KEPT;
		t->kept_len = VTTY_KEPT;
	}
	return n;
}

/* Lock held. */
static void vtty_receive(struct vtty *t, struct vtty_todo *todo)
{
	u32 budget = VTTY_BUDGET, n;

	/* Unthrottling and opening start the work again. */
	if (t->throttled || (!t->open && !t->kept))
		return;
	while (budget && (n = bytes_there(&t->in))) {
		n = vtty_move(t, min(n, budget));
		if (!n) {
			todo->again = true;
			todo->delay = VTTY_RETRY;
			break;
		}
		t->received += n;
		budget -= n;
		todo->push = t->open;
	}
	t->ops->signal(t->owner, bytes_release(&t->in));
	if (!budget || (!todo->delay && !bytes_arm(&t->in)))
		todo->again = true;
	else if (t->hang && !bytes_there(&t->in))
		todo->hang = true;
	t->hang = t->hang && !todo->hang;
}

/* Outside the lock: t->open may have changed since, which the tty core sorts out. */
static void vtty_do(struct vtty *t, const struct vtty_todo *todo)
{
	struct tty_struct *tty;

	if (todo->push)
		tty_flip_buffer_push(&t->port);
	if (todo->wake)
		tty_port_tty_wakeup(&t->port);
	if (todo->up)
		wake_up_interruptible(&t->port.open_wait);
	if (todo->hang)
		tty_port_tty_hangup(&t->port, true);
	if (!todo->resize)
		return;
	tty = tty_port_tty_get(&t->port);
	if (tty) {
		struct winsize size = todo->size;

		tty_do_resize(tty, &size);
		tty_kref_put(tty);
	}
}

void vtty_work(struct work_struct *work)
{
	struct vtty *t = container_of(to_delayed_work(work), struct vtty, work);
	struct vtty_todo todo = { 0 };
	unsigned long flags;

	spin_lock_irqsave(&t->lock, flags);
	if (t->owner) {
		/* Looks at the other end's count also if nobody writes: broken is said at once. */
		todo.wake = bytes_room(&t->out) && t->want_room;
		t->want_room = t->want_room && !todo.wake;
		if (!t->out.broken) {
			vtty_look_state(t, &todo);
			vtty_receive(t, &todo);
		}
		if (t->in.broken || t->out.broken) {
			vtty_fail(t);
			todo.hang = todo.wake = true;
			todo.again = false;
		}
	}
	/* Only the end with a shell follows the other's window. */
	todo.resize = todo.resize && !t->kept;
	todo.size = t->other_size;
	spin_unlock_irqrestore(&t->lock, flags);
	vtty_do(t, &todo);
	if (todo.again) /* destroying waits for this, also if it queues itself */
		queue_delayed_work(system_unbound_wq, &t->work, todo.delay);
}
