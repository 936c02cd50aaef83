// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of dom0's tunnel: events become real Linux interrupts.
 *
 * First level: one managed irq (one vector) per CPU and priority, made on x86_vector_domain. All
 * priorities have theirs from the start: four of the about 200 vectors a CPU has, and opening a
 * port can then never fail for want of one. Activating it sets the CPU's event queue in the
 * hypervisor, deactivating it (CPU offline) lets the queue collect. Its handler drains the queues
 * of the CPU by priority (proto/evq.h).
 * Second level: port n is hwirq n of a linear domain, with a line in /proc/interrupts and an
 * affinity that is one MB_HC_PORT_ROUTE, so irqbalance and CPU hotplug work as for any device.
 *
 * A CPU's vCPU number comes from CPUID on that CPU; it is not assumed to equal Linux's number.
 */
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/percpu.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "south.h"

#define VCPU_UNKNOWN U32_MAX

struct south_evq;

struct south_vector {
	struct south_evq *of;
	u32 prio;
	u32 virq;
	u8 vector; /* as last told to the hypervisor */
	char name[24];
};

struct south_evq { /* of one CPU */
	struct evq_cpu evq;
	struct south_vector vector[MB_EVQ_PRIOS];
	u32 vcpu; /* VCPU_UNKNOWN until learnt on that CPU */
};

static DEFINE_PER_CPU(struct south_evq, evqs) = { .vcpu = VCPU_UNKNOWN };
static struct fwnode_handle *vector_fwnode, *port_fwnode;
static struct irq_domain *vector_domain, *port_domain;
static u8 port_prio[MB_DOM0_PORTS]; /* set before the port's irq exists */

struct irq_domain *south_irq_domain(void)
{
	return port_domain;
}

void south_irq_prio(u32 port, u32 prio)
{
	port_prio[port] = prio;
}

u64 south_irq_tag(void)
{
	return ((u64)smp_processor_id() << 48) | this_cpu_read(evqs.evq.drains);
}

void south_irq_show(struct seq_file *m)
{
	int cpu, prio;

	for_each_present_cpu(cpu)
		for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
			const struct evq_level *l = &per_cpu(evqs, cpu).evq.level[prio];

			seq_printf(m, "cpu %d prio %d vector 0x%x events %llu wakes %llu", cpu,
				   prio, per_cpu(evqs, cpu).vector[prio].vector, l->events,
				   l->wakes);
			seq_printf(m, " empty %llu ahead %llu turns %llu\n", l->empty, l->ahead,
				   l->turns);
		}
}

void south_irq_learn(void *unused)
{
	if (this_cpu_read(evqs.vcpu) == VCPU_UNKNOWN)
		this_cpu_write(evqs.vcpu, cpuid_edx(MB_CPUID_VERSION));
}

/* ---- first level: the vectors of one CPU ---- */

static struct mb_eventq *vector_page(const struct south_vector *v)
{
	return v->of->evq.level[v->prio].page;
}

static void vector_tell(struct south_vector *v, u8 vector)
{
	long ret = mb_hc4(MB_HC_EVENTQ_SET, v->of->vcpu, v->prio, hc_gpa(vector_page(v)), vector);

	v->vector = vector;
	if (ret)
		pr_err("minibus: event queue of vCPU %u, priority %u, vector %u: error %ld\n",
		       v->of->vcpu, v->prio, vector, ret);
}

static void port_handle(u32 port)
{
	generic_handle_domain_irq(port_domain, port);
}

static irqreturn_t vector_interrupt(int irq, void *arg)
{
	struct south_vector *v = arg;
	u32 left = evq_drain(&v->of->evq, v->prio);

	/* The rest is announced by new interrupts: softirqs and others get their turn first. */
	for (; left; left &= left - 1) {
		struct south_vector *more = &v->of->vector[__ffs(left)];

		vector_tell(more, more->vector);
	}
	return IRQ_HANDLED;
}

static void vector_nop(struct irq_data *d)
{
}

static int vector_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	struct south_vector *v = irq_data_get_irq_chip_data(d);
	int ret = irq_chip_set_affinity_parent(d, mask, force);

	/* Managed, so it never leaves its CPU; but the vector number may be another one now. */
	if (ret >= 0 && ret != IRQ_SET_MASK_OK_DONE && v->of->vcpu != VCPU_UNKNOWN)
		vector_tell(v, irqd_cfg(d)->vector);
	return ret;
}

static struct irq_chip vector_chip = {
	.name = "minibus-vec",
	.irq_ack = irq_chip_ack_parent,
	.irq_mask = vector_nop,
	.irq_unmask = vector_nop,
	.irq_set_affinity = vector_set_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int vector_alloc(struct irq_domain *d, unsigned int virq, unsigned int nr, void *arg)
{
	struct irq_alloc_info *info = arg;
	int err = irq_domain_alloc_irqs_parent(d, virq, nr, arg);

	if (err)
		return err;
	irq_domain_set_info(d, virq, info->hwirq, &vector_chip, info->data, handle_edge_irq, NULL,
			    "edge");
	irq_modify_status(virq, 0, IRQ_MOVE_PCNTXT);
	return 0;
}

/* The vector is final now. For a CPU that comes back this runs on that CPU. */
static int vector_activate(struct irq_domain *d, struct irq_data *irqd, bool reserve)
{
	struct south_vector *v = irq_data_get_irq_chip_data(irqd);

	if (v->of == this_cpu_ptr(&evqs))
		south_irq_learn(NULL);
	if (v->of->vcpu == VCPU_UNKNOWN)
		return -ENODEV;
	/* Nobody drains it yet; what came meanwhile is announced when the vector is set. */
	WRITE_ONCE(vector_page(v)->state, MB_EVQ_ASLEEP);
	vector_tell(v, irqd_cfg(irqd)->vector);
	return 0;
}

static void vector_deactivate(struct irq_domain *d, struct irq_data *irqd)
{
	struct south_vector *v = irq_data_get_irq_chip_data(irqd);

	if (v->of->vcpu != VCPU_UNKNOWN)
		vector_tell(v, 0);
}

static const struct irq_domain_ops vector_ops = {
	.alloc = vector_alloc,
	.free = irq_domain_free_irqs_common,
	.activate = vector_activate,
	.deactivate = vector_deactivate,
};

/* ---- second level: ports ---- */

static int port_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	unsigned int cpu = cpumask_any_and(mask, cpu_online_mask);
	u32 port = irqd_to_hwirq(d);
	const struct south_evq *q;
	long ret;

