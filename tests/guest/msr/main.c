// SPDX-License-Identifier: GPL-2.0-only
/*
 * msr: every MSR number of the three ranges that have one, and of the hypervisor's. APM Vol 2,
 * "MSR Cross-Reference": RDMSR and WRMSR of a number that does not exist give #GP. What may go
 * wrong: a read reaches the machine (microcode, machine checks, memory types of somebody else), a
 * write changes it, a number without a handler ends the guest or the hypervisor, the value of one
 * register appears in another.
 *
 * SECONDS: 120
 */
#include "guest.h"

#define EFER 0xc0000080
#define APIC_BASE 0x1b
#define PV_CLOCK 0x4b564d01
#define PV_WALL 0x4b564d00
#define PV_EOI 0x4b564d04
#define LSTAR 0xc0000082
#define KERNEL_GS_BASE 0xc0000102

static const struct {
	uint32_t first, count;
} ranges[] = {
	{0, 0x2000},         {0xc0000000, 0x2000}, {0xc0010000, 0x2000},
	{0x40000000, 0x200}, {0x4b564d00, 0x40},   {0xfffff000, 0x1000},
};

/* Writing 0 here is allowed and has effects that this test does not want. */
static bool keep_off(uint32_t msr)
{
	return (msr >= 0x800 && msr < 0x900) || msr == APIC_BASE || msr == EFER || msr == 0x10 ||
	       (msr >= 0x174 && msr <= 0x176) || (msr >= 0xc0000081 && msr <= 0xc0000103) ||
	       msr == 0x277;
}

static void sweep(void)
{
	unsigned int other = 0, readable = 0, writable = 0;
	uint64_t v;

	for (unsigned int r = 0; r < ARRAY_SIZE(ranges); r++) {
		for (uint32_t i = 0; i < ranges[r].count; i++) {
			uint32_t msr = ranges[r].first + i;
			int vector = rdmsr_safe(msr, &v);

			readable += vector == NO_FAULT;
			other += vector != NO_FAULT && vector != VEC_GP;
			/* A number that cannot be read may be write-only: a command. */
			if (vector != VEC_GP || keep_off(msr))
				continue;
			vector = wrmsr_safe(msr, 0);
			other += vector != NO_FAULT && vector != VEC_GP;
			if (vector == NO_FAULT) {
				writable++;
				guest_printf("# MSR %x can be written only\n", msr);
			}
		}
	}
	report(!other, "each MSR gives a value or #GP and nothing else (%u others)", other);
	report(readable > 10 && readable < 120, "%u of them can be read", readable);
	report(writable <= 4, "%u can be written only", writable);
}

static void refused(uint32_t msr, uint64_t value, const char *what)
{
	report(wrmsr_safe(msr, value) == VEC_GP, "%s: #GP", what);
}

static void bad_values(void)
{
	uint64_t efer = rdmsr(EFER);

	refused(EFER, efer | 1ull << 12, "EFER.SVME");
	refused(EFER, efer | 1ull << 63, "EFER, a reserved bit");
	refused(EFER, efer & ~(1ull << 8), "EFER.LME cannot be cleared while paging is on");
	/* These do not exit: QEMU takes such values, CPUs do not. */
	report_known(wrmsr_safe(LSTAR, 1ull << 63) == VEC_GP, "LSTAR, not canonical: #GP");
	report_known(wrmsr_safe(KERNEL_GS_BASE, 1ull << 47) == VEC_GP,
	             "KERNEL_GS_BASE, not canonical: #GP");
	refused(0x277, 2, "PAT, a type that does not exist");
	refused(0x6e0 + 1, 0, "the MSR behind TSC_DEADLINE");
	refused(PV_CLOCK, 0xfffffffffffff001, "PV clock outside memory");
	refused(PV_CLOCK, 0xfee00001, "PV clock on the local APIC");
	refused(PV_EOI, 0xfffffffffffff001, "PV EOI outside memory");
	refused(PV_WALL, 0xfffffffffffff000, "wall clock outside memory");
	refused(APIC_BASE, rdmsr(APIC_BASE) | 1ull << 62, "APIC_BASE, a reserved bit");
	refused(APIC_BASE, (rdmsr(APIC_BASE) & ~(1ull << 11)) | 1ull << 10,
	        "APIC_BASE, x2APIC without enable");
	report(rdmsr(EFER) == efer, "EFER is as before");
}

static void keep_values(void)
{
	static const uint32_t kept[] = {
		0xc0000081, LSTAR,          0xc0000083, 0xc0000084, 0xc0000100,
		0xc0000101, KERNEL_GS_BASE, 0x175,      0x176,
	};
	bool good = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++)
		wrmsr(kept[i], 0x1000 + i);
	for (unsigned int i = 0; i < ARRAY_SIZE(kept); i++)
		good &= rdmsr(kept[i]) == 0x1000 + i;
	report(good, "registers of the guest's own keep their values apart");
	report(rdmsr(APIC_BASE) >> 8 & 1, "vCPU 0 is the boot processor");
	report((rdmsr(APIC_BASE) & 0xffffff000) == MB_GUEST_LAPIC_BASE, "its APIC is at fee00000");
}

void guest_main(void)
{
	report_plan(3 + 14 + 3);
	sweep();
	bad_values();
	keep_values();
}
