// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus for bare test guests: as little as speaks vbus/abi. Rings are written directly and not by
 * vbus/proto, whose producer keeps the rules that the tests want to break.
 */
#include "bus.h"

#define SLOTS 8u /* vCPUs of a test guest; only that of vCPU 0 is used */

static struct mb_call_slot slots[SLOTS] __attribute__((aligned(4096)));
void *const bus_data = slots[0].data;

int32_t bus_call_in(struct mb_call_slot *s, uint16_t nr, uint16_t len)
{
	int64_t ret;

	s->nr = nr;
	s->len = len;
	s->seq++;
	/* Arguments before state. Pairs with south's acquire. */
	__atomic_store_n(&s->state, MB_CALL_SUBMITTED, __ATOMIC_RELEASE);
	ret = hypercall(MB_HC_CALL, 0, 0, 0);
	if (ret)
		return (int32_t)(1000 - ret);
	/* State before the answer. Pairs with south's release. */
	if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) != MB_CALL_DONE)
		return 999;
	s->state = MB_CALL_IDLE;
	return s->result;
}

int32_t bus_call(uint16_t nr, uint16_t len)
{
	return bus_call_in(&slots[0], nr, len);
}

int32_t bus_begin(void)
{
	struct vb_negotiate *n = bus_data;
	unsigned int vcpus = cpuid(MB_CPUID_TUNNEL, 0).edx;
	int64_t ret = hypercall(MB_HC_CALL_SETUP, (uint64_t)slots, vcpus, 0);

	if (ret)
		return (int32_t)(1000 - ret);
	*n = (struct vb_negotiate){.magic = VB_MAGIC, .version = VB_VERSION,
				   .features = VB_F_EVENT_IDX};
	return bus_call(VB_CALL_NEGOTIATE, sizeof(*n));
}

uint32_t bus_find(char kind, unsigned int nth)
{
	struct vb_enum *e = bus_data;

	for (uint32_t i = 0;; i++) {
		*e = (struct vb_enum){.index = i};
		if (bus_call(VB_CALL_ENUM, sizeof(*e)))
			return 0;
		if (e->type[0] == kind && !nth--)
			return e->devid;
	}
}

int32_t bus_open(uint32_t devid, uint64_t features)
{
	*(struct vb_open *)bus_data =
		(struct vb_open){.devid = devid, .version = 1, .features = features};
	return bus_call(VB_CALL_OPEN, sizeof(struct vb_open));
}

int32_t bus_close(uint32_t devid)
{
	*(struct vb_close *)bus_data = (struct vb_close){.devid = devid};
	return bus_call(VB_CALL_CLOSE, sizeof(struct vb_close));
}

int32_t bus_shm(const struct vb_shm *arg, uint32_t *port)
{
	struct vb_shm *s = bus_data;
	int32_t ret;

	*s = *arg;
	ret = bus_call(VB_CALL_SHM, sizeof(*s));
	if (port)
		*port = s->port;
	return ret;
}

int32_t bus_dev(uint32_t devid, uint32_t func, uint32_t value, uint32_t len)
{
	struct vb_devcall *d = bus_data;

	*d = (struct vb_devcall){.devid = devid, .func = func, .len = len};
	*(uint32_t *)d->data = value;
	return bus_call(VB_CALL_DEV, sizeof(*d));
}

int32_t queue_begin(struct bus_queue *q, uint32_t devid, uint32_t id, void *mem, uint32_t size)
{
	struct vb_shm arg = {.devid = devid, .id = id, .gpa = (uint64_t)mem,
			     .len = IOQ_QUEUE_BYTES(size)};

	for (uint32_t i = 0; i < IOQ_QUEUE_BYTES(size) / 8; i++)
		((uint64_t *)mem)[i] = 0;
	*q = (struct bus_queue){.sub = mem, .size = size};
	q->com = (struct ioq_ring *)((char *)mem + IOQ_RING_BYTES(size));
	q->desc = q->sub->desc;
	q->answer = q->com->desc;
	return bus_shm(&arg, &q->port);
}

void queue_put(struct bus_queue *q, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	q->desc[q->head++ & (q->size - 1)] = (struct ioq_desc){addr, len, id, flags};
}

void queue_ring(const struct bus_queue *q)
{
	hypercall(MB_HC_PORT_SEND, q->port, 0, 0);
}

void queue_send(struct bus_queue *q)
{
	/* Descriptors before count. Pairs with the acquire in ioq_look_avail(). */
	__atomic_store_n(&q->sub->tx.seq, q->head, __ATOMIC_RELEASE);
	queue_ring(q);
}

uint32_t queue_answers(struct bus_queue *q)
{
	/* Count before answers. Pairs with the release in shm_signal_publish(). */
	uint32_t n = __atomic_load_n(&q->com->tx.seq, __ATOMIC_ACQUIRE);

	__atomic_store_n(&q->com->rx.consumed, n, __ATOMIC_RELEASE);
	return n;
}

bool queue_until(struct bus_queue *q, uint32_t n, unsigned int ms)
{
	uint64_t end = rdtsc() + ms * guest_tsc_khz();

	while (queue_answers(q) < n) {
		if (rdtsc() >= end)
			return false;
		hypercall(MB_HC_YIELD, 0, 0, 0);
	}
	return true;
}
