// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested page faults, case by case as exit_mmio.c names them, and what each instruction form does
 * to memory, registers and flags (SDM Vol 2, the pages of MOV, XCHG, OR, AND, MOVZX, MOVSX).
 *
 * SOURCES: hv/exit_mmio.c hv/insn.c hv/guest_mem.c hv/guest_walk.c hv/gpm.c hv/locks.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c tests/fake_arch/fake_vendor.c
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/apicdef.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/page_alloc.h"
#include "hv/string.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "tap.h"

#define LAPIC APIC_DEFAULT_BASE
#define IOAPIC 0xfec00000ul
#define FLAGS (RFLAGS_CF | RFLAGS_ZF | BIT(2) | BIT(7) | BIT(11))

static struct domain guest = {.id = 3}, privileged = {.privileged = true};
static struct vcpu vcpu;
static struct vcpu *const v = &vcpu;
static u8 *ram;
static u32 faults, written_reg, writes;
static u64 written, reads_as;
static char killed[128];

void vcpu_kick(struct vcpu *t)
{
	(void)t;
}

void vcpu_inject_exception(struct vcpu *t, u8 vector, bool has_error, u32 error)
{
	(void)t;
	(void)has_error;
	(void)error;
	faults += vector == 13;
}

void domain_kill(struct domain *d, const char *fmt, ...)
{
	va_list args;

	(void)d;
	va_start(args, fmt);
	vsnprintf(killed, sizeof(killed), fmt, args);
	va_end(args);
}

bool vlapic_read(struct vcpu *t, u32 reg, bool x2apic, u64 *value)
{
	(void)t;
	(void)x2apic;
	written_reg = reg;
	*value = reads_as;
	return true;
}

bool vlapic_write(struct vcpu *t, u32 reg, bool x2apic, u64 value)
{
	(void)t;
	writes += !x2apic;
	written_reg = reg;
	written = value;
	return true;
}

bool vlapic_is_x2apic(const struct vcpu *t)
{
	return t->lapic.base & APIC_BASE_EXTD;
}

u32 vioapic_read(struct vioapic *io, u32 offset, u8 size)
{
	written_reg = io == guest.vioapic ? offset << 8 | size : 0;
	return (u32)reads_as;
}

void vioapic_write(struct vioapic *io, u32 offset, u8 size, u32 value)
{
	writes += io == guest.vioapic;
	written_reg = offset << 8 | size;
	written = value;
}

static void set_up(void)
{
	hpa_t pa;

	fake_cpu_set(0);
	fake_ram_init(4, 1);
	gpm_init(&guest.gpm, 16);
	gpm_init(&privileged.gpm, 16);
	if (extent_alloc(guest.id, 1, &pa))
		abort();
	ram = phys_to_virt(pa);
	gpm_map(&guest.gpm, GPA(0), pa, EXTENT_SIZE, GPM_RWX, MEM_WB);
	gpm_map(&privileged.gpm, GPA(0), HPA(FAKE_RAM), EXTENT_SIZE, GPM_RWX, MEM_WB);
	v->dom = &guest;
	v->lapic.base = LAPIC | APIC_BASE_ENABLE;
	v->rip = 0x1000;
}

/* Who fetches the instruction: the hypervisor; decode assists; these, but not to its end. */
static enum { FETCH, HARDWARE, HARDWARE_SOME } bytes_by;

/* The instruction at rip faulted at gpa. */
static enum exit_action fault(u64 gpa, const char *bytes, u32 len)
{
	u8 *at_rip = v->dom == &guest ? ram + 0x1000 : (u8 *)FAKE_RAM + 0x1000;

	v->exit = (struct vmexit){.code = MB_EXIT_NPF};
	memcpy(at_rip, bytes, len);
	if (bytes_by == HARDWARE) {
		memcpy(v->exit.bytes, bytes, len);
		v->exit.fetched = INSN_MAX;
		memset(at_rip, 0xcc, len); /* nothing to be had there */
	} else if (bytes_by == HARDWARE_SOME) {
		v->exit.bytes[0] = bytes[0];
		v->exit.fetched = 1;
	}
	v->exit.npf.gpa = GPA(gpa);
	v->rflags = FLAGS;
	writes = 0;
	faults = 0;
	killed[0] = 0;
	return exit_npf(v);
}

