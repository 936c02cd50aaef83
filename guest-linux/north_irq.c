// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events as Linux interrupts, in two levels:
 *
 *   parent: one irq (one real vector) per CPU and priority, managed, so pinned to its CPU and
 *           stopped while that is offline. Activation tells the hypervisor (vCPU, prio, queue,
 *           vector); its handler drains the event queues of the CPU by priority (proto/evq.h).
 *   child:  one irq per port, named "<device>-<region>". set_affinity routes the port to the queue
 *           of another CPU with one atomic hypercall, so irqbalance works.
 *
 * All priorities have their queues from the start: four of the about 200 vectors a CPU has, and
 * opening a device can then never fail for want of one.
 */
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/slab.h>
#include <asm/barrier.h>
#include <asm/hw_irq.h>
#include <asm/io.h>
#include <asm/irqdomain.h>

#include "../hv/abi/tunnel.h"
#include "../vbus/proto/evq.h"
#include "hypercall.h"
#include "north.h"

#define VECTOR_MIN 0x20u

struct north_cpu {
	struct evq_cpu evq;
	u32 vcpu; /* read on that CPU; ~0 until it was online once */
	unsigned long active; /* bit n: the queue of priority n has a vector */
};

struct north_queue {
	struct north_cpu *of;
	u32 cpu;
	u32 prio;
	int irq; /* parent; 0: none yet */
	char name[24];
};

static struct north_cpu *cpus;	   /* [cpu] */
static struct north_queue *queues; /* [cpu * MB_EVQ_PRIOS + prio] */
static struct irq_domain *parents, *children;
static struct fwnode_handle *parents_fwnode, *children_fwnode;
static struct cpumask queues_ready; /* CPUs whose queues have a vector */
/* Legend: set by north_irq_get() before the irq exists, read by the chip. */
static struct {
	u8 prio;
	bool used;
} *ports;

/* Any context. vector 0: collect, but do not interrupt. */
static int queue_announce(struct north_queue *q, u32 vector)
{
	struct north_cpu *c = q->of;

	if (q->cpu == raw_smp_processor_id())
		c->vcpu = north_vcpu_here();
	if (c->vcpu >= north_vcpus)
		return -ENXIO;
	return north_bridge(MB_HC_EVENTQ_SET, c->vcpu, q->prio,
			    virt_to_phys(c->evq.level[q->prio].page), vector);
}

static void event_handle(u32 port)
{
	if (generic_handle_domain_irq(children, port))
		this_cpu_inc(north_stats.spurious);
}

static irqreturn_t queue_irq(int irq, void *arg)
{
	struct north_queue *q = arg;
	u32 left = evq_drain(&q->of->evq, q->prio);

	/* Flooded: let the rest come back as new interrupts. */
	for (; left; left &= left - 1) {
		struct north_queue *more = &queues[q->cpu * MB_EVQ_PRIOS + __ffs(left)];

		queue_announce(more, irqd_cfg(irq_get_irq_data(more->irq))->vector);
	}
	return IRQ_HANDLED;
}

/* Masking is by activation and, for children, by lazy disable: nothing to do in the hardware. */
static void chip_nothing(struct irq_data *d)
{
}

static int parent_route(struct irq_data *d)
{
	struct north_queue *q = irq_data_get_irq_chip_data(d);
	u32 vector = irqd_cfg(d)->vector;

	return vector < VECTOR_MIN ? -EINVAL : queue_announce(q, vector);
}

static int parent_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	int rc = irq_chip_set_affinity_parent(d, mask, force);

	if (rc >= 0 && rc != IRQ_SET_MASK_OK_DONE && irqd_is_activated(d))
		parent_route(d);
	return rc;
}

