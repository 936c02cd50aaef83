// SPDX-License-Identifier: GPL-2.0-only
/*
 * pveoi: the KVM paravirtual end of interrupt. Linux, Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_PV_EOI_EN: the hypervisor sets bit 0 of the guest's word when it injects; a guest that
 * finds it set clears it instead of writing the EOI register. What may go wrong: the bit is set
 * although a second interrupt waits, so that this one is never delivered; the in-service bit stays
 * when the guest cleared the word; the word is written after the guest switched it off.
 */
#include "guest.h"

#define PV_EOI 0x4b564d04
#define VECTOR 0x61
#define HIGH 0x92
#define LOW 0x71
#define ROUNDS 2000u

static volatile uint32_t word __attribute__((aligned(4)));
static volatile unsigned int taken, by_word, by_register, high_taken, low_taken;

/* As Linux does it: one test-and-clear, and the register if that found nothing. */
static void end_of_interrupt(void)
{
	if (__atomic_fetch_and(&word, ~1u, __ATOMIC_SEQ_CST) & 1) {
		by_word++;
		return;
	}
	by_register++;
	apic_write(APIC_EOI, 0);
}

static void on_vector(struct trap_frame *f)
{
	(void)f;
	taken++;
	end_of_interrupt();
}

static void on_high(struct trap_frame *f)
{
	(void)f;
	high_taken++;
	end_of_interrupt();
}

static void on_low(struct trap_frame *f)
{
	(void)f;
	low_taken++;
	/* A lower one in service and a higher one requested: it must come once interrupts are on.
	 */
	apic_write(APIC_SELF_IPI, HIGH);
	guest_irq_on();
	guest_irq_off();
	end_of_interrupt();
}

static bool in_service(void)
{
	for (uint32_t i = 0; i < 8; i++) {
		if (apic_read(APIC_ISR + 16 * i))
			return true;
	}
	return false;
}

static void rounds(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		apic_write(APIC_SELF_IPI, VECTOR);
		if (!guest_until(&taken, i + 1, 1000))
			break;
	}
	report(i == ROUNDS, "%u interrupts, each delivered (%u)", ROUNDS, i);
	/* Never by the word: the CPU does the register, the word would save nothing. */
	report(by_word > ROUNDS / 2 || by_register == ROUNDS,
	       "%u ended by the word, %u by the register", by_word, by_register);
	report(!in_service(), "nothing stays in service");
}

static void two_at_once(void)
{
	unsigned int i;

	for (i = 0; i < 200; i++) {
		apic_write(APIC_SELF_IPI, LOW);
		apic_write(APIC_SELF_IPI, VECTOR);
		if (!guest_until(&low_taken, i + 1, 1000) ||
		    !guest_until(&taken, ROUNDS + i + 1, 1000))
			break;
	}
	report(i == 200, "two at once, 200 times: none waits for ever (%u)", i);
	report(high_taken == low_taken, "a higher one comes through a lower one: %u of %u",
	       high_taken, low_taken);
	report(!in_service(), "nothing stays in service");
}

void guest_main(void)
{
	unsigned int before;

	report_plan(3 + 3 + 3 + 3);
	guest_apic_on();
	guest_irq_handler(VECTOR, on_vector);
	guest_irq_handler(HIGH, on_high);
	guest_irq_handler(LOW, on_low);
	report(wrmsr_safe(PV_EOI, (uint64_t)&word | 1) == NO_FAULT, "switched on");
	report(rdmsr(PV_EOI) == ((uint64_t)&word | 1), "the MSR reads back");
	report(wrmsr_safe(PV_EOI, (uint64_t)&word | 3) == VEC_GP, "a reserved bit: #GP");
	rounds();
	two_at_once();
	report(wrmsr_safe(PV_EOI, 0) == NO_FAULT, "switched off");
	before = by_word;
	taken = 0;
	word = 0;
	apic_write(APIC_SELF_IPI, VECTOR);
	report(guest_until(&taken, 1, 1000) && by_word == before, "then the register is needed");
	report(!word && !in_service(), "and the word is left alone");
}
