/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the only way the hypervisor reads or writes a domain's memory.
 * Callers:  hypercalls, exit handlers, pvclock, tunnel.
 * Context:  any CPU; the domain cannot vanish (owner CPU, or a reference is held).
 * Locking:  none. Data may change under us: copy once, then check, then use the copy.
 * Lifetime: a pointer from guest_page() is valid until the domain's memory goes; only for pages
 *           that are registered for good (event queues, PV clock, call slots).
 * Errors:   -MB_EFAULT outside the domain's own RAM (checked against the frame's owner).
 */
#ifndef HV_GUEST_MEM_H
#define HV_GUEST_MEM_H

#include "arch/x86/types.h"

struct domain;
struct vcpu;

int guest_read(struct domain *d, gpa_t gpa, void *buf, u32 len);
int guest_write(struct domain *d, gpa_t gpa, const void *buf, u32 len);
/* Address of len bytes inside one 4 KiB page of RAM that d owns and may write; NULL if not so. */
void *guest_page(struct domain *d, gpa_t gpa, u32 len);

/* Structures with struct_size in the first u32: read at most `size`, zero the rest; -MB_EINVAL if
 * struct_size < 8. */
int guest_read_struct(struct domain *d, gpa_t gpa, void *buf, u32 size);
/* Write min(size, the caller's struct_size) bytes, keeping the caller's struct_size. */
int guest_write_struct(struct domain *d, gpa_t gpa, const void *buf, u32 size);

/* Owner CPU. Walk v's own page tables (4 and 5 levels, PAE, 32-bit, none); no access rights are
 * checked beyond present. -MB_EFAULT: not mapped. */
int guest_translate(struct vcpu *v, gva_t gva, gpa_t *gpa);
/* Owner CPU. Instruction bytes at rip: up to 15, returns how many could be read. */
u32 guest_fetch(struct vcpu *v, u8 *buf, u32 len);

#endif
