// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOV to and from control registers and XSETBV after an exit: which register, how wide, what is
 * refused with #GP. A value the manual forbids must never reach the vendor or the machine's XCR0.
 *
 * SOURCES: hv/exit_cr.c tests/fake_arch/fake_cpu.c
 */
#include "arch/x86/cr.h"
#include "arch/x86/fpu.h"
#include "fake.h"
#include "hv/vcpu.h"
#include "tap.h"

static struct vcpu vcpu;
static struct vcpu *v = &vcpu;
static struct vcpu_sys sys;
static u32 writes, faults, traced;
static u64 written, xcr0;
static bool refuse;

static void test_read_sys(struct vcpu *t, struct vcpu_sys *out)
{
	(void)t;
	*out = sys;
}

static bool test_cr_write(struct vcpu *t, u32 cr, u64 value)
{
	(void)t;
	(void)cr;
	writes++;
	written = value;
	return !refuse;
}

static const struct vcpu_ops ops = {.read_sys = test_read_sys, .cr_write = test_cr_write};
const struct vcpu_ops *vops = &ops;

void vcpu_inject_exception(struct vcpu *t, u8 vector, bool has_error, u32 error)
{
	(void)t;
	faults += vector == 13 && has_error && !error;
}

bool fpu_set_xcr0(u64 value)
{
	if (refuse)
		return false;
	xcr0 = value;
	return true;
}

void cr3_trace_add(struct vcpu *t, u64 operand)
{
	(void)t;
	(void)operand;
	traced++;
}

static void start(u8 cr, bool write)
{
	vcpu = (struct vcpu){.exit = {.insn_len = 3, .cr = {.cr = cr, .gpr = 9, .write = write}}};
	sys = (struct vcpu_sys){.cr0 = 1ul << 40 | 0x80000011, .cr3 = 0x5a000, .cr4 = 0x20,
				.cs_long = true};
	writes = 0;
	traced = 0;
	faults = 0;
	refuse = false;
}

static bool gp(enum exit_action action)
{
	return action == EXIT_RETRY && faults == 1;
}

static void test_write(void)
{
	start(3, true);
	v->regs.r9 = 0x123000;
	ok(exit_cr(v) == EXIT_RESUME && writes == 1 && written == 0x123000 && !faults &&
	   traced == 1,
	   "MOV to CR3: value handed on and traced, next instruction");
	v->regs.r9 = BIT(48) | 0x1000;
	ok(gp(exit_cr(v)) && writes == 1, "beyond the physical address width: #GP, not handed on");
	start(3, true);
	v->regs.r9 = CR3_NOFLUSH | 0x1000;
	ok(gp(exit_cr(v)) && !writes && !traced, "bit 63 without CR4.PCIDE: #GP");
	start(3, true);
	sys.cr4 |= CR4_PCIDE;
	v->regs.r9 = CR3_NOFLUSH | 0x1001;
	ok(exit_cr(v) == EXIT_RESUME && written == (CR3_NOFLUSH | 0x1001), "with it: handed on");
	start(3, true);
	sys.cs_long = false;
	v->regs.r9 = 0xffffffff00002000;
	ok(exit_cr(v) == EXIT_RESUME && written == 0x2000, "outside 64-bit code: 32 bits");
	start(0, true);
	refuse = true;
	ok(gp(exit_cr(v)) && writes == 1 && !traced, "the vendor refuses: #GP");
	start(4, true);
	v->exit.insn_len = 0;
	ok(exit_cr(v) == EXIT_RETRY && !writes && !faults, "unknown bytes: run it again");
}

static void test_read(void)
{
	start(3, false);
	ok(exit_cr(v) == EXIT_RESUME && v->regs.r9 == 0x5a000, "MOV from CR3");
	start(0, false);
	ok(exit_cr(v) == EXIT_RESUME && v->regs.r9 == sys.cr0, "MOV from CR0");
	sys.cs_long = false;
	ok(exit_cr(v) == EXIT_RESUME && v->regs.r9 == 0x80000011, "32 bits outside 64-bit code");
}

static void test_xsetbv(void)
{
	start(0, false);
	v->regs.rax = 0xffffffff00000007;
	v->regs.rdx = 0xdead00000002;
	v->regs.rcx = 0x100000000;
	ok(exit_xsetbv(v) == EXIT_RESUME && xcr0 == 0x200000007 && !faults,
	   "XSETBV: low halves of the registers");
	v->regs.rcx = 1;
	ok(gp(exit_xsetbv(v)), "XCR1: #GP");
	start(0, false);
	sys.cpl = 3;
	ok(gp(exit_xsetbv(v)), "user mode: #GP");
	start(0, false);
	refuse = true;
	ok(gp(exit_xsetbv(v)), "a value the CPU refuses: #GP");
}

int main(void)
{
	fake_cpu_set(0);
	test_write();
	test_read();
	test_xsetbv();
	return tap_done();
}
