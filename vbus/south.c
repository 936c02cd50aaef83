// SPDX-License-Identifier: GPL-2.0-only
/*
 * minibus.ko, the south connector: joins the vbus core of the privileged domain to Minibus.
 *
 * Loads only where Minibus runs and says that this domain is privileged; elsewhere it answers
 * ENODEV and says why. Unloading is refused by reference counts while a guest exists (its
 * directory holds the module) or a device file is open.
 */
#include <linux/cpuhotplug.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/processor.h>

#include "south.h"

static bool cpuid_native = true;
module_param(cpuid_native, bool, 0444);
MODULE_PARM_DESC(cpuid_native, "let CPUs that are up run CPUID without an exit (default on)");

bool south_vmcall;
u32 south_domid;
u32 south_vcpus;
static int cpuid_state;

/* Runs on the CPU that came up. Every INIT switches interception on again, hence each time. */
static int cpuid_online(unsigned int cpu)
{
	mb_hc1(MB_HC_CPUID_NATIVE, 1);
	return 0;
}

/* Back to interception, so that Minibus can be found again after the module was unloaded. */
static int cpuid_offline(unsigned int cpu)
{
	mb_hc1(MB_HC_CPUID_NATIVE, 0);
	return 0;
}

static int __init south_detect(void)
{
	u32 eax, ebx, ecx, edx;

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		goto absent;
	cpuid(MB_CPUID_BASE, &eax, &ebx, &ecx, &edx);
	if (ebx != MB_CPUID_SIG_EBX || ecx != MB_CPUID_SIG_ECX || edx != MB_CPUID_SIG_EDX ||
	    eax < MB_CPUID_TUNNEL)
		goto absent;
	cpuid(MB_CPUID_VERSION, &eax, &ebx, &south_domid, &edx);
	if (eax >> 16 != MB_ABI_VERSION >> 16) {
		pr_err("minibus: the hypervisor speaks ABI %u.%u, this module %u.%u\n", eax >> 16,
		       eax & 0xffff, MB_ABI_VERSION >> 16, MB_ABI_VERSION & 0xffff);
		return -ENODEV;
	}
	if (!(ebx & MB_FEATURE_PRIVILEGED) || !(ebx & MB_FEATURE_TUNNEL)) {
		pr_err("minibus: this domain (%u) is not the privileged one\n", south_domid);
		return -ENODEV;
	}
	south_vmcall = ebx & MB_FEATURE_VMCALL;
	cpuid(MB_CPUID_TUNNEL, &eax, &ebx, &ecx, &south_vcpus);
	return 0;

absent:
	pr_info("minibus: not running on Minibus\n");
	return -ENODEV;
}

static int __init south_init(void)
{
	int err = south_detect();

	if (err)
		return err;
	south_wq = alloc_workqueue("minibus", WQ_UNBOUND, 0);
	if (!south_wq)
		return -ENOMEM;
	err = south_irq_init();
	if (err)
		goto wq;
	err = south_chr_init();
	if (err)
		goto irq;
	err = south_stats_init();
	if (err)
		goto chr;
	err = south_configfs_init();
	if (err)
		goto stats;
	if (cpuid_native) {
		/* A later hotplug state than that of managed irqs, which read CPUID. */
		cpuid_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "minibus:cpuid", cpuid_online,
						cpuid_offline);
		if (cpuid_state < 0)
			pr_warn("minibus: CPUID stays intercepted: error %d\n", cpuid_state);
	}
	return 0;

stats:
	south_stats_exit();
chr:
	south_chr_exit();
irq:
	south_irq_exit();
wq:
	destroy_workqueue(south_wq);
	return err;
}

static void __exit south_exit(void)
{
	if (cpuid_state > 0)
		cpuhp_remove_state(cpuid_state);
	south_configfs_exit();
	south_stats_exit();
	south_chr_exit();
	south_irq_exit();
	destroy_workqueue(south_wq);
}

module_init(south_init);
module_exit(south_exit);
MODULE_DESCRIPTION("vbus connector of the privileged domain of Minibus");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
