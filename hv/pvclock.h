/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the KVM paravirtual clock (system time and wall clock) and its MSRs.
 * Callers:  exit_msr.c, vcpu.c (refresh on load), domain.c.
 * Context:  owner CPU.    Locking: none; version word is odd while a record changes.
 * Lifetime: from the guest's MSR write until it clears it; INIT keeps it, as real MSRs.
 * Errors:   false: #GP (address not in the guest's RAM, unknown bits).
 *
 * One time base: system time = (host TSC - boot TSC) scaled; guests see a TSC and a scale for its
 * rate (guest_tsc.h), so all clocks of a domain agree. Record layout: pvclock ABI (32 bytes), flags
 * bit 0 = TSC stable.
 */
#ifndef HV_PVCLOCK_H
#define HV_PVCLOCK_H

#include "arch/x86/types.h"

struct vcpu;

#define MSR_KVM_WALL_CLOCK 0x11u
#define MSR_KVM_SYSTEM_TIME 0x12u
#define MSR_KVM_WALL_CLOCK_NEW 0x4b564d00u
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01u
#define MSR_KVM_PV_EOI_EN 0x4b564d04u

/* Boot: UTC now (from the RTC) in ns. */
void pvclock_init(u64 wallclock_ns);
/* ns since the hypervisor's boot; UTC ns. */
u64 pvclock_now(void);
u64 pvclock_wallclock(void);
bool pvclock_set_wall(struct vcpu *v, u64 gpa);
bool pvclock_set_system(struct vcpu *v, u64 value);

#endif
