// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports: pairs of signals, each end left by its own side at its own time.
 *
 * A port's number has a count of uses in it, so the number of one that is gone never names the
 * next one in its place. Faults that a machine may show are made here: events late, doubled, for
 * nothing. An event is never lost: no machine may do that.
 */
#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>

#include "loop.h"

/* Legend: [p] ports_lock; what others read too is written with WRITE_ONCE. */
struct loop_end {
	struct hrtimer timer; /* of an event that is late */
	unsigned long late;   /* bit 0: there is one */
	bool open;	      /* [p] read by anybody */
};

static DEFINE_MUTEX(ports_lock);
static DECLARE_BITMAP(ports_used, LOOP_PORTS); /* [p] */
static u32 port_last;			       /* [p] numbers go round */
static u32 port_nr[LOOP_PORTS];		       /* [p] read by anybody; 0: never used */
static struct loop_end *ends;		       /* [LOOP_SIGNALS] */
static atomic64_t sent[2], to_nobody, made_up, made_late, late_merged, late_dropped;
static atomic_t spurious_turns, fail_turns;

static u32 port_signal(u32 port, enum loop_side side)
{
	return port % LOOP_PORTS * 2 + side;
}

/* ---- life ---- */

/* The count of uses makes the number new; 0 is nobody's. */
static u32 port_take(void)
{
	u32 i = find_next_zero_bit(ports_used, LOOP_PORTS, port_last + 1);

	if (i >= LOOP_PORTS)
		i = find_first_zero_bit(ports_used, LOOP_PORTS);
	if (i >= LOOP_PORTS)
		return 0;
	__set_bit(i, ports_used);
	port_last = i;
	WRITE_ONCE(port_nr[i], max(port_nr[i] + LOOP_PORTS, LOOP_PORTS + i));
	return port_nr[i];
}

static int end_open(u32 port, enum loop_side side)
{
	u32 signal = port_signal(port, side);
	int irq = -ENOMEM;

	if (!loop_fault_turn(READ_ONCE(loop_fault_port_fail), &fail_turns))
		irq = loop_irq_map(signal);
	if (irq > 0)
		WRITE_ONCE(ends[signal].open, true);
	return irq;
}

int loop_port_open(u32 *port, u32 prio)
{
	int irq;

	mutex_lock(&ports_lock);
	*port = port_take();
	irq = -ENOSPC;
	if (*port) {
		loop_irq_reset(port_signal(*port, LOOP_SOUTH), prio);
		loop_irq_reset(port_signal(*port, LOOP_NORTH), prio);
		irq = end_open(*port, LOOP_SOUTH);
		if (irq < 0)
			__clear_bit(*port % LOOP_PORTS, ports_used);
	}
	mutex_unlock(&ports_lock);
	return irq;
}

int loop_port_join(u32 port)
{
	int irq;

	mutex_lock(&ports_lock);
	if (port_nr[port % LOOP_PORTS] != port || !ends[port_signal(port, LOOP_SOUTH)].open)
		irq = -ENODEV; /* the device has gone meanwhile */
	else if (ends[port_signal(port, LOOP_NORTH)].open)
		irq = -EPROTO;
	else
		irq = end_open(port, LOOP_NORTH);
	mutex_unlock(&ports_lock);
	return irq;
}

void loop_port_leave(u32 port, enum loop_side side)
{
	u32 signal = port_signal(port, side);

	mutex_lock(&ports_lock);
	WRITE_ONCE(ends[signal].open, false);
	if (hrtimer_cancel(&ends[signal].timer))
		atomic64_inc(&late_dropped);
	clear_bit(0, &ends[signal].late);
	loop_irq_unmap(signal);
	if (!ends[signal ^ 1].open)
		__clear_bit(port % LOOP_PORTS, ports_used);
	mutex_unlock(&ports_lock);
}

/* ---- events ---- */

