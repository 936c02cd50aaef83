/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of vectors: posted by any CPU, merged into the register page by the owner.
 *
 * One way for all: set the vector's bit, set ON, and who finds ON clear tells the owner. The owner
 * clears ON, then takes the bits. Both are locked operations on the same word, so either the owner
 * sees the bit or the poster sees ON clear. This is also what a CPU does that processes posted
 * interrupts itself (SDM "Posted-Interrupt Processing"). While it runs the guest, SN is clear, and
 * the owner is told by the vector that makes the CPU merge instead of the kick that ends the run.
 * One that arrives after the exit does nothing: ON is still set, and the owner looks before it goes
 * on to the next entry or lets the CPU go.
 *
 * A level-triggered request must set TMR, and its EOI be made to exit, before the guest can see it.
 * No hardware does that, so these have a map of their own that only the owner merges.
 */
#include "hv/vlapic.h"

#include "hv/irq.h"
#include "hv/vcpu.h"
#include "hv/vlapic_hw.h"
#include "hv/vlapic_internal.h"

#include "arch/x86/apicdef.h"
#include "arch/x86/atomic.h"

static void post_edge(struct vcpu *v, u32 word, u32 bit)
{
	struct posted *p = &v->lapic.posted;
	u32 old;

	atomic_fetch_or(&p->pir[word], bit);
	/* Locked: pir before ON. Pairs with merge_edges(), vlapic_hw_listen(), vlapic_hw_deaf(). */
	old = atomic_fetch_or(&p->control, POSTED_ON);
	if (old & POSTED_ON)
		return;
	if (old & POSTED_SN) {
		vcpu_kick(v);
		return;
	}
	vcpu_count(v, NOTIFY);
	irq_notify_cpu(v->cpu);
}

static void post_level(struct vcpu *v, u32 word, u32 bit)
{
	struct vlapic *l = &v->lapic;

	atomic_fetch_or(&l->level[word], bit);
	/* Locked: level before level_words. Pairs with merge_levels(). */
	if (!(atomic_fetch_or(&l->level_words, 1u << word) >> word & 1))
		vcpu_kick(v);
}

void vlapic_post(struct vcpu *v, u8 vector, bool level)
{
	struct vlapic *l = &v->lapic;

	if (vector < VLAPIC_VECTOR_MIN) {
		atomic_fetch_or(&l->esr_pending, ESR_RECEIVE_ILLEGAL);
		return;
	}
	if (!vlapic_accepts(l))
		return;
	if (level)
		post_level(v, vector / 32, 1u << (vector % 32));
	else
		post_edge(v, vector / 32, 1u << (vector % 32));
}

void vlapic_error(struct vcpu *v, u32 esr_bit)
{
	struct vlapic *l = &v->lapic;
	u32 lvt = vlapic_get(l, VLAPIC_LVT_ERROR);

	atomic_fetch_or(&l->esr_pending, esr_bit);
	if (!(lvt & APIC_LVT_MASKED))
		vlapic_post(v, (u8)lvt, false);
}

static void merge_edges(struct vlapic *l)
{
	struct posted *p = &l->posted;

	if (!(READ_ONCE(p->control) & POSTED_ON))
		return;
	/* Locked: ON before pir. Pairs with post_edge(). */
	atomic_fetch_and(&p->control, ~POSTED_ON);
	for (u32 w = 0; w < VLAPIC_MAP_WORDS; w++) {
		u32 bits = READ_ONCE(p->pir[w]) ? atomic_exchange(&p->pir[w], 0) : 0;

		if (!bits)
			continue;
		vlapic_put(l, VLAPIC_TMR + w, vlapic_get(l, VLAPIC_TMR + w) & ~bits);
		atomic_fetch_or(vlapic_word(l, VLAPIC_IRR + w), bits);
	}
}

static void merge_levels(struct vlapic *l)
{
	u32 words;

	if (!READ_ONCE(l->level_words))
		return;
	/* Locked: level_words before level. Pairs with post_level(). */
	words = atomic_exchange(&l->level_words, 0);
	for (; words; words &= words - 1) {
		u32 w = (u32)__builtin_ctz(words);
		u32 bits = atomic_exchange(&l->level[w], 0);

		l->eoi_exits[w] |= bits;
		vlapic_put(l, VLAPIC_TMR + w, vlapic_get(l, VLAPIC_TMR + w) | bits);
		atomic_fetch_or(vlapic_word(l, VLAPIC_IRR + w), bits);
	}
}

void vlapic_merge(struct vcpu *v)
{
	merge_edges(&v->lapic);
	merge_levels(&v->lapic); /* second: both ways at once is level */
}
