/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who handles what: the one table of VM exits.
 */
#include "hv/exit.h"

#include "hv/vcpu.h"

typedef enum exit_action exit_handler(struct vcpu *v);

static exit_handler *const handlers[MB_EXIT_COUNT] = {
	[MB_EXIT_INTR] = exit_intr,
	[MB_EXIT_NMI] = exit_nmi,
	[MB_EXIT_INIT] = exit_init,
	[MB_EXIT_SHUTDOWN] = exit_shutdown,
	[MB_EXIT_CPUID] = exit_cpuid,
	[MB_EXIT_HLT] = exit_hlt,
	[MB_EXIT_RDMSR] = exit_rdmsr,
	[MB_EXIT_WRMSR] = exit_wrmsr,
	[MB_EXIT_IO] = exit_io,
	[MB_EXIT_NPF] = exit_npf,
	[MB_EXIT_HYPERCALL] = exit_hypercall,
	[MB_EXIT_CR] = exit_cr,
	[MB_EXIT_DR] = exit_other,
	[MB_EXIT_EXCEPTION] = exit_exception,
	[MB_EXIT_WINDOW] = exit_window,
	[MB_EXIT_XSETBV] = exit_xsetbv,
	[MB_EXIT_INVD] = exit_invd,
	[MB_EXIT_PAUSE] = exit_pause,
	[MB_EXIT_VMINSN] = exit_vminsn,
	[MB_EXIT_MONITOR] = exit_vminsn,
	[MB_EXIT_PREEMPT] = exit_intr,
	[MB_EXIT_APIC] = exit_apic,
	[MB_EXIT_INVALID] = exit_invalid,
	[MB_EXIT_OTHER] = exit_other,
	[MB_EXIT_RDTSC] = exit_rdtsc,
};

enum exit_action exit_dispatch(struct vcpu *v)
{
	v->exits[v->exit.code]++;
	return handlers[v->exit.code](v);
}