static struct irq_chip parent_chip = {
	.name = "north",
	.irq_ack = irq_chip_ack_parent,
	.irq_mask = chip_nothing,
	.irq_unmask = chip_nothing,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.irq_set_affinity = parent_set_affinity,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int parent_alloc(struct irq_domain *dom, unsigned int virq, unsigned int count, void *arg)
{
	struct irq_alloc_info *info = arg;
	int rc = irq_domain_alloc_irqs_parent(dom, virq, count, arg);

	if (rc)
		return rc;
	irq_domain_set_info(dom, virq, info->hwirq, &parent_chip, &queues[info->hwirq],
			    handle_edge_irq, NULL, "edge");
	irq_modify_status(virq, 0, IRQ_MOVE_PCNTXT);
	return 0;
}

/* The vector is final now. Also runs when the CPU comes back online, on that CPU. */
static int parent_activate(struct irq_domain *dom, struct irq_data *d, bool early)
{
	struct north_queue *q = irq_data_get_irq_chip_data(d);
	int rc;

	/* The last vector of an earlier activation may have been lost with its CPU: start asleep,
	 * the hypercall announces what is pending. */
	WRITE_ONCE(q->of->evq.level[q->prio].page->state, MB_EVQ_ASLEEP);
	rc = parent_route(d);
	if (!rc)
		set_bit(q->prio, &q->of->active);
	/* Ports of any priority may come here once all queues are there. */
	if (READ_ONCE(q->of->active) == GENMASK(MB_EVQ_PRIOS - 1, 0))
		cpumask_set_cpu(q->cpu, &queues_ready);
	return rc;
}

static void parent_deactivate(struct irq_domain *dom, struct irq_data *d)
{
	struct north_queue *q = irq_data_get_irq_chip_data(d);

	cpumask_clear_cpu(q->cpu, &queues_ready);
	clear_bit(q->prio, &q->of->active);
	queue_announce(q, 0);
}

static const struct irq_domain_ops parent_ops = {
	.alloc = parent_alloc,
	.free = irq_domain_free_irqs_common,
	.activate = parent_activate,
	.deactivate = parent_deactivate,
};

/* Desc lock held, interrupts off: one hypercall, which moves a pending event along. */
static int child_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	u32 port = irqd_to_hwirq(d), prio = ports[port].prio;
	unsigned int cpu = cpumask_any_and_distribute(mask, &queues_ready);
	int rc;

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_any_and_distribute(cpu_online_mask, &queues_ready);
	if (cpu >= nr_cpu_ids)
		return -ENXIO;
	rc = north_bridge(MB_HC_PORT_ROUTE, port, cpus[cpu].vcpu, prio, 0);
	if (rc < 0)
		return rc;
	irq_data_update_effective_affinity(d, cpumask_of(cpu));
	return IRQ_SET_MASK_OK;
}

static struct irq_chip child_chip = {
	.name = "vbus",
	.irq_ack = chip_nothing, /* taking the bit from the queue was it */
	.irq_mask = chip_nothing,
	.irq_unmask = chip_nothing,
	.irq_set_affinity = child_set_affinity,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int child_map(struct irq_domain *dom, unsigned int virq, irq_hw_number_t port)
{
	irq_set_chip_and_handler_name(virq, &child_chip, handle_edge_irq, "edge");
	/* Without MOVE_PCNTXT an affinity change would wait for the next interrupt and no
	 * acknowledge of ours would ever apply it. */
	irq_modify_status(virq, IRQ_NOREQUEST | IRQ_NOPROBE, IRQ_MOVE_PCNTXT);
	irqd_set_single_target(irq_get_irq_data(virq));
	return 0;
}

static const struct irq_domain_ops child_ops = { .map = child_map };

static void read_vcpu(void *unused)
{
	cpus[smp_processor_id()].vcpu = north_vcpu_here();
}

static int queue_start(struct north_queue *q)
{
	struct irq_affinity_desc affinity = { .is_managed = 1 };
	struct irq_alloc_info info = { .hwirq = q - queues };
	int rc;

	cpumask_set_cpu(q->cpu, &affinity.mask);
	rc = __irq_domain_alloc_irqs(parents, -1, 1, cpu_to_node(q->cpu), &info, false, &affinity);
	if (rc < 0)
		return rc;
	q->irq = rc;
	snprintf(q->name, sizeof(q->name), "vbus-events.%u", q->prio);
	/* NO_THREAD: the children's handlers must run from a real interrupt. */
	rc = request_irq(q->irq, queue_irq, IRQF_NO_THREAD, q->name, q);
	if (rc) {
		irq_dispose_mapping(q->irq);
		q->irq = 0;
	}
	return rc;
}

/* The queues of a CPU come and go together: each one's interrupt looks into the pages of all. */
static int cpu_start(u32 cpu)
{
	u32 prio;
	int rc = 0;

	BUILD_BUG_ON(sizeof(struct mb_eventq) > PAGE_SIZE);
	cpus[cpu].evq.handle = event_handle;
	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		cpus[cpu].evq.level[prio].page = (void *)get_zeroed_page(GFP_KERNEL);
		if (!cpus[cpu].evq.level[prio].page)
			return -ENOMEM;
	}
	for (prio = 0; prio < MB_EVQ_PRIOS && !rc; prio++)
		rc = queue_start(&queues[cpu * MB_EVQ_PRIOS + prio]);
	return rc;
}

