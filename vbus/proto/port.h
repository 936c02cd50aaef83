/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the few things vbus/proto needs from its surroundings, once for Linux kernel modules of
 *           both ends and once for host unit tests.
 * Callers:  vbus/proto only.    Context: any.    Locking, lifetime, errors: none.
 *
 * The peer is on another CPU even when this kernel is built or running for one CPU only. So the
 * kernel's virt_* barriers are used: they are never reduced to compiler barriers as smp_* are. For
 * the same reason bits are set with sync_set_bit(): of other locked instructions a kernel that
 * finds one CPU removes the lock prefix (xchg has none to remove).
 */
#ifndef VBUS_PROTO_PORT_H
#define VBUS_PROTO_PORT_H

#ifdef __KERNEL__

#include <asm/barrier.h>
#include <asm/sync_bitops.h>
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/types.h>

#define vb_read_once(x) READ_ONCE(x)
#define vb_write_once(x, v) WRITE_ONCE(x, v)
#define vb_load_acquire(p) virt_load_acquire(p)
#define vb_store_release(p, v) virt_store_release(p, v)
#define vb_full_fence() virt_mb()
#define vb_exchange(p, v) xchg(p, v)
#define vb_set_bit(word, bit) sync_set_bit(bit, (unsigned long *)(word))
#define VB_EXPORT(symbol) EXPORT_SYMBOL_GPL(symbol)

#else

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define vb_read_once(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define vb_write_once(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define vb_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define vb_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define vb_full_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define vb_exchange(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define vb_set_bit(word, bit) __atomic_fetch_or((word), 1ull << (bit), __ATOMIC_SEQ_CST)
#define VB_EXPORT(symbol) _Static_assert(sizeof(&(symbol)) > 0, "exported")

#endif

#endif
