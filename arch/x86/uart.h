/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  polled output to COM1 (115200 8n1) and to the debug port 0xe9.
 * Callers:  hv/printk.c; hv when dom0 takes COM1 over. Context: any, NMI too. Locking: the
 *           caller's.
 * Lifetime: from uart_init(). Errors: absent devices swallow their characters.
 */
#ifndef MINIBUS_ARCH_UART_H
#define MINIBUS_ARCH_UART_H

#include "arch/x86/types.h"

#define UART_COM1 0x3f8
#define UART_E9 0xe9

/* Probes both, sets COM1's line up. Safe to call again (after dom0 used it, in a panic). */
void uart_init(void);
bool uart_has_com1(void);
bool uart_has_e9(void);

/* Waits until the transmitter is free, but at most about 10 ms. */
void uart_put_com1(char c);
void uart_put_e9(char c);

/* A received character, or -1. */
int uart_get_com1(void);

#endif
