// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals as Linux interrupts, in the two levels that the connectors to Minibus have:
 *
 *   vector: one irq (one real vector) per CPU and priority, managed, so pinned to its CPU and
 *           stopped while that is offline. What the hypervisor would inject is an interprocessor
 *           interrupt here.
 *   signal: one irq per end of a port, with a line in /proc/interrupts and an affinity.
 *
 * Between them lie event queues as in hv/abi/tunnel.h, whose producer is this file; the consumer is
 * that of all connectors (vbus/proto/evq.h). So handlers run from a real interrupt, may run on any
 * CPU, and are moved by irqbalance and CPU hotplug, as in a guest. A signal that nobody has
 * requested is routed to a queue without a CPU.
 */
#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/slab.h>
#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "../hv/abi/tunnel.h"
#include "../vbus/proto/evq.h"
#include "loop.h"

struct loop_queue;

struct loop_vector {
	struct loop_queue *of;
	u32 prio;
	u32 virq;
	u8 vector; /* 0: its CPU is offline, or has none */
	char name[24];
};

struct loop_queue { /* of one CPU */
	struct evq_cpu evq;
	struct loop_vector vector[MB_EVQ_PRIOS];
	struct mb_eventq page[MB_EVQ_PRIOS];
	u32 cpu;
};

static struct loop_queue *queues; /* [nr_cpu_ids], and the one without a CPU */
static u32 route[LOOP_SIGNALS];	  /* index of a queue */
static u8 level[LOOP_SIGNALS];	  /* priority; changes only while it is routed nowhere */
static struct cpumask ready;	  /* CPUs whose queues have all their vectors */
static struct irq_domain *vectors, *signals;
static struct fwnode_handle *vectors_fwnode, *signals_fwnode;
static DEFINE_PER_CPU(struct loop_signal_stats, stats);

static u32 parked(void)
{
	return nr_cpu_ids;
}

/* ---- queues ---- */

static void queue_wake(struct loop_queue *lq, u32 prio)
{
	u8 vector;

	if (cmpxchg(&lq->page[prio].state, MB_EVQ_ASLEEP, MB_EVQ_AWAKE) != MB_EVQ_ASLEEP)
		return;
	/* A CPU goes offline only when nobody is preempted or running between these two lines. */
	preempt_disable();
	vector = READ_ONCE(lq->vector[prio].vector);
	if (vector) {
		this_cpu_inc(stats.wakes);
		apic->send_IPI(lq->cpu, vector);
	}
	preempt_enable();
}

static unsigned long *queue_word(u32 at, u32 signal, u32 prio)
{
	return (unsigned long *)&queues[at].page[prio].pending[signal / 64];
}

static void queue_post(u32 to, u32 signal)
{
	struct loop_queue *lq = &queues[to];
	u32 prio = READ_ONCE(level[signal]);

	if (test_and_set_bit(signal % 64, queue_word(to, signal, prio))) {
		this_cpu_inc(stats.merged);
		return;
	}
	set_bit(signal / 64, (unsigned long *)&lq->page[prio].summary);
	/* Summary before state; the exchange is a full fence. Pairs with evq_drain(). */
	queue_wake(lq, prio);
}

/* Take one signal back; false if it was not there, or its CPU has just taken it. */
static bool queue_take(u32 from, u32 signal)
{
	return test_and_clear_bit(signal % 64, queue_word(from, signal, READ_ONCE(level[signal])));
}

static void signal_handle(u32 signal)
{
	this_cpu_inc(stats.taken);
	/* No such irq: its end was closed a moment ago. */
	generic_handle_domain_irq(signals, signal);
}

static irqreturn_t vector_interrupt(int irq, void *arg)
{
	struct loop_vector *v = arg;
	u32 left = evq_drain(&v->of->evq, v->prio);

	/* Flooded: the rest comes with new vectors, others get their turn in between. */
	if (left)
		this_cpu_inc(stats.flooded);
	for (; left; left &= left - 1)
		queue_wake(v->of, __ffs(left));
	return IRQ_HANDLED;
}

void loop_irq_raise(u32 signal)
{
	u32 to = READ_ONCE(route[signal]), now;

	this_cpu_inc(stats.raised);
	for (;;) {
		queue_post(to, signal);
		/* Event before route. Pairs with route_set(): that moves the event, or we do. */
		smp_mb();
		now = READ_ONCE(route[signal]);
		if (now == to || !queue_take(to, signal))
			return;
		to = now;
	}
}

/* A pending event moves along. The caller is the only one that changes this route. */
static void route_set(u32 signal, u32 to)
{
	u32 from = route[signal];

	if (from == to)
		return;
	WRITE_ONCE(route[signal], to);
	/* Route before event. Pairs with loop_irq_raise(). */
	smp_mb();
	if (queue_take(from, signal))
		queue_post(to, signal);
}

/* ---- first level: the vector of one CPU ---- */

