/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  unit tests' stand-in for arch/x86/io.h: ports are functions that the test defines.
 * Callers:  hv/ under test. Context: user space. Locking, lifetime: the test's. Errors: none.
 */
#ifndef MINIBUS_ARCH_IO_H
#define MINIBUS_ARCH_IO_H

#include "arch/x86/types.h"

void fake_port_out(u16 port, u8 size, u32 val);
u32 fake_port_in(u16 port, u8 size);

static inline void outb(u16 port, u8 val)
{
	fake_port_out(port, 1, val);
}

static inline void outw(u16 port, u16 val)
{
	fake_port_out(port, 2, val);
}

static inline void outl(u16 port, u32 val)
{
	fake_port_out(port, 4, val);
}

static inline u8 inb(u16 port)
{
	return (u8)fake_port_in(port, 1);
}

static inline u16 inw(u16 port)
{
	return (u16)fake_port_in(port, 2);
}

static inline u32 inl(u16 port)
{
	return fake_port_in(port, 4);
}

#endif
