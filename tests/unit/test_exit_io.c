// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O exits. Guests: their few ports, absent hardware, partial registers, INS and OUTS over
 * pages, direction and count. dom0: what is let through, soft off against other sleep states.
 *
 * SOURCES: hv/exit_io.c hv/exit_io_dom0.c hv/guest_mem.c hv/guest_walk.c hv/gpm.c hv/vuart.c
 * SOURCES: hv/locks.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 * SOURCES: tests/fake_arch/fake_vendor.c
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/acpi.h"
#include "arch/x86/cr.h"
#include "arch/x86/io.h"
#include "arch/x86/paging.h"
#include "fake.h"
#include "hv/abi/guest.h"
#include "hv/domain.h"
#include "hv/exit_io_dom0.h"
#include "hv/page_alloc.h"
#include "hv/tunnel.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vuart.h"
#include "tap.h"

struct domain *dom0;
struct acpi_info acpi_info;

static struct domain guest = {.id = 3}, privileged = {.privileged = true};
static struct vcpu vcpu;
static struct vcpu *const v = &vcpu;
static struct vcpu_sys sys;
static struct vcpu_ops ops;
static u8 *ram;
static u32 ended, faults, outs;
static u32 last_port, last_size, last_value;
static u8 intercepted[0x10000];
static u8 fadt[148], dsdt[128];

void tunnel_post(struct domain *d, u32 port)
{
	(void)d;
	(void)port;
}

void vioapic_set_line(struct vioapic *io, u32 pin, bool asserted)
{
	(void)io;
	(void)pin;
	(void)asserted;
}

void vcpu_kick(struct vcpu *t)
{
	(void)t;
}

void vcpu_inject_exception(struct vcpu *t, u8 vector, bool has_error, u32 error)
{
	(void)t;
	faults += vector == 13 && has_error && !error;
}

void domain_shutdown(struct domain *d, u32 reason)
{
	(void)d;
	ended = reason;
}

const struct acpi_header *acpi_find(const char *signature, unsigned int nth)
{
	return !nth && !strcmp(signature, "FACP") ? (const struct acpi_header *)fadt : NULL;
}

void fake_port_out(u16 port, u8 size, u32 val)
{
	outs++;
	last_port = port;
	last_size = size;
	last_value = val;
}

u32 fake_port_in(u16 port, u8 size)
{
	(void)size;
	return port | 0xabcd0000;
}

static void read_sys(struct vcpu *t, struct vcpu_sys *out)
{
	(void)t;
	*out = sys;
}

static void io_intercept(struct domain *d, u16 port, u32 count, bool on)
{
	(void)d;
	memset(intercepted + port, on, count);
}

static void set_up(void)
{
	hpa_t pa;

	fake_cpu_set(0);
	fake_ram_init(4, 1);
	gpm_init(&guest.gpm, 16);
	if (extent_alloc(guest.id, 1, &pa))
		abort();
	ram = phys_to_virt(pa);
	gpm_map(&guest.gpm, GPA(0), pa, EXTENT_SIZE, GPM_RWX, MEM_WB);
	guest.vuart = vuart_create(&guest);
	ops = *vops;
	ops.read_sys = read_sys;
	ops.io_intercept = io_intercept;
	vops = &ops;
}

static enum exit_action out(u16 port, u8 size, u64 value)
{
	v->exit.io.port = port;
	v->exit.io.size = size;
	v->exit.io.in = false;
	v->exit.io.string = false;
	v->regs.rax = value;
	ended = 0;
	return exit_io(v);
}

static u64 in(u16 port, u8 size)
{
	v->exit.io.port = port;
	v->exit.io.size = size;
	v->exit.io.in = true;
	v->exit.io.string = false;
	v->regs.rax = 0x1122334455667788ul;
	return exit_io(v) == EXIT_RESUME ? v->regs.rax : 0;
}

