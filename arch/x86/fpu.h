/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the extended state (x87, SSE, AVX ...) of vCPUs. The hypervisor itself uses none.
 * Callers:  hv vCPU switch, svm/, vmx/. Context: own CPU, interrupts off, at a switch.
 * Locking:  none; an area belongs to its vCPU. Lifetime: areas are sized once, by fpu_area_size().
 * Errors:   fpu_xcr0_valid() says what XSETBV would answer.
 */
#ifndef MINIBUS_ARCH_FPU_H
#define MINIBUS_ARCH_FPU_H

#include "arch/x86/types.h"

#define XCR0_X87 BIT(0)
#define XCR0_SSE BIT(1)
#define XCR0_AVX BIT(2)
#define XCR0_BNDREGS BIT(3)
#define XCR0_BNDCSR BIT(4)
#define XCR0_AVX512 (BIT(5) | BIT(6) | BIT(7))
#define XCR0_PKRU BIT(9)
#define XCR0_AMX (BIT(17) | BIT(18))

/* Boot CPU: reads leaf 0xd. Every CPU: cpu_setup() has set CR4.OSXSAVE. */
void fpu_init(void);

/* Bytes of one area with everything the CPU supports; 64-byte aligned memory is needed. */
u32 fpu_area_size(void);

/* Bits that XCR0 may have on this CPU; 0 when there is no XSAVE. */
u64 fpu_xcr0_supported(void);

/* Would the CPU accept this value (architectural rules and supported bits)? */
bool fpu_xcr0_valid(u64 xcr0);

/* Sets an area to the state after reset. */
void fpu_area_init(void *area);

/*
 * Save or load all the state the CPU supports, whatever the guest's XCR0 is: XCR0 is set to all
 * supported bits for the moment. xcr0 is what the guest had (saved) or shall have (restored).
 */
void fpu_save(void *area);
/* What XCR0 is now; 0 without XSAVE. */
u64 fpu_xcr0(void);
/* XSETBV 0 for the guest that is loaded. False: the CPU refuses the value. */
MUST_CHECK bool fpu_set_xcr0(u64 xcr0);
void fpu_restore(const void *area, u64 xcr0);

#endif