#define FAULT(gpa, bytes) fault(gpa, bytes, sizeof(bytes) - 1)

static void test_forms(void)
{
	v->regs.rax = 0x11223344aabbccddul;
	ok(FAULT(LAPIC + 0xb0, "\x89\x00") == EXIT_RESUME && writes == 1 && written_reg == 0xb &&
		   written == 0xaabbccdd && v->exit.insn_len == 2 && v->rflags == FLAGS,
	   "MOV m, r32");
	reads_as = 0x87654321;
	v->regs.rcx = ~0ul;
	ok(FAULT(LAPIC + 0x20, "\x8b\x08") == EXIT_RESUME && v->regs.rcx == 0x87654321 &&
		   written_reg == 2,
	   "MOV r32, m clears the upper half");
	v->regs.rcx = ~0ul;
	ok(FAULT(LAPIC + 0x20, "\x66\x8b\x08") == EXIT_RESUME &&
		   v->regs.rcx == 0xffffffffffff4321ul,
	   "MOV r16, m keeps the rest");
	ok(FAULT(LAPIC + 0x21, "\x8a\x28") == EXIT_RESUME && v->regs.rcx == 0xffffffffffff4321ul,
	   "MOV ch, m: byte 1 of the register");
	ok(FAULT(LAPIC + 0x23, "\x8a\x28") == EXIT_RESUME && v->regs.rcx == 0xffffffffffff8721ul,
	   "and byte 3");
	ok(FAULT(LAPIC + 0x23, "\x0f\xbe\x08") == EXIT_RESUME && v->regs.rcx == 0xffffff87ul,
	   "MOVSX r32, m8");
	ok(FAULT(LAPIC + 0x20, "\x48\x63\x08") == EXIT_RESUME &&
		   v->regs.rcx == 0xffffffff87654321ul,
	   "MOVSXD");
	ok(FAULT(LAPIC + 0x22, "\x0f\xb7\x08") == EXIT_RESUME && v->regs.rcx == 0x8765, "MOVZX");
	ok(FAULT(LAPIC + 0x24, "\x8b\x08") == EXIT_RESUME && v->regs.rcx == 0,
	   "between registers: 0");
	ok(FAULT(LAPIC + 0xb0, "\xc7\x00\x80\xff\xff\xff") == EXIT_RESUME && written == 0xffffff80,
	   "MOV m, imm");
	ok(FAULT(LAPIC + 0xb0, "\x88\x00") == EXIT_RESUME &&
		   FAULT(LAPIC + 0xb4, "\x89\x00") == EXIT_RESUME && !writes,
	   "writes of other widths or places are ignored");
	v->regs.rcx = 5;
	ok(FAULT(LAPIC + 0x80, "\x87\x08") == EXIT_RESUME && written == 5 &&
		   v->regs.rcx == 0x87654321,
	   "XCHG");
	v->regs.rcx = 0x80000000;
	ok(FAULT(LAPIC + 0xf0, "\x09\x08") == EXIT_RESUME && written == 0x87654321 &&
		   v->rflags == (BIT(7) | BIT(2)),
	   "OR m, r: result, SF, PF; CF and OF clear");
	ok(FAULT(LAPIC + 0xf0, "\x81\x20\0\0\0\x10") == EXIT_RESUME && written == 0 &&
		   v->rflags == (RFLAGS_ZF | BIT(2)),
	   "AND m, imm: ZF");
	v->regs.rcx = 0xff00000000000f00ul;
	ok(FAULT(LAPIC + 0xf0, "\x23\x08") == EXIT_RESUME && !writes && v->regs.rcx == 0x300 &&
		   v->rflags == BIT(2),
	   "AND r, m");
	ok(v->counters[MB_CNT_MMIO] > 10, "counted");
}

