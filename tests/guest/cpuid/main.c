// SPDX-License-Identifier: GPL-2.0-only
/*
 * cpuid: what a guest is told of its CPU. APM Vol 3, Appendix E, and SDM "CPUID": features that are
 * offered must work, features that are not given must not be offered. What may go wrong: a bit of
 * the machine leaks through (virtualisation, MONITOR, performance counters, SGX, supervisor state),
 * a bit that follows the guest's own state (OSXSAVE) shows the hypervisor's, leaves out of range
 * show something, vCPU numbers are wrong, or XSAVEC is offered where it does not work (Bochs).
 *
 * VCPUS: 2
 */
#include "guest.h"

#define CR4_OSXSAVE (1ull << 18)
#define KVM_SIG_EBX 0x4b4d564b
#define KVM_SIG_ECX 0x564b4d56
#define KVM_SIG_EDX 0x4d
#define KVM_IMPLEMENTED (1u << 0 | 1u << 1 | 1u << 3 | 1u << 6 | 1u << 24)

static volatile unsigned int second_vcpu = 99, second_apic = 99;

static void hypervisor_leaves(void)
{
	struct cpuid_regs r = cpuid(0x40000000, 0);

	report(r.ebx == KVM_SIG_EBX && r.ecx == KVM_SIG_ECX && r.edx == KVM_SIG_EDX,
	       "KVM's signature at 0x40000000");
	report(r.eax >= 0x40000001 && r.eax < 0x40000100, "its leaves end at %x", r.eax);
	r = cpuid(0x40000001, 0);
	report(r.eax & 1u << 3 && r.eax & 1u << 6, "PV clock and PV EOI are offered");
	report(!(r.eax & ~KVM_IMPLEMENTED), "no other KVM feature is: %x", r.eax);
	r = cpuid(MB_CPUID_BASE, 0);
	report(r.ebx == MB_CPUID_SIG_EBX && r.ecx == MB_CPUID_SIG_ECX &&
	               r.edx == MB_CPUID_SIG_EDX && r.eax == MB_CPUID_MAX,
	       "Minibus's signature at 0x40000100");
	r = cpuid(MB_CPUID_VERSION, 0);
	report(r.eax == MB_ABI_VERSION && r.ebx & MB_FEATURE_TUNNEL &&
	               !(r.ebx & MB_FEATURE_PRIVILEGED),
	       "ABI %x, with the tunnel, not privileged", r.eax);
	r = cpuid(MB_CPUID_TUNNEL, 0);
	report(r.eax == MB_GUEST_PORTS && r.ebx == MB_EVQ_PRIOS && r.edx == 2 &&
	               r.ecx == sizeof(struct mb_call_slot),
	       "limits of the tunnel: %u ports, %u priorities", r.eax, r.ebx);
	r = cpuid(MB_CPUID_MAX + 1, 0);
	report(!(r.eax | r.ebx | r.ecx | r.edx), "nothing behind the last leaf");
}

static void features(void)
{
	struct cpuid_regs r = cpuid(1, 0);

	report(r.ecx & 1u << 31 && r.ecx & 1u << 21 && r.ecx & 1u << 24,
	       "hypervisor, x2APIC and TSC deadline are offered");
	report(!(r.ecx & (1u << 5 | 1u << 6)), "no VMX, no SMX");
	report(!(r.ecx & 1u << 3), "no MONITOR");
	report(!(r.ecx & (1u << 2 | 1u << 15)) && !(r.edx & 1u << 21),
	       "no debug store, no performance capabilities");
	report(r.ebx >> 24 == 0, "APIC id of vCPU 0");
	r = cpuid(5, 0);
	report(!(r.eax | r.ebx | r.ecx | r.edx), "leaf 5 (MONITOR) is empty");
	r = cpuid(7, 0);
	report(!(r.ebx & (1u << 1 | 1u << 2 | 1u << 12 | 1u << 14 | 1u << 15 | 1u << 25)),
	       "no TSC_ADJUST, SGX, RDT, MPX, PT");
	report(!(r.ecx & 1u << 7) && !(r.edx & 1u << 20), "no shadow stacks, no IBT");
	r = cpuid(0xa, 0);
	report(!r.eax, "no performance counters");
	r = cpuid(0x80000001, 0);
	report(!(r.ecx & (1u << 2 | 1u << 10 | 1u << 12)), "no SVM, IBS, SKINIT");
	r = cpuid(0x8000000a, 0);
	report(!(r.eax | r.ebx | r.ecx | r.edx), "leaf 8000000a (SVM) is empty");
	r = cpuid(0x80000007, 0);
	report(r.edx & 1u << 8 || !r.edx, "only the invariant TSC in 80000007");
	r = cpuid(0xd, 1);
	report(!(r.eax & 8), "no XSAVES");
}

