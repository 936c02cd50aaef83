// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O exits of guests; dom0's few go to exit_io_dom0.c.
 *
 * A guest's platform is hv/abi/guest.h: a 16550, ACPI sleep and reset registers, and for old
 * habits the two reset ports of a PC. Everything else is absent hardware: reads give ones, writes
 * go nowhere. INS and OUTS are done element by element in bounded pieces; the instruction runs
 * again until rCX is used up.
 */
#include "hv/exit.h"

#include "hv/bitmap.h"
#include "hv/domain.h"
#include "hv/exit_io_dom0.h"
#include "hv/guest_mem.h"
#include "hv/printk.h"
#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"
#include "hv/vuart.h"

#include "arch/x86/atomic.h"
#include "arch/x86/cr.h"

#include "hv/abi/guest.h"

#define PORT_KEYBOARD 0x64u
#define KEYBOARD_PULSE_RESET 0xfeu
#define PORT_DELAY 0x80u
#define PORT_RESET_CONTROL 0xcf9u
#define RESET_CONTROL_CPU (1u << 2)

#define SLEEP_ENABLE (1u << 5) /* ACPI "Sleep Control Register": SLP_EN, SLP_TYP in bits 2..4 */
#define SLEEP_TYPE(value) (((value) >> 2) & 7)

#define STRING_STEP 64u /* elements per exit */

static u64 io_mask(u8 size)
{
	return size >= 4 ? 0xffffffffu : BIT(8 * size) - 1;
}

static bool is_uart(u16 port, u8 size)
{
	return port >= MB_GUEST_UART_PORT &&
	       port + size <= MB_GUEST_UART_PORT + MB_GUEST_UART_PORTS;
}

/* Tell once per domain id that the guest looks for hardware that is not there. */
static void note_unknown(const struct vcpu *v, u16 port)
{
	static DECLARE_BITMAP(noted, DOMID_MAX + 1);

	if (port == PORT_DELAY || v->dom->id > DOMID_MAX ||
	    atomic_test_and_set_bit(noted, v->dom->id))
		return;
	pr_debug("dom%u: no device at port %x (rip %lx); further ones are not told\n", v->dom->id,
		 port, v->rip);
}

static u32 port_read(struct vcpu *v, u16 port, u8 size)
{
	u32 value = 0;

	if (is_uart(port, size)) {
		for (u32 i = 0; i < size; i++)
			value |= (u32)vuart_read_reg(v->dom->vuart, port + i - MB_GUEST_UART_PORT)
				 << (8 * i);
		return value;
	}
	if (size == 1 && port >= MB_GUEST_SLEEP_CONTROL && port <= MB_GUEST_RESET)
		return 0;
	note_unknown(v, port);
	return (u32)io_mask(size);
}

static enum exit_action end_domain(struct vcpu *v, u32 reason)
{
	domain_shutdown(v->dom, reason);
	return EXIT_KILL;
}

static enum exit_action port_write(struct vcpu *v, u16 port, u8 size, u32 value)
{
	if (is_uart(port, size)) {
		for (u32 i = 0; i < size; i++)
			vuart_write_reg(v->dom->vuart, port + i - MB_GUEST_UART_PORT,
					(u8)(value >> (8 * i)));
		return EXIT_RESUME;
	}
	if (size != 1) {
		note_unknown(v, port);
		return EXIT_RESUME;
	}
	switch (port) {
	case MB_GUEST_SLEEP_CONTROL:
		if ((value & SLEEP_ENABLE) && SLEEP_TYPE(value) == MB_GUEST_SLP_TYP_S5)
			return end_domain(v, MB_REASON_POWEROFF);
		break;
	case MB_GUEST_SLEEP_STATUS:
		break;
	case MB_GUEST_RESET:
		if (value == MB_GUEST_RESET_VALUE)
			return end_domain(v, MB_REASON_REBOOT);
		break;
	case PORT_KEYBOARD:
		if (value == KEYBOARD_PULSE_RESET)
			return end_domain(v, MB_REASON_REBOOT);
		break;
	case PORT_RESET_CONTROL:
		if (value & RESET_CONTROL_CPU)
			return end_domain(v, MB_REASON_REBOOT);
		break;
	default:
		note_unknown(v, port);
	}
	return EXIT_RESUME;
}

