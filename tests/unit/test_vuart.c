// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's uart: what Linux's 8250 driver probes and polls, when the interrupt line is up, the
 * output ring over its wrap, and that dom0 is told once per burst. The register facts are those of
 * the 16550A data sheet.
 *
 * SOURCES: hv/vuart.c hv/locks.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 */
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "hv/domain.h"
#include "hv/tunnel.h"
#include "hv/vioapic.h"
#include "hv/vuart.h"

#include "hv/abi/guest.h"
#include "tap.h"

struct domain *dom0;

static struct domain domain0, guest = {.id = 1, .console_port = 77};
static u32 told, told_port, line_changes;
static bool line;
static struct vuart *u;

void tunnel_post(struct domain *d, u32 port)
{
	told += d == &domain0;
	told_port = port;
}

void vioapic_set_line(struct vioapic *io, u32 pin, bool asserted)
{
	if (io != guest.vioapic || pin != MB_GUEST_UART_PIN || asserted == line)
		abort();
	line = asserted;
	line_changes++;
}

static void put(u32 reg, u8 value)
{
	vuart_write_reg(u, reg, value);
}

static u8 get(u32 reg)
{
	return vuart_read_reg(u, reg);
}

static void print(const char *s)
{
	while (*s)
		put(0, (u8)*s++);
}

static void test_probe(void)
{
	put(1, 0xff);
	ok(get(1) == 0x0f, "IER has four bits");
	put(1, 0);
	put(7, 0xa5);
	ok(get(7) == 0xa5, "scratch register");
	put(4, 0x1a);
	ok((get(6) & 0xf0) == 0x90, "loopback: RTS and OUT2 show as CTS and DCD");
	put(0, 'x');
	ok((get(5) & 1) && get(0) == 'x' && !(get(5) & 1) && !vuart_output_end(u),
	   "loopback: what is sent is received, and goes nowhere else");
	put(4, 0xeb);
	ok(get(4) == 0x0b, "MCR has five bits");
	ok(get(6) == 0xb2 && get(6) == 0xb0 && get(5) == 0x60,
	   "terminal ready, transmitter idle; a changed line is told once");
	put(2, 1);
	ok(get(2) == 0xc1, "FIFOs on, nothing pending");
	put(2, 0);
	ok(get(2) == 0x01, "FIFOs off");
	put(3, 0x83);
	put(0, 0x01);
	put(1, 0x02);
	ok(get(0) == 1 && get(1) == 2 && get(3) == 0x83 && !vuart_output_end(u), "divisor latch");
	put(3, 0x03);
	ok(get(1) == 0 && get(0) == 0, "and away again");
	ok(get(13) == 0x60, "register numbers wrap");
}

static void test_pending(void)
{
	put(1, 2);
	ok(get(2) == 2 && get(2) == 1, "transmitter event: once per reading of IIR");
	put(0, 'a');
	ok(get(2) == 2 && get(2) == 1, "again after each byte");
	vuart_write_input(u, "k", 1);
	put(1, 3);
	put(0, 'b');
	ok(get(2) == 4 && get(0) == 'k' && get(2) == 2 && get(2) == 1, "received data goes first");
	vuart_write_input(u, "zz", 2);
	put(2, 3);
	ok(!(get(5) & 1), "FCR clears the receiver");
	put(1, 0);
}

