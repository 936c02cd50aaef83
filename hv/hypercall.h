/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the hypercalls that only dom0 may make, one function each; hv/abi/hypercall.h says what
 *           they do.
 * Callers:  the table in exit_hypercall.c only.
 * Context:  the calling vCPU's owner, interrupts off; arg[] are rdi, rsi, rdx, r10, r8.
 * Locking:  none held on entry. Each holds a reference on the domain it acts on.
 * Lifetime: one hypercall.
 * Errors:   -MB_E*, else the result. Everything is decoded and checked before anything changes.
 */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include "arch/x86/types.h"

struct vcpu;

/* hc_domain.c */
s64 hc_dom_create(struct vcpu *v, const u64 *arg);
s64 hc_dom_mem_add(struct vcpu *v, const u64 *arg);
s64 hc_dom_memmap(struct vcpu *v, const u64 *arg);
s64 hc_vcpu_state(struct vcpu *v, const u64 *arg);
s64 hc_dom_ctl(struct vcpu *v, const u64 *arg);
s64 hc_dom_destroy(struct vcpu *v, const u64 *arg);
s64 hc_port_bind(struct vcpu *v, const u64 *arg);
s64 hc_port_unbind(struct vcpu *v, const u64 *arg);
s64 hc_call_done(struct vcpu *v, const u64 *arg);

/* hc_info.c */
s64 hc_hv_info(struct vcpu *v, const u64 *arg);
s64 hc_log_read(struct vcpu *v, const u64 *arg);
s64 hc_dom_info(struct vcpu *v, const u64 *arg);
s64 hc_vcpu_stats(struct vcpu *v, const u64 *arg);
s64 hc_vcpu_cr3(struct vcpu *v, const u64 *arg);
s64 hc_console_read(struct vcpu *v, const u64 *arg);
s64 hc_console_write(struct vcpu *v, const u64 *arg);

#endif