	if (cpu >= nr_cpu_ids)
		return -EINVAL;
	q = per_cpu_ptr(&evqs, cpu);
	if (!q->vector[MB_EVQ_PRIOS - 1].virq || q->vcpu == VCPU_UNKNOWN)
		return -EINVAL;
	/* Atomic in the hypervisor; a pending event moves along. Interrupts may be off here. */
	ret = mb_hc3(MB_HC_PORT_ROUTE, port, q->vcpu, port_prio[port]);
	if (ret)
		return ret;
	irq_data_update_effective_affinity(d, cpumask_of(cpu));
	return IRQ_SET_MASK_OK;
}

static struct irq_chip port_chip = {
	.name = "minibus",
	.irq_ack = vector_nop,
	.irq_mask = vector_nop, /* events meanwhile are kept by the edge flow itself */
	.irq_unmask = vector_nop,
	.irq_set_affinity = port_set_affinity,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int port_map(struct irq_domain *d, unsigned int virq, irq_hw_number_t hw)
{
	irq_set_chip_and_handler_name(virq, &port_chip, handle_edge_irq, "edge");
	irq_modify_status(virq, IRQ_NOREQUEST | IRQ_NOPROBE, IRQ_MOVE_PCNTXT);
	irqd_set_single_target(irq_get_irq_data(virq));
	return 0;
}

static const struct irq_domain_ops port_ops = { .map = port_map };

/* ---- life ---- */

static int vector_create(struct south_vector *v, int cpu)
{
	struct irq_affinity_desc affinity = { .is_managed = 1 };
	struct irq_alloc_info info = { .hwirq = cpu * MB_EVQ_PRIOS + v->prio, .data = v };
	int virq, err;

	cpumask_set_cpu(cpu, &affinity.mask);
	virq = __irq_domain_alloc_irqs(vector_domain, -1, 1, cpu_to_node(cpu), &info, false,
				       &affinity);
	if (virq < 0)
		return virq;
	snprintf(v->name, sizeof(v->name), "minibus-events.%u", v->prio);
	err = request_irq(virq, vector_interrupt, IRQF_NO_THREAD, v->name, v);
	if (err) {
		irq_dispose_mapping(virq);
		return err;
	}
	v->virq = virq;
	return 0;
}

/* The queues of a CPU come and go together: each one's interrupt looks into the pages of all. */
static int evq_create(int cpu)
{
	struct south_evq *q = per_cpu_ptr(&evqs, cpu);
	int prio, err = 0;

	q->evq.handle = port_handle;
	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		q->vector[prio].of = q;
		q->vector[prio].prio = prio;
		q->evq.level[prio].page = (void *)get_zeroed_page(GFP_KERNEL);
		if (!q->evq.level[prio].page)
			return -ENOMEM;
	}
	for (prio = 0; prio < MB_EVQ_PRIOS && !err; prio++)
		err = vector_create(&q->vector[prio], cpu);
	return err;
}

static void evq_destroy(int cpu)
{
	struct south_evq *q = per_cpu_ptr(&evqs, cpu);
	int prio;

	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		struct south_vector *v = &q->vector[prio];

		if (!v->virq)
			continue;
		free_irq(v->virq, v);
		irq_dispose_mapping(v->virq);
		v->virq = 0;
	}
	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		struct mb_eventq *page = q->evq.level[prio].page;

		/* The page goes back to Linux only after the hypervisor let go of it. */
		if (page && q->vcpu != VCPU_UNKNOWN)
			mb_hc4(MB_HC_EVENTQ_SET, q->vcpu, prio, ~0ull, 0);
		free_page((unsigned long)page);
		q->evq.level[prio].page = NULL;
	}
}

void south_irq_exit(void)
{
	int cpu;

	for_each_present_cpu(cpu)
		evq_destroy(cpu);
	if (port_domain)
		irq_domain_remove(port_domain);
	if (vector_domain)
		irq_domain_remove(vector_domain);
	if (port_fwnode)
		irq_domain_free_fwnode(port_fwnode);
	if (vector_fwnode)
		irq_domain_free_fwnode(vector_fwnode);
}

int south_irq_init(void)
{
	int cpu, err = -ENOMEM;

	on_each_cpu(south_irq_learn, NULL, 1);
	vector_fwnode = irq_domain_alloc_named_fwnode("minibus-vec");
	port_fwnode = irq_domain_alloc_named_fwnode("minibus");
	if (vector_fwnode)
		vector_domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, vector_fwnode,
							    &vector_ops, NULL);
	if (port_fwnode)
		port_domain = irq_domain_create_linear(port_fwnode, MB_DOM0_PORTS, &port_ops, NULL);
	if (!vector_domain || !port_domain)
		goto fail;
	for_each_present_cpu(cpu) {
		err = evq_create(cpu);
		if (err) {
			pr_err("minibus: no event queue for CPU %d: error %d\n", cpu, err);
			goto fail;
		}
	}
	return 0;

fail:
	south_irq_exit();
	return err;
}
