/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  fixed-width types and layout checks for every ABI header of Minibus (hv/abi, vbus/abi).
 * Callers:  the ABI headers only. Compiles alone in the hypervisor, Linux kernel modules, user
 *           space, at -m32 and -m64 and as C++.
 * Context, locking, lifetime, errors: none; there is no code here.
 *
 * All ABI structures are little endian, naturally aligned, explicitly padded, and have a size that
 * is a multiple of 8. MB_ABI_SIZE and MB_ABI_OFF hold them to that at compile time. u64 members
 * carry MB_ALIGN8, since i386 aligns a plain 64-bit integer to 4.
 */
#ifndef MINIBUS_ABI_TYPES_H
#define MINIBUS_ABI_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#define MB_ALIGN8 __attribute__((aligned(8)))
#define MB_ALIGN64 __attribute__((aligned(64)))

#ifdef __cplusplus
#define MB_STATIC_ASSERT(cond, msg) static_assert(cond, msg)
#else
#define MB_STATIC_ASSERT(cond, msg) _Static_assert(cond, msg)
#endif
#define MB_ABI_SIZE(type, size) \
	MB_STATIC_ASSERT(sizeof(type) == (size), "ABI: size of " #type)
#define MB_ABI_OFF(type, field, off) \
	MB_STATIC_ASSERT(offsetof(type, field) == (off), "ABI: offset of " #type "." #field)

typedef uint64_t mb_u64 MB_ALIGN8;

/* Error numbers of hypercalls and bus calls; results are negative. Our own, stable for ever. */
#define MB_EPERM 1	/* the caller may not do this */
#define MB_ENOENT 2	/* no such domain, port, device or index */
#define MB_EIO 5	/* the device model failed */
#define MB_E2BIG 7	/* argument structure larger than understood */
#define MB_EAGAIN 11	/* one step was done, call again */
#define MB_ENOMEM 12	/* no memory, or a quota is used up */
#define MB_EFAULT 14	/* an address is outside the caller's memory */
#define MB_EBUSY 16	/* in use, or in the wrong state */
#define MB_EEXIST 17	/* already there */
#define MB_ENODEV 19	/* nobody serves this (no south attached, device gone) */
#define MB_EINVAL 22	/* malformed argument */
#define MB_ENOSPC 28	/* table full */
#define MB_ENOSYS 38	/* unknown call number */
#define MB_EPROTO 71	/* the peer broke the protocol */
#define MB_ETIMEDOUT 110 /* the other side did not answer in time */
#define MB_ESTALE 116	/* the request is no longer waiting */

#endif
