// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's IOAPIC. Data sheet "82093AA I/O Advanced Programmable Interrupt Controller (IOAPIC)",
 * section 3 (registers); the EOI register as in the ICH's data sheets.
 *
 * An edge pin sends when its line rises while it is not masked; a rise under the mask is lost, as
 * the data sheet says. A level pin sends while its line is up, it is not masked and Remote IRR is
 * clear; sending sets Remote IRR, an EOI of the vector clears it, and a line still up then sends
 * again. A pin made edge triggered forgets Remote IRR: kernels get rid of a stuck one that way.
 */
#include "hv/vioapic.h"

#include "hv/domain.h"
#include "hv/locks.h"
#include "hv/page_alloc.h"
#include "hv/vlapic.h"

#include "arch/x86/apicdef.h"

#define VERSION (0x20u | (VIOAPIC_PINS - 1) << 16)
#define ID_VALID 0x0f000000u

/* Vector, delivery mode, destination mode, polarity, trigger, mask, destination */
#define RTE_VALID                                                                          \
	(APIC_ICR_VECTOR_MASK | APIC_DM_MASK | APIC_ICR_LOGICAL | VIOAPIC_RTE_POLARITY |   \
	 VIOAPIC_RTE_LEVEL | VIOAPIC_RTE_MASKED | 0xfful << VIOAPIC_RTE_DEST_SHIFT)

struct vioapic {
	struct spinlock lock; /* everything below */
	struct domain *dom;   /* constant */
	u8 select;
	u32 id;
	u32 lines; /* bit per pin: asserted */
	u64 rte[VIOAPIC_PINS];
};

STATIC_ASSERT(VIOAPIC_PINS <= 32);

struct vioapic *vioapic_create(struct domain *d)
{
	struct vioapic *io = page_alloc_bytes(sizeof(*io));

	if (!io)
		return NULL;
	spin_init(&io->lock, "ioapic", LOCK_IOAPIC);
	io->dom = d;
	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++)
		io->rte[pin] = VIOAPIC_RTE_MASKED;
	return io;
}

void vioapic_destroy(struct vioapic *io)
{
	page_free_bytes(io, sizeof(*io));
}

/* Returns whether some local APIC took it. */
static bool send(struct vioapic *io, u64 rte)
{
	u32 mode = rte & APIC_DM_MASK;

	if (mode != APIC_DM_FIXED && mode != APIC_DM_LOWEST)
		return false;
	return vlapic_message(io->dom, (u32)rte & (APIC_DM_MASK | APIC_ICR_LOGICAL | 0xff),
			      (u32)(rte >> VIOAPIC_RTE_DEST_SHIFT), rte & VIOAPIC_RTE_LEVEL);
}

/* A level pin may have something to send: its line, its entry or Remote IRR changed. */
static void level_send(struct vioapic *io, u32 pin)
{
	const u64 idle = VIOAPIC_RTE_MASKED | VIOAPIC_RTE_REMOTE_IRR;
	u64 *rte = &io->rte[pin];

	if (!(io->lines >> pin & 1) || (*rte & (VIOAPIC_RTE_LEVEL | idle)) != VIOAPIC_RTE_LEVEL)
		return;
	if (send(io, *rte))
		*rte |= VIOAPIC_RTE_REMOTE_IRR;
}

void vioapic_set_line(struct vioapic *io, u32 pin, bool asserted)
{
	u32 bit = 1u << pin;
	u64 rte;

	spin_lock(&io->lock);
	rte = io->rte[pin];
	if (!asserted) {
		io->lines &= ~bit;
	} else if (!(io->lines & bit)) {
		io->lines |= bit;
		if (rte & VIOAPIC_RTE_LEVEL)
			level_send(io, pin);
		else if (!(rte & VIOAPIC_RTE_MASKED))
			send(io, rte);
	}
	spin_unlock(&io->lock);
}

static void eoi_locked(struct vioapic *io, u8 vector)
{
	for (u32 pin = 0; pin < VIOAPIC_PINS; pin++) {
		u64 *rte = &io->rte[pin];

		if (!(*rte & VIOAPIC_RTE_REMOTE_IRR) || (u8)*rte != vector)
			continue;
		*rte &= ~VIOAPIC_RTE_REMOTE_IRR;
		level_send(io, pin);
	}
}

void vioapic_eoi(struct vioapic *io, u8 vector)
{
	spin_lock(&io->lock);
	eoi_locked(io, vector);
	spin_unlock(&io->lock);
}

/* The pin of the selected redirection word, or VIOAPIC_PINS. */
static u32 selected_pin(const struct vioapic *io)
{
	if (io->select < VIOAPIC_REDIRECTION ||
	    io->select >= VIOAPIC_REDIRECTION + 2 * VIOAPIC_PINS)
		return VIOAPIC_PINS;
	return (io->select - VIOAPIC_REDIRECTION) / 2;
}

static u32 window_read(const struct vioapic *io)
{
	u32 pin = selected_pin(io);

	if (pin < VIOAPIC_PINS)
		return (u32)(io->rte[pin] >> (io->select & 1 ? 32 : 0));
	switch (io->select) {
	case VIOAPIC_ID:
	case VIOAPIC_ARBITRATION: /* loaded with the id, section 3.2.3 */
		return io->id;
	case VIOAPIC_VERSION:
		return VERSION;
	}
	return 0;
}

static void window_write(struct vioapic *io, u32 value)
{
	u32 pin = selected_pin(io), shift = io->select & 1 ? 32 : 0;
	u64 *rte, writable;

	if (io->select == VIOAPIC_ID)
		io->id = value & ID_VALID;
	if (pin == VIOAPIC_PINS)
		return;
	rte = &io->rte[pin];
	writable = RTE_VALID & 0xfffffffful << shift;
	*rte = (*rte & ~writable) | ((u64)value << shift & writable);
	if (!(*rte & VIOAPIC_RTE_LEVEL))
		*rte &= ~VIOAPIC_RTE_REMOTE_IRR;
	level_send(io, pin);
}

u32 vioapic_read(struct vioapic *io, u32 offset, u8 size)
{
	u32 byte = offset & 3, value = 0;

	spin_lock(&io->lock);
	switch (offset - byte) {
	case VIOAPIC_REGSEL:
		value = io->select;
		break;
	case VIOAPIC_WINDOW:
		value = window_read(io);
		break;
	}
	spin_unlock(&io->lock);
	value >>= 8 * byte;
	return size >= 4 ? value : value & (u32)(BIT(8 * size) - 1);
}

void vioapic_write(struct vioapic *io, u32 offset, u8 size, u32 value)
{
	spin_lock(&io->lock);
	switch (offset) {
	case VIOAPIC_REGSEL: /* of one byte, so any width will do */
		io->select = (u8)value;
		break;
	case VIOAPIC_WINDOW:
		if (size == 4)
			window_write(io, value);
		break;
	case VIOAPIC_EOI:
		eoi_locked(io, (u8)value);
		break;
	}
	spin_unlock(&io->lock);
}
