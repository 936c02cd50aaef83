/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choose the vendor once (the only place that names both), switch it on everywhere, start dom0.
 */
#include "hv/vendor.h"

#include "arch/x86/atomic.h"
#include "arch/x86/barrier.h"
#include "arch/x86/cpu.h"
#include "arch/x86/tsc.h"
#include "hv/domain.h"
#include "hv/irq.h"
#include "hv/main.h"
#include "hv/panic.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/priv_build.h"
#include "hv/pvclock.h"
#include "hv/run.h"
#include "hv/sched.h"
#include "hv/vcpu_ops.h"

#define NS_PER_SEC 1000000000ul
#define CPU_ENABLE_TIMEOUT_US 1000000u

static u32 go;		 /* vops is chosen: the other CPUs may switch on */
static u32 cpus_ready;	 /* CPUs that are on and able to take vCPUs */
static u32 cpus_refused; /* CPUs that cannot */

const struct vcpu_ops *vops;

int vendor_init(void)
{
	switch (cpu_info.vendor) {
	case CPU_VENDOR_AMD:
		vops = &svm_ops;
		break;
	default:
		pr_error("CPU vendor \"%s\": Minibus needs AMD SVM with nested paging\n",
			 cpu_info.vendor_id);
		return -MB_ENODEV;
	}
	return vops->probe();
}

NORETURN static void cannot_start(const char *reason)
{
	pr_error("cannot start: %s. The machine is halted.\n", reason);
	cpu_halt_forever();
}

/* One CPU: its run queue, interrupts, virtualisation. */
static bool enable_cpu(void)
{
	sched_init_cpu();
	irq_init_cpu();
	if (vops->cpu_enable()) {
		atomic_fetch_add(&cpus_refused, 1);
		return false;
	}
	atomic_fetch_add(&cpus_ready, 1);
	return true;
}

void vendor_cpu_main(void)
{
	while (!atomic_load(&go)) /* acquire, pairs with the store in vendor_main() */
		cpu_relax();
	if (!enable_cpu())
		cpu_halt_forever();
	run_cpu();
}

static void wait_for_cpus(void)
{
	u64 end = tsc_now() + CPU_ENABLE_TIMEOUT_US * (tsc_khz / 1000);

	while (atomic_load(&cpus_ready) + atomic_load(&cpus_refused) < cpu_count &&
	       tsc_now() < end)
		cpu_relax();
	if (atomic_load(&cpus_ready) != cpu_count)
		cannot_start("not every CPU can switch virtualisation on; try maxcpus=1");
}

void vendor_main(void)
{
	const char *error;

	pvclock_init(main_boot_time() * NS_PER_SEC);
	if (vendor_init())
		cannot_start("this machine cannot run virtual machines with Minibus");
	atomic_store(&go, 1); /* release: vops is set; pairs with vendor_cpu_main() */
	if (!enable_cpu())
		cannot_start("virtualisation cannot be switched on");
	wait_for_cpus();
	error = priv_build(main_boot_info());
	if (error)
		cannot_start(error);
	pr_info("starting dom0\n");
	printk_release_console();
	if (domain_start(dom0))
		panic("dom0 does not start");
	run_cpu();
}
