/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  compiler and memory barriers, and the pause hint.
 * Callers:  everybody. Context: any. Locking, lifetime, errors: none.
 *
 * x86 keeps loads in order with loads and stores with stores for ordinary memory; only a store
 * followed by a load of something else needs an instruction. Every use says what it pairs with.
 */
#ifndef MINIBUS_ARCH_BARRIER_H
#define MINIBUS_ARCH_BARRIER_H

/* Keeps the compiler from moving accesses across; no instruction. */
static inline void barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Full fence: earlier stores are seen by others before later loads are made. */
static inline void smp_mb(void)
{
	__asm__ volatile("lock; addl $0, -4(%%rsp)" ::: "memory", "cc");
}

static inline void smp_rmb(void)
{
	barrier();
}

static inline void smp_wmb(void)
{
	barrier();
}

/* Full fence that also orders uncached and write-combining accesses. */
static inline void io_mb(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

#define smp_load_acquire(p) \
	({ \
		__typeof__(*(p)) val_ = *(const volatile __typeof__(*(p)) *)(p); \
		barrier(); \
		val_; \
	})

#define smp_store_release(p, val) \
	do { \
		barrier(); \
		*(volatile __typeof__(*(p)) *)(p) = (val); \
	} while (0)

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

#endif