static void test_guest_ports(void)
{
	v->dom = &guest;
	ok(in(0x60, 1) == 0x11223344556677fful && in(0x60, 2) == 0x112233445566fffful &&
		   in(0xcf8, 4) == 0xffffffff,
	   "absent: ones, in the part of rax that the size says");
	ok(in(0x3fd, 1) == 0x1122334455667760ul && in(0x3fd, 2) == 0x112233445566b060ul,
	   "uart, also two registers at once");
	ok(out(0x3ff, 1, 0x5a) == EXIT_RESUME && (u8)in(0x3ff, 1) == 0x5a, "uart scratch register");
	ok((u16)in(0x3ff, 2) == 0xffff, "an access that leaves the uart is nobody's");
	ok(out(MB_GUEST_SLEEP_CONTROL, 1, 5 << 2) == EXIT_RESUME && !ended, "sleep type alone");
	ok(out(MB_GUEST_SLEEP_CONTROL, 1, 0x20 | 3 << 2) == EXIT_RESUME && !ended, "S3: nothing");
	ok(out(MB_GUEST_SLEEP_CONTROL, 1, 0x20 | 5 << 2) == EXIT_KILL &&
		   ended == MB_REASON_POWEROFF,
	   "S5: powered off");
	ok(!(u8)in(MB_GUEST_SLEEP_STATUS, 1), "sleep status");
	ok(out(MB_GUEST_RESET, 1, 2) == EXIT_RESUME && !ended &&
		   out(MB_GUEST_RESET, 1, 1) == EXIT_KILL && ended == MB_REASON_REBOOT,
	   "reset register");
	ok(out(0x64, 1, 0xd1) == EXIT_RESUME && out(0x64, 1, 0xfe) == EXIT_KILL &&
		   ended == MB_REASON_REBOOT,
	   "keyboard controller pulse");
	ok(out(0xcf9, 1, 2) == EXIT_RESUME && out(0xcf9, 1, 6) == EXIT_KILL &&
		   ended == MB_REASON_REBOOT,
	   "port cf9");
	ok(out(0xcf8, 4, 0x80000600) == EXIT_RESUME && !ended, "but not as part of PCI's address");
	fake_printed = 0;
	guest.id = 9;
	in(0x70, 1);
	in(0x71, 1);
	out(0x80, 1, 0);
	guest.id = 3;
	ok(fake_printed == 1, "one line per domain about absent hardware");
}

static void string(bool input, u16 port, u8 size, bool rep)
{
	v->exit.io.port = port;
	v->exit.io.size = size;
	v->exit.io.in = input;
	v->exit.io.string = true;
	v->exit.io.rep = rep;
}

static void test_string(void)
{
	char buf[128];
	u64 pos = vuart_output_end(guest.vuart), end;

	sys = (struct vcpu_sys){.cs_long = true}; /* no paging: addresses are physical */
	memcpy(ram, "\xf3\x6e", 2);
	v->rip = 0;
	memcpy(ram + 0x1ffb, "hello, ring", 11);
	v->regs.rsi = 0x1ffb;
	v->regs.rcx = 11;
	string(false, 0x3f8, 1, true);
	ok(exit_io(v) == EXIT_RESUME && v->regs.rcx == 0 && v->regs.rsi == 0x1ffb + 11 &&
		   vuart_read_output(guest.vuart, &pos, buf, sizeof(buf)) == 11 &&
		   !memcmp(buf, "hello, ring", 11),
	   "REP OUTSB to the uart, over a page");
	v->regs.rcx = 100;
	end = vuart_output_end(guest.vuart);
	v->regs.rsi = 0x3000;
	ok(exit_io(v) == EXIT_RETRY && v->regs.rcx == 36 && v->regs.rsi == 0x3040 &&
		   exit_io(v) == EXIT_RESUME && vuart_output_end(guest.vuart) == end + 100,
	   "in bounded pieces, restarted");
	v->regs.rcx = 0;
	ok(exit_io(v) == EXIT_RESUME && vuart_output_end(guest.vuart) == end + 100, "count 0");

	memset(ram + 0x4ff0, 0, 32);
	v->regs.rdi = 0x5004;
	v->regs.rcx = 3;
	v->rflags = RFLAGS_DF;
	string(true, 0x1f0, 4, true);
	ok(exit_io(v) == EXIT_RESUME && v->regs.rdi == 0x4ff8 && ram[0x4ffb] == 0 &&
		   ram[0x4ffc] == 0xff && ram[0x5007] == 0xff && ram[0x5008] == 0,
	   "INSD backwards: ones");
	v->rflags = 0;
	string(true, 0x1f0, 2, false);
	v->regs.rcx = 7;
	ok(exit_io(v) == EXIT_RESUME && v->regs.rcx == 7 && v->regs.rdi == 0x4ffa,
	   "without REP: one element, rcx kept");
	v->regs.rdi = EXTENT_SIZE - 1;
	faults = 0;
	ok(exit_io(v) == EXIT_RETRY && faults == 1 && v->regs.rdi == EXTENT_SIZE - 1,
	   "outside its memory: #GP, registers kept");

	sys = (struct vcpu_sys){.cs_db = true};
	v->regs.rsi = 0xf00003000ul;
	v->regs.rcx = 0xf00000001ul;
	string(false, 0x3f8, 1, true);
	ok(exit_io(v) == EXIT_RESUME && v->regs.rsi == 0x3001 && v->regs.rcx == 0,
	   "32-bit code: 32-bit registers");
	sys.cs_db = false;
	ok(exit_io(v) == EXIT_RETRY && faults == 2, "16-bit code: refused");
	sys.cs_long = true;
	memcpy(ram, "\x65\xf3\x6e", 3);
	ok(exit_io(v) == EXIT_RETRY && faults == 3, "with GS: refused");
}

