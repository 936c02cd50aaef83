/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  kernel threads that do the work of device models: one per queue, or shared by a device
 *           or by all devices of a guest, as the device's attribute "workers" says.
 * Callers:  device models (dev_*.c); conn.c keeps the guest's own thread.
 * Context:  process context; vbus_work_kick(): any, also hard interrupt.
 * Locking:  worker->lock is held around poll() and arm(), so these must not take dev->lock or
 *           bus->lock, under which works are started and stopped.
 * Lifetime: a work from vbus_work_start(), in the class's shm(), to vbus_work_stop(), in close().
 *           Nobody may kick it before or after. The threads come and go with their works; that of
 *           the guest lives as long as the bus.
 * Errors:   0 or -errno. A work whose poll() fails is not called again.
 *
 * A thread is named vb-GUEST-DEVICE.QUEUE, vb-GUEST-DEVICE or vb-GUEST. It runs in the cgroup of
 * the guest's own thread, which is that of the process that made the guest, and on the CPUs of the
 * device's attribute "cpus"; it is the nicer the lower the priority of its region.
 *
 * A work is idle (armed: the guest rings), running, or polling. When its ring runs dry it is polled
 * for a while before it is armed: until then the guest need not ring, since a ring that is not
 * armed asks for no doorbell. How long, 0 to poll_us, follows what happens: an event that comes
 * soon after the ring was armed lets the time grow, one that comes late lets it shrink. With one
 * CPU, or when somebody else wants this one, nothing is polled.
 */
#ifndef VBUS_WORKER_H
#define VBUS_WORKER_H

#include <linux/list.h>
#include <linux/types.h>

struct ioq_consumer;
struct seq_file;
struct vbus_bus;
struct vbus_device;
struct vbus_region;
struct vbus_worker;

enum { VBUS_WORKERS_QUEUE, VBUS_WORKERS_DEVICE, VBUS_WORKERS_BUS, VBUS_WORKERS_KINDS };
extern const char *const vbus_workers_names[VBUS_WORKERS_KINDS];

struct vbus_work {
	/* A round of at most a budget of the class's own. > 0: did something, call again; 0: there
	 * was nothing; negative: never again. What was done is published when it returns. */
	int (*poll)(struct vbus_work *work);
	/* Ask the guest to ring. False: there is something already. NULL: ioq_arm() of ring. */
	bool (*arm)(struct vbus_work *work);
	struct ioq_consumer *ring;

	/* The rest is worker.c's. */
	struct vbus_region *region;
	struct vbus_worker *worker;
	struct list_head node;	   /* worker->works, under worker->lock */
	struct list_head dev_node; /* dev->works, under dev->lock */
	u32 state;
	u32 kicked;	 /* set by anybody, taken by the thread */
	u64 window;	 /* ns it is polled for now */
	u64 since;	 /* ns: idle, or polling */
	u64 rounds, sleeps, hits, misses; /* thread only; polls that found something, or not */
};

/* dev->lock held. The region's events kick it. */
int vbus_work_start(struct vbus_work *work, struct vbus_region *region);
/* dev->lock held. Returns when poll() does not run and will not. Nothing if never started. */
void vbus_work_stop(struct vbus_work *work);
void vbus_work_kick(struct vbus_work *work);

/* Between the parts of the core only. */
int vbus_worker_bus_init(struct vbus_bus *bus);
void vbus_worker_bus_exit(struct vbus_bus *bus);
int vbus_worker_pin(struct vbus_device *dev); /* dev->lock held: dev->cpus has changed */
void vbus_worker_show(struct vbus_device *dev, struct seq_file *m); /* dev->lock held */

#endif
