// SPDX-License-Identifier: GPL-2.0-only
/*
 * tunnel: the guest's end of hv/abi/tunnel.h without Linux: event queues and bus calls against the
 * real device side, which has one echo device for this guest. What may go wrong: an event that came
 * before the queue is lost, a vector comes while the consumer is awake, a call by a vCPU uses
 * another one's slot, the device side believes lengths and numbers that the guest invents, a
 * hostile queue page disturbs somebody.
 *
 * ECHO: 1
 * VCPUS: 2
 * SECONDS: 120
 */
#include "bus.h"

#define VECTOR 0x51
#define TRIES 300u

static union {
	struct mb_eventq q;
	uint8_t bytes[4096];
} pages[3] __attribute__((aligned(4096)));
static struct mb_call_slot slots[2] __attribute__((aligned(4096)));
static volatile unsigned int vectors, second_done;
static volatile int64_t second_call;
static volatile int32_t second_result;

static void on_event(struct trap_frame *f)
{
	(void)f;
	vectors++;
	apic_write(APIC_EOI, 0);
}

static int32_t call_on(unsigned int vcpu, uint16_t nr, uint16_t len)
{
	return bus_call_in(&slots[vcpu], nr, len);
}

static int32_t negotiate(unsigned int vcpu, uint32_t magic, uint32_t version)
{
	struct vb_negotiate *n = (struct vb_negotiate *)slots[vcpu].data;

	*n = (struct vb_negotiate){.magic = magic, .version = version, .features = VB_F_EVENT_IDX};
	return call_on(vcpu, VB_CALL_NEGOTIATE, sizeof(*n));
}

static void calls(void)
{
	struct vb_enum *e = (struct vb_enum *)slots[0].data;
	int32_t ret;

	ret = negotiate(0, VB_MAGIC, VB_VERSION);
	report(ret >= 0 && ret < 100, "NEGOTIATE: %d", ret);
	*e = (struct vb_enum){.index = 0};
	ret = call_on(0, VB_CALL_ENUM, sizeof(*e));
	report(!ret && e->type[0] == 'e' && e->type[1] == 'c' && !e->type[VB_TYPE_LEN - 1],
	       "ENUM finds the echo device: %d", ret);
	*e = (struct vb_enum){.index = 1000000};
	ret = call_on(0, VB_CALL_ENUM, sizeof(*e));
	report(ret == -MB_ENOENT, "past the last device: %d", ret);
	ret = negotiate(0, 0x12345678, VB_VERSION);
	report(ret < 0, "a wrong magic: %d", ret);
	ret = call_on(0, 9999, 0);
	report(ret == -MB_ENOSYS, "an unknown call: %d", ret);
	ret = call_on(0, VB_CALL_ENUM, 3);
	report(ret < 0, "too short a request: %d", ret);
	ret = call_on(0, VB_CALL_ENUM, 65535);
	report(ret < 0, "a length beyond the slot: %d", ret);
}

/* Requests of noise: the device side answers each with an error or a small result. */
static void noise(void)
{
	uint64_t x = 88172645463325252ull;
	unsigned int answered = 0;

	for (unsigned int i = 0; i < TRIES; i++) {
		for (unsigned int b = 0; b < MB_CALL_DATA; b++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			slots[0].data[b] = x & 0x300 ? 0 : (uint8_t)x;
		}
		answered += call_on(0, (uint16_t)(x >> 20) % 9, (uint16_t)(x >> 30) % 300) < 999;
	}
	report(answered == TRIES, "%u of %u calls of noise were answered", answered, TRIES);
	report(negotiate(0, VB_MAGIC, VB_VERSION) >= 0, "and the bus still works");
}

static void second(void)
{
	slots[1].state = MB_CALL_IDLE;
	second_result = negotiate(1, VB_MAGIC, VB_VERSION);
	second_done = 1;
}

static void queues(void)
{
	report(!guest_hypercall4(MB_HC_EVENTQ_SET, 0, 0, (uint64_t)&pages[0], VECTOR),
	       "an event queue");
	/* The bus port is raised when the device was linked, which was before the queue was there.
	 */
	report(guest_until(&vectors, 1, 1000) && pages[0].q.summary == 1 &&
	               pages[0].q.pending[0] == 1 && pages[0].q.state == MB_EVQ_AWAKE,
	       "the event that was there before comes with one vector (%u)", vectors);
	report(!(pages[0].q.pending[0] & ~1ull) && !pages[0].q.pending[4],
	       "only the bus port may have an event");
	report(!guest_hypercall4(MB_HC_PORT_ROUTE, MB_PORT_BUS, 1, 2, 0), "a route to no queue");
	report(!pages[0].q.pending[0], "takes a pending event along");
	report(!guest_hypercall4(MB_HC_EVENTQ_SET, 1, 2, (uint64_t)&pages[1], 0),
	       "a queue without a vector collects");
	report(!guest_hypercall4(MB_HC_PORT_ROUTE, MB_PORT_BUS, 0, 0, 0), "and the route back");
	report(guest_hypercall4(MB_HC_PORT_SEND, MB_PORT_BUS, 0, 0, 0) == 0,
	       "ringing dom0's end of the bus port");
	for (unsigned int i = 0; i < sizeof(pages[0]); i++)
		pages[0].bytes[i] = 0xff;
	guest_hypercall4(MB_HC_EVENTQ_SET, 0, 0, (uint64_t)&pages[2], VECTOR);
	report(!(pages[2].q.summary & ~0xfull) && !(pages[2].q.pending[4]),
	       "of a page full of ones only ports that exist move on: %lx", pages[2].q.summary);
	report(!guest_hypercall4(MB_HC_EVENTQ_SET, 0, 0, ~0ull, 0) &&
	               !guest_hypercall4(MB_HC_EVENTQ_SET, 1, 2, ~0ull, 0),
	       "queues are removed");
}

void guest_main(void)
{
	report_plan(2 + 7 + 2 + 3 + 10);
	guest_apic_on();
	guest_irq_handler(VECTOR, on_event);
	report(call_on(0, VB_CALL_NEGOTIATE, 24) == 1000 + MB_EINVAL, "no call without slots");
	report(!hypercall(MB_HC_CALL_SETUP, (uint64_t)slots, 2, 0), "two slots");
	slots[0].state = MB_CALL_IDLE;
	calls();
	noise();
	report(guest_start_cpu(1, second), "the second vCPU comes up");
	report(guest_until(&second_done, 1, 10000), "its call returns");
	report(second_result >= 0 && second_result < 100, "from its own slot: %d", second_result);
	queues();
}
