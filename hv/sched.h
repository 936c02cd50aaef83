/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  who runs on a CPU: round robin among its attached vCPUs, woken ones first; idle.
 * Callers:  run.c switches; domain.c attaches; vcpu_kick() wakes.
 * Context:  switch, timers: that CPU, interrupts off. attach, detach: dom0 hypercall or boot.
 * Locking:  per-CPU run-queue lock (LOCK_SCHED) for attach, detach, switch.
 * Lifetime: from sched_init_cpu().    Errors: none.
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include "arch/x86/types.h"

struct vcpu;

#define SCHED_SLICE_US 10000u
#define SCHED_DOORBELL_US 1000u

void sched_init_cpu(void);
/* The vCPU may run from now on (if pub.runnable). v->cpu says where. */
void sched_attach(struct vcpu *v);
/* -MB_EAGAIN while it is on its CPU (kicked); 0: off every CPU, state saved. */
int sched_detach(struct vcpu *v);
/* Logical CPU with the fewest attached vCPUs. */
u32 sched_choose_cpu(void);
/* This CPU: choose the next vCPU, save the state of the old and load that of the new one; NULL:
 * none has work (the old one stays loaded unless it may no longer run). */
struct vcpu *sched_switch(u64 now);
/* This CPU: is it shared now (more than one vCPU attached)? */
bool sched_shared(void);
/* This CPU: should the current vCPU give way (slice over and another has work, or one was
 * woken)? */
bool sched_need_switch(struct vcpu *cur, u64 now);
/*
 * This CPU, after its vCPU rang a doorbell; before: pub.resched as it was until then. Whoever was
 * woken on this CPU waits until that vCPU blocks, or SCHED_DOORBELL_US: a sender of many frames is
 * not stopped at each, so they are taken together.
 */
void sched_after_doorbell(bool before, u64 now);
/* This CPU: when (host TSC) must the CPU look again for vCPUs other than `cur`: their timers,
 * and the end of cur's slice if another could run. Fires timers that are due. */
u64 sched_timers(struct vcpu *cur, u64 now);

#endif
