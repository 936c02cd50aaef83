// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpu: MSRs and privileged instructions. APM Vol 2, "Model-Specific Registers": an MSR that does
 * not exist gives #GP on read and write. A guest must not reach the machine's own: SVM's control
 * MSRs, memory types, microcode, machine checks and so on are refused or virtual; EFER refuses
 * reserved bits.
 */
#include "guest.h"

#define EFER 0xc0000080

static void unknown_msrs(void)
{
	static const uint32_t none[] = {0x12345, 0x4ff, 0xc0001234, 0x40000ffe, 0xdeadbeef};
	uint64_t v;

	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		report(rdmsr_safe(none[i], &v) == VEC_GP, "rdmsr %x gives #GP", none[i]);
		report(wrmsr_safe(none[i], 0) == VEC_GP, "wrmsr %x gives #GP", none[i]);
	}
}

static void svm_msrs(void)
{
	uint64_t v;

	report(wrmsr_safe(0xc0010117, 0x100000) == VEC_GP, "VM_HSAVE_PA cannot be written");
	v = rdmsr(EFER);
	report(!(v & 0x1000), "EFER.SVME reads as 0");
	report(wrmsr_safe(EFER, v | 0x1000) == VEC_GP, "EFER.SVME cannot be set");
	report(wrmsr_safe(EFER, v | 1ull << 40) == VEC_GP, "a reserved bit of EFER cannot be set");
	report(rdmsr(EFER) == v, "EFER is as before");
}

static void vm_instructions(void)
{
	int64_t vector = NO_FAULT;

	__asm__ volatile(MAY_FAULT("vmrun %%rax") : "+S"(vector) : "a"(0x100000ul) : "memory");
	report(vector == VEC_UD, "vmrun gives #UD (vector %ld)", vector);
	vector = NO_FAULT;
	__asm__ volatile(MAY_FAULT("clgi") : "+S"(vector) : : "memory");
	report(vector == VEC_UD, "clgi gives #UD (vector %ld)", vector);
	vector = NO_FAULT;
	__asm__ volatile(MAY_FAULT("ud2") : "+S"(vector) : : "memory");
	report(vector == VEC_UD, "ud2 gives #UD, not intercepted away");
}

static void time_goes_on(void)
{
	uint64_t a = rdtsc(), b = a;

	/* An emulator with several CPUs may count in steps. */
	for (unsigned int n = 0; n < 1000 && a == b; n++)
		b = rdtsc();
	report(b > a, "the TSC moves");
	report(guest_tsc_khz() > 10000, "its rate is known: %lu kHz", guest_tsc_khz());
}

void guest_main(void)
{
	report_plan(10 + 5 + 3 + 2);
	unknown_msrs();
	svm_msrs();
	vm_instructions();
	time_goes_on();
}
