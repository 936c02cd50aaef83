// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's 16550A: always ready to send, receives from a ring. What is sent is gone at once, so
 * the transmitter's event follows each byte written. There are no line errors, and received data is
 * told from the first byte on, whatever the trigger level.
 *
 * As on a PC, OUT2 of MCR connects the interrupt to its line, a polling driver leaves it off; in
 * loopback the outputs are off, OUT2 too. Loopback works, since drivers test for a uart with it.
 *
 * Register numbers: 0 RBR/THR/DLL, 1 IER/DLM, 2 IIR/FCR, 3 LCR, 4 MCR, 5 LSR, 6 MSR, 7 SCR.
 */
#include "hv/vuart.h"

#include "hv/domain.h"
#include "hv/locks.h"
#include "hv/page_alloc.h"
#include "hv/string.h"
#include "hv/tunnel.h"
#include "hv/vioapic.h"

#include "hv/abi/guest.h"

#define IER_RX 1u
#define IER_TX 2u
#define IER_MODEM 8u
#define IER_VALID 0xfu
#define IIR_MODEM 0u
#define IIR_NONE 1u
#define IIR_TX 2u
#define IIR_RX 4u
#define IIR_FIFO 0xc0u
#define FCR_ENABLE 1u
#define FCR_CLEAR_RX 2u
#define LCR_DLAB 0x80u
#define MCR_VALID 0x1fu
#define MCR_DTR 1u
#define MCR_RTS 2u
#define MCR_OUT1 4u
#define MCR_OUT2 8u
#define MCR_LOOP 0x10u
#define LSR_DATA 1u
#define LSR_TX_IDLE 0x60u
#define MSR_CHANGED 0x0fu /* since read; bit n belongs to line 4 + n */
#define MSR_RI_CHANGED 4u  /* that of RI: it ended */
#define MSR_CTS 0x10u
#define MSR_DSR 0x20u
#define MSR_RI 0x40u
#define MSR_DCD 0x80u

STATIC_ASSERT((VUART_OUT_BYTES & (VUART_OUT_BYTES - 1)) == 0);
STATIC_ASSERT((VUART_IN_BYTES & (VUART_IN_BYTES - 1)) == 0);

struct vuart {
	struct spinlock lock; /* everything below */
	struct vioapic *ioapic; /* constant */
	u32 console_port;     /* constant */
	bool line;	      /* as the IOAPIC was told last */
	bool told;	      /* dom0 was told and has not read to the end since */
	bool tx_event;	      /* transmitter became idle, not yet read from IIR */
	u8 ier, fcr, lcr, mcr, scr, dll, dlm;
	u8 msr_changed;	      /* MSR_CHANGED */
	u64 out_end;	      /* stream position: bytes ever written */
	u8 *out;	      /* VUART_OUT_BYTES, ring by out_end */
	u32 in_head, in_tail; /* free running: taken, put */
	u8 in[VUART_IN_BYTES];
};

struct vuart *vuart_create(struct domain *d)
{
	struct vuart *u = page_alloc_bytes(sizeof(*u));

	if (!u)
		return NULL;
	u->out = page_alloc_bytes(VUART_OUT_BYTES);
	if (!u->out) {
		page_free_bytes(u, sizeof(*u));
		return NULL;
	}
	spin_init(&u->lock, "vuart", LOCK_UART);
	u->ioapic = d->vioapic;
	u->console_port = d->console_port;
	return u;
}

void vuart_destroy(struct vuart *u)
{
	page_free_bytes(u->out, VUART_OUT_BYTES);
	page_free_bytes(u, sizeof(*u));
}

static bool in_put(struct vuart *u, u8 byte)
{
	if (u->in_tail - u->in_head == VUART_IN_BYTES)
		return false;
	u->in[u->in_tail++ % VUART_IN_BYTES] = byte;
	return true;
}

static u8 in_get(struct vuart *u)
{
	return u->in_head == u->in_tail ? 0 : u->in[u->in_head++ % VUART_IN_BYTES];
}

/* The enabled event of highest priority, as IIR names it. */
static u8 pending(const struct vuart *u)
{
	if ((u->ier & IER_RX) && u->in_head != u->in_tail)
		return IIR_RX;
	if ((u->ier & IER_TX) && u->tx_event)
		return IIR_TX;
	if ((u->ier & IER_MODEM) && u->msr_changed)
		return IIR_MODEM;
	return IIR_NONE;
}

