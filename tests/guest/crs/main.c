// SPDX-License-Identifier: GPL-2.0-only
/*
 * crs: CR0, CR4 and XCR0 as the CPU alone would have them. SDM Vol 2 "MOV - Move to/from Control
 * Registers", "XSETBV"; APM Vol 2, "System-Control Registers". On VMX some bits of CR0 and CR4 are
 * the hypervisor's (NE, VMXE, cache control), so MOV exits and is emulated, and XSETBV always is.
 * What may go wrong: a bit shows the hypervisor's value, a change is lost, a value the manual
 * forbids is accepted or ends the guest, user mode gets through, CR2 is another vCPU's.
 *
 * VCPUS: 2
 */
#include "guest.h"

#define CR0_NE (1ull << 5)
#define CR0_NW (1ull << 29)
#define CR0_CD (1ull << 30)
#define CR0_PG (1ull << 31)
#define CR0_PE 1ull
#define CR4_TSD (1ull << 2)
#define CR4_PAE (1ull << 5)
#define CR4_PGE (1ull << 7)
#define CR4_VMXE (1ull << 13)
#define CR4_SMXE (1ull << 14)
#define CR4_OSXSAVE (1ull << 18)
#define XCR0_X87 1ull
#define XCR0_SSE 2ull
#define XCR0_AVX 4ull
#define TURNS 100u

static int user_vector[2];

static uint64_t read_cr0(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}

static int write_cr0_safe(uint64_t v)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("mov %1, %%cr0") : "+S"(vector) : "r"(v) : "memory");
	return (int)vector;
}

static int write_cr4_safe(uint64_t v)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("mov %1, %%cr4") : "+S"(vector) : "r"(v) : "memory");
	return (int)vector;
}

static int xsetbv_safe(uint32_t index, uint64_t v)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("xsetbv") : "+S"(vector)
			 : "c"(index), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
	return (int)vector;
}

static uint64_t xgetbv(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo | (uint64_t)hi << 32;
}

static bool is_intel(void)
{
	return cpuid(0, 0).ebx == 0x756e6547; /* "Genu" */
}

static void cr0(void)
{
	uint64_t v = read_cr0();

	report(v & CR0_PG && v & CR0_PE && !(v & (CR0_CD | CR0_NW)), "CR0 at the start: %lx", v);
	write_cr0_safe(v ^ CR0_NE);
	report(read_cr0() == (v ^ CR0_NE), "NE changes");
	write_cr0_safe(v | CR0_CD);
	report(read_cr0() == (v | CR0_CD), "CD is set");
	write_cr0_safe(v | CR0_CD | CR0_NW);
	report(read_cr0() == (v | CR0_CD | CR0_NW), "NW with it");
	write_cr0_safe(v);
	report(read_cr0() == v, "and all as before");
	if (!is_intel()) {
		report_skip("forbidden CR0: on SVM the CPU alone checks, and emulators forget to");
		return;
	}
	report(write_cr0_safe(v | CR0_NW) == VEC_GP, "NW without CD: #GP");
	report(write_cr0_safe(v & ~CR0_PE) == VEC_GP, "PG without PE: #GP");
	report(write_cr0_safe(v | 1ull << 40) == VEC_GP && read_cr0() == v,
	       "bits 63:32: #GP, nothing has changed");
}

static void cr4(void)
{
	uint64_t v = read_cr4();

	report(!(v & (CR4_VMXE | CR4_SMXE | CR4_OSXSAVE)), "CR4 at the start: %lx", v);
	write_cr4(v | CR4_TSD | CR4_PGE);
	report(read_cr4() == (v | CR4_TSD | CR4_PGE), "TSD and PGE are set");
	write_cr4(v);
	report(read_cr4() == v, "and clear again");
	if (!is_intel()) {
		report_skip("forbidden CR4: on SVM the CPU alone checks; QEMU's ends the guest");
		return;
	}
	report(write_cr4_safe(v | CR4_VMXE) == VEC_GP, "VMXE: #GP");
	report(write_cr4_safe(v | CR4_SMXE) == VEC_GP, "SMXE: #GP");
	report(write_cr4_safe(v & ~CR4_PAE) == VEC_GP && read_cr4() == v,
	       "PAE off in long mode: #GP, nothing has changed");
}

static void user(void)
{
	user_vector[0] = write_cr0_safe(0x80000011);
	user_vector[1] = xsetbv_safe(0, XCR0_X87);
}

static void xcr0(void)
{
	uint64_t all = cpuid(0xd, 0).eax | (uint64_t)cpuid(0xd, 0).edx << 32;

	report(xsetbv_safe(0, XCR0_X87) == VEC_UD, "XSETBV without CR4.OSXSAVE: #UD");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	report(xgetbv() == XCR0_X87, "XCR0 at the start: %lx", xgetbv());
	report(xsetbv_safe(0, all) == NO_FAULT && xgetbv() == all, "all that CPUID offers: %lx",
	       all);
	report(cpuid(0xd, 0).ebx == cpuid(0xd, 0).ecx, "CPUID tells the size for it");
	report(xsetbv_safe(0, XCR0_X87 | XCR0_SSE) == NO_FAULT && cpuid(0xd, 0).ebx == 576,
	       "without AVX the area is smaller");
	report(xsetbv_safe(0, XCR0_SSE) == VEC_GP, "without x87: #GP");
	report(!(all & XCR0_AVX) || xsetbv_safe(0, XCR0_X87 | XCR0_AVX) == VEC_GP,
	       "AVX without SSE: #GP");
	report(xsetbv_safe(0, all | 1ull << 62) == VEC_GP, "what CPUID does not offer: #GP");
	report(xsetbv_safe(1, XCR0_X87) == VEC_GP, "another register than XCR0: #GP");
	report(xgetbv() == (XCR0_X87 | XCR0_SSE), "XCR0 is what it was");
	guest_user(user);
	report(user_vector[0] == VEC_GP && user_vector[1] == VEC_GP && xgetbv() != XCR0_X87,
	       "user mode: #GP for both");
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
}

static volatile unsigned int turns; /* of vCPU 1, which leaves its own value in CR2 each time */

static void second(void)
{
	for (;;) {
		__asm__ volatile("mov %0, %%cr2" : : "r"(0xbadull << 12));
		turns++;
		hypercall(MB_HC_YIELD, 0, 0, 0);
	}
}

static void cr2(void)
{
	uint64_t end, v;
	unsigned int wrong = 0, before;

	guest_apic_on();
	report(guest_start_cpu(1, second), "a second vCPU");
	end = rdtsc() + 5000 * guest_tsc_khz();
	for (unsigned int i = 1; i <= TURNS; i++) {
		__asm__ volatile("mov %0, %%cr2" : : "r"((uint64_t)i << 12));
		before = turns;
		while (turns == before && rdtsc() < end)
			hypercall(MB_HC_YIELD, 0, 0, 0);
		__asm__ volatile("mov %%cr2, %0" : "=r"(v));
		wrong += v != (uint64_t)i << 12;
	}
	report(turns >= TURNS && !wrong, "CR2 stays this vCPU's while another runs (%u wrong)",
	       wrong);
}

void guest_main(void)
{
	bool xsave = cpuid(1, 0).ecx & 1u << 26;

	report_plan((is_intel() ? 8 + 6 : 6 + 4) + (xsave ? 11 : 1) + 2);
	cr0();
	cr4();
	cr2();
	if (xsave)
		xcr0();
	else
		report_skip("XCR0: no XSAVE on this machine");
}
