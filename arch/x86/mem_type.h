/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  memory types, numbered as MTRRs, PAT and EPT number them. SDM Vol 3 "Memory Cache
 *           Control".
 * Callers:  arch/x86/mtrr.c, hv/gpm.c, svm/, vmx/.
 * Context, locking, lifetime, errors: constants only.
 */
#ifndef MINIBUS_ARCH_MEM_TYPE_H
#define MINIBUS_ARCH_MEM_TYPE_H

enum mem_type {
	MEM_UC = 0, /* uncached: devices */
	MEM_WC = 1, /* write combining */
	MEM_WT = 4, /* write through */
	MEM_WP = 5, /* write protected */
	MEM_WB = 6, /* write back: RAM */
};

#endif
