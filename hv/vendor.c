/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choose the vendor once. The only place that names both.
 */
#include "arch/x86/cpu.h"
#include "hv/abi/types.h"
#include "hv/printk.h"
#include "hv/vcpu_ops.h"

const struct vcpu_ops *vops;
struct vendor_caps vcaps;

int vendor_init(void)
{
	switch (cpu_info.vendor) {
	case CPU_VENDOR_AMD:
		vops = &svm_ops;
		break;
	case CPU_VENDOR_INTEL:
		vops = &vmx_ops;
		break;
	default:
		pr_error("CPU vendor \"%s\": Minibus needs Intel VMX or AMD SVM\n",
			 cpu_info.vendor_id);
		return -MB_ENODEV;
	}
	return vops->probe();
}