static enum hrtimer_restart end_due(struct hrtimer *timer)
{
	struct loop_end *end = container_of(timer, struct loop_end, timer);

	/* Before raising: what is sent from here on is an event of its own. */
	clear_bit(0, &end->late);
	loop_irq_raise(end - ends);
	return HRTIMER_NORESTART;
}

/* Late by up to us; what is sent until then is the same event. */
static void end_raise_late(u32 signal, u32 us)
{
	if (test_and_set_bit(0, &ends[signal].late)) {
		atomic64_inc(&late_merged);
		return;
	}
	atomic64_inc(&made_late);
	hrtimer_start(&ends[signal].timer, ns_to_ktime((u64)loop_random(us) * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_HARD);
}

/* An event for nobody's reason, for any end that is open. */
static void end_raise_any(void)
{
	u32 i = find_next_bit(ports_used, LOOP_PORTS, loop_random(LOOP_PORTS));
	u32 signal;

	if (i >= LOOP_PORTS)
		i = find_first_bit(ports_used, LOOP_PORTS);
	signal = i * 2 + loop_random(2);
	if (i >= LOOP_PORTS || !READ_ONCE(ends[signal].open))
		return;
	atomic64_inc(&made_up);
	loop_irq_raise(signal);
}

void loop_port_send(u32 port, enum loop_side to)
{
	u32 signal = port_signal(port, to), us = READ_ONCE(loop_fault_delay_us);

	/* What comes before the north end has been joined is kept for it. A port that is just being
	 * left may still get an event: one for nothing, for the next user. */
	if (READ_ONCE(port_nr[port % LOOP_PORTS]) != port ||
	    !READ_ONCE(ends[port_signal(port, LOOP_SOUTH)].open)) {
		atomic64_inc(&to_nobody);
		return;
	}
	atomic64_inc(&sent[to]);
	if (us && loop_random(2))
		end_raise_late(signal, us);
	else
		loop_irq_raise(signal);
	if (loop_fault_turn(READ_ONCE(loop_fault_spurious), &spurious_turns)) {
		atomic64_inc(&made_up);
		loop_irq_raise(signal);
		end_raise_any();
	}
}

void loop_port_show(struct seq_file *m)
{
	struct loop_signal_stats s;
	u32 pending;

	loop_irq_stats(&s, &pending);
	seq_printf(m, "to_south %lld\nto_north %lld\nto_nobody %lld\n",
		   atomic64_read(&sent[LOOP_SOUTH]), atomic64_read(&sent[LOOP_NORTH]),
		   atomic64_read(&to_nobody));
	seq_printf(m, "made_up %lld\nmade_late %lld\nlate_merged %lld\nlate_dropped %lld\n",
		   atomic64_read(&made_up), atomic64_read(&made_late),
		   atomic64_read(&late_merged), atomic64_read(&late_dropped));
	seq_printf(m, "raised %llu\nmerged %llu\ntaken %llu\ndropped %llu\npending %u\n", s.raised,
		   s.merged, s.taken, s.dropped, pending);
	seq_printf(m, "wakes %llu\nempty %llu\nflooded %llu\n", s.wakes, s.empty, s.flooded);
	mutex_lock(&ports_lock);
	seq_printf(m, "ports %u\n", bitmap_weight(ports_used, LOOP_PORTS));
	mutex_unlock(&ports_lock);
}

void loop_port_exit(void)
{
	u32 i;

	for (i = 0; i < LOOP_SIGNALS; i++)
		hrtimer_cancel(&ends[i].timer);
	kvfree(ends);
}

int loop_port_init(void)
{
	u32 i;

	ends = kvcalloc(LOOP_SIGNALS, sizeof(*ends), GFP_KERNEL);
	if (!ends)
		return -ENOMEM;
	for (i = 0; i < LOOP_SIGNALS; i++) {
		hrtimer_init(&ends[i].timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
		ends[i].timer.function = end_due;
	}
	return 0;
}
