// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus calls of one guest: read its call slots, let the core act, answer.
 *
 * The slots lie in guest memory. Each submitted one is copied once to private memory, checked and
 * acted on there; the answer is written back without reading the slot again. The event of a call
 * does not say whose it is, so it looks at the state of every slot and queues the works of those
 * that want something: each vCPU has a work of its own, so calls of different vCPUs run side by
 * side. A work handles one call and is queued again by the next event, however the guest changes
 * its slots meanwhile.
 *
 * A call that is not answered in time was given up by the hypervisor, which let the vCPU go on with
 * an error; here it is reported. Its slot is in use until the device model comes back.
 */
#include "south.h"

struct call_copy {
	u32 nr;
	u32 len;
	u8 data[MB_CALL_DATA] __aligned(8);
};

struct south_call { /* of one vCPU */
	struct work_struct work;
	struct delayed_work late;
	struct south_guest *guest;
	struct call_copy copy;	    /* work; late reads nr and the first word of data */
	struct mb_call_slot *slot;  /* of the last look; set before the work is queued */
	u32 vcpu;
	bool early; /* answered, perhaps before the vCPU waited: say so at its event */
};

struct south_calls {
	struct workqueue_struct *wq; /* own: slow calls here hold up no other guest */
	struct mb_dom_info *info;    /* handler of the call port only */
	u32 count;
	struct south_call call[];
};

static void call_answered(struct south_call *c)
{
	/*
	 * Stale: the vCPU had filled its slot but not yet made the hypercall when another call's
	 * event made us look, or it gave up. In the first case its own event comes, and must find
	 * "early": so that is set first. Pairs with the look in south_call_event(); between them
	 * lie the hypervisor's locked operations on the state of the call.
	 */
	WRITE_ONCE(c->early, true);
	if (mb_hc2(MB_HC_CALL_DONE, c->guest->domid, c->vcpu) != -ESTALE)
		WRITE_ONCE(c->early, false);
}

static void call_act(struct south_call *c, struct mb_call_slot *slot)
{
	struct call_copy *copy = &c->copy;
	int result = -MB_EINVAL;

	copy->nr = READ_ONCE(slot->nr);
	copy->len = READ_ONCE(slot->len);
	memcpy(copy->data, slot->data, sizeof(copy->data));
	barrier(); /* the copy is what is used from here on */
	if (copy->len <= sizeof(copy->data)) {
		queue_delayed_work(south_wq, &c->late, msecs_to_jiffies(MB_CALL_TIMEOUT_MS));
		result = vbus_bus_call(&c->guest->bus, copy->nr, copy->data, &copy->len);
		cancel_delayed_work_sync(&c->late);
	} else {
		copy->len = 0;
	}
	if (result >= 0)
		memcpy(slot->data, copy->data, sizeof(copy->data));
	WRITE_ONCE(slot->len, copy->len);
	WRITE_ONCE(slot->result, result);
	/* Answer before state. Pairs with north's acquire of state. */
	virt_store_release(&slot->state, MB_CALL_DONE);
	call_answered(c);
}

static void call_work(struct work_struct *work)
{
	struct south_call *c = container_of(work, struct south_call, work);
	struct mb_call_slot *slot = READ_ONCE(c->slot);
	/* State before contents. Pairs with north's release of SUBMITTED. */
	u32 state = virt_load_acquire(&slot->state);

	if (state == MB_CALL_SUBMITTED)
		call_act(c, slot);
	else if (state == MB_CALL_DONE && c->early)
		call_answered(c);
}

static void call_late(struct work_struct *work)
{
	struct south_call *c = container_of(to_delayed_work(work), struct south_call, late);

	vbus_bus_slow(&c->guest->bus, c->copy.nr, c->copy.data, MB_CALL_TIMEOUT_MS);
}

/* Where the guest's slots are, or NULL. Asked each time: the guest may set them up anew. */
static struct mb_call_slot *call_slots(struct south_guest *g)
{
	struct south_calls *calls = g->calls;
	const struct south_mem *mem = READ_ONCE(g->mem);

	if (!mem || south_dom_info(READ_ONCE(g->domid), calls->info) ||
	    calls->info->call_slots == ~0ull ||
	    calls->info->call_slots & (sizeof(struct mb_call_slot) - 1))
		return NULL;
	return vbus_mem_at(south_mem_table(mem), calls->info->call_slots,
			   (u64)calls->count * sizeof(struct mb_call_slot));
}

void south_call_event(void *arg)
{
	struct south_guest *g = arg;
	struct south_calls *calls = g->calls;
	struct mb_call_slot *slots = call_slots(g);
	u32 i;

	if (!slots) {
		pr_warn_ratelimited("minibus: guest %s: a bus call, but no slots in its memory\n",
				    g->name);
		return;
	}
	for (i = 0; i < calls->count; i++) {
		struct south_call *c = &calls->call[i];
		u32 state = READ_ONCE(slots[i].state);

		if (state != MB_CALL_SUBMITTED && !(state == MB_CALL_DONE && READ_ONCE(c->early)))
			continue;
		WRITE_ONCE(c->slot, &slots[i]);
		queue_work(calls->wq, &c->work);
	}
}

void south_call_exit(struct south_guest *g)
{
	struct south_calls *calls = g->calls;

	if (!calls)
		return;
	if (calls->wq)
		destroy_workqueue(calls->wq); /* after the works under way */
	kfree(calls->info);
	kfree(calls);
	g->calls = NULL;
}

int south_call_init(struct south_guest *g)
{
	struct south_calls *calls = kzalloc(struct_size(calls, call, g->vcpus), GFP_KERNEL);
	u32 i;

	if (!calls)
		return -ENOMEM;
	calls->count = g->vcpus;
	calls->info = hc_buffer(sizeof(*calls->info));
	/* Twice: a work that runs may be queued again meanwhile, and both count as active. */
	calls->wq = alloc_workqueue("vb-call-%s", WQ_UNBOUND, 2 * g->vcpus, g->name);
	for (i = 0; i < g->vcpus; i++) {
		struct south_call *c = &calls->call[i];

		INIT_WORK(&c->work, call_work);
		INIT_DELAYED_WORK(&c->late, call_late);
		c->guest = g;
		c->vcpu = i;
	}
	g->calls = calls;
	if (calls->info && calls->wq)
		return 0;
	south_call_exit(g);
	return -ENOMEM;
}
