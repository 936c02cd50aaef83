/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the guest's end of the bus (vbus/abi) for bare test guests: calls, and queues whose
 *           memory lies open, so that a test can write anything into it.
 * Callers:  tests/guest/NAME/main.c.
 * Context:  vCPU 0; nothing here waits for an interrupt.
 * Locking:  none.
 * Lifetime: from bus_begin() on; a queue from queue_begin() until its device is closed.
 * Errors:   results of calls as of vbus/abi/call.h; 1000 - the hypercall's error if it failed.
 */
#ifndef TESTS_GUESTLIB_BUS_H
#define TESTS_GUESTLIB_BUS_H

#include "guest.h"

#include "vbus/abi/call.h"
#include "vbus/abi/ring.h"

/* Arguments, then the answer, of a call: MB_CALL_DATA bytes of the slot of vCPU 0. */
extern void *const bus_data;
int32_t bus_call(uint16_t nr, uint16_t len);
/* The same in a slot of the test's own, on the vCPU that owns it. The slot's result, or 1000 - the
 * hypercall's error, or 999 when the slot does not say DONE. */
int32_t bus_call_in(struct mb_call_slot *slot, uint16_t nr, uint16_t len);

int32_t bus_begin(void); /* call slots and NEGOTIATE; also closes every device */
uint32_t bus_find(char kind, unsigned int nth); /* first letter of the class -> devid, or 0 */
int32_t bus_open(uint32_t devid, uint64_t features);
int32_t bus_close(uint32_t devid);
/* *port may be NULL. */
int32_t bus_shm(const struct vb_shm *arg, uint32_t *port);
int32_t bus_dev(uint32_t devid, uint32_t func, uint32_t value, uint32_t len);

struct bus_queue {
	struct ioq_ring *sub, *com;
	struct ioq_desc *desc, *answer;
	uint32_t size, port;
	uint32_t head; /* descriptors written */
};

/* Clears the memory and registers it as region id. */
int32_t queue_begin(struct bus_queue *q, uint32_t devid, uint32_t id, void *mem, uint32_t size);
void queue_put(struct bus_queue *q, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags);
void queue_ring(const struct bus_queue *q); /* the doorbell alone */
void queue_send(struct bus_queue *q);	    /* publish what was put, and the doorbell */
/* Answers so far; they count as taken. */
uint32_t queue_answers(struct bus_queue *q);
/* Until there are n answers or ms milliseconds are over; returns whether it came so far. */
bool queue_until(struct bus_queue *q, uint32_t n, unsigned int ms);

#endif
