/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the hypercall instruction, by vendor; result numbers to errno.
 * Callers:  north_*.c only.    Context: any, kernel mode.    Locking: none.
 * Lifetime: after north_main.c found Minibus: without it the instruction is #UD.
 * Errors:   as in hv/abi/hypercall.h.
 */
#ifndef NORTH_HYPERCALL_H
#define NORTH_HYPERCALL_H

#include <linux/errno.h>
#include <linux/types.h>

#include "../hv/abi/hypercall.h"

extern bool north_vmcall; /* VMCALL (Intel), else VMMCALL (AMD) */

static inline long north_hypercall(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	register u64 r10 asm("r10") = d;
	long rc;

	/* "memory": the hypervisor reads and writes structures and queues behind the compiler. */
	if (north_vmcall)
		asm volatile("vmcall" : "=a"(rc) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			     : "memory");
	else
		asm volatile("vmmcall" : "=a"(rc) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			     : "memory");
	return rc;
}

/* The ABI has numbers of its own; what is not in it, or out of range, is an I/O error. */
static inline int north_errno(long rc)
{
	if (rc >= 0)
		return rc > 0x7fffffff ? -EIO : (int)rc;
	switch (-rc) {
	case MB_EPERM: return -EPERM;
	case MB_ENOENT: return -ENOENT;
	case MB_E2BIG: return -E2BIG;
	case MB_EAGAIN: return -EAGAIN;
	case MB_ENOMEM: return -ENOMEM;
	case MB_EFAULT: return -EFAULT;
	case MB_EBUSY: return -EBUSY;
	case MB_EEXIST: return -EEXIST;
	case MB_ENODEV: return -ENODEV;
	case MB_EINVAL: return -EINVAL;
	case MB_ENOSPC: return -ENOSPC;
	case MB_ENOSYS: return -ENOSYS;
	case MB_EPROTO: return -EPROTO;
	case MB_ETIMEDOUT: return -ETIMEDOUT;
	case MB_ESTALE: return -ESTALE;
	default: return -EIO;
	}
}

#endif
