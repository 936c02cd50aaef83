/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the loopback connector (vbus_loop.ko): both ends of vbus in one Linux kernel, without
 *           a hypervisor. What its files share; no type of either side is named here, because
 *           both have a struct vbus_device: loop_south.c sees those of vbus/, loop_north.c
 *           those of guest-linux/, the others none.
 * Callers:  loop_*.c only.
 * Context:  process context unless a function says "any".
 * Locking:  ports: a spinlock that is a leaf. Calls take locks of vbus/bus.h in a worker.
 * Lifetime: a bus from mkdir to rmdir; a port from loop_port_open() until both ends have left it.
 * Errors:   0 or -errno. The ends trust each other (one kernel), yet what one says is checked by
 *           the modules of the other as always.
 */
#ifndef LOOPBACK_LOOP_H
#define LOOPBACK_LOOP_H

#include <linux/seq_file.h>
#include <linux/types.h>

struct dentry;
struct loop_bus;
struct loop_north;

enum loop_side { LOOP_SOUTH, LOOP_NORTH };

#define LOOP_PORTS 1024u	      /* of all buses */
#define LOOP_SIGNALS (2 * LOOP_PORTS) /* two ends each */

/* ---- loop_main.c ---- */

/* Faults that the ABI allows a peer or a machine to show; all off (0) unless asked for. */
extern uint loop_fault_spurious;  /* every so many events, one for nobody's reason */
extern uint loop_fault_delay_us;  /* events come up to so much later */
extern uint loop_fault_call_us;	  /* calls take up to so much longer */
extern uint loop_fault_call_fail; /* every so many calls (not closing), -ENOMEM */
extern uint loop_fault_port_fail; /* every so many ends of ports, -ENOMEM */
u32 loop_random(u32 below);	  /* any; 0..below-1 */
/* Any. Is it the turn of a fault that comes every so many times? */
bool loop_fault_turn(uint every, atomic_t *count);

extern struct dentry *loop_debugfs;

/* ---- loop_irq.c: each signal is a Linux irq, routed to a CPU ---- */

struct loop_signal_stats {
	u64 raised; /* = merged + taken + dropped + what is pending */
	u64 merged; /* the signal was pending already */
	u64 taken;
	u64 dropped; /* the end was closed */
	u64 wakes;   /* vectors sent */
	u64 empty;   /* of them, found nothing */
	u64 flooded; /* drains that left something; it may merge unseen, see proto/evq.c */
};

int loop_irq_init(void);
void loop_irq_exit(void);
void loop_irq_reset(u32 signal, u32 prio); /* a new use: what came for the last one is dropped */
int loop_irq_map(u32 signal); /* its irq, > 0; what is pending comes when it is requested */
/* After free_irq(). A pending event is dropped. */
void loop_irq_unmap(u32 signal);
void loop_irq_raise(u32 signal); /* any */
void loop_irq_stats(struct loop_signal_stats *sum, u32 *pending);

/* ---- loop_port.c: a port is a pair of signals, one for each end ---- */

int loop_port_init(void);
void loop_port_exit(void);
/* A new port with its south end open; returns that end's irq, > 0. */
int loop_port_open(u32 *port, u32 prio);
int loop_port_join(u32 port); /* opens the north end; its irq, > 0 */
/* After free_irq() of that end. Its number names nothing once both have left. */
void loop_port_leave(u32 port, enum loop_side side);
void loop_port_send(u32 port, enum loop_side to); /* any; nothing once the south end is left */
/*
 * Nothing under way: to_south + to_north + made_up = raised + late_merged + late_dropped, and what
 * struct loop_signal_stats says.
 */
void loop_port_show(struct seq_file *m);

/* ---- loop_south.c: configfs, the device side's bus ---- */

int loop_south_init(void);
void loop_south_exit(void);
/* One bus call: len bytes of data go there and come back. Result >= 0 or -errno. */
int loop_south_call(struct loop_bus *bus, u32 nr, void *data, u32 len);

/* ---- loop_north.c: the driver side's devices ---- */

struct loop_north *loop_north_create(struct loop_bus *bus, const char *name); /* ERR_PTR */
/* Returns when every driver has let go. */
void loop_north_destroy(struct loop_north *north);
void loop_north_show(struct seq_file *m); /* sums of all drivers, past and present */
void loop_north_changed(struct loop_north *north); /* any; enumerates again */

#endif
