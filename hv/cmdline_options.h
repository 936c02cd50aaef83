/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the list of command line options; one line per option, in the order of the help.
 * Callers:  hv/cmdline.c only; the definitions are in the files named.
 * Context, locking, lifetime, errors: see hv/cmdline.h.
 */
#ifndef MINIBUS_HV_CMDLINE_OPTIONS_H
#define MINIBUS_HV_CMDLINE_OPTIONS_H

#include "hv/cmdline.h"

#define CMDLINE_OPTIONS(X) \
	X(option_loglvl)   /* hv/printk.c */ \
	X(option_console)  /* hv/printk.c */ \
	X(option_panic)	   /* hv/panic.c */ \
	X(option_maxcpus)  /* hv/main.c */ \
	X(option_apic)	   /* hv/main.c */ \
	X(option_hv_heap)  /* hv/page_alloc.c */ \
	X(option_idle_poll_us) /* hv/idle.c */ \
	X(option_dom0_mem) /* hv/priv_memory.c */ \
	X(option_nohelp)   /* hv/hwhelp.c */ \
	X(option_help)	   /* hv/hwhelp.c */

#define CMDLINE_DECLARE(option) extern const struct cmdline_option option;
CMDLINE_OPTIONS(CMDLINE_DECLARE)
#undef CMDLINE_DECLARE

#endif
