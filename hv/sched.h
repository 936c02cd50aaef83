/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  who runs on a CPU: round robin among its attached vCPUs, woken ones first; idle.
 * Callers:  run.c picks; domain.c attaches; vcpu_kick() wakes.
 * Context:  pick, idle: that CPU, interrupts off. attach, detach: dom0 hypercall or boot.
 * Locking:  per-CPU run-queue lock (LOCK_RUNQ) for attach, detach, pick.
 * Lifetime: from sched_init_cpu().    Errors: none.
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include "arch/x86/types.h"

struct vcpu;

#define SCHED_SLICE_US 10000u

void sched_init_cpu(void);
/* The vCPU may run from now on (if pub.runnable). v->cpu says where. */
void sched_attach(struct vcpu *v);
/* -MB_EAGAIN while it is on its CPU (kicked); 0: off every CPU, state saved. */
int sched_detach(struct vcpu *v);
/* Logical CPU with the fewest attached vCPUs. */
u32 sched_choose_cpu(void);
/* This CPU: next vCPU to run, NULL: none has work. */
struct vcpu *sched_pick(void);
/* This CPU: is it shared now (more than one vCPU attached)? */
bool sched_shared(void);
/* This CPU: should the current vCPU give way (slice over and another has work, or one was woken)? */
bool sched_need_switch(struct vcpu *cur, u64 now);
/* Earliest timer (host TSC) of all vCPUs attached here that are not `cur`; fires due ones. */
u64 sched_timers(struct vcpu *cur, u64 now);

#endif
