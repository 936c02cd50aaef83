/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  which MSRs a domain reaches without an exit.
 * Callers:  domain_create(), once per domain, after vops->domain_create().
 * Context:  before the domain starts.    Locking: none.    Lifetime: the domain's.    Errors: none.
 */
#ifndef HV_EXIT_MSR_H
#define HV_EXIT_MSR_H

struct domain;

void exit_msr_setup(struct domain *d);

#endif
