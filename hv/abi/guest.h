/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  the fixed platform of a guest: what its ACPI tables describe and hv emulates.
 * Callers:  tools/ builds the tables from it; hv/exit_io.c, hv/exit_mmio.c, hv/vuart.c
 *           and hv/vioapic.c implement it; tests.
 * Context, locking, lifetime, errors: constants only.
 */
#ifndef MINIBUS_ABI_GUEST_H
#define MINIBUS_ABI_GUEST_H

#define MB_GUEST_UART_PORT 0x3f8u /* 16550A */
#define MB_GUEST_UART_PORTS 8u
#define MB_GUEST_UART_PIN 4u /* of the IOAPIC; edge, active high, behind MCR's OUT2 as on a PC */

/* Hardware-reduced ACPI: sleep control, sleep status and reset registers, one byte each (I/O). */
#define MB_GUEST_SLEEP_CONTROL 0x600u
#define MB_GUEST_SLEEP_STATUS 0x601u
#define MB_GUEST_RESET 0x602u
#define MB_GUEST_RESET_VALUE 0x01u
#define MB_GUEST_SLP_TYP_S5 5u /* \_S5 package; write (5 << 2) | 0x20 to sleep control */

/* RAM from 0; if larger, the part above continues at 4 GiB. */
#define MB_GUEST_RAM_HOLE_START 0xc0000000u
#define MB_GUEST_RAM_HIGH_START 0x100000000ull

#define MB_GUEST_LAPIC_BASE 0xfee00000u
/* Local APIC ids are the vCPU numbers. */
#define MB_GUEST_IOAPIC_BASE 0xfec00000u
#define MB_GUEST_IOAPIC_ID 0u
/* Its 24 pins are GSIs 0..23. No PIC, PIT, RTC, HPET or PCI. */

#endif
