/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  dom0's ports: which exit, and what happens then.
 * Callers:  priv_build.c opens the ports once; exit_io.c passes exits on.
 * Context:  open: boot, before dom0 starts; exits: the vCPU's owner, interrupts off.
 * Locking:  none.    Lifetime: dom0's.    Errors: none.
 */
#ifndef HV_EXIT_IO_DOM0_H
#define HV_EXIT_IO_DOM0_H

#include "hv/exit.h"

struct domain;

/* Let dom0 reach every port directly, except the ACPI sleep control and the reset register. */
void exit_io_dom0_open(struct domain *d);
enum exit_action exit_io_dom0(struct vcpu *v);

#endif