static void put_dsdt(const char *aml, u32 len)
{
	u64 pa = (u64)dsdt;
	u32 total = 36 + len;

	memset(fadt, 0, sizeof(fadt));
	total = sizeof(fadt);
	memcpy(fadt + 4, &total, 4);
	memcpy(fadt + 140, &pa, 8);
	memset(dsdt, 0, sizeof(dsdt));
	memcpy(dsdt, "DSDT", 4);
	total = 36 + 20 + len + 20;
	memcpy(dsdt + 4, &total, 4);
	memcpy(dsdt + 56, aml, len);
}

static bool sleeps(u16 port, u8 size, u32 value)
{
	u32 before = outs;

	return out(port, size, value) == EXIT_RESUME && outs == before + 1 && last_port == port &&
	       last_size == size && last_value == value;
}

static void test_dom0(void)
{
	static const char s5_bytes[] = "\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\0\0";
	static const char s5_zero[] = "\x08_S5_\x12\x46\x00\x04\0\0\0\0";

	v->dom = &privileged;
	acpi_info.pm1a_control_port = 0x604;
	acpi_info.reset_space = 1;
	acpi_info.reset_address = 0xcf9;
	memset(intercepted, 1, sizeof(intercepted));
	exit_io_dom0_open(&privileged);
	ok(intercepted[0x604] && intercepted[0x605] && !intercepted[0x603] && !intercepted[0x606] &&
		   !intercepted[0xcf9] && !intercepted[0] && !intercepted[0xffff],
	   "only sleep control exits; a reset register inside PCI's address port does not");
	acpi_info.reset_address = 0x700;
	acpi_info.reset_value = 6;
	exit_io_dom0_open(&privileged);
	ok(intercepted[0x700] && !intercepted[0x701], "another reset register does");

	ok(sleeps(0x604, 2, 5 << 10) && sleeps(0x700, 1, 6) && sleeps(0x80, 4, 0x12345678),
	   "passed on as they are");
	ok(in(0x604, 2) == 0x1122334455660604ul && in(0x700, 4) == 0xabcd0700, "reads too");
	put_dsdt(s5_bytes, sizeof(s5_bytes));
	fake_printed = 0;
	ok(sleeps(0x604, 2, 0x2000 | 5 << 10) && !strcmp(fake_last_line, "dom0 powered off\n"),
	   "soft off, as AML says: done, with a line");
	ok(!sleeps(0x604, 2, 0x2000 | 1 << 10) && fake_printed == 2, "S3: refused, with a line");
	ok(!sleeps(0x605, 1, 0x20 | 1 << 2) && sleeps(0x605, 1, 0x20 | 5 << 2) &&
		   !sleeps(0x602, 4, (u32)(0x2000 | 1 << 10) << 16),
	   "the same through other widths");
	put_dsdt(s5_zero, sizeof(s5_zero));
	ok(sleeps(0x604, 2, 0x2000) && !sleeps(0x604, 2, 0x2000 | 5 << 10),
	   "S5 value 0, long package length");
	put_dsdt("nothing", 7);
	ok(sleeps(0x604, 2, 0x2000 | 1 << 10), "no S5 object: cannot be told, so it is done");
	put_dsdt("_S5_\x12", 5);
	ok(sleeps(0x604, 2, 0x2000), "one that is cut off");
	string(false, 0x604, 2, false);
	faults = 0;
	ok(exit_io(v) == EXIT_RETRY && faults == 1, "OUTS to it: #GP");
}

int main(void)
{
	set_up();
	test_guest_ports();
	test_string();
	test_dom0();
	vuart_destroy(guest.vuart);
	return tap_done();
}
