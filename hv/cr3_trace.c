/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of CR3 writes of one vCPU, and the choice of CR3 targets.
 */
#include "hv/cr3_trace.h"

#include "arch/x86/atomic.h"
#include "arch/x86/barrier.h"
#include "arch/x86/cr.h"
#include "arch/x86/tsc.h"
#include "hv/string.h"
#include "hv/vcpu.h"

void cr3_trace_add(struct vcpu *v, u64 operand)
{
	struct cr3_trace *t = &v->cr3;
	struct mb_cr3_switch *s = &t->ring[t->seen % CR3_TRACE_RING];

	WRITE_ONCE(s->cr3, operand & ~CR3_NOFLUSH);
	WRITE_ONCE(s->ns, tsc_uptime_ns());
	/* The entry is complete before it is counted. Pairs with cr3_trace_read(). */
	smp_store_release(&t->seen, t->seen + 1);
}

u32 cr3_trace_target(struct vcpu *v, u64 operand)
{
	struct cr3_trace *t = &v->cr3;
	u32 slot;

	if (t->targets < vcaps.cr3_targets) {
		slot = t->targets++;
	} else {
		/* The generator of ISO C's rand(): its upper bits will do. */
		t->random = t->random * 1103515245 + 12345;
		slot = (t->random >> 16) % vcaps.cr3_targets;
	}
	t->target[slot] = operand;
	return slot;
}

void cr3_trace_read(const struct vcpu *v, struct mb_vcpu_cr3 *out)
{
	const struct cr3_trace *t = &v->cr3;
	u64 end = smp_load_acquire(&t->seen); /* pairs with cr3_trace_add() */
	u64 first = end > MB_CR3_LAST ? end - MB_CR3_LAST : 0, oldest;

	memset(out, 0, sizeof(*out));
	out->struct_size = sizeof(*out);
	out->switches = end;
	out->targets = MIN(READ_ONCE(t->targets), (u32)MB_CR3_TARGETS);
	for (u32 i = 0; i < out->targets; i++)
		out->target[i] = READ_ONCE(t->target[i]);
	for (u64 n = first; n < end; n++) {
		out->last[n - first].cr3 = READ_ONCE(t->ring[n % CR3_TRACE_RING].cr3);
		out->last[n - first].ns = READ_ONCE(t->ring[n % CR3_TRACE_RING].ns);
	}
	/* The copy is done before the look at how far the writer came. Pairs with
	 * cr3_trace_add(): it may be at work on number `seen`, which overwrites seen - RING. */
	smp_rmb();
	oldest = READ_ONCE(t->seen) + 1;
	oldest = oldest > CR3_TRACE_RING ? oldest - CR3_TRACE_RING : 0;
	oldest = MIN(MAX(oldest, first), end);
	out->count = (u32)(end - oldest);
	memmove(out->last, &out->last[oldest - first], out->count * sizeof(out->last[0]));
}
