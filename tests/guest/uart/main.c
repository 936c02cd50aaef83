// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart: the console's interrupt through the IOAPIC, both as on a PC. Data sheets of the 16550A and
 * of the 82093AA; SDM "Local APIC", "EOI". Edge and level, mask, destinations, text sent by
 * interrupt. What may go wrong: an event without an interrupt or one without an event, a level line
 * that is not told again after its EOI or is told before it, an EOI that does not reach the IOAPIC,
 * the wrong vCPU.
 *
 * VCPUS: 2
 * SECONDS: 60
 */
#include "guest.h"

#define VECTOR 0x51
#define RTE_LEVEL (1u << 15)
#define RTE_MASKED (1u << 16)
#define RTE_REMOTE_IRR (1u << 14)
#define RTE_LOGICAL (1u << 11)
#define RTE_LOWEST (1u << 8)

#define IER_RX 1
#define IER_TX 2
#define IIR_NONE 1
#define IIR_TX 2
#define IIR_RX 4
#define MCR_PLAIN 0x03
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define LSR_DATA 1

static volatile unsigned int hits[2], none, received, told, level_hits;
static volatile uint32_t irr_seen;
static const char *volatile text;

static uint8_t uart_in(unsigned int reg)
{
	return inb((uint16_t)(MB_GUEST_UART_PORT + reg));
}

static void uart_out(unsigned int reg, uint8_t v)
{
	outb((uint16_t)(MB_GUEST_UART_PORT + reg), v);
}

static volatile uint32_t *ioapic(uint32_t offset)
{
	return (volatile uint32_t *)(uint64_t)(MB_GUEST_IOAPIC_BASE + offset);
}

static uint32_t ioapic_read(uint32_t reg)
{
	*ioapic(0) = reg;
	return *ioapic(0x10);
}

static void route(uint32_t low, uint32_t dest)
{
	*ioapic(0) = 0x11 + 2 * MB_GUEST_UART_PIN;
	*ioapic(0x10) = dest << 24;
	*ioapic(0) = 0x10 + 2 * MB_GUEST_UART_PIN;
	*ioapic(0x10) = low;
}

/* As a driver does: until nothing is pending, so that the line falls. Sends 16 bytes at a time. */
static void serve(void)
{
	for (;;) {
		uint8_t event = uart_in(2) & 0x0f;

		if (event == IIR_NONE) {
			none++;
			return;
		}
		if (event == IIR_RX)
			received = uart_in(0);
		for (int i = 0; event == IIR_TX && text && *text && i < 16; i++)
			uart_out(0, (uint8_t)*text++);
		if (text && !*text)
			text = NULL;
		if (event == IIR_TX)
			told++;
		if (!text)
			uart_out(1, uart_in(1) & ~IER_TX);
	}
}

static void on_edge(struct trap_frame *f)
{
	(void)f;
	hits[apic_read(APIC_ID) & 1]++;
	serve();
	apic_write(APIC_EOI, 0);
}

/* Ends the first two interrupts without serving the device. */
static void on_level(struct trap_frame *f)
{
	(void)f;
	irr_seen = ioapic_read(0x10 + 2 * MB_GUEST_UART_PIN) & RTE_REMOTE_IRR;
	if (++level_hits >= 3)
		serve();
	apic_write(APIC_EOI, 0);
}

static void registers(void)
{
	bool masked = true;

	for (uint32_t pin = 0; pin < 24; pin++)
		masked &= ioapic_read(0x10 + 2 * pin) == RTE_MASKED;
	report((ioapic_read(1) >> 16 & 0xff) == 23 && ioapic_read(0) >> 24 == MB_GUEST_IOAPIC_ID,
	       "an IOAPIC of 24 pins: version %x", ioapic_read(1));
	report(masked, "all of them masked");
	route(RTE_MASKED | VECTOR, 1);
	report(ioapic_read(0x10 + 2 * MB_GUEST_UART_PIN) == (RTE_MASKED | VECTOR) &&
		       ioapic_read(0x11 + 2 * MB_GUEST_UART_PIN) == 1u << 24,
	       "entries read back");
}

