/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  port and memory-mapped I/O.
 * Callers:  arch/x86 drivers, hv exit handlers that touch ports on behalf of dom0.
 * Context:  any. Locking: the device's owner. Lifetime, errors: none.
 */
#ifndef MINIBUS_ARCH_IO_H
#define MINIBUS_ARCH_IO_H

#include "arch/x86/types.h"

static inline void outb(u16 port, u8 val)
{
	__asm__ volatile("outb %0, %1" ::"a"(val), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 val)
{
	__asm__ volatile("outw %0, %1" ::"a"(val), "Nd"(port) : "memory");
}

static inline void outl(u16 port, u32 val)
{
	__asm__ volatile("outl %0, %1" ::"a"(val), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 val;

	__asm__ volatile("inb %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline u16 inw(u16 port)
{
	u16 val;

	__asm__ volatile("inw %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline u32 inl(u16 port)
{
	u32 val;

	__asm__ volatile("inl %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline u32 mmio_read32(const volatile void *addr)
{
	return *(const volatile u32 *)addr;
}

static inline void mmio_write32(volatile void *addr, u32 val)
{
	*(volatile u32 *)addr = val;
}

static inline u64 mmio_read64(const volatile void *addr)
{
	return *(const volatile u64 *)addr;
}

#endif
