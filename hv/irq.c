// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical interrupts: ours end here, devices' are handed to the dom0 vCPU of this CPU.
 *
 * A level-triggered vector stays in the physical ISR until dom0 has served the device: acknowledged
 * at once, the line would still be up and the interrupt come back thousands of times. A physical
 * EOI carries no vector, it ends the highest one in service; dom0 may end a lower one first. So a
 * vector goes held -> done (dom0's EOI) -> ended, the last step only while it is the highest.
 * Between exits only held vectors are in the physical ISR: edge vectors, and the hypervisor's own,
 * are above them when taken and are ended on the spot.
 */
#include "hv/irq.h"

#include "hv/bitmap.h"
#include "hv/domain.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/vcpu.h"
#include "hv/vlapic.h"

#include "arch/x86/apic.h"
#include "arch/x86/trap.h"

#define VECTORS 256u
#define NEVER (~0ul)

/* Own CPU only, interrupts off. */
struct irq_cpu {
	DECLARE_BITMAP(held, VECTORS); /* level, in the physical ISR */
	DECLARE_BITMAP(done, VECTORS); /* held, and ended by dom0 */
	u64 deadline;		       /* what the timer is armed for; NEVER: stopped */
} ALIGNED(64);

static struct irq_cpu irq_cpus[CPUS_MAX];

static struct irq_cpu *irq_this_cpu(void)
{
	return &irq_cpus[smp_cpu_id()];
}

/* End, from the highest down, every physical interrupt that dom0 is done with. */
static void end_done(struct irq_cpu *c)
{
	for (;;) {
		int top = apic_highest_in_service();

		if (top < 0 || !bitmap_test(c->done, (u64)top))
			return;
		bitmap_clear(c->held, (u64)top);
		bitmap_clear(c->done, (u64)top);
		apic_eoi();
	}
}

/* The dom0 vCPU that takes this CPU's device interrupts; NULL: none can take one now. */
static struct vcpu *device_target(void)
{
	u32 cpu = smp_cpu_id();
	struct vcpu *v;

	if (!dom0 || cpu >= dom0->nr_vcpus)
		return NULL;
	v = dom0->vcpu[cpu];
	return v && vlapic_enabled(v) ? v : NULL;
}

static void device_interrupt(struct irq_cpu *c, u8 vector)
{
	struct vcpu *v = device_target();
	bool level;

	if (!apic_in_service(vector)) {
		/* Not from the local APIC: spurious, and an EOI would end something else. */
		printk_limited(LOG_WARN, "cpu%u: spurious interrupt %x\n", smp_cpu_id(), vector);
		return;
	}
	level = apic_is_level(vector);
	if (!v) {
		printk_limited(LOG_WARN, "cpu%u: interrupt %x (%s) with no dom0 vCPU to take it\n",
			       smp_cpu_id(), vector, level ? "level" : "edge");
		apic_eoi();
		return;
	}
	if (level)
		bitmap_set(c->held, vector);
	else
		apic_eoi();
	vlapic_post(v, vector, level);
}

/* Writing the ESR latches what happened since the last write. */
static void apic_error(void)
{
	apic_write(APIC_ESR, 0);
	printk_limited(LOG_WARN, "cpu%u: local APIC error, ESR %x\n", smp_cpu_id(),
		       apic_read(APIC_ESR));
	apic_eoi();
}

static void irq_handler(struct trap_frame *frame, unsigned int vector)
{
	struct irq_cpu *c = irq_this_cpu();

	(void)frame;
	this_cpu()->irq_count++;
	switch (vector) {
	case APIC_VECTOR_TIMER:
		c->deadline = NEVER; /* one shot: run.c looks at the clock and arms again */
		apic_eoi();
		return;
	case APIC_VECTOR_KICK:
		apic_eoi(); /* the exit, or the end of HLT, was the purpose */
		return;
	case APIC_VECTOR_NOTIFY:
		apic_eoi(); /* came after the exit: the owner looks by itself */
		return;
	case APIC_VECTOR_ERROR:
		apic_error();
		return;
	case APIC_VECTOR_SPURIOUS:
		/* A spurious interrupt is never in service; a device that has this vector is. */
		if (apic_in_service(APIC_VECTOR_SPURIOUS))
			apic_eoi();
		return;
	}
	device_interrupt(c, (u8)vector);
}

/*
 * Watchdog, error line, button, or dom0's own NMI shorthand: dom0 knows what to do with it. It may
 * have come after the last look of run.c but before VMRUN: the own interrupt ends that run.
 */
bool irq_nmi(void)
{
	u32 cpu = smp_cpu_id();

	if (!dom0 || !dom0->vcpu[0] || !READ_ONCE(dom0->vcpu[0]->pub.runnable))
		return false;
	if (cpu >= dom0->nr_vcpus)
		cpu = 0;
	vcpu_request(dom0->vcpu[cpu], VCPU_REQ_NMI);
	if (READ_ONCE(this_cpu()->pub.outside))
		apic_ipi_self(APIC_VECTOR_KICK);
	return true;
}

void irq_init_cpu(void)
{
	irq_this_cpu()->deadline = NEVER;
	if (smp_cpu_id() == 0)
		apic_accept_nmi(); /* one is enough: the line goes to all CPUs */
	if (smp_cpu_id() == 0)
		trap_set_irq_handler(irq_handler);
	apic_timer_init();
}

void irq_level_eoi(struct vcpu *v, u8 vector)
{
	struct irq_cpu *c = irq_this_cpu();

	if (!bitmap_test(c->held, vector))
		return;
	vcpu_count(v, EOI_LEVEL);
	bitmap_set(c->done, vector);
	end_done(c);
}

void irq_level_flush(struct vcpu *v)
{
	struct irq_cpu *c = irq_this_cpu();

	(void)v;
	for (u32 w = 0; w < BITMAP_WORDS(VECTORS); w++)
		c->done[w] |= c->held[w];
	end_done(c);
}

void irq_set_deadline(u64 deadline)
{
	struct irq_cpu *c = irq_this_cpu();

	if (deadline == c->deadline)
		return;
	c->deadline = deadline;
	if (deadline == NEVER)
		apic_timer_stop();
	else
		apic_timer_arm(deadline);
}

void irq_notify_cpu(u32 cpu)
{
	apic_ipi(percpu(cpu)->arch.apic_id, APIC_VECTOR_NOTIFY);
}

void irq_kick_cpu(u32 cpu)
{
	if (cpu != smp_cpu_id())
		apic_ipi(percpu(cpu)->arch.apic_id, APIC_VECTOR_KICK);
}
