/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's TSC rate (tsc_khz), and RDTSC where the hardware cannot scale: then RDTSC, RDTSCP and
 * reads of the TSC's MSR exit and get the same values computed here. SDM "Time-Stamp Counter
 * Scaling", APM 15.30.5 "TSC Ratio MSR".
 */
#include "hv/guest_tsc.h"

#include "arch/x86/msr.h"
#include "arch/x86/tsc.h"
#include "hv/exit.h"
#include "hv/printk.h"

int guest_tsc_setup(struct domain *d, u32 khz)
{
	u64 ratio = TSC_RATIO_ONE;

	if (khz) /* to the nearest; the error is below 2^-24 of the rate */
		ratio = (((u64)khz << TSC_RATIO_FRACTION) + tsc_khz / 2) / tsc_khz;
	if (ratio < TSC_RATIO_MIN || ratio > TSC_RATIO_MAX) {
		pr_error("domain %s: tsc_khz=%u is not within 1/256 to 256 of the machine's %lu\n",
			 d->name, khz, tsc_khz);
		return -MB_EINVAL;
	}
	d->tsc_ratio = ratio == TSC_RATIO_ONE ? 0 : ratio;
	if (d->tsc_ratio)
		pr_info("domain %s: TSC of %u kHz by %s\n", d->name, khz,
			guest_tsc_exits(d) ? "exits" : "hardware");
	return 0;
}

enum exit_action exit_rdtsc(struct vcpu *v)
{
	u64 now = guest_tsc_at(v, tsc_now());

	if (!v->exit.insn_len)
		return EXIT_RETRY; /* other bytes were there when the vendor looked: once more */
	v->regs.rax = (u32)now;
	v->regs.rdx = now >> 32;
	if (v->exit.rdtsc.aux)
		v->regs.rcx = (u32)rdmsr(MSR_TSC_AUX); /* the guest's, while it is loaded */
	return EXIT_RESUME;
}