static void chip_nothing(struct irq_data *d)
{
}

static void vector_set(struct loop_vector *v, u8 vector)
{
	struct mb_eventq *page = &v->of->page[v->prio];

	WRITE_ONCE(v->vector, vector);
	/* The last vector of an earlier activation may have been lost with its CPU: start anew. */
	WRITE_ONCE(page->state, MB_EVQ_ASLEEP);
	/* State before summary. Pairs with queue_post(). */
	smp_mb();
	if (READ_ONCE(page->summary))
		queue_wake(v->of, v->prio);
}

static int vector_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	int rc = irq_chip_set_affinity_parent(d, mask, force);

	/* Managed, so it never leaves its CPU; but the vector may be another one now. */
	if (rc >= 0 && rc != IRQ_SET_MASK_OK_DONE && irqd_is_activated(d))
		vector_set(irq_data_get_irq_chip_data(d), irqd_cfg(d)->vector);
	return rc;
}

static struct irq_chip vector_chip = {
	.name = "vbus-loop-vec",
	.irq_ack = irq_chip_ack_parent,
	.irq_mask = chip_nothing,
	.irq_unmask = chip_nothing,
	.irq_set_affinity = vector_set_affinity,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int vector_alloc(struct irq_domain *dom, unsigned int virq, unsigned int count, void *arg)
{
	struct irq_alloc_info *info = arg;
	int rc = irq_domain_alloc_irqs_parent(dom, virq, count, arg);

	if (rc)
		return rc;
	irq_domain_set_info(dom, virq, info->hwirq, &vector_chip, info->data, handle_edge_irq, NULL,
			    "edge");
	irq_modify_status(virq, 0, IRQ_MOVE_PCNTXT);
	return 0;
}

/* The vector is final now. */
static int vector_activate(struct irq_domain *dom, struct irq_data *d, bool reserve)
{
	struct loop_vector *v = irq_data_get_irq_chip_data(d);
	u32 prio, have = 0;

	vector_set(v, irqd_cfg(d)->vector);
	for (prio = 0; prio < MB_EVQ_PRIOS; prio++)
		have += v->of->vector[prio].vector != 0;
	if (have == MB_EVQ_PRIOS)
		cpumask_set_cpu(v->of->cpu, &ready);
	return 0;
}

static void vector_deactivate(struct irq_domain *dom, struct irq_data *d)
{
	struct loop_vector *v = irq_data_get_irq_chip_data(d);

	cpumask_clear_cpu(v->of->cpu, &ready);
	WRITE_ONCE(v->vector, 0);
}

static const struct irq_domain_ops vector_ops = {
	.alloc = vector_alloc,
	.free = irq_domain_free_irqs_common,
	.activate = vector_activate,
	.deactivate = vector_deactivate,
};

/* ---- second level: signals ---- */

/* Interrupts are off, and the descriptor's lock makes this the only one that moves the signal. */
static int signal_set_affinity(struct irq_data *d, const struct cpumask *mask, bool force)
{
	struct cpumask can;
	unsigned int cpu = nr_cpu_ids;

	if (cpumask_and(&can, &ready, cpu_online_mask))
		cpu = cpumask_any_and_distribute(mask, &can);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(&can);
	if (cpu >= nr_cpu_ids)
		return -ENXIO;
	route_set(irqd_to_hwirq(d), cpu);
	irq_data_update_effective_affinity(d, cpumask_of(cpu));
	return IRQ_SET_MASK_OK;
}

static struct irq_chip signal_chip = {
	.name = "vbus-loop",
	.irq_ack = chip_nothing, /* taking the bit from the queue was it */
	.irq_mask = chip_nothing,
	.irq_unmask = chip_nothing,
	.irq_set_affinity = signal_set_affinity,
	.flags = IRQCHIP_SKIP_SET_WAKE,
};

static int signal_map(struct irq_domain *dom, unsigned int virq, irq_hw_number_t signal)
{
	irq_set_chip_and_handler_name(virq, &signal_chip, handle_edge_irq, "edge");
	/* Without MOVE_PCNTXT a move would wait for an acknowledge that never applies it. */
	irq_modify_status(virq, IRQ_NOREQUEST | IRQ_NOPROBE, IRQ_MOVE_PCNTXT);
	irqd_set_single_target(irq_get_irq_data(virq));
	return 0;
}

static const struct irq_domain_ops signal_ops = { .map = signal_map };

void loop_irq_reset(u32 signal, u32 prio)
{
	u32 i;

	WRITE_ONCE(level[signal], min(prio, MB_EVQ_PRIOS - 1));
	for (i = 0; i < MB_EVQ_PRIOS; i++)
		if (test_and_clear_bit(signal % 64, queue_word(parked(), signal, i)))
			this_cpu_inc(stats.dropped);
}

int loop_irq_map(u32 signal)
{
	u32 virq = irq_create_mapping(signals, signal);

	return virq ? virq : -ENOMEM;
}

void loop_irq_unmap(u32 signal)
{
	irq_dispose_mapping(irq_find_mapping(signals, signal));
	route_set(signal, parked());
	if (queue_take(parked(), signal))
		this_cpu_inc(stats.dropped);
}

void loop_irq_stats(struct loop_signal_stats *sum, u32 *pending)
{
	u32 i, prio, w;
	int cpu;

	*sum = (struct loop_signal_stats){ 0 };
	for_each_possible_cpu(cpu) {
		const struct loop_signal_stats *s = per_cpu_ptr(&stats, cpu);

		sum->raised += s->raised;
		sum->merged += s->merged;
		sum->taken += s->taken;
		sum->dropped += s->dropped;
		sum->wakes += s->wakes;
		sum->flooded += s->flooded;
	}
	*pending = 0;
	for (i = 0; i <= parked(); i++) {
		for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
			sum->empty += queues[i].evq.level[prio].empty;
			for (w = 0; w < LOOP_SIGNALS / 64; w++)
				*pending += hweight64(READ_ONCE(queues[i].page[prio].pending[w]));
		}
	}
}

