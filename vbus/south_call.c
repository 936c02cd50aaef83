// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus calls of one guest: read its call slots, let the core act, answer.
 *
 * The slots lie in guest memory. Each submitted one is copied once to private memory, checked and
 * acted on there; the answer is written back without reading the slot again. One work item per
 * guest runs all its calls in turn; a new call queues it again, so nothing is missed. The number of
 * slots bounds one run, however the guest changes them meanwhile.
 */
#include "south.h"

struct call_copy {
	u32 nr;
	u32 len;
	u8 data[MB_CALL_DATA] __aligned(8);
};

/* Where the guest's slots are, or NULL. Asked each time: the guest may set them up anew. */
static struct mb_call_slot *call_slots(struct south_guest *g, u32 *count)
{
	struct mb_dom_info *info = hc_buffer(sizeof(*info));
	struct mb_call_slot *slots = NULL;

	if (!info)
		return NULL;
	if (!south_dom_info(READ_ONCE(g->domid), info) && info->call_slots != ~0ull &&
	    !(info->call_slots & (sizeof(*slots) - 1))) {
		*count = min(info->vcpus, MB_MAX_VCPUS + 0u);
		slots = vbus_mem_at(south_mem_table(g->mem), info->call_slots,
				    (u64)*count * sizeof(*slots));
	}
	kfree(info);
	return slots;
}

static void call_answered(struct south_guest *g, u32 vcpu)
{
	long ret = mb_hc2(MB_HC_CALL_DONE, g->domid, vcpu);

	/*
	 * Stale: the vCPU had filled its slot but not yet made the hypercall when another call's
	 * event made us look, or it gave up. In the first case its own event comes, and then finds
	 * the slot answered: remember to say so again.
	 */
	if (ret == -ESTALE)
		g->early_done |= 1ull << vcpu;
	else
		g->early_done &= ~(1ull << vcpu);
}

static void call_one(struct south_guest *g, struct mb_call_slot *slot, u32 vcpu)
{
	struct call_copy c;
	int result = -MB_EINVAL;

	c.nr = READ_ONCE(slot->nr);
	c.len = READ_ONCE(slot->len);
	memcpy(c.data, slot->data, sizeof(c.data));
	barrier(); /* the copy is what is used from here on */
	if (c.len <= sizeof(c.data))
		result = vbus_bus_call(&g->bus, c.nr, c.data, &c.len);
	else
		c.len = 0;
	if (result >= 0)
		memcpy(slot->data, c.data, sizeof(c.data));
	WRITE_ONCE(slot->len, c.len);
	WRITE_ONCE(slot->result, result);
	/* Answer before state. Pairs with north's acquire of state. */
	virt_store_release(&slot->state, MB_CALL_DONE);
	call_answered(g, vcpu);
}

void south_call_work(struct work_struct *work)
{
	struct south_guest *g = container_of(work, struct south_guest, call_work);
	struct mb_call_slot *slots;
	u32 vcpu, count = 0;

	slots = call_slots(g, &count);
	if (!slots) {
		g->early_done = 0;
		pr_warn_ratelimited("minibus: guest %s: a bus call, but no slots in its memory\n",
				    g->name);
		return;
	}
	for (vcpu = 0; vcpu < count; vcpu++) {
		/* State before contents. Pairs with north's release of SUBMITTED. */
		u32 state = virt_load_acquire(&slots[vcpu].state);

		if (state == MB_CALL_SUBMITTED)
			call_one(g, &slots[vcpu], vcpu);
		else if (state == MB_CALL_DONE && (g->early_done & (1ull << vcpu)))
			call_answered(g, vcpu);
		else
			g->early_done &= ~(1ull << vcpu);
		cond_resched();
	}
}
