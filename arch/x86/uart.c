/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Polled output. COM1 is probed by its scratch register, port 0xe9 by reading itself back, as the
 * emulators that implement it do.
 */
#include "arch/x86/uart.h"

#include "arch/x86/io.h"

#define UART_THR 0
#define UART_IER 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define UART_SCR 7

#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define LSR_DATA_READY 0x01
#define LSR_THR_EMPTY 0x20
#define FCR_ENABLE_CLEAR 0x07
#define MCR_DTR_RTS 0x03
#define DIVISOR_115200 1

/* One status read is about 1 us on a real bus; a character takes 87 us. */
#define TX_POLLS_MAX 10000

static bool has_com1;
static bool has_e9;

static bool probe_com1(void)
{
	outb(UART_COM1 + UART_SCR, 0x5a);
	if (inb(UART_COM1 + UART_SCR) != 0x5a)
		return false;
	outb(UART_COM1 + UART_SCR, 0xa5);
	return inb(UART_COM1 + UART_SCR) == 0xa5;
}

void uart_init(void)
{
	has_e9 = inb(UART_E9) == UART_E9;
	has_com1 = probe_com1();
	if (!has_com1)
		return;
	outb(UART_COM1 + UART_IER, 0);
	outb(UART_COM1 + UART_LCR, LCR_DLAB);
	outb(UART_COM1 + UART_THR, DIVISOR_115200);
	outb(UART_COM1 + UART_IER, 0);
	outb(UART_COM1 + UART_LCR, LCR_8N1);
	outb(UART_COM1 + UART_FCR, FCR_ENABLE_CLEAR);
	outb(UART_COM1 + UART_MCR, MCR_DTR_RTS);
}

bool uart_has_com1(void)
{
	return has_com1;
}

bool uart_has_e9(void)
{
	return has_e9;
}

void uart_put_com1(char c)
{
	if (!has_com1)
		return;
	for (unsigned int i = 0; i < TX_POLLS_MAX; i++) {
		if (inb(UART_COM1 + UART_LSR) & LSR_THR_EMPTY)
			break;
	}
	outb(UART_COM1 + UART_THR, (u8)c);
}

void uart_put_e9(char c)
{
	if (has_e9)
		outb(UART_E9, (u8)c);
}

int uart_get_com1(void)
{
	if (!has_com1 || !(inb(UART_COM1 + UART_LSR) & LSR_DATA_READY))
		return -1;
	return inb(UART_COM1 + UART_THR);
}
