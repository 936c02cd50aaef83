/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  checks of facts that this file itself guarantees. Always built in.
 * Callers:  everybody in hv/, svm/, vmx/. Context: any. Locking, lifetime: none.
 * Errors:   a failed check is a panic. Nothing that guest data influences may be asked here.
 */
#ifndef MINIBUS_HV_ASSERT_H
#define MINIBUS_HV_ASSERT_H

#include "arch/x86/types.h"
#include "hv/panic.h"

#define BUG_ON(cond) \
	do { \
		if (unlikely(cond)) \
			panic("BUG: %s at %s:%d (%s)", #cond, __FILE__, __LINE__, __func__); \
	} while (0)

#define BUG(...) panic("BUG: " __VA_ARGS__)

#endif
