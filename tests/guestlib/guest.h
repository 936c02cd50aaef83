/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the library of the bare test guests: TAP on the console, instructions that may fault,
 *           interrupts, other vCPUs, hypercalls. A test is one function, guest_main().
 * Callers:  tests/guest/NAME/main.c.
 * Context:  CPL 0, long mode, first 4 GiB mapped one to one, interrupts off until guest_irq_on().
 *           A loop that waits has a PAUSE, or interrupts on: without either the SVM of Bochs lets
 *           nobody else run (svm/inject.c).
 * Locking:  none; report only from vCPU 0.
 * Lifetime: from guest_main() until it returns; then the guest powers off.
 * Errors:   an unexpected exception ends the guest with a crash report and its registers.
 */
#ifndef TESTS_GUESTLIB_GUEST_H
#define TESTS_GUESTLIB_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/abi/cpuid.h"
#include "hv/abi/guest.h"
#include "hv/abi/hypercall.h"
#include "hv/abi/tunnel.h"

#define NO_FAULT (-1)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define VEC_DE 0
#define VEC_UD 6
#define VEC_DF 8
#define VEC_GP 13
#define VEC_PF 14

#define VEC_DB 1
#define VEC_NMI 2
#define VEC_BP 3
#define VEC_NP 11
#define VEC_SS 12

struct trap_frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* ---- report.c: what the test says ---- */
void guest_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report_plan(unsigned int n);
/* One result; returns cond. The text is formatted. */
bool report(bool cond, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A result that this machine cannot give, with the reason; and one known to be wrong. */
void report_skip(const char *why);
void report_known(bool cond, const char *what);
void guest_poweroff(void) __attribute__((noreturn));

/* ---- machine.c: interrupts and other vCPUs ---- */
void guest_irq_handler(unsigned int vector, void (*fn)(struct trap_frame *f));
/* Switches the local APIC to x2APIC mode and on. */
void guest_apic_on(void);
/* Runs fn on another vCPU (INIT, SIPI, SIPI); returns false if it did not come up in a second. */
bool guest_start_cpu(unsigned int vcpu, void (*fn)(void));
/* Ticks per millisecond, by the PV clock. */
uint64_t guest_tsc_khz(void);
/* Interrupts on until *what >= n or ms milliseconds are over; returns whether it came so far. */
bool guest_until(volatile unsigned int *what, unsigned int n, unsigned int ms);
void guest_wait_us(uint64_t us);

/* Of the last instruction that faulted under MAY_FAULT. */
struct guest_fault {
	uint64_t error, cr2, rip;
};
extern struct guest_fault guest_fault;

/* ---- user.c: user mode, and pages ---- */
/* Runs fn in ring 3 on a stack of its own until it returns; interrupts off. */
void guest_user(void (*fn)(void));
/* Maps the 2 MiB page at virtual address va (below 4 GiB) to pa; flags: PAGE_*. */
void guest_map(uint64_t va, uint64_t pa, uint64_t flags);
#define PAGE_PRESENT 1ull
#define PAGE_WRITE 2ull
#define PAGE_USER 4ull
#define PAGE_2M (1ull << 21)

/* ---- each test ---- */
void guest_main(void);

/* ---- instructions ---- */
struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub));
	return r;
}

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

static inline void guest_irq_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void guest_irq_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Sleeps until an interrupt; call with interrupts off, the sti shadow closes the gap. */
static inline void guest_halt(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/*
 * An instruction that may fault: the handler finds the pair in the table, puts the vector into rsi
 * and goes on behind it. Each wrapper returns NO_FAULT or the vector.
 */
#define MAY_FAULT(insn) \
	"1: " insn "\n2:\n.pushsection .extable, \"a\"\n.quad 1b, 2b\n.popsection\n"

static inline int rdmsr_safe(uint32_t msr, uint64_t *value)
{
	uint32_t lo = 0, hi = 0;
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("rdmsr") : "+a"(lo), "+d"(hi), "+S"(vector)
			 : "c"(msr) : "memory");
	*value = (uint64_t)hi << 32 | lo;
	return (int)vector;
}

static inline int wrmsr_safe(uint32_t msr, uint64_t value)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("wrmsr") : "+S"(vector)
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
	return (int)vector;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline int read32_safe(uint64_t addr, uint32_t *value)
{
	int64_t vector = NO_FAULT;
	uint32_t v = 0;

	__asm__ volatile(MAY_FAULT("movl (%2), %0") : "+a"(v), "+S"(vector) : "r"(addr) : "memory");
	*value = v;
	return (int)vector;
}

static inline int write32_safe(uint64_t addr, uint32_t value)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("movl %1, (%2)") : "+S"(vector) : "r"(value), "r"(addr)
			 : "memory");
	return (int)vector;
}

static inline uint64_t read_cr4(void)
{
	uint64_t v;

	__asm__ volatile("movq %%cr4, %0" : "=r"(v));
	return v;
}

static inline void write_cr4(uint64_t v)
{
	__asm__ volatile("movq %0, %%cr4" : : "r"(v) : "memory");
}

/* The fourth argument too, always by VMMCALL or VMCALL as the machine wants. */
int64_t guest_hypercall4(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

static inline int64_t hypercall(uint64_t nr, uint64_t a, uint64_t b, uint64_t c)
{
	int64_t ret;

	/* The same guest runs on both vendors; the wrong instruction would be #UD. */
	if (cpuid(MB_CPUID_VERSION, 0).ebx & MB_FEATURE_VMCALL)
		__asm__ volatile("vmcall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c) : "memory");
	else
		__asm__ volatile("vmmcall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c)
				 : "memory");
	return ret;
}

/* x2APIC registers by their xAPIC offset. */
#define APIC_ID 0x20
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_ICR 0x300
#define APIC_LVT_TIMER 0x320
#define APIC_TMICT 0x380
#define APIC_TMCCT 0x390
#define APIC_TDCR 0x3e0
#define APIC_SELF_IPI 0x3f0
#define APIC_VERSION 0x30
#define APIC_TPR 0x80
#define APIC_LDR 0xd0
#define APIC_DFR 0xe0
#define APIC_ISR 0x100
#define APIC_IRR 0x200
#define APIC_ESR 0x280

static inline uint64_t apic_read(uint32_t reg)
{
	return rdmsr(0x800 + (reg >> 4));
}

static inline void apic_write(uint32_t reg, uint64_t v)
{
	wrmsr(0x800 + (reg >> 4), v);
}

#endif
