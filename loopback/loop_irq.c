// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals as Linux interrupts, in the two levels that the connectors to Minibus have:
 *
 *   vector: one irq (one real vector) per CPU, managed, so pinned to its CPU and stopped while that
 *           is offline. What the hypervisor would inject is an interprocessor interrupt here.
 *   signal: one irq per end of a port, with a line in /proc/interrupts and an affinity.
 *
 * Between them lie event queues as in hv/abi/tunnel.h, one per CPU, whose producer is this file
 * too. So handlers run from a real interrupt, may run on any CPU, and are moved by irqbalance and
 * CPU hotplug, as in a guest. A signal that nobody has requested is routed to a queue without CPU.
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
#include "loop.h"

#define DRAIN_ROUNDS 32u /* in one interrupt; then others get their turn */

struct loop_queue {
	struct mb_eventq q;
	u32 cpu;
	u32 virq;
	u8 vector; /* 0: its CPU is offline, or has none */
};

static struct loop_queue *queues; /* [nr_cpu_ids], and the one without a CPU */
static u32 route[LOOP_SIGNALS];	  /* index of a queue */
static struct cpumask ready;	  /* CPUs whose queue has a vector */
static struct irq_domain *vectors, *signals;
static struct fwnode_handle *vectors_fwnode, *signals_fwnode;
static DEFINE_PER_CPU(struct loop_signal_stats, stats);

static u32 parked(void)
{
	return nr_cpu_ids;
}

/* ---- queues ---- */

static void queue_wake(struct loop_queue *lq)
{
	u8 vector;

	if (cmpxchg(&lq->q.state, MB_EVQ_ASLEEP, MB_EVQ_AWAKE) != MB_EVQ_ASLEEP)
		return;
	/* A CPU goes offline only when nobody is preempted or running between these two lines. */
	preempt_disable();
	vector = READ_ONCE(lq->vector);
	if (vector) {
		this_cpu_inc(stats.wakes);
		apic->send_IPI(lq->cpu, vector);
	}
	preempt_enable();
}

static void queue_post(u32 to, u32 signal)
{
	struct loop_queue *lq = &queues[to];

	if (test_and_set_bit(signal % 64, (unsigned long *)&lq->q.pending[signal / 64])) {
		this_cpu_inc(stats.merged);
		return;
	}
	set_bit(signal / 64, (unsigned long *)&lq->q.summary);
	/* Summary before state; the exchange is a full fence. Pairs with queue_interrupt(). */
	queue_wake(lq);
}

/* Take one signal back; false if it was not there, or its CPU has just taken it. */
static bool queue_take(u32 from, u32 signal)
{
	return test_and_clear_bit(signal % 64,
				  (unsigned long *)&queues[from].q.pending[signal / 64]);
}

static void queue_drain(struct loop_queue *lq, u64 words)
{
	u64 bits;

	for (; words; words &= words - 1) {
		u32 w = __ffs64(words);

		for (bits = xchg(&lq->q.pending[w], 0); bits; bits &= bits - 1) {
			this_cpu_inc(stats.taken);
			/* No such irq: its end was closed a moment ago. */
			generic_handle_domain_irq(signals, w * 64 + __ffs64(bits));
		}
	}
}

static irqreturn_t queue_interrupt(int irq, void *arg)
{
	struct loop_queue *lq = arg;
	u32 rounds = 0;
	u64 words;

	do {
		WRITE_ONCE(lq->q.state, MB_EVQ_AWAKE);
		while (rounds < DRAIN_ROUNDS && (words = xchg(&lq->q.summary, 0))) {
			queue_drain(lq, words);
			rounds++;
		}
		WRITE_ONCE(lq->q.state, MB_EVQ_ASLEEP);
		/* State before summary. Pairs with queue_post(): it wakes us, or we see its bit. */
		smp_mb();
	} while (rounds < DRAIN_ROUNDS && READ_ONCE(lq->q.summary));
	if (READ_ONCE(lq->q.summary))
		queue_wake(lq);
	if (!rounds)
		this_cpu_inc(stats.empty);
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

static void vector_set(struct loop_queue *lq, u8 vector)
{
	WRITE_ONCE(lq->vector, vector);
	/* The last vector of an earlier activation may have been lost with its CPU: start anew. */
	WRITE_ONCE(lq->q.state, MB_EVQ_ASLEEP);
	/* State before summary. Pairs with queue_post(). */
	smp_mb();
	if (READ_ONCE(lq->q.summary))
		queue_wake(lq);
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
	struct loop_queue *lq = irq_data_get_irq_chip_data(d);

	vector_set(lq, irqd_cfg(d)->vector);
	cpumask_set_cpu(lq->cpu, &ready);
	return 0;
}

static void vector_deactivate(struct irq_domain *dom, struct irq_data *d)
{
	struct loop_queue *lq = irq_data_get_irq_chip_data(d);

	cpumask_clear_cpu(lq->cpu, &ready);
	WRITE_ONCE(lq->vector, 0);
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
	u32 i, w;
	int cpu;

	*sum = (struct loop_signal_stats){ 0 };
	for_each_possible_cpu(cpu) {
		const struct loop_signal_stats *s = per_cpu_ptr(&stats, cpu);

		sum->raised += s->raised;
		sum->merged += s->merged;
		sum->taken += s->taken;
		sum->dropped += s->dropped;
		sum->wakes += s->wakes;
		sum->empty += s->empty;
	}
	*pending = 0;
	for (i = 0; i <= parked(); i++)
		for (w = 0; w < LOOP_SIGNALS / 64; w++)
			*pending += hweight64(READ_ONCE(queues[i].q.pending[w]));
}

/* ---- life ---- */

static int queue_create(struct loop_queue *lq)
{
	struct irq_affinity_desc affinity = { .is_managed = 1 };
	struct irq_alloc_info info = { .hwirq = lq->cpu, .data = lq };
	int virq, rc;

	cpumask_set_cpu(lq->cpu, &affinity.mask);
	virq = __irq_domain_alloc_irqs(vectors, -1, 1, cpu_to_node(lq->cpu), &info, false,
				       &affinity);
	if (virq < 0)
		return virq;
	/* NO_THREAD: handlers of signals must run from a real interrupt. */
	rc = request_irq(virq, queue_interrupt, IRQF_NO_THREAD, "vbus-loop-events", lq);
	if (rc) {
		irq_dispose_mapping(virq);
		return rc;
	}
	lq->virq = virq;
	return 0;
}

void loop_irq_exit(void)
{
	u32 cpu;

	for (cpu = 0; queues && cpu < nr_cpu_ids; cpu++)
		if (queues[cpu].virq) {
			free_irq(queues[cpu].virq, &queues[cpu]);
			irq_dispose_mapping(queues[cpu].virq);
		}
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
		queues[i].cpu = i;
	for_each_possible_cpu(i) {
		rc = queue_create(&queues[i]);
		if (rc)
			goto fail;
	}
	return 0;
fail:
	pr_err("vbus-loop: cannot set up interrupts: %d\n", rc);
	loop_irq_exit();
	return rc;
}