static void edge(void)
{
	unsigned int before;
	bool quiet;

	uart_out(4, MCR_PLAIN | MCR_OUT2);
	uart_out(1, IER_TX);
	report(!guest_until(&hits[0], 1, 50), "masked: no interrupt");
	uart_out(1, 0);
	route(VECTOR, 0);
	report(!guest_until(&hits[0], 1, 50), "what came under the mask is lost");
	uart_out(1, IER_TX);
	report(guest_until(&hits[0], 1, 1000) && told == 1, "transmitter empty: an interrupt");
	text = "# this line was sent by interrupts, sixteen bytes at a time, until its end\r\n";
	uart_out(1, IER_TX);
	report(guest_until(&none, none + 1, 1000) && !text, "a line of text sent by interrupts");
	/* No report inside: it would go round the loop. */
	uart_out(4, MCR_PLAIN | MCR_LOOP);
	uart_out(0, 0x5a);
	uart_out(1, IER_RX);
	before = hits[0];
	quiet = !guest_until(&hits[0], before + 1, 50) && (uart_in(5) & LSR_DATA);
	uart_out(4, MCR_PLAIN);
	report(quiet, "loopback: data, no interrupt");
	uart_out(4, MCR_PLAIN | MCR_OUT2);
	report(guest_until(&hits[0], before + 1, 1000) && received == 0x5a &&
		       !(uart_in(5) & LSR_DATA),
	       "received data: an interrupt");
	uart_out(4, MCR_PLAIN);
	before = hits[0];
	uart_out(1, IER_TX);
	report(!guest_until(&hits[0], before + 1, 50), "none while OUT2 is off");
	uart_out(1, 0);
	uart_in(2);
}

static void level(void)
{
	guest_irq_handler(VECTOR, on_level);
	route(RTE_MASKED | RTE_LEVEL | VECTOR, 0);
	uart_out(4, MCR_PLAIN | MCR_OUT2);
	uart_out(1, IER_TX);
	report(!guest_until(&level_hits, 1, 50), "level: masked");
	route(RTE_LEVEL | VECTOR, 0);
	report(guest_until(&level_hits, 3, 1000), "a line that stays up: again after each EOI");
	report(!guest_until(&level_hits, 4, 50), "one that fell does not: %u", level_hits);
	report(irr_seen && !(ioapic_read(0x10 + 2 * MB_GUEST_UART_PIN) & RTE_REMOTE_IRR),
	       "Remote IRR is set from delivery to EOI");
	uart_out(1, 0);
	guest_irq_handler(VECTOR, on_edge);
}

static void sleeper(void)
{
	for (;;)
		guest_halt();
}

static void send_one(uint32_t low, uint32_t dest)
{
	route(low, dest);
	uart_out(1, IER_TX);
}

static void destinations(void)
{
	unsigned int before, sum;

	report(guest_start_cpu(1, sleeper), "vCPU 1 comes up");
	send_one(VECTOR, 1);
	report(guest_until(&hits[1], 1, 1000), "by its id");
	guest_wait_us(10000);
	send_one(RTE_LOGICAL | VECTOR, 2);
	report(guest_until(&hits[1], 2, 1000), "by its logical id");
	guest_wait_us(10000);
	before = hits[0];
	sum = hits[0] + hits[1];
	send_one(RTE_LOGICAL | RTE_LOWEST | VECTOR, 3);
	guest_until(&hits[0], before + 1, 100);
	report(hits[0] + hits[1] == sum + 1, "one of both by lowest priority");
	before = hits[0];
	send_one(RTE_MASKED | VECTOR, 0);
	report(!guest_until(&hits[0], before + 1, 50), "and none when masked again");
	uart_out(1, 0);
	uart_out(4, MCR_PLAIN);
}

void guest_main(void)
{
	report_plan(3 + 7 + 4 + 5);
	guest_irq_handler(VECTOR, on_edge);
	guest_apic_on();
	registers();
	edge();
	level();
	destinations();
}
