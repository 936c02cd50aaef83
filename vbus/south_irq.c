// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of dom0's tunnel: events become real Linux interrupts.
 *
 * First level: one managed irq (one vector) per CPU, made on x86_vector_domain. Activating it sets
 * the CPU's event queue in the hypervisor, deactivating it (CPU offline) lets the queue collect.
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

#define EVQ_PRIO 0u	/* the one priority set up so far; everything here takes it as a number */
#define EVQ_ROUNDS 32u	/* of draining in one interrupt: a guest cannot hold the CPU for ever */
#define VCPU_UNKNOWN U32_MAX

struct south_evq {
	struct mb_eventq *page;
	u32 vcpu;    /* VCPU_UNKNOWN until learnt on that CPU */
	u32 prio;
	u32 virq;
	u8 vector;   /* as last told to the hypervisor */
	u64 wakeups; /* own CPU only */
};

static DEFINE_PER_CPU(struct south_evq, evq) = { .vcpu = VCPU_UNKNOWN, .prio = EVQ_PRIO };
static struct fwnode_handle *vector_fwnode, *port_fwnode;
static struct irq_domain *vector_domain, *port_domain;

struct irq_domain *south_irq_domain(void)
{
	return port_domain;
}

u64 south_irq_tag(void)
{
	return ((u64)smp_processor_id() << 48) | this_cpu_read(evq.wakeups);
}

u64 south_irq_wakeups(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(evq.wakeups, cpu));
	return sum;
}

void south_irq_learn(void *unused)
{
	if (this_cpu_read(evq.vcpu) == VCPU_UNKNOWN)
		this_cpu_write(evq.vcpu, cpuid_edx(MB_CPUID_VERSION));
}

/* ---- first level: the vector of one CPU ---- */

static void evq_tell(struct south_evq *q, u8 vector)
{
	long ret = mb_hc4(MB_HC_EVENTQ_SET, q->vcpu, q->prio, hc_gpa(q->page), vector);

	q->vector = vector;
	if (ret)
		pr_err("minibus: event queue of vCPU %u, vector %u: error %ld\n", q->vcpu, vector,
		       ret);
}

static int evq_drain(struct south_evq *q)
{
	struct mb_eventq *page = q->page;
	unsigned int round;
	u64 words, bits;

	for (round = 0; round < EVQ_ROUNDS; round++) {
		WRITE_ONCE(page->state, MB_EVQ_AWAKE);
		while ((words = xchg(&page->summary, 0)) && round++ < EVQ_ROUNDS) {
			for (; words; words &= words - 1) {
				u32 w = __ffs64(words);

				for (bits = xchg(&page->pending[w], 0); bits; bits &= bits - 1)
					generic_handle_domain_irq(port_domain,
								  w * 64 + __ffs64(bits));
			}
		}
		if (words) /* budget used up: what was taken must not be forgotten */
			break;
		WRITE_ONCE(page->state, MB_EVQ_ASLEEP);
		/* State before summary. Pairs with the producer's fence between its pending bit and
		 * its look at the state: one of us sees the other. */
		virt_mb();
		if (!READ_ONCE(page->summary))
			return 0;
	}
	if (words) {
		/* Hand them back: summary bits without a pending bit are harmless. */
		atomic64_or(words, (atomic64_t *)&page->summary);
	}
	return -EAGAIN;
}

static irqreturn_t evq_interrupt(int irq, void *arg)
{
	struct south_evq *q = arg;

	q->wakeups++;
	if (evq_drain(q)) {
		/* Sleep with events pending, and have them announced by a new interrupt: softirqs
		 * and others get their turn in between. */
		WRITE_ONCE(q->page->state, MB_EVQ_ASLEEP);
		/* State before the look; pairs with the fence in the hypervisor's queue set-up. */
		virt_mb();
		evq_tell(q, q->vector);
	}
	return IRQ_HANDLED;
}

static void vector_nop(struct irq_data *d)
{
}

static int vector_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	struct south_evq *q = irq_data_get_irq_chip_data(d);
	int ret = irq_chip_set_affinity_parent(d, mask, force);

	/* Managed, so it never leaves its CPU; but the vector number may be another one now. */
	if (ret >= 0 && ret != IRQ_SET_MASK_OK_DONE && q->vcpu != VCPU_UNKNOWN)
		evq_tell(q, irqd_cfg(d)->vector);
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
	struct south_evq *q = irq_data_get_irq_chip_data(irqd);

	if (q == this_cpu_ptr(&evq))
		south_irq_learn(NULL);
	if (q->vcpu == VCPU_UNKNOWN)
		return -ENODEV;
	/* Nobody drains it yet; what came meanwhile is announced when the vector is set. */
	WRITE_ONCE(q->page->state, MB_EVQ_ASLEEP);
	evq_tell(q, irqd_cfg(irqd)->vector);
	return 0;
}

static void vector_deactivate(struct irq_domain *d, struct irq_data *irqd)
{
	struct south_evq *q = irq_data_get_irq_chip_data(irqd);

	if (q->vcpu != VCPU_UNKNOWN)
		evq_tell(q, 0);
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
	const struct south_evq *q;
	long ret;

	if (cpu >= nr_cpu_ids)
		return -EINVAL;
	q = per_cpu_ptr(&evq, cpu);
	if (!q->page || q->vcpu == VCPU_UNKNOWN)
		return -EINVAL;
	/* Atomic in the hypervisor; a pending event moves along. Interrupts may be off here. */
	ret = mb_hc3(MB_HC_PORT_ROUTE, irqd_to_hwirq(d), q->vcpu, q->prio);
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

static int evq_create(int cpu)
{
	struct irq_affinity_desc affinity = { .is_managed = 1 };
	struct south_evq *q = per_cpu_ptr(&evq, cpu);
	struct irq_alloc_info info = { .hwirq = cpu * MB_EVQ_PRIOS + q->prio, .data = q };
	int virq, err;

	q->page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!q->page)
		return -ENOMEM;
	cpumask_set_cpu(cpu, &affinity.mask);
	virq = __irq_domain_alloc_irqs(vector_domain, -1, 1, cpu_to_node(cpu), &info, false,
				       &affinity);
	if (virq < 0)
		return virq;
	err = request_irq(virq, evq_interrupt, IRQF_NO_THREAD, "minibus-events", q);
	if (err) {
		irq_dispose_mapping(virq);
		return err;
	}
	q->virq = virq;
	return 0;
}

static void evq_destroy(int cpu)
{
	struct south_evq *q = per_cpu_ptr(&evq, cpu);

	if (q->virq) {
		free_irq(q->virq, q);
		irq_dispose_mapping(q->virq);
	}
	/* The page goes back to Linux only after the hypervisor let go of it. */
	if (q->page && q->vcpu != VCPU_UNKNOWN)
		mb_hc4(MB_HC_EVENTQ_SET, q->vcpu, q->prio, ~0ull, 0);
	free_page((unsigned long)q->page);
	q->page = NULL;
	q->virq = 0;
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
