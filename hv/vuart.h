/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a guest's 16550 at 0x3f8: output kept in a ring for dom0, input from dom0.
 * Callers:  exit_io.c (registers), hc_domain.c (console hypercalls), domain.c (life).
 * Context:  registers: the vCPU's owner; console hypercalls: dom0's vCPU.
 * Locking:  its own lock (LOCK_UART); the line goes to the IOAPIC inside.
 * Lifetime: its domain's; the domain's IOAPIC is there before and after it.
 * Errors:   none; output older than the ring is overwritten, input beyond its ring refused.
 *
 * dom0 is told (console_port) when output appears and at most once until it has read:
 * one event per burst, not per byte.
 */
#ifndef HV_VUART_H
#define HV_VUART_H

#include "arch/x86/types.h"

struct domain;
struct vuart;

#define VUART_OUT_BYTES 65536u
#define VUART_IN_BYTES 4096u

struct vuart *vuart_create(struct domain *d);
void vuart_destroy(struct vuart *u);
/* reg 0..7 */
u8 vuart_read_reg(struct vuart *u, u32 reg);
void vuart_write_reg(struct vuart *u, u32 reg, u8 value);
/* Copy output from stream position *pos (moved up to the oldest kept); advances *pos. */
u32 vuart_read_output(struct vuart *u, u64 *pos, void *buf, u32 len);
u64 vuart_output_end(struct vuart *u);
u32 vuart_write_input(struct vuart *u, const void *buf, u32 len);

#endif