static void test_line(void)
{
	put(2, 0);
	put(4, 0x03);
	put(1, 3);
	line_changes = 0;
	vuart_write_input(u, "a", 1);
	ok(!line_changes && get(0) == 'a', "OUT2 off: events pend, the line stays down");
	put(1, 1);
	put(4, 0x0b);
	ok(!line, "OUT2 on, nothing pending: down");
	vuart_write_input(u, "bc", 2);
	ok(line && line_changes == 1, "received data: up");
	ok(get(2) == 4 && line && get(0) == 'b' && line && get(0) == 'c' && !line,
	   "up until all is read");
	put(1, 3);
	ok(line && get(2) == 2 && !line, "transmitter enabled: up until IIR is read");
	put(0, 'x');
	ok(line, "a byte sent: up");
	put(1, 0);
	ok(!line, "IER off: down");
	vuart_write_input(u, "d", 1);
	put(1, 1);
	ok(line, "IER on with data there: up");
	put(4, 0x1b);
	ok(!line, "loopback: down");
	put(4, 0x0b);
	put(2, 2);
	ok(!line, "FCR cleared the receiver: down");
	get(6);
	put(1, 8);
	put(4, 0x17);
	ok((get(6) & 0x0f) == 0x08, "loopback: DCD changed, RI only began");
	put(4, 0x0b);
	ok(line && get(2) == 0 && line && (get(6) & 0x0f) == 0x0c && !line,
	   "lines changed, RI ended: up until MSR is read");
	put(1, 0);
}

static void test_output(void)
{
	char buf[128];
	u64 pos = 0;
	u32 before;

	vuart_read_output(u, &pos, buf, sizeof(buf));
	before = told;
	print("hello");
	ok(told == before + 1 && told_port == 77, "dom0 is told once per burst, on its port");
	ok(vuart_read_output(u, &pos, buf, 2) == 2 && !memcmp(buf, "he", 2), "read in pieces");
	print(" world");
	ok(told == before + 1, "not again before it has read all");
	ok(vuart_read_output(u, &pos, buf, sizeof(buf)) == 9 && !memcmp(buf, "llo world", 9) &&
	   pos == vuart_output_end(u), "the rest");
	print("!");
	ok(told == before + 2, "told again after that");
	pos = 1ul << 60;
	ok(vuart_read_output(u, &pos, buf, 8) == 0 && pos == vuart_output_end(u),
	   "a position in the future is the end");
}

static void test_ring(void)
{
	u64 start = vuart_output_end(u), pos = start;
	u8 *buf = malloc(VUART_OUT_BYTES);
	u32 n, total = VUART_OUT_BYTES + 1000;
	bool same = true;

	for (u32 i = 0; i < total; i++)
		put(0, (u8)(i * 13));
	n = vuart_read_output(u, &pos, buf, VUART_OUT_BYTES);
	for (u32 i = 0; i < n; i++)
		same = same && buf[i] == (u8)((i + 1000) * 13);
	ok(n == VUART_OUT_BYTES && same && pos == start + total,
	   "overrun: the newest 64 KiB are kept, the position moves up");
	pos = 0;
	ok(vuart_read_output(u, &pos, buf, 1) == 1 && buf[0] == (u8)(1000 * 13) &&
	   pos == start + 1001, "an old position starts at the oldest byte");
	free(buf);
}

static void test_input(void)
{
	static u8 bytes[VUART_IN_BYTES + 10];
	bool same = true;

	for (u32 i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i ^ i >> 8);
	vuart_write_input(u, bytes, 100);
	for (u32 i = 0; i < 100; i++)
		get(0);
	ok(vuart_write_input(u, bytes, sizeof(bytes)) == VUART_IN_BYTES &&
	   vuart_write_input(u, bytes, 1) == 0, "a full input ring takes no more");
	for (u32 i = 0; i < VUART_IN_BYTES; i++)
		same = same && get(0) == bytes[i];
	ok(same && !(get(5) & 1) && get(0) == 0, "in order, over the wrap, then empty");
}

int main(void)
{
	fake_cpu_set(0);
	dom0 = &domain0;
	fake_fail_at = 1;
	ok(!vuart_create(&guest), "no memory for the first part");
	fake_fail_at = 2;
	ok(!vuart_create(&guest) && !fake_pages_bytes, "nor for the second: nothing leaks");
	fake_fail_at = 0;
	u = vuart_create(&guest);
	test_probe();
	test_pending();
	test_line();
	test_output();
	test_ring();
	test_input();
	vuart_destroy(u);
	ok(!fake_pages_bytes, "all memory given back");
	return tap_done();
}
