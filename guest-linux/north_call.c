// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus calls: one slot of shared memory per vCPU, one hypercall, no copy of ours in between.
 *
 * The slot belongs to the vCPU that makes the hypercall, so a caller stays on its CPU from filling
 * the slot to reading the answer (migrate_disable) and owns the slot by a mutex, since it may be
 * preempted meanwhile. A slot whose call timed out is out of use until the late answer came.
 */
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <asm/barrier.h>
#include <asm/io.h>

#include "../hv/abi/tunnel.h"
#include "hypercall.h"
#include "north.h"

static struct mb_call_slot *slots; /* shared, one per vCPU */
static struct mutex *slot_locks;
static u32 call_seq; /* for traces; races are harmless */

static size_t slots_bytes(void)
{
	return north_vcpus * sizeof(*slots);
}

/* The slot's mutex is held and this task stays on the slot's CPU. */
static int call_in_slot(struct mb_call_slot *slot, u16 nr, void *data, u16 len)
{
	u32 state = virt_load_acquire(&slot->state);
	long rc;

	if (state == MB_CALL_SUBMITTED)
		return -ETIMEDOUT; /* still the one that timed out */
	memcpy(slot->data, data, len);
	WRITE_ONCE(slot->nr, nr);
	WRITE_ONCE(slot->len, len);
	WRITE_ONCE(slot->seq, ++call_seq);
	WRITE_ONCE(slot->result, -MB_EIO);
	/* Release: the call is whole before it counts. Pairs with the acquire of south. */
	virt_store_release(&slot->state, MB_CALL_SUBMITTED);
	rc = north_hypercall(MB_HC_CALL, 0, 0, 0, 0);
	this_cpu_inc(north_stats.buscalls);
	if (rc == -MB_ETIMEDOUT)
		return -ETIMEDOUT;
	if (!rc) {
		/* Acquire: pairs with south's release of the answer. */
		if (virt_load_acquire(&slot->state) != MB_CALL_DONE) {
			this_cpu_inc(north_stats.faults);
			rc = -MB_EPROTO;
		} else {
			rc = READ_ONCE(slot->result);
			memcpy(data, slot->data, len);
		}
	}
	WRITE_ONCE(slot->state, MB_CALL_IDLE);
	return north_errno(rc);
}

static int vdev_north_open(struct vbus_device *vdev, u32 version, u64 wanted, u64 *accepted)
{
	struct vb_open arg = { .devid = vdev->devid, .version = version, .features = wanted };
	int rc = north_call(VB_CALL_OPEN, &arg, sizeof(arg));

	*accepted = arg.features;
	return rc < 0 ? rc : 0;
}

static int vdev_north_close(struct vbus_device *vdev)
{
	struct vb_close arg = { .devid = vdev->devid };
	int rc = north_call(VB_CALL_CLOSE, &arg, sizeof(arg));

	return rc < 0 ? rc : 0;
}

static int vdev_north_shm(struct vbus_device *vdev, u32 id, void *mem, u32 len, u32 *prio,
			  u32 *port)
{
	struct vb_shm arg = {
		.devid = vdev->devid, .id = id, .gpa = virt_to_phys(mem), .len = len, .prio = *prio,
	};
	int rc = north_call(VB_CALL_SHM, &arg, sizeof(arg));

	*port = arg.port;
	*prio = arg.prio;
	return rc < 0 ? rc : 0;
}

static int vdev_north_call(struct vbus_device *vdev, u32 func, void *data, u32 len)
{
	struct vb_devcall *arg;
	int rc;

	if (READ_ONCE(vdev->gone))
		return -ENODEV;
	arg = kzalloc(sizeof(*arg), GFP_KERNEL);
	if (!arg)
		return -ENOMEM;
	arg->devid = vdev->devid;
	arg->func = func;
	arg->len = len;
	memcpy(arg->data, data, len);
	rc = north_call(VB_CALL_DEV, arg, sizeof(*arg));
	memcpy(data, arg->data, len);
	kfree(arg);
	return rc;
}

const struct vdev_ops north_vdev_ops = {
	.open = vdev_north_open,
	.close = vdev_north_close,
	.shm = vdev_north_shm,
	.call = vdev_north_call,
	.irq_get = north_irq_get,
	.irq_put = north_irq_put,
	.notify = north_notify,
};

int north_call(u16 nr, void *data, u16 len)
{
	u32 vcpu;
	int rc;

	might_sleep();
	BUILD_BUG_ON(sizeof(struct vb_devcall) > MB_CALL_DATA);
	if (len > MB_CALL_DATA)
		return -EINVAL;
	migrate_disable();
	vcpu = north_vcpu_here();
	if (vcpu < north_vcpus) {
		mutex_lock(&slot_locks[vcpu]);
		rc = call_in_slot(&slots[vcpu], nr, data, len);
		mutex_unlock(&slot_locks[vcpu]);
	} else {
		rc = -EIO;
	}
	migrate_enable();
	return rc;
}

int north_call_init(void)
{
	u32 i;
	int rc;

	slot_locks = kmalloc_array(north_vcpus, sizeof(*slot_locks), GFP_KERNEL);
	slots = vdev_mem_alloc(slots_bytes());
	rc = slot_locks && slots ? 0 : -ENOMEM;
	for (i = 0; !rc && i < north_vcpus; i++)
		mutex_init(&slot_locks[i]);
	if (!rc)
		rc = north_bridge(MB_HC_CALL_SETUP, virt_to_phys(slots), north_vcpus, 0, 0);
	if (rc < 0) {
		pr_err("north: cannot set up calls: %d\n", rc);
		vdev_mem_free(slots, slots_bytes());
		kfree(slot_locks);
	}
	return rc < 0 ? rc : 0;
}

void north_call_exit(void)
{
	kfree(slot_locks);
	/* A late answer may still be written there; without a way to take the slots back from the
	 * hypervisor their page is given up. A new load sets up new ones. */
	if (north_bridge(MB_HC_CALL_SETUP, ~0ull, 0, 0, 0) >= 0)
		vdev_mem_free(slots, slots_bytes());
}