static void cpu_stop(u32 cpu)
{
	struct north_cpu *c = &cpus[cpu];
	u32 prio;

	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		struct north_queue *q = &queues[cpu * MB_EVQ_PRIOS + prio];

		if (!q->irq)
			continue;
		free_irq(q->irq, q);
		irq_dispose_mapping(q->irq);
	}
	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		int rc = 0;

		if (c->vcpu < north_vcpus)
			rc = north_bridge(MB_HC_EVENTQ_SET, c->vcpu, prio, ~0ull, 0);
		if (rc >= 0) /* else the hypervisor still writes there */
			free_page((unsigned long)c->evq.level[prio].page);
	}
}

void north_irq_total(struct evq_level sum[MB_EVQ_PRIOS])
{
	u32 cpu, prio;

	for_each_possible_cpu(cpu)
		for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
			const struct evq_level *l = &cpus[cpu].evq.level[prio];

			sum[prio].events += READ_ONCE(l->events);
			sum[prio].wakes += READ_ONCE(l->wakes);
			sum[prio].empty += READ_ONCE(l->empty);
			sum[prio].ahead += READ_ONCE(l->ahead);
			sum[prio].turns += READ_ONCE(l->turns);
		}
}

static int domains_create(void)
{
	parents_fwnode = irq_domain_alloc_named_fwnode("north");
	children_fwnode = irq_domain_alloc_named_fwnode("vbus");
	if (!parents_fwnode || !children_fwnode)
		return -ENOMEM;
	parents = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, parents_fwnode, &parent_ops,
					      NULL);
	children = irq_domain_create_linear(children_fwnode, north_ports, &child_ops, NULL);
	return parents && children ? 0 : -ENOMEM;
}

int north_irq_get(u32 port, u32 prio)
{
	int irq;

	if (port >= north_ports || ports[port].used) {
		pr_err("north: port %u is impossible or in use\n", port);
		this_cpu_inc(north_stats.faults);
		return -EPROTO;
	}
	ports[port].used = true;
	ports[port].prio = min(prio, MB_EVQ_PRIOS - 1);
	irq = irq_create_mapping(children, port);
	if (!irq)
		ports[port].used = false;
	return irq ? irq : -ENOMEM;
}

void north_irq_put(u32 port, int irq)
{
	irq_dispose_mapping(irq);
	ports[port].used = false;
}

void north_notify(u32 port)
{
	this_cpu_inc(north_stats.inject);
	/* The port may just have gone with its device; that is nobody's fault. */
	north_hypercall(MB_HC_PORT_SEND, port, 0, 0, 0);
}

void north_irq_exit(void)
{
	u32 cpu;

	if (cpus && queues)
		for_each_possible_cpu(cpu)
			cpu_stop(cpu);
	if (children)
		irq_domain_remove(children);
	if (parents)
		irq_domain_remove(parents);
	if (children_fwnode)
		irq_domain_free_fwnode(children_fwnode);
	if (parents_fwnode)
		irq_domain_free_fwnode(parents_fwnode);
	kfree(ports);
	kfree(queues);
	kfree(cpus);
}

int north_irq_init(void)
{
	u32 cpu, i;
	int rc;

	cpus = kcalloc(nr_cpu_ids, sizeof(*cpus), GFP_KERNEL);
	queues = kcalloc(nr_cpu_ids * MB_EVQ_PRIOS, sizeof(*queues), GFP_KERNEL);
	ports = kcalloc(north_ports, sizeof(*ports), GFP_KERNEL);
	rc = cpus && queues && ports ? domains_create() : -ENOMEM;
	if (rc)
		goto fail;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		cpus[cpu].vcpu = ~0u;
	for (i = 0; i < nr_cpu_ids * MB_EVQ_PRIOS; i++)
		queues[i] = (struct north_queue){
			.of = &cpus[i / MB_EVQ_PRIOS],
			.cpu = i / MB_EVQ_PRIOS,
			.prio = i % MB_EVQ_PRIOS,
		};
	on_each_cpu(read_vcpu, NULL, 1);
	/* Queues of CPUs that are offline start, by the managed irq, when these come online. */
	for_each_possible_cpu(cpu) {
		rc = cpu_start(cpu);
		if (rc)
			goto fail;
	}
	if (!cpumask_empty(&queues_ready))
		return 0;
	rc = -EIO;
fail:
	pr_err("north: cannot set up events: %d\n", rc);
	north_irq_exit();
	return rc;
}
