/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APIC by hardware: APM 15.29 "Advanced Virtual Interrupt Controller". It is named where a
 * CPU has it and has no use here: every vCPU's local APIC works by exits, and most EOIs need none
 * (hv/vlapic_pveoi.c).
 */
#include "svm/svm.h"

#include "hv/hwhelp.h"

void svm_apic_probe(void)
{
	hw_help_unused(HW_HELP_AVIC, svm_caps.features & CPUID_8A_EDX_AVIC);
}
