/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  which of the hardware's optional help is there and used. Each kind is only a shorter
 *           way to the same result: with nohelp= a domain behaves alike, with more exits or more
 *           work per exit.
 * Callers:  svm/, vmx/ from probe(); main.c prints; hc_info.c reports.
 * Context:  boot CPU before the first domain; the masks are constant afterwards and read anywhere.
 * Locking:  none.    Lifetime: from the command line on.
 * Errors:   none; an unknown name in an option is one warning of cmdline.c.
 */
#ifndef HV_HWHELP_H
#define HV_HWHELP_H

#include "arch/x86/types.h"
#include "hv/abi/hypercall.h"

#define HW_HELP_LIST(X) MB_HW_HELP_LIST(X)
#define HW_HELP_ENUM(id, name) HW_HELP_##id,
enum hw_help { HW_HELP_LIST(HW_HELP_ENUM) HW_HELP_COUNT };
#undef HW_HELP_ENUM

/* probe(), each kind its vendor knows: remember whether it is present; returns whether to use
 * it. */
bool hw_help(enum hw_help what, bool present);
/* probe(), before hw_help(): this machine's is broken or was never tried; off unless help= names
 * it. */
void hw_help_quirk(enum hw_help what);
/* probe(), instead of hw_help(): it is named where present, but there is nothing here to use it. */
void hw_help_unused(enum hw_help what, bool present);

/* Bit 1 << HW_HELP_x each: used; present, but off by nohelp= or a quirk; present without a use. */
struct hw_help_masks {
	u64 used, off, unused;
};
struct hw_help_masks hw_help_masks(void);

/* After probe(): one line. */
void hw_help_print(void);

#endif
