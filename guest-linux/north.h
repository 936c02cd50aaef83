/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  north, the guest's connector: what its files share. north_main.c finds Minibus and
 *           lists start and end, north_irq.c has events, north_call.c calls, north_bus.c devices.
 * Callers:  north_*.c only.
 * Context:  process context unless a function says "any".
 * Locking:  per file; call slots have a mutex each, everything else one owner.
 * Lifetime: from module init to exit.
 * Errors:   0 or -errno.
 */
#ifndef NORTH_H
#define NORTH_H

#include <linux/percpu.h>
#include <linux/types.h>

#include "../vbus/proto/evq.h"
#include "bus.h"

/* Of one CPU; names as in /sys/kernel/debug/vbus/bus. */
struct north_stats {
	u64 inject;	 /* MB_HC_PORT_SEND */
	u64 bridgecalls; /* other hypercalls, but for calls */
	u64 buscalls;	 /* MB_HC_CALL */
	u64 spurious;	 /* events of unused ports */
	u64 faults;	 /* hypercalls that failed, impossible answers */
};
DECLARE_PER_CPU(struct north_stats, north_stats);

/* What CPUID says, checked (north_main.c). */
extern u32 north_vcpus;
extern u32 north_ports;
u32 north_vcpu_here(void); /* any, preemption off: the vCPU number of this CPU */

/* A hypercall that is counted; errno. Any context. */
int north_bridge(u64 nr, u64 a, u64 b, u64 c, u64 d);

/* north_irq.c */
int north_irq_init(void);
void north_irq_exit(void);
int north_irq_get(u32 port, u32 prio); /* irq of an unused port, routed on request_irq() */
void north_irq_put(u32 port, int irq);
void north_notify(u32 port); /* any */
/* Adds the counters of all CPUs, per priority. */
void north_irq_total(struct evq_level sum[MB_EVQ_PRIOS]);

/* north_call.c */
int north_call_init(void);
void north_call_exit(void);
/* One bus call: len bytes of data go there and come back. Result >= 0 or -errno. */
int north_call(u16 nr, void *data, u16 len);
extern const struct vdev_ops north_vdev_ops;

/* north_bus.c */
int north_bus_init(void);
void north_bus_exit(void);

#endif
