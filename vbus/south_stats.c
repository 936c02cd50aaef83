// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people and tools may read: /sys/kernel/minibus (the machine), /sys/kernel/debug/minibus
 * (counters: one "name value" per line).
 */
#include <linux/debugfs.h>
#include <linux/kobject.h>
#include <linux/seq_file.h>
#include <linux/sysfs.h>

#include "south.h"

static struct kobject *stats_kobj;
static struct dentry *stats_root, *stats_guests;

#define NAME_OF(id, name) name,
static const char *const help_names[] = { MB_HW_HELP_LIST(NAME_OF) };

/* ---- sysfs: one file per member of struct mb_hv_info ---- */

struct info_attribute {
	struct kobj_attribute attr;
	u16 offset;
	u16 size; /* 4, 8: a number; else text of so many bytes */
};

static ssize_t info_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	const struct info_attribute *a = container_of(attr, struct info_attribute, attr);
	struct mb_hv_info *info = hc_buffer(sizeof(*info));
	const void *p;
	ssize_t n;

	if (!info)
		return -ENOMEM;
	p = (void *)info + a->offset;
	n = mb_hc1(MB_HC_HV_INFO, hc_gpa(info));
	if (n < 0)
		goto out;
	if (a->size == sizeof(u32))
		n = sysfs_emit(page, "%u\n", *(const u32 *)p);
	else if (a->size == sizeof(u64))
		n = sysfs_emit(page, "%llu\n", *(const u64 *)p);
	else
		n = sysfs_emit(page, "%.*s\n", a->size, (const char *)p);
out:
	kfree(info);
	return n;
}

static ssize_t abi_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%u.%u\n", MB_ABI_VERSION >> 16, MB_ABI_VERSION & 0xffff);
}

static ssize_t domid_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%u\n", south_domid);
}

#define INFO(name, field)                                                                   \
	static struct info_attribute info_##name = { __ATTR(name, 0444, info_show, NULL),    \
						     offsetof(struct mb_hv_info, field),     \
						     sizeof_field(struct mb_hv_info, field) }
INFO(version, version);
INFO(vendor, vendor);
INFO(cpu, cpu);
INFO(cpus, cpus);
INFO(domains, domains);
INFO(memory_total, mem_total);
INFO(memory_free, mem_free);
INFO(memory_dom0, mem_dom0);
INFO(memory_hv, mem_hv);
INFO(heap_total, heap_total);
INFO(heap_free, heap_free);
INFO(uptime_ns, uptime_ns);
INFO(tsc_khz, tsc_khz);

/* One file per member that is a mask of MB_HW_HELP_LIST: the names. */
static ssize_t help_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	const struct info_attribute *a = container_of(attr, struct info_attribute, attr);
	struct mb_hv_info *info = hc_buffer(sizeof(*info));
	unsigned int i;
	ssize_t n;
	u64 mask;

	if (!info)
		return -ENOMEM;
	n = mb_hc1(MB_HC_HV_INFO, hc_gpa(info));
	mask = *(const u64 *)((void *)info + a->offset);
	kfree(info);
	if (n < 0)
		return n;
	for (i = 0; i < ARRAY_SIZE(help_names); i++)
		if (mask & BIT_ULL(i))
			n += sysfs_emit_at(page, n, "%s%s", n ? " " : "", help_names[i]);
	return n + sysfs_emit_at(page, n, "\n");
}

#define HELP(name, field)                                                                   \
	static struct info_attribute info_##name = { __ATTR(name, 0444, help_show, NULL),    \
						     offsetof(struct mb_hv_info, field), 0 }
HELP(hw_help, help_used);
HELP(hw_help_off, help_off);
HELP(hw_help_unused, help_unused);
static struct kobj_attribute attr_abi = __ATTR_RO(abi);
static struct kobj_attribute attr_domid = __ATTR_RO(domid);

static struct attribute *stats_attrs[] = {
	&info_version.attr.attr,      &info_vendor.attr.attr,	  &info_cpu.attr.attr,
	&info_cpus.attr.attr,	      &info_domains.attr.attr,	  &info_memory_total.attr.attr,
	&info_memory_free.attr.attr,  &info_memory_dom0.attr.attr, &info_memory_hv.attr.attr,
	&info_heap_total.attr.attr,   &info_heap_free.attr.attr,  &info_uptime_ns.attr.attr,
	&info_tsc_khz.attr.attr,      &info_hw_help.attr.attr,	  &info_hw_help_off.attr.attr,
	&info_hw_help_unused.attr.attr, &attr_abi.attr,		  &attr_domid.attr,
	NULL,
};
static const struct attribute_group stats_group = { .attrs = stats_attrs };

/* ---- debugfs: counters of one vCPU ---- */

static const char *const exit_names[] = { MB_EXIT_LIST(NAME_OF) };
static const char *const counter_names[] = { MB_COUNTER_LIST(NAME_OF) };

/* The file's private pointer carries the numbers, so it has no lifetime to care for. */
static void *vcpu_key(u32 domid, u32 vcpu)
{
	return (void *)((unsigned long)domid << 8 | vcpu);
}

static int vcpu_ask(u32 domid, u32 vcpu, struct mb_vcpu_stats *s)
{
	s->struct_size = sizeof(*s);
	return mb_hc3(MB_HC_VCPU_STATS, domid, vcpu, hc_gpa(s));
}

