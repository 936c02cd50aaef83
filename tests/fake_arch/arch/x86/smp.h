/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' stand-in for arch/x86/smp.h.
 * Callers:  hv/percpu.h. Context: user space. Locking: none. Lifetime: the thread's. Errors: none.
 */
#ifndef MINIBUS_ARCH_SMP_H
#define MINIBUS_ARCH_SMP_H

#include "arch/x86/cpu_local.h"

static inline u32 smp_cpu_id(void)
{
	return cpu_local()->id;
}

#endif
