// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's IOAPIC against the 82093AA's data sheet: registers, edge and level pins, mask, Remote
 * IRR and the three ways it ends, messages that nobody takes.
 *
 * SOURCES: hv/vioapic.c hv/locks.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 */
#include "fake.h"
#include "hv/domain.h"
#include "hv/vioapic.h"
#include "hv/vlapic.h"
#include "tap.h"

#define MASKED 0x10000u
#define LEVEL 0x8000u
#define REMOTE_IRR 0x4000u

static struct domain guest = {.id = 1};
static struct vioapic *io;
static u32 sent, last_icr, last_dest;
static bool last_level, nobody;

bool vlapic_message(const struct domain *d, u32 icr_low, u32 dest, bool level)
{
	sent += d == &guest;
	last_icr = icr_low;
	last_dest = dest;
	last_level = level;
	return !nobody;
}

static u32 get(u8 reg)
{
	vioapic_write(io, 0, 4, reg);
	return vioapic_read(io, 0x10, 4);
}

static void put(u8 reg, u32 value)
{
	vioapic_write(io, 0, 4, reg);
	vioapic_write(io, 0x10, 4, value);
}

static void entry(u32 pin, u32 low, u32 high)
{
	put((u8)(0x11 + 2 * pin), high);
	put((u8)(0x10 + 2 * pin), low);
}

static void pulse(u32 pin)
{
	vioapic_set_line(io, pin, true);
	vioapic_set_line(io, pin, false);
}

static void test_registers(void)
{
	bool masked = true;

	for (u32 pin = 0; pin < 24; pin++)
		masked &= get((u8)(0x10 + 2 * pin)) == MASKED && !get((u8)(0x11 + 2 * pin));
	ok(masked, "after reset all pins are masked");
	ok(get(1) == 0x00170020, "version: 24 entries, EOI register");
	put(0, ~0u);
	ok(get(0) == 0x0f000000 && get(2) == 0x0f000000, "id of four bits, also for arbitration");
	put(1, 0);
	put(2, 0);
	put(0, 0);
	ok(get(1) == 0x00170020 && !get(2), "version and arbitration cannot be written");
	entry(23, ~0u, ~0u);
	ok(get(0x3e) == 0x0001afff && get(0x3f) == 0xff000000,
	   "an entry: status bits and reserved ones stay 0");
	put(0x40, ~0u);
	ok(!get(0x40) && !get(0xff) && !get(3), "registers behind the last and between: 0");
	vioapic_write(io, 0, 1, 0x3e);
	ok(vioapic_read(io, 0, 4) == 0x3e && vioapic_read(io, 0x11, 1) == 0xaf &&
	   vioapic_read(io, 0x12, 2) == 1 && !vioapic_read(io, 0x20, 4) &&
	   !vioapic_read(io, 0x40, 4), "narrow reads give their bytes");
	vioapic_write(io, 0x10, 1, 0);
	vioapic_write(io, 0x12, 4, 0);
	vioapic_write(io, 0x10, 2, 0);
	vioapic_write(io, 0xff0, 4, 0);
	ok(get(0x3e) == 0x0001afff, "the window takes 32 bits at its place, nothing else");
	entry(23, MASKED, 0);
	ok(!sent, "nothing was sent");
}

static void test_edge(void)
{
	entry(4, 0x31, 0x02000000);
	sent = 0;
	vioapic_set_line(io, 4, true);
	ok(sent == 1 && last_icr == 0x31 && last_dest == 2 && !last_level,
	   "edge: sent on the rise");
	vioapic_set_line(io, 4, true);
	vioapic_set_line(io, 4, false);
	ok(sent == 1, "not while it stays, not on the fall");
	pulse(4);
	pulse(5);
	ok(sent == 2, "again on the next rise; other pins are masked");
	ok(!(get(0x18) & REMOTE_IRR), "no Remote IRR");
	entry(4, 0x31 | MASKED, 0);
	pulse(4);
	vioapic_set_line(io, 4, true);
	entry(4, 0x931, 0xff000000);
	ok(sent == 2, "a rise under the mask is lost");
	vioapic_set_line(io, 4, false);
	pulse(4);
	ok(sent == 3 && last_icr == 0x931 && last_dest == 0xff, "lowest priority, logical");
	for (u32 mode = 2; mode < 8; mode++) {
		entry(4, 0x31 | mode << 8, 0);
		pulse(4);
	}
	ok(sent == 3, "no other delivery mode is sent");
	entry(4, MASKED, 0);
}

static void test_level(void)
{
	entry(7, 0x41 | LEVEL, 0);
	sent = 0;
	vioapic_set_line(io, 7, true);
	ok(sent == 1 && last_level && (get(0x1e) & REMOTE_IRR), "level: sent, Remote IRR");
	pulse(7);
	vioapic_set_line(io, 7, true);
	entry(7, 0x41 | LEVEL | REMOTE_IRR, 0x01000000);
	ok(sent == 1 && (get(0x1e) & REMOTE_IRR), "not again before the EOI, whatever is written");
	vioapic_eoi(io, 0x42);
	ok(sent == 1, "the EOI of another vector is another's");
	vioapic_eoi(io, 0x41);
	ok(sent == 2 && last_dest == 1 && (get(0x1e) & REMOTE_IRR), "EOI, line still up: again");
	vioapic_set_line(io, 7, false);
	vioapic_eoi(io, 0x41);
	ok(sent == 2 && !(get(0x1e) & REMOTE_IRR), "EOI, line down: done");
	entry(7, 0x41 | LEVEL | MASKED, 0);
	vioapic_set_line(io, 7, true);
	ok(sent == 2, "masked: not sent");
	entry(7, 0x41 | LEVEL, 0);
	ok(sent == 3, "but when the mask goes");
	vioapic_write(io, 0x40, 4, 0x41);
	ok(sent == 4, "the EOI register does what an EOI does");
	entry(7, 0x41 | LEVEL | MASKED, 0);
	vioapic_eoi(io, 0x41);
	ok(sent == 4 && !(get(0x1e) & REMOTE_IRR), "an EOI under the mask only clears Remote IRR");
	entry(7, 0x41 | LEVEL, 0);
	entry(7, 0x41 | MASKED, 0);
	ok(sent == 5 && !(get(0x1e) & REMOTE_IRR), "a pin made edge forgets Remote IRR");
	nobody = true;
	entry(7, 0x41 | LEVEL, 0);
	ok(sent == 6 && !(get(0x1e) & REMOTE_IRR), "taken by nobody: no Remote IRR");
	nobody = false;
	entry(7, 0x41 | LEVEL, 0);
	ok(sent == 7 && (get(0x1e) & REMOTE_IRR), "and sent with the next write");
}

int main(void)
{
	fake_cpu_set(0);
	fake_fail_at = 1;
	ok(!vioapic_create(&guest) && !fake_pages_bytes, "no memory");
	fake_fail_at = 0;
	io = vioapic_create(&guest);
	test_registers();
	test_edge();
	test_level();
	vioapic_destroy(io);
	ok(!fake_pages_bytes, "all memory given back");
	return tap_done();
}
