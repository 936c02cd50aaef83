/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  how a domain finds Minibus: CPUID leaves from 0x40000100.
 * Callers:  hv/exit_cpuid.c answers; Linux modules of both sides and bare guests ask.
 * Context:  any. Locking, lifetime, errors: none.
 *
 * 0x40000000 carries the KVM signature: stock Linux takes virtual x2APIC, the PV clock and PV EOI
 * only from a hypervisor it knows. Minibus's own leaves follow at 0x40000100.
 *
 *   0x40000100: eax = highest leaf, ebx:ecx:edx = "MinibusHyper"
 *   0x40000101: eax = MB_ABI_VERSION, ebx = MB_FEATURE_*, ecx = own domain id, edx = own vCPU
 *   0x40000102: eax = ports of this domain, ebx = event priorities, ecx = bytes of a call slot,
 *               edx = vCPUs of this domain
 */
#ifndef MINIBUS_ABI_CPUID_H
#define MINIBUS_ABI_CPUID_H

#define MB_CPUID_BASE 0x40000100u
#define MB_CPUID_VERSION 0x40000101u
#define MB_CPUID_TUNNEL 0x40000102u
#define MB_CPUID_MAX MB_CPUID_TUNNEL

#define MB_CPUID_SIG_EBX 0x696e694du /* "Mini" */
#define MB_CPUID_SIG_ECX 0x48737562u /* "busH" */
#define MB_CPUID_SIG_EDX 0x72657079u /* "yper" */

/* major << 16 | minor; majors must match, a larger minor only adds. */
#define MB_ABI_VERSION 0x00010000u

#define MB_FEATURE_PRIVILEGED (1u << 0) /* this domain may make the privileged hypercalls */
#define MB_FEATURE_TUNNEL (1u << 1)	/* event queues, ports and calls */
#define MB_FEATURE_VMCALL (1u << 2)	/* hypercall instruction is VMCALL (Intel), else VMMCALL */

#endif