/* What XSAVEC stores is what XRSTOR loads; by the upper halves of AVX's registers. */
static bool xsavec_works(void)
{
	static struct {
		uint8_t legacy[512];
		uint64_t present, compacted, reserved[6];
		uint64_t high[16][2];
	} in __attribute__((aligned(64))), out __attribute__((aligned(64))),
		zero __attribute__((aligned(64)));

	if (!(cpuid(0xd, 1).eax & 2) || (cpuid(0xd, 0).eax & 7) != 7 || cpuid(0xd, 2).ebx != 576)
		return true;
	for (unsigned int i = 0; i < 32; i++)
		in.high[i / 2][i % 2] = 0x0101010101010101ull * (i + 1);
	in.present = 4;
	zero.present = 0;
	__asm__ volatile("xsetbv" : : "a"(7), "d"(0), "c"(0));
	__asm__ volatile("xrstor %0" : : "m"(in), "a"(4), "d"(0));
	__asm__ volatile("xsavec %0" : "+m"(out) : "a"(6), "d"(0));
	__asm__ volatile("xrstor %0" : : "m"(zero), "a"(4), "d"(0));
	__asm__ volatile("xrstor %0" : : "m"(out), "a"(4), "d"(0));
	__asm__ volatile("xsave %0" : "+m"(zero) : "a"(4), "d"(0));
	for (unsigned int i = 0; i < 32; i++)
		if (zero.high[i / 2][i % 2] != in.high[i / 2][i % 2])
			return false;
	return true;
}

static void own_state(void)
{
	bool xsave = cpuid(1, 0).ecx & 1u << 26;

	report(!(cpuid(1, 0).ecx & 1u << 27), "OSXSAVE is clear at the start");
	if (!xsave) {
		report_skip("no XSAVE on this machine");
		report_skip("no XSAVE on this machine");
		report_skip("no XSAVE on this machine");
		report_skip("no XSAVE on this machine");
		return;
	}
	write_cr4(read_cr4() | CR4_OSXSAVE);
	report(cpuid(1, 0).ecx & 1u << 27, "it follows CR4.OSXSAVE");
	report(cpuid(0xd, 0).ebx >= 576 && cpuid(0xd, 0).ebx <= cpuid(0xd, 0).ecx,
	       "sizes of the XSAVE area: %u of %u", cpuid(0xd, 0).ebx, cpuid(0xd, 0).ecx);
	report(xsavec_works(), "XSAVEC, if offered, stores what XRSTOR loads");
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	report(!(cpuid(1, 0).ecx & 1u << 27), "both ways");
}

static void limits(void)
{
	static const uint32_t outside[] = {
		0x12345678, 0x40001000, 0x4000ffff, 0x8fffffff, 0xffffffff, 0xc0000000,
	};
	uint32_t top = cpuid(0, 0).eax, ext = cpuid(0x80000000, 0).eax;

	report(top >= 1 && top <= 0x20, "highest leaf %x", top);
	report(ext >= 0x80000008 && ext <= 0x80000020, "highest extended leaf %x", ext);
	for (unsigned int i = 0; i < ARRAY_SIZE(outside); i++) {
		struct cpuid_regs a = cpuid(outside[i], 0), b = cpuid(top, 0);
		bool empty = !(a.eax | a.ebx | a.ecx | a.edx);

		/* SDM: Intel shows the highest basic leaf there; AMD shows zeros. */
		report(empty || a.eax == b.eax, "leaf %x is out of range", outside[i]);
	}
}

static void second(void)
{
	second_vcpu = cpuid(MB_CPUID_VERSION, 0).edx;
	second_apic = cpuid(1, 0).ebx >> 24;
}

void guest_main(void)
{
	report_plan(8 + 13 + 5 + 8 + 3);
	hypervisor_leaves();
	features();
	own_state();
	limits();
	guest_apic_on();
	report(guest_start_cpu(1, second), "the second vCPU comes up");
	guest_wait_us(100000);
	report(second_vcpu == 1, "vCPU %u there", second_vcpu);
	report(second_apic == 1, "APIC id %u there", second_apic);
}