static void test_ioapic(void)
{
	ok(FAULT(IOAPIC, "\x8b\x08") == EXIT_RESUME && v->regs.rcx == 0xffffffff,
	   "IOAPIC page of a domain that has none");
	guest.vioapic = (struct vioapic *)&writes;
	v->regs.rax = 0x12345678;
	ok(FAULT(IOAPIC + 0x10, "\x89\x00") == EXIT_RESUME && writes == 1 &&
		   written_reg == 0x1004 && written == 0x12345678 && v->exit.insn_len == 2,
	   "IOAPIC: MOV m, r32");
	reads_as = 0x87654321;
	ok(FAULT(IOAPIC + 0x12, "\x0f\xb7\x08") == EXIT_RESUME && written_reg == 0x1202 &&
		   v->regs.rcx == 0x4321,
	   "MOVZX");
	v->lapic.base |= APIC_BASE_EXTD;
	ok(FAULT(IOAPIC, "\x88\x00") == EXIT_RESUME && writes == 1 && written_reg == 1,
	   "also in x2APIC mode; a byte to IOREGSEL");
	v->lapic.base = LAPIC | APIC_BASE_ENABLE;
	ok(FAULT(IOAPIC, "\xd9\x00") == EXIT_KILL && strstr(killed, "fec00000"),
	   "a form that is not known: ended");
}

static void test_cases(void)
{
	u32 before;

	ok(FAULT(LAPIC + 0x20, "\xd9\x00") == EXIT_KILL && strstr(killed, "fee00020"),
	   "(a) a form that is not known: ended, with the address");
	v->lapic.base |= APIC_BASE_EXTD;
	ok(FAULT(LAPIC + 0x20, "\x8b\x08") == EXIT_RESUME && v->regs.rcx == 0xffffffff,
	   "in x2APIC mode the page is nobody's");
	v->lapic.base = LAPIC | APIC_BASE_ENABLE;
	ok(FAULT(0x2000, "\x8b\x08") == EXIT_RETRY && !v->exit.insn_len, "(b) present after all");

	before = fake_printed;
	v->regs.rcx = 0;
	ok(FAULT(0xd0000000, "\x8b\x08") == EXIT_RESUME && v->regs.rcx == 0xffffffff &&
		   v->exit.insn_len == 2 && fake_printed == before + 1,
	   "(e) read: ones, one line");
	ok(FAULT(0xd0000000, "\x48\x8b\x08") == EXIT_RESUME && v->regs.rcx == ~0ul, "of any width");
	ok(FAULT(0xd0000000, "\x89\x00") == EXIT_RESUME && !writes && !faults, "write: lost");
	ok(FAULT(0xd0000000, "\x0f\x10\x00") == EXIT_KILL, "with an instruction that is not known");

	v->exit.npf.exec = true;
	v->exit.npf.gpa = GPA(0xd0000000);
	ok(exit_npf(v) == EXIT_KILL && strstr(killed, "fetch"), "(d) code fetch: ended");
	v->exit.npf.exec = false;
	v->exit.npf.walk = true;
	ok(exit_npf(v) == EXIT_KILL && strstr(killed, "page walk"), "(d) page tables there: ended");
	v->exit.npf.gpa = GPA(LAPIC);
	ok(exit_npf(v) == EXIT_KILL, "page tables in the local APIC page: ended");

	v->dom = &privileged;
	before = fake_printed;
	ok(FAULT(0x40000000, "\x8b\x08") == EXIT_RETRY && faults == 1 &&
		   fake_printed == before + 1 && strstr(fake_last_line, "40000000"),
	   "(c) dom0: one line, #GP, goes on");
	ok(FAULT(LAPIC + 0x20, "\xd9\x00") == EXIT_RETRY && faults == 1, "(a) dom0: #GP too");
	v->rip = BIT(40);
	ok(FAULT(LAPIC + 0x20, "\x8b\x08") == EXIT_RETRY && faults == 1, "no instruction bytes");
}

int main(void)
{
	set_up();
	for (bytes_by = FETCH; bytes_by <= HARDWARE_SOME; bytes_by++) {
		test_forms();
		guest.vioapic = NULL;
		test_ioapic();
	}
	bytes_by = FETCH;
	test_cases();
	return tap_done();
}