static int vcpu_show(struct seq_file *m, void *unused)
{
	unsigned long key = (unsigned long)m->private;
	struct mb_vcpu_stats *s = hc_buffer(sizeof(*s));
	u32 i;
	int err;

	if (!s)
		return -ENOMEM;
	err = vcpu_ask(key >> 8, key & 0xff, s);
	if (err)
		goto out;
	seq_printf(m, "cpu %u\nrun_ns %llu\n", s->cpu, s->run_ns);
	for (i = 0; i < min_t(u32, s->exit_kinds, MB_EXIT_COUNT); i++)
		seq_printf(m, "exit.%s %llu\n", exit_names[i], s->exits[i]);
	for (i = 0; i < min_t(u32, s->counter_kinds, MB_CNT_COUNT); i++)
		seq_printf(m, "cnt.%s %llu\n", counter_names[i], s->counters[i]);
out:
	kfree(s);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(vcpu);

/* ---- debugfs: dom0's event queues ---- */

static int queues_show(struct seq_file *m, void *unused)
{
	south_irq_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(queues);

/* ---- debugfs: address spaces of one vCPU, of guests with cr3_trace ---- */

static int cr3_show(struct seq_file *m, void *unused)
{
	unsigned long key = (unsigned long)m->private;
	struct mb_vcpu_cr3 *t = hc_buffer(sizeof(*t));
	u32 i;
	int err;

	if (!t)
		return -ENOMEM;
	err = mb_hc3(MB_HC_VCPU_CR3, key >> 8, key & 0xff, hc_gpa(t));
	if (err)
		goto out;
	seq_printf(m, "switches %llu\n", t->switches);
	for (i = 0; i < min_t(u32, t->targets, MB_CR3_TARGETS); i++)
		seq_printf(m, "target=0x%llx\n", t->target[i]);
	for (i = 0; i < min_t(u32, t->count, MB_CR3_LAST); i++)
		seq_printf(m, "cr3=0x%llx ns=%llu\n", t->last[i].cr3, t->last[i].ns);
out:
	kfree(t);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(cr3);

/* ---- debugfs: the bus of one guest ---- */

/* Interrupts the hypervisor injected into the guest for its event queues. */
static u64 bus_injected(struct south_guest *g)
{
	struct mb_vcpu_stats *s = hc_buffer(sizeof(*s));
	u32 vcpu, domid = READ_ONCE(g->domid);
	u64 sum = 0;

	if (!s)
		return 0;
	for (vcpu = 0; vcpu < READ_ONCE(g->vcpus); vcpu++)
		if (!vcpu_ask(domid, vcpu, s))
			sum += s->counters[MB_CNT_EV_INJECT];
	kfree(s);
	return sum;
}

static int bus_show(struct seq_file *m, void *unused)
{
	struct south_guest *g = m->private;
	struct vbus_stats sum;
	u64 buscalls, own;

	vbus_bus_stats(&g->bus, &sum, &buscalls);
	own = READ_ONCE(g->past_events) + READ_ONCE(g->call_port.events) +
	      READ_ONCE(g->console_port.events) + READ_ONCE(g->state_port.events);
	seq_printf(m, "events %llu\n", own + sum.notify);
	seq_printf(m, "qnotify %llu\n", (u64)atomic64_read(&g->qnotify));
	seq_printf(m, "qinject %llu\n", bus_injected(g));
	seq_printf(m, "notify %llu\n", sum.notify);
	seq_printf(m, "inject %llu\n", sum.inject);
	seq_printf(m, "bridgecalls %llu\n", (u64)atomic64_read(&g->bridgecalls));
	seq_printf(m, "buscalls %llu\n", buscalls);
	seq_printf(m, "suppressed %llu\n", sum.suppressed);
	seq_printf(m, "spurious %llu\n", sum.spurious);
	seq_printf(m, "ringfull %llu\n", sum.ringfull);
	seq_printf(m, "faults %llu\n", sum.faults);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bus);

static void stats_vcpus(struct dentry *dir, const char *prefix, u32 domid, u32 vcpus,
			const struct file_operations *fops)
{
	char name[16];
	u32 i;

	for (i = 0; i < vcpus; i++) {
		snprintf(name, sizeof(name), "%svcpu%u", prefix, i);
		debugfs_create_file(name, 0400, dir, vcpu_key(domid, i), fops);
	}
}

struct dentry *south_stats_guest(struct south_guest *g)
{
	struct dentry *dir = debugfs_create_dir(g->name, stats_guests);

	stats_vcpus(dir, "", g->domid, g->vcpus, &vcpu_fops);
	if (g->cr3_trace)
		stats_vcpus(dir, "cr3.", g->domid, g->vcpus, &cr3_fops);
	debugfs_create_file("bus", 0400, dir, g, &bus_fops);
	return IS_ERR(dir) ? NULL : dir;
}

int south_stats_init(void)
{
	int err;

	stats_kobj = kobject_create_and_add("minibus", kernel_kobj);
	if (!stats_kobj)
		return -ENOMEM;
	err = sysfs_create_group(stats_kobj, &stats_group);
	if (err) {
		kobject_put(stats_kobj);
		return err;
	}
	/* debugfs may be missing; its functions then do nothing, and nothing depends on them. */
	stats_root = debugfs_create_dir("minibus", NULL);
	stats_guests = debugfs_create_dir("guests", stats_root);
	debugfs_create_file("queues", 0400, stats_root, NULL, &queues_fops);
	stats_vcpus(debugfs_create_dir("dom0", stats_root), "", 0, min(south_vcpus, 256u),
		    &vcpu_fops);
	return 0;
}

void south_stats_exit(void)
{
	debugfs_remove_recursive(stats_root);
	kobject_put(stats_kobj);
}