/* ---- life ---- */

static int vector_create(struct loop_vector *v)
{
	struct irq_affinity_desc affinity = { .is_managed = 1 };
	struct irq_alloc_info info = { .hwirq = v->of->cpu * MB_EVQ_PRIOS + v->prio, .data = v };
	int virq, rc;

	cpumask_set_cpu(v->of->cpu, &affinity.mask);
	virq = __irq_domain_alloc_irqs(vectors, -1, 1, cpu_to_node(v->of->cpu), &info, false,
				       &affinity);
	if (virq < 0)
		return virq;
	snprintf(v->name, sizeof(v->name), "vbus-loop-events-%u", v->prio);
	/* NO_THREAD: handlers of signals must run from a real interrupt. */
	rc = request_irq(virq, vector_interrupt, IRQF_NO_THREAD, v->name, v);
	if (rc) {
		irq_dispose_mapping(virq);
		return rc;
	}
	v->virq = virq;
	return 0;
}

static void queue_init(struct loop_queue *lq, u32 cpu)
{
	u32 prio;

	lq->cpu = cpu;
	lq->evq.handle = signal_handle;
	for (prio = 0; prio < MB_EVQ_PRIOS; prio++) {
		lq->vector[prio] = (struct loop_vector){ .of = lq, .prio = prio };
		lq->evq.level[prio].page = &lq->page[prio];
	}
}

static int queue_start(struct loop_queue *lq)
{
	u32 prio;
	int rc = 0;

	for (prio = 0; prio < MB_EVQ_PRIOS && !rc; prio++)
		rc = vector_create(&lq->vector[prio]);
	return rc;
}

static void queue_stop(struct loop_queue *lq)
{
	u32 prio;

	for (prio = 0; prio < MB_EVQ_PRIOS; prio++)
		if (lq->vector[prio].virq) {
			free_irq(lq->vector[prio].virq, &lq->vector[prio]);
			irq_dispose_mapping(lq->vector[prio].virq);
		}
}

void loop_irq_exit(void)
{
	u32 cpu;

	for (cpu = 0; queues && cpu < nr_cpu_ids; cpu++)
		queue_stop(&queues[cpu]);
	if (signals)
		irq_domain_remove(signals);
	if (vectors)
		irq_domain_remove(vectors);
	if (signals_fwnode)
		irq_domain_free_fwnode(signals_fwnode);
	if (vectors_fwnode)
		irq_domain_free_fwnode(vectors_fwnode);
	kvfree(queues);
}

int loop_irq_init(void)
{
	int rc = -ENOMEM;
	u32 i;

	BUILD_BUG_ON(LOOP_SIGNALS > MB_EVQ_WORDS * 64);
	for (i = 0; i < LOOP_SIGNALS; i++)
		route[i] = parked();
	queues = kvcalloc(nr_cpu_ids + 1, sizeof(*queues), GFP_KERNEL);
	vectors_fwnode = irq_domain_alloc_named_fwnode("vbus-loop-vec");
	signals_fwnode = irq_domain_alloc_named_fwnode("vbus-loop");
	if (vectors_fwnode)
		vectors = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, vectors_fwnode,
						      &vector_ops, NULL);
	if (signals_fwnode)
		signals = irq_domain_create_linear(signals_fwnode, LOOP_SIGNALS, &signal_ops, NULL);
	if (!queues || !vectors || !signals)
		goto fail;
	for (i = 0; i <= parked(); i++)
		queue_init(&queues[i], i);
	for_each_possible_cpu(i) {
		rc = queue_start(&queues[i]);
		if (rc)
			goto fail;
	}
	return 0;
fail:
	pr_err("vbus-loop: cannot set up interrupts: %d\n", rc);
	loop_irq_exit();
	return rc;
}
