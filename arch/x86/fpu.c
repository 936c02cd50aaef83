/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extended state on a vCPU switch. Areas have the standard (not compacted) XSAVE format, or
 * FXSAVE's when there is no XSAVE. Everything the CPU supports is saved, because a guest may clear
 * an XCR0 bit while the registers behind it still hold its data.
 *
 * XSAVE, not XSAVEOPT: the latter leaves out what was not modified since an XRSTOR from the same
 * linear address, and a guest's own XRSTOR may have used the address of our area.
 */
#include "arch/x86/fpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/trap.h"

#define FXSAVE_SIZE 512
#define FCW_RESET 0x037f
#define MXCSR_RESET 0x1f80
#define AREA_MXCSR 24

static u32 area_size = FXSAVE_SIZE;
static u64 supported;
static bool stale_pointers; /* loading leaves the last x87 error pointers of the vCPU before */

void fpu_init(void)
{
	struct cpuid_regs r;

	stale_pointers = cpu_info.vendor == CPU_VENDOR_AMD && !cpu_has(CPU_FEAT_ERRPTR);
	if (!cpu_has(CPU_FEAT_XSAVE))
		return;
	r = cpuid(0xd, 0);
	supported = r.eax | (u64)r.edx << 32;
	area_size = r.ecx;
}

u32 fpu_area_size(void)
{
	return area_size;
}

u64 fpu_xcr0_supported(void)
{
	return supported;
}

/* SDM/APM "XSETBV": x87 always; AVX needs SSE; AVX-512 needs AVX; pairs and triples go together. */
bool fpu_xcr0_valid(u64 xcr0)
{
	u64 bnd = xcr0 & (XCR0_BNDREGS | XCR0_BNDCSR);
	u64 avx512 = xcr0 & XCR0_AVX512, amx = xcr0 & XCR0_AMX;

	if (!(xcr0 & XCR0_X87) || xcr0 & ~supported)
		return false;
	if (xcr0 & XCR0_AVX && !(xcr0 & XCR0_SSE))
		return false;
	if (avx512 && (avx512 != XCR0_AVX512 || !(xcr0 & XCR0_AVX)))
		return false;
	if (bnd && bnd != (XCR0_BNDREGS | XCR0_BNDCSR))
		return false;
	return !amx || amx == XCR0_AMX;
}

void fpu_area_init(void *area)
{
	u8 *bytes = area;

	for (u32 i = 0; i < area_size; i++)
		bytes[i] = 0;
	*(u16 *)area = FCW_RESET;
	*(u32 *)(bytes + AREA_MXCSR) = MXCSR_RESET;
}

u64 fpu_xcr0(void)
{
	return supported ? xgetbv(0) : 0;
}

bool fpu_set_xcr0(u64 xcr0)
{
	long err = (long)(u32)xcr0;

	if (!fpu_xcr0_valid(xcr0))
		return false;
	/* A later CPU may have rules that fpu_xcr0_valid() does not know. */
	__asm__ volatile("1:\txsetbv\n\t"
			 "xorl %%eax, %%eax\n"
			 "2:\n" EXTABLE(1b, 2b)
			 : "+a"(err)
			 : "c"(0), "d"((u32)(xcr0 >> 32))
			 : "memory");
	return !err;
}

void fpu_save(void *area)
{
	if (!supported) {
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
		return;
	}
	xsetbv(0, supported);
	/* all bits of the mask: EDX:EAX is ANDed with XCR0 */
	__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
}

/* APM "FXRSTOR": without a pending exception older CPUs keep FIP, FDP and FOP. A load sets them. */
static void clear_pointers(void)
{
	static const u32 zero;

	if (stale_pointers)
		__asm__ volatile("fnclex; emms; fildl %0" ::"m"(zero));
}

void fpu_restore(const void *area, u64 xcr0)
{
	clear_pointers();
	if (!supported) {
		__asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
		return;
	}
	xsetbv(0, supported);
	__asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
	xsetbv(0, xcr0);
}
