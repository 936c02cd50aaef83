/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' stand-in for arch/x86/dr.h: DR6 is a variable.
 * Callers:  svm/, vmx/ under test. Context: user space. Locking, lifetime, errors: none.
 */
#ifndef MINIBUS_ARCH_DR_H
#define MINIBUS_ARCH_DR_H

#include "arch/x86/types.h"

#define DR6_RESET 0xffff0ff0ul
#define DR6_HIT 0xful
#define DR6_BS 0x4000u

extern u64 fake_dr6; /* fake_vmx.c */

static inline u64 dr6_read(void)
{
	return fake_dr6;
}

static inline void dr6_write(u64 val)
{
	fake_dr6 = val;
}

#endif
