// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults: exceptions of a guest are its own. APM Vol 2, "Exceptions and Interrupts": vector, error
 * code, saved rIP and CR2 must be what the CPU gives without a hypervisor, in both rings. What may
 * go wrong: an exception is intercepted and lost, an error code is dropped or invented, CR2 is the
 * hypervisor's, a fault raised by emulation has the wrong rIP, user mode can execute what it must
 * not.
 */
#include "guest.h"

#define HOLE_VA 0x3000000ull /* a page that the test takes away */
#define RFLAGS_TF (1ull << 8)

#define EXPECT_FAULT(insn, want, text)                                                       \
	do {                                                                                 \
		int64_t vector_ = NO_FAULT;                                                  \
		__asm__ volatile(MAY_FAULT(insn) : "+S"(vector_) : : "memory", "cc", "rax"); \
		report(vector_ == (want), "%s: vector %ld", text, vector_);                  \
	} while (0)

static volatile unsigned int steps, breaks;
static volatile uint64_t step_dr6;
static volatile int64_t user_vector[4];
static volatile uint64_t user_error;

static void plain(void)
{
	EXPECT_FAULT("ud2", VEC_UD, "UD2");
	EXPECT_FAULT("movq %%rax, %%cr5", VEC_UD, "a control register that does not exist");
}

static void divide(void)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("divl %2") : "+S"(vector) : "a"(1), "r"(0), "d"(0) : "cc");
	report(vector == VEC_DE, "division by zero: vector %ld", vector);
}

static void selectors(void)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("movw %w1, %%fs") : "+S"(vector) : "r"(0xfff8) : "memory");
	report(vector == VEC_GP && guest_fault.error == 0xfff8,
	       "a selector outside the GDT: #GP(%lx)", guest_fault.error);
	vector = NO_FAULT;
	__asm__ volatile(MAY_FAULT("movw %w1, %%ss") : "+S"(vector) : "r"(0) : "memory");
	/* SDM: a null SS is allowed in 64-bit mode at CPL 0. */
	report(vector == NO_FAULT, "a null SS is fine in ring 0");
	__asm__ volatile("movw %w0, %%ss" : : "r"(0x10));
}

/* One result: the vector and error code of the fault that was just taken. */
static void faulted(int vector, int want, uint64_t error, const char *what)
{
	report(vector == want && guest_fault.error == error, "%s: vector %d, error %lx", what,
	       vector, guest_fault.error);
}

static void not_canonical(void)
{
	uint32_t value;

	faulted(read32_safe(1ull << 63, &value), VEC_GP, 0, "an address that is not canonical");
	faulted(wrmsr_safe(0xdeadbeef, 0), VEC_GP, 0, "a fault raised by emulation");
}

static void page_faults(void)
{
	uint32_t value;
	int vector;

	guest_map(HOLE_VA, 0, 0);
	faulted(read32_safe(HOLE_VA + 0x1234, &value), VEC_PF, 0, "read of an absent page");
	report(guest_fault.cr2 == HOLE_VA + 0x1234, "its CR2: %lx", guest_fault.cr2);
	faulted(write32_safe(HOLE_VA + 8, 1), VEC_PF, 2, "write of an absent page");
	guest_map(HOLE_VA, HOLE_VA, PAGE_PRESENT);
	faulted(write32_safe(HOLE_VA, 1), VEC_PF, 3, "write of a read-only page");
	report(read32_safe(HOLE_VA, &value) == NO_FAULT, "which can be read");
	if ((cpuid(0x80000008, 0).eax & 0xff) < 52) {
		guest_map(HOLE_VA, HOLE_VA | 1ull << 51, PAGE_PRESENT | PAGE_WRITE);
		vector = read32_safe(HOLE_VA, &value);
		guest_fault.error |= 1; /* QEMU leaves the present bit out */
		faulted(vector, VEC_PF, 9, "an address bit that the CPU lacks");
	} else {
		report_skip("the CPU has all address bits");
	}
	guest_map(HOLE_VA, HOLE_VA, PAGE_PRESENT | PAGE_WRITE);
	report(write32_safe(HOLE_VA, 1) == NO_FAULT, "and back");
}

static void on_step(struct trap_frame *f)
{
	uint64_t dr6;

	__asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
	step_dr6 = dr6;
	if (++steps == 3)
		f->rflags &= ~RFLAGS_TF;
}

static void on_break(struct trap_frame *f)
{
	(void)f;
	breaks++;
}

static void debug(void)
{
	guest_irq_handler(VEC_DB, on_step);
	guest_irq_handler(VEC_BP, on_break);
	__asm__ volatile("int3");
	report(breaks == 1, "INT3 comes as a trap");
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop; nop; nop"
	                 :
	                 :
	                 : "memory", "cc");
	/* Bochs, whose TSC runs at 20 MHz. APM Vol 2, "#DB (Debug)": the CPU sets DR6 first. */
	if (steps == 3 && guest_tsc_khz() < 100000 && cpuid(0, 0).ebx == 0x68747541 /* "Auth" */)
		report_skip("single steps' DR6: Bochs does not set it before an intercepted #DB");
	else
		report(steps == 3 && step_dr6 & 1u << 14, "single steps: %u, DR6 %lx", steps,
		       step_dr6);
	__asm__ volatile("movq %0, %%dr0; movq %1, %%dr7" : : "r"(0x12345678ul), "r"(0x400ul));
	guest_wait_us(1000);
	hypercall(MB_HC_YIELD, 0, 0, 0);
	__asm__ volatile("movq %%dr0, %0" : "=r"(step_dr6));
	report(step_dr6 == 0x12345678, "debug registers are kept");
}

static void in_user_mode(void)
{
	int64_t vector = NO_FAULT;
	uint32_t value;

	__asm__ volatile(MAY_FAULT("cli") : "+S"(vector));
	user_vector[0] = vector;
	vector = NO_FAULT;
	__asm__ volatile(MAY_FAULT("inb $0x71, %%al") : "+S"(vector) : : "rax");
	user_vector[1] = vector;
	vector = NO_FAULT;
	__asm__ volatile(MAY_FAULT("hlt") : "+S"(vector));
	user_vector[2] = vector;
	user_vector[3] = read32_safe(HOLE_VA, &value);
	user_error = guest_fault.error;
}

static void rings(void)
{
	guest_user(in_user_mode);
	report(user_vector[0] == VEC_GP, "CLI in user mode: vector %ld", user_vector[0]);
	report(user_vector[1] == VEC_GP, "IN in user mode: vector %ld", user_vector[1]);
	report(user_vector[2] == VEC_GP, "HLT in user mode: vector %ld", user_vector[2]);
	report(user_vector[3] == VEC_PF && user_error == 5,
	       "a kernel page in user mode: vector %ld, error %lx", user_vector[3], user_error);
}

void guest_main(void)
{
	report_plan(2 + 1 + 2 + 2 + 7 + 3 + 4);
	plain();
	divide();
	selectors();
	not_canonical();
	page_faults();
	debug();
	rings();
}
