/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  error numbers; functions return them negated. Same values as Linux.
 * Callers:  everybody. Context: any. Locking, lifetime, errors: constants only.
 */
#ifndef MINIBUS_ARCH_ERRNO_H
#define MINIBUS_ARCH_ERRNO_H

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define E2BIG 7
#define EBADF 9
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#define ENOSYS 38
#define EOVERFLOW 75
#define EOPNOTSUPP 95
#define ETIMEDOUT 110

#endif
