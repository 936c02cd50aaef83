/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a guest's IOAPIC: lines of the hypervisor's devices become vectors of its local APICs.
 * Callers:  exit_mmio.c (registers), vuart.c (its line), vlapic.c (EOI of level vectors), domain.c
 *           (life).
 * Context:  any CPU.
 * Locking:  its own lock (LOCK_IOAPIC); vlapic_post() is called inside.
 * Lifetime: its domain's. dom0 has the machine's IOAPICs instead.
 * Errors:   none a caller could act on: undefined accesses do nothing or read zero.
 *
 * After the data sheet of the 82093AA: 24 pins, IOREGSEL and IOWIN; the EOI register and version
 * 20h are those of its successors. Delivered are fixed and lowest priority; the other modes have no
 * sender here and do nothing. A line is "asserted" or not whatever polarity is programmed, since
 * there are no wires that could idle high.
 */
#ifndef HV_VIOAPIC_H
#define HV_VIOAPIC_H

#include "arch/x86/types.h"

struct domain;
struct vioapic;

#define VIOAPIC_PINS 24u

/* Offsets in its page, and what IOREGSEL selects. */
#define VIOAPIC_REGSEL 0x00u
#define VIOAPIC_WINDOW 0x10u
#define VIOAPIC_EOI 0x40u
#define VIOAPIC_ID 0x00u
#define VIOAPIC_VERSION 0x01u
#define VIOAPIC_ARBITRATION 0x02u
#define VIOAPIC_REDIRECTION 0x10u /* two per pin: low word, high word */

/* Redirection entry. Bits 0..11 have the places they have in the ICR. */
#define VIOAPIC_RTE_POLARITY BIT(13)
#define VIOAPIC_RTE_REMOTE_IRR BIT(14) /* read only: a level vector was taken, its EOI is due */
#define VIOAPIC_RTE_LEVEL BIT(15)
#define VIOAPIC_RTE_MASKED BIT(16)
#define VIOAPIC_RTE_DEST_SHIFT 56

struct vioapic *vioapic_create(struct domain *d);
void vioapic_destroy(struct vioapic *io);
/* offset in the page; size in bytes */
u32 vioapic_read(struct vioapic *io, u32 offset, u8 size);
void vioapic_write(struct vioapic *io, u32 offset, u8 size, u32 value);
/* The device's end of a line. */
void vioapic_set_line(struct vioapic *io, u32 pin, bool asserted);
/* A vCPU ended a vector that came level triggered. */
void vioapic_eoi(struct vioapic *io, u8 vector);

#endif
