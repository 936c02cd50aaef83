// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports: the I/O space of hv/abi/guest.h. Only the console, the ACPI registers and the two reset
 * ports of a PC are there; every other port reads as ones and swallows writes, as on a bus where
 * nobody answers. APM Vol 3, "IN", "OUT", "INS", "OUTS": 8 and 16-bit reads keep the rest of rAX,
 * 32-bit ones clear the upper half; string forms count in rCX and follow the direction flag. What
 * may go wrong: a port of the machine is reached, the instruction is skipped by the wrong length, a
 * string crosses a page, one access ends the guest that should not.
 *
 * SECONDS: 120
 */
#include "guest.h"

#define NOBODY 0x234

static char page_edge[8192] __attribute__((aligned(4096)));

static bool is_known(unsigned int port)
{
	return (port >= MB_GUEST_UART_PORT && port < MB_GUEST_UART_PORT + MB_GUEST_UART_PORTS) ||
	       (port >= MB_GUEST_SLEEP_CONTROL && port <= MB_GUEST_RESET);
}

static void sweep(void)
{
	unsigned int answers = 0;

	for (unsigned int port = 0; port < 0x10000; port++) {
		if (is_known(port) || inb((uint16_t)port) == 0xff)
			continue;
		if (!answers++)
			guest_printf("# port %x answers\n", port);
	}
	report(!answers, "65536 ports: %u answer that should not", answers);
}

static void widths(void)
{
	uint64_t rax;

	rax = 0x1122334455667788;
	__asm__ volatile("inb %w1, %%al" : "+a"(rax) : "d"(NOBODY));
	report(rax == 0x11223344556677ff, "INB keeps the rest of RAX: %lx", rax);
	rax = 0x1122334455667788;
	__asm__ volatile("inw %w1, %%ax" : "+a"(rax) : "d"(NOBODY));
	report(rax == 0x112233445566ffff, "INW too: %lx", rax);
	rax = 0x1122334455667788;
	__asm__ volatile("inl %w1, %%eax" : "+a"(rax) : "d"(NOBODY));
	report(rax == 0xffffffff, "INL clears the upper half: %lx", rax);
	rax = 0x1122334455667788;
	__asm__ volatile("inb $0x92, %%al" : "+a"(rax));
	report(rax == 0x11223344556677ff, "the port as immediate: %lx", rax);
	outb(NOBODY, 1);
	outl(NOBODY, 1);
	outl(0xffff, 1);
	report(inl(0xffff) == 0xffffffff, "an access over the end of the ports");
}

static void strings(void)
{
	uint64_t count = 300, where = (uint64_t)page_edge + 4096 - 100;
	bool good = true;

	/* SDM/APM "INS": CX elements to ES:rDI, upwards while DF is 0. */
	__asm__ volatile("cld; rep insb" : "+D"(where), "+c"(count) : "d"(NOBODY) : "memory");
	for (unsigned int i = 0; i < 300; i++)
		good &= (uint8_t)page_edge[4096 - 100 + i] == 0xff;
	good &= !page_edge[4096 - 101] && !page_edge[4096 + 200];
	report(good && !count && where == (uint64_t)page_edge + 4096 + 200,
	       "REP INSB over a page boundary");
	count = 3;
	where = (uint64_t)page_edge + 64;
	__asm__ volatile("std; rep insl; cld" : "+D"(where), "+c"(count) : "d"(NOBODY) : "memory");
	report(where == (uint64_t)page_edge + 52 && page_edge[56] == -1 && !page_edge[55] &&
	               page_edge[67] == -1 && !page_edge[68],
	       "REP INSL downwards");
	count = 0;
	where = (uint64_t)page_edge;
	__asm__ volatile("rep insb" : "+D"(where), "+c"(count) : "d"(NOBODY) : "memory");
	report(where == (uint64_t)page_edge, "no elements, nothing happens");
	where = (uint64_t) "# this line was written by REP OUTSB\r\n";
	count = 38;
	__asm__ volatile("rep outsb" : "+S"(where), "+c"(count) : "d"(MB_GUEST_UART_PORT));
	report(!count, "REP OUTSB to the console");
}

static void uart(void)
{
	const uint16_t base = MB_GUEST_UART_PORT;
	uint8_t divisor;

	report((inb(base + 5) & 0x60) == 0x60, "the transmitter is always empty");
	outb(base + 7, 0x5a);
	report(inb(base + 7) == 0x5a, "the scratch register holds what was written");
	outb(base + 3, 0x83);
	outb(base, 1);
	outb(base + 1, 0);
	divisor = inb(base); /* and no report before the console is one again */
	outb(base + 3, 0x03);
	report(divisor == 1, "the divisor is behind DLAB");
	report(inb(base + 3) == 3, "line control reads back");
	report((inb(base + 2) & 0x0f) == 1, "no interrupt is pending");
}

static void acpi(void)
{
	/* SLP_EN without the type of S5, the type without SLP_EN, a wrong reset value: nothing. */
	outb(MB_GUEST_SLEEP_CONTROL, 0x20);
	outb(MB_GUEST_SLEEP_CONTROL, MB_GUEST_SLP_TYP_S5 << 2);
	outb(MB_GUEST_SLEEP_STATUS, 0x80);
	outb(MB_GUEST_RESET, MB_GUEST_RESET_VALUE + 1);
	outl(MB_GUEST_SLEEP_CONTROL, MB_GUEST_SLP_TYP_S5 << 2 | 0x20);
	outb(0x64, 0xaa);
	outb(0xcf9, 0x02);
	report(inb(MB_GUEST_SLEEP_STATUS) == 0, "half a power-off is none");
}

void guest_main(void)
{
	report_plan(1 + 5 + 4 + 5 + 1);
	sweep();
	widths();
	strings();
	uart();
	acpi();
}
