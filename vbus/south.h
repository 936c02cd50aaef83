/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  shared by the parts of the south connector (minibus.ko): the guest and its ports.
 * Callers:  south_*.c only.
 * Context:  process context unless a function says "any".
 * Locking:  guest->lock > bus->admin > dev->lock > bus->lock; guest->info_lock is a leaf.
 *           [c] constant, [l] guest->lock, [a] any reader with READ_ONCE. The works of a guest
 *           never take guest->lock, since destroying waits for them with it held.
 * Lifetime: a guest from mkdir to rmdir; its domain from control=build to destroy.
 * Errors:   0 or -errno.
 */
#ifndef VBUS_SOUTH_H
#define VBUS_SOUTH_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../hv/abi/tunnel.h"
#include "proto/evq.h"
#include "bus.h"
#include "hypercall.h"

struct south_guest;
struct south_chan;
struct south_calls;

/* ---- south.c ---- */

extern u32 south_domid; /* dom0's own id */
extern u32 south_vcpus; /* dom0's vCPUs */

/* ---- south_irq.c: a vector per CPU and priority, below them one Linux irq per port ---- */

struct irq_domain *south_irq_domain(void); /* child domain: hwirq = dom0 port */
void south_irq_prio(u32 port, u32 prio);   /* before the port's irq is made */
u64 south_irq_tag(void);	/* hard interrupt: names the drain that runs now on this CPU */
void south_irq_show(struct seq_file *m);   /* counters per CPU and priority */
int south_irq_init(void);
void south_irq_exit(void);
/* vCPU number of the calling CPU, remembered for its event queue. Preemption off. */
void south_irq_learn(void *unused);

/* ---- south_port.c: dom0's ports ---- */

#define SOUTH_PRIO_CONTROL 0u /* calls, console, state */
#define SOUTH_PORT_NAME (MB_DOM_NAME_LEN + VB_NAME_LEN + VBUS_REGION_NAME + 4)

struct south_port {
	u32 nr;		/* dom0's port; 0: not open */
	u32 virq;
	bool bound;	/* joined to a port of the guest */
	bool quiet;	/* handler is gone, the rest not yet */
	u64 events;	/* written by its handler only */
	void (*fn)(void *arg); /* hard interrupt context */
	void *arg;
	struct south_guest *guest;
	char name[SOUTH_PORT_NAME];
};

/* name: copied. prio: of the event queue. fn may be NULL: a port only to ring. */
int south_port_open(struct south_port *port, struct south_guest *guest, const char *name, u32 prio,
		    void (*fn)(void *arg), void *arg);
int south_port_bind(struct south_port *port, u32 guest_port);
void south_port_send(const struct south_port *port); /* any */
void south_port_quiesce(struct south_port *port);
void south_port_close(struct south_port *port); /* nothing if not open */

/* ---- the guest ---- */

#define SOUTH_MAX_MEMORY_MIB (16u << 20)

struct south_mem; /* south_mem.c: the mapped ranges */

struct south_guest {
	struct config_group group;
	struct config_group bus_group;
	char name[MB_DOM_NAME_LEN];	/* [c] */
	struct mutex lock;
	u32 memory_mib;			/* [l] */
	u32 vcpus;			/* [l] */
	bool cr3_trace;			/* [l] */
	u32 tsc_khz;			/* [l] 0: the machine's */
	struct mb_vcpu_state entry;	/* [l] */
	bool entry_set;			/* [l] */
	u32 domid;			/* [l][a] 0: not built */
	struct mutex info_lock;		/* leaf: the three below, also when there is no domain */
	u32 state;			/* MB_STATE_*; valid if domid */
	u32 reason;
	char reason_text[MB_REASON_TEXT_LEN];
	struct south_mem *mem;		/* [l] */
	struct south_port call_port, console_port, state_port, bus_port; /* [l] */
	struct south_calls *calls;	/* [l] south_call.c */
	struct work_struct state_work;
	DECLARE_BITMAP(guest_ports, MB_GUEST_PORTS); /* atomic */
	struct vbus_bus bus;
	struct south_chan *console;	/* [l] */
	struct south_chan *memory;	/* [l] */
	struct dentry *debugfs;		/* [l] */
	u64 past_events;		/* [l] of ports that are closed */
	atomic64_t qnotify;		/* wake-ups that carried an event of this guest */
	u64 last_tag;			/* south_port.c: the last such wake-up */
	atomic64_t bridgecalls;		/* hypercalls to arrange ports and calls */
};

/* ---- south_mem.c ---- */

int south_mem_map(u32 domid, const char *name, struct south_mem **mem);
/* Does Linux hold none of its pages any more? After this, and with all users closed, none will. */
bool south_mem_idle(const struct south_mem *mem);
void south_mem_unmap(struct south_mem *mem); /* idle; NULL is fine */
const struct vbus_mem *south_mem_table(const struct south_mem *mem);

/* ---- south_dom.c ---- */

extern struct workqueue_struct *south_wq;
int south_dom_init(struct south_guest *g);
void south_dom_exit(struct south_guest *g);
int south_dom_build(struct south_guest *g);   /* [l] held for all of these */
int south_dom_start(struct south_guest *g);
int south_dom_control(struct south_guest *g, u32 ctl);
void south_dom_destroy(struct south_guest *g);
/* Ask the hypervisor; info is from hc_buffer(). 0, or -ESRCH if that domain is not there. */
int south_dom_info(u32 domid, struct mb_dom_info *info);

/* ---- south_call.c, south_bus.c ---- */

/* Before the call port is opened, after it is silent; g->vcpus does not change meanwhile. */
int south_call_init(struct south_guest *g);
void south_call_exit(struct south_guest *g); /* waits for calls under way */
void south_call_event(void *guest); /* hard interrupt: a call of this guest */
extern const struct vbus_bus_ops south_bus_ops;

/* ---- south_configfs.c, south_stats.c ---- */

int south_configfs_init(void);
void south_configfs_exit(void);
const char *south_state_name(const struct south_guest *g);
const char *south_reason_name(u32 reason);
int south_stats_init(void);
void south_stats_exit(void);
struct dentry *south_stats_guest(struct south_guest *g); /* makes guests/NAME */

/* ---- south_chr.c ---- */

int south_chr_init(void);
void south_chr_exit(void);
struct south_chan *south_chr_console(struct south_guest *g);
struct south_chan *south_chr_memory(struct south_guest *g);
void south_chr_close(struct south_chan *chan); /* after it no file reaches the guest any more */
void south_chr_wake(struct south_chan *chan);  /* any */
void south_chr_uevent(struct south_chan *chan, struct south_guest *g);

#endif
