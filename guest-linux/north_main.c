// SPDX-License-Identifier: GPL-2.0-only
/*
 * north: the connector of a Minibus guest. Finds the hypervisor by its CPUID leaves, then starts
 * calls, events and the bus in that order; each needs the one before.
 *
 * Without Minibus, or in the domain that has the other end, loading is refused with ENODEV: the
 * same image may boot anywhere.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

#include "../hv/abi/cpuid.h"
#include "../hv/abi/tunnel.h"
#include "hypercall.h"
#include "north.h"

bool north_vmcall __read_mostly;
u32 north_vcpus;
u32 north_ports;
DEFINE_PER_CPU(struct north_stats, north_stats);

static struct dentry *stats_file;

static void prio_show(struct seq_file *m, struct evq_level *all)
{
	struct evq_level prio[MB_EVQ_PRIOS] = {};
	u32 i;

	north_irq_total(prio);
	for (i = 0; i < MB_EVQ_PRIOS; i++) {
		all->events += prio[i].events;
		all->wakes += prio[i].wakes;
		all->empty += prio[i].empty;
		seq_printf(m, "events.%u %llu\nqinject.%u %llu\n", i, prio[i].events, i,
			   prio[i].wakes);
		seq_printf(m, "ahead.%u %llu\nturns.%u %llu\n", i, prio[i].ahead, i,
			   prio[i].turns);
	}
}

static int stats_show(struct seq_file *m, void *unused)
{
	struct evq_level all = {};
	struct north_stats n = {};
	struct vdev_stats d;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct north_stats *s = per_cpu_ptr(&north_stats, cpu);

		n.inject += s->inject;
		n.bridgecalls += s->bridgecalls;
		n.buscalls += s->buscalls;
		n.spurious += s->spurious;
		n.faults += s->faults;
	}
	prio_show(m, &all);
	vdev_stats_total(&d);
	seq_printf(m, "events %llu\nqnotify %llu\nqinject %llu\nnotify %llu\ninject %llu\n",
		   all.events, all.wakes - all.empty, all.wakes, d.notify, n.inject);
	seq_printf(m, "bridgecalls %llu\nbuscalls %llu\nsuppressed %llu\nspurious %llu\n",
		   n.bridgecalls, n.buscalls, d.suppressed, d.spurious + n.spurious + all.empty);
	seq_printf(m, "ringfull %llu\nfaults %llu\n", d.ringfull, d.faults + n.faults);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* Is it there, does it speak our ABI, and is this a guest? Says why not. */
static int find_minibus(void)
{
	u32 max, ebx, ecx, edx, version, features;

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		goto none;
	cpuid(MB_CPUID_BASE, &max, &ebx, &ecx, &edx);
	if (ebx != MB_CPUID_SIG_EBX || ecx != MB_CPUID_SIG_ECX || edx != MB_CPUID_SIG_EDX ||
	    max < MB_CPUID_MAX)
		goto none;
	cpuid(MB_CPUID_VERSION, &version, &features, &ecx, &edx);
	if (version >> 16 != MB_ABI_VERSION >> 16) {
		pr_err("north: Minibus has ABI %u.%u, this module needs %u\n", version >> 16,
		       version & 0xffff, MB_ABI_VERSION >> 16);
		return -ENODEV;
	}
	if (features & MB_FEATURE_PRIVILEGED) {
		pr_info("north: this is dom0, which has the other end of the bus\n");
		return -ENODEV;
	}
	if (!(features & MB_FEATURE_TUNNEL)) {
		pr_err("north: this Minibus offers no tunnel to this domain\n");
		return -ENODEV;
	}
	north_vmcall = features & MB_FEATURE_VMCALL;
	pr_info("north: domain %u on Minibus, ABI %u.%u\n", ecx, version >> 16, version & 0xffff);
	cpuid(MB_CPUID_TUNNEL, &north_ports, &ebx, &ecx, &north_vcpus);
	if (north_ports < 2 || north_ports > MB_EVQ_WORDS * 64 || !ebx || !north_vcpus ||
	    north_vcpus > MB_MAX_VCPUS || ecx != sizeof(struct mb_call_slot)) {
		pr_err("north: impossible tunnel: %u ports, %u priorities, slots of %u, %u vCPUs\n",
		       north_ports, ebx, ecx, north_vcpus);
		return -ENODEV;
	}
	return 0;
none:
	pr_info("north: no Minibus hypervisor here\n");
	return -ENODEV;
}

u32 north_vcpu_here(void)
{
	return cpuid_edx(MB_CPUID_VERSION);
}

int north_bridge(u64 nr, u64 a, u64 b, u64 c, u64 d)
{
	int rc = north_errno(north_hypercall(nr, a, b, c, d));

	this_cpu_inc(north_stats.bridgecalls);
	if (rc < 0)
		this_cpu_inc(north_stats.faults);
	return rc;
}

static int __init north_init(void)
{
	int rc = find_minibus();

	if (rc)
		return rc;
	rc = north_call_init();
	if (rc)
		return rc;
	rc = north_irq_init();
	if (rc)
		goto no_irq;
	rc = north_bus_init();
	if (rc)
		goto no_bus;
	stats_file = debugfs_create_file("bus", 0444, vbus_guest_debugfs(), NULL, &stats_fops);
	return 0;
no_bus:
	north_irq_exit();
no_irq:
	north_call_exit();
	return rc;
}
module_init(north_init);

static void __exit north_exit(void)
{
	debugfs_remove(stats_file);
	north_bus_exit();
	north_irq_exit();
	north_call_exit();
}
module_exit(north_exit);

MODULE_DESCRIPTION("Connector of a Minibus guest to its vbus");
MODULE_LICENSE("GPL");