/* After every access: the line follows. Inside the lock, so that changes arrive in their order. */
static void update_line(struct vuart *u)
{
	bool connected = (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
	bool line = connected && pending(u) != IIR_NONE;

	if (line == u->line)
		return;
	u->line = line;
	vioapic_set_line(u->ioapic, MB_GUEST_UART_PIN, line);
}

static u8 read_iir(struct vuart *u)
{
	u8 event = pending(u);

	if (event == IIR_TX)
		u->tx_event = false; /* reading it acknowledges it */
	return (u->fcr & FCR_ENABLE ? IIR_FIFO : 0) | event;
}

/* In loopback the modem outputs appear as inputs; otherwise a terminal is there and ready. */
static u8 modem_lines(const struct vuart *u)
{
	if (!(u->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (u->mcr & MCR_DTR ? MSR_DSR : 0) | (u->mcr & MCR_RTS ? MSR_CTS : 0) |
	       (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

static u8 read_msr(struct vuart *u)
{
	u8 changed = u->msr_changed;

	u->msr_changed = 0;
	return modem_lines(u) | changed;
}

static void write_mcr(struct vuart *u, u8 value)
{
	u8 before = modem_lines(u), changed;

	u->mcr = value & MCR_VALID;
	changed = (u8)(before ^ modem_lines(u)) >> 4;
	if (!(before & MSR_RI))
		changed &= (u8)~MSR_RI_CHANGED;
	u->msr_changed |= changed & MSR_CHANGED;
}

static u8 read_locked(struct vuart *u, u32 reg)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case 0:
		return dlab ? u->dll : in_get(u);
	case 1:
		return dlab ? u->dlm : u->ier;
	case 2:
		return read_iir(u);
	case 3:
		return u->lcr;
	case 4:
		return u->mcr;
	case 5:
		return LSR_TX_IDLE | (u->in_head != u->in_tail ? LSR_DATA : 0);
	case 6:
		return read_msr(u);
	default:
		return u->scr;
	}
}

u8 vuart_read_reg(struct vuart *u, u32 reg)
{
	u8 value;

	spin_lock(&u->lock);
	value = read_locked(u, reg & 7);
	update_line(u);
	spin_unlock(&u->lock);
	return value;
}

/* One byte sent. Returns whether dom0 must be told. */
static bool transmit(struct vuart *u, u8 byte)
{
	bool tell;

	u->tx_event = true;
	if (u->mcr & MCR_LOOP) {
		in_put(u, byte);
		return false;
	}
	u->out[u->out_end++ % VUART_OUT_BYTES] = byte;
	tell = !u->told;
	u->told = true;
	return tell;
}

static void write_ier(struct vuart *u, u8 value)
{
	/* Enabling the transmitter's event while it is idle raises it at once. */
	if (!(u->ier & IER_TX) && (value & IER_TX))
		u->tx_event = true;
	u->ier = value & IER_VALID;
}

static bool write_locked(struct vuart *u, u32 reg, u8 value)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case 0:
		if (!dlab)
			return transmit(u, value);
		u->dll = value;
		break;
	case 1:
		if (dlab)
			u->dlm = value;
		else
			write_ier(u, value);
		break;
	case 2:
		if (value & FCR_CLEAR_RX)
			u->in_head = u->in_tail;
		u->fcr = value & FCR_ENABLE;
		break;
	case 3:
		u->lcr = value;
		break;
	case 4:
		write_mcr(u, value);
		break;
	case 7:
		u->scr = value;
		break;
	}
	return false; /* LSR and MSR are read only */
}

void vuart_write_reg(struct vuart *u, u32 reg, u8 value)
{
	bool tell;

	spin_lock(&u->lock);
	tell = write_locked(u, reg & 7, value);
	update_line(u);
	spin_unlock(&u->lock);
	if (tell && dom0)
		tunnel_post(dom0, u->console_port);
}

u32 vuart_read_output(struct vuart *u, u64 *pos, void *buf, u32 len)
{
	u64 oldest;
	u32 n = 0;

	spin_lock(&u->lock);
	oldest = u->out_end > VUART_OUT_BYTES ? u->out_end - VUART_OUT_BYTES : 0;
	if (*pos < oldest)
		*pos = oldest;
	if (*pos > u->out_end)
		*pos = u->out_end;
	while (n < len && *pos < u->out_end) {
		u64 at = *pos % VUART_OUT_BYTES;
		u64 part = MIN(u->out_end - *pos, VUART_OUT_BYTES - at);

		part = MIN(part, (u64)(len - n));
		memcpy((u8 *)buf + n, u->out + at, part);
		n += (u32)part;
		*pos += part;
	}
	if (*pos == u->out_end)
		u->told = false;
	spin_unlock(&u->lock);
	return n;
}

u64 vuart_output_end(struct vuart *u)
{
	u64 end;

	spin_lock(&u->lock);
	end = u->out_end;
	spin_unlock(&u->lock);
	return end;
}

u32 vuart_write_input(struct vuart *u, const void *buf, u32 len)
{
	const u8 *bytes = buf;
	u32 n = 0;

	spin_lock(&u->lock);
	while (n < len && in_put(u, bytes[n]))
		n++;
	update_line(u);
	spin_unlock(&u->lock);
	return n;
}
