// SPDX-License-Identifier: GPL-2.0-only
/*
 * basic: the platform of hv/abi/guest.h as a guest without Linux finds it: Minibus's CPUID leaves,
 * the console, ports that do not exist (read as all ones, writes vanish), hypercalls that are
 * unknown or not a guest's to make.
 */
#include "guest.h"

static void leaves(void)
{
	struct cpuid_regs r = cpuid(MB_CPUID_BASE, 0);

	report(r.ebx == MB_CPUID_SIG_EBX && r.ecx == MB_CPUID_SIG_ECX && r.edx == MB_CPUID_SIG_EDX,
	       "signature at 0x40000100");
	r = cpuid(MB_CPUID_VERSION, 0);
	report(r.eax == MB_ABI_VERSION, "ABI version %x", r.eax);
	report(!(r.ebx & MB_FEATURE_PRIVILEGED), "not privileged");
	report(r.ecx >= 1 && r.edx == 0, "domain %u, vCPU %u", r.ecx, r.edx);
	report(cpuid(1, 0).ecx >> 31, "the hypervisor bit of leaf 1");
	report(!(cpuid(0x80000001, 0).ecx & 4) && !(cpuid(1, 0).ecx & 0x20),
	       "no nested virtualisation is offered");
}

static void ports(void)
{
	static const uint16_t none[] = {
		0x20, 0x40, 0x60, 0x70, 0x80, 0x170, 0x2f8, 0xcf8, 0xcfc, 0xffff,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
		outb(none[i], 0x5a);
		report(inb(none[i]) == 0xff, "port %x reads as all ones", none[i]);
	}
	outl(0xcf8, 0x80000000);
	report(inl(0xcfc) == 0xffffffff, "no PCI device 0");
}

static void calls(void)
{
	report(hypercall(MB_HC_VERSION, 0, 0, 0) == MB_ABI_VERSION, "hypercall: version");
	report(hypercall(MB_HC_BASE + 0x7777, 0, 0, 0) == -MB_ENOSYS, "hypercall: unknown number");
	for (uint64_t nr = MB_HC_HV_INFO; nr <= MB_HC_VCPU_CR3; nr++)
		report(hypercall(nr, 0x100000, 0, 0) == -MB_EPERM, "hypercall %lx is dom0's", nr);
	report(hypercall(MB_HC_PORT_SEND, 99999, 0, 0) < 0, "a port that does not exist");
	report(hypercall(MB_HC_PORT_SEND, 77, 0, 0) < 0, "a port that is not bound");
	report(hypercall(MB_HC_EVENTQ_SET, 0, 99, 0x100000) < 0, "an event queue of no priority");
	report(hypercall(MB_HC_CALL_SETUP, 0xfffffffffffff000, 1, 0) < 0,
	       "call slots outside memory");
	report(hypercall(MB_HC_CALL_SETUP, 0x100001, 1, 0) < 0, "call slots not aligned");
	report(hypercall(MB_HC_CALL, 0, 0, 0) < 0, "a call without slots");
}

void guest_main(void)
{
	report_plan(6 + 11 + 2 + (MB_HC_VCPU_CR3 - MB_HC_HV_INFO + 1) + 6);
	leaves();
	ports();
	calls();
}