/* Width of rSI, rDI, rCX of this INS/OUTS as a mask; 0: not a case we can do (see below). */
static u64 string_mask(struct vcpu *v)
{
	struct vcpu_sys sys;
	bool small = false;
	u8 bytes[15];
	u32 n = guest_fetch(v, bytes, sizeof(bytes));

	vops->read_sys(v, &sys);
	for (u32 i = 0; i < n; i++) {
		switch (bytes[i]) {
		case 0x64:
		case 0x65:
			return 0; /* FS, GS: bases are not at hand */
		case 0x67:
			small = true;
			break;
		case 0x6c ... 0x6f:
			i = n;
			break;
		}
	}
	if (sys.cs_long)
		return small ? 0xffffffffu : ~0ul;
	return sys.cs_db && !small ? 0xffffffffu : 0; /* 32-bit code: flat; 16-bit: bases again */
}

/* Byte by byte, since an element may lie in two pages. */
static int string_copy_element(struct vcpu *v, u64 va, u8 *buf, u8 size, bool to_guest)
{
	for (u32 i = 0; i < size; i++) {
		gpa_t gpa;

		if (guest_translate(v, GVA(va + i), &gpa) ||
		    (to_guest ? guest_write(v->dom, gpa, buf + i, 1) :
				guest_read(v->dom, gpa, buf + i, 1)))
			return -MB_EFAULT;
	}
	return 0;
}

static void advance(u64 *reg, u64 mask, s64 by)
{
	*reg = mask == ~0ul ? *reg + (u64)by : (*reg + (u64)by) & mask;
}

static enum exit_action string_element(struct vcpu *v, u64 mask)
{
	u8 size = v->exit.io.size;
	bool in = v->exit.io.in;
	u64 *pointer = in ? &v->regs.rdi : &v->regs.rsi;
	enum exit_action action = EXIT_RESUME;
	u32 value = 0;

	if (in)
		value = port_read(v, v->exit.io.port, size);
	if (string_copy_element(v, *pointer & mask, (u8 *)&value, size, in)) {
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	if (!in)
		action = port_write(v, v->exit.io.port, size, value);
	advance(pointer, mask, v->rflags & RFLAGS_DF ? -(s64)size : (s64)size);
	if (v->exit.io.rep)
		advance(&v->regs.rcx, mask, -1);
	return action;
}

static enum exit_action io_string(struct vcpu *v)
{
	u64 mask = string_mask(v);
	enum exit_action action;

	if (!mask) {
		printk_limited(LOG_WARN,
			       "dom%u: string I/O to port %x with a segment, rip %lx: #GP\n",
			       v->dom->id, v->exit.io.port, v->rip);
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	if (!v->exit.io.rep)
		return string_element(v, mask);
	for (u32 i = 0; i < STRING_STEP; i++) {
		if (!(v->regs.rcx & mask))
			return EXIT_RESUME;
		action = string_element(v, mask);
		if (action != EXIT_RESUME)
			return action;
	}
	return v->regs.rcx & mask ? EXIT_RETRY : EXIT_RESUME;
}

/* Partial registers as hardware does: 8 and 16 bits keep the rest, 32 bits clear the upper half. */
static void set_rax(struct vcpu *v, u8 size, u32 value)
{
	if (size >= 4)
		v->regs.rax = value;
	else
		v->regs.rax = (v->regs.rax & ~io_mask(size)) | (value & io_mask(size));
}

enum exit_action exit_io(struct vcpu *v)
{
	u16 port = v->exit.io.port;
	u8 size = v->exit.io.size;

	if (v->dom->privileged)
		return exit_io_dom0(v);
	if (v->exit.io.string)
		return io_string(v);
	if (!v->exit.io.in)
		return port_write(v, port, size, (u32)(v->regs.rax & io_mask(size)));
	set_rax(v, size, port_read(v, port, size));
	return EXIT_RESUME;
}
