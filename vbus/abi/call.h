/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  bus calls: what a guest asks the device side, through a call slot (hv/abi/tunnel.h).
 * Callers:  guest-linux/north.c sends, vbus/south.c decodes, vbus core acts.
 * Context:  north: process context. South: a worker.    Locking: none; the slot is private.
 * Lifetime: ABI 1, VB_VERSION.
 * Errors:   result 0, a small positive value, or -MB_E*. Unknown numbers: -MB_ENOSYS.
 *
 * Arguments lie in slot.data, which the answer overwrites. len must be at least the size of the
 * request structure; extra bytes are ignored, so that structures can grow.
 */
#ifndef VBUS_ABI_CALL_H
#define VBUS_ABI_CALL_H

#include "../../hv/abi/types.h"

#define VB_MAGIC 0x73756276u /* "vbus" */
#define VB_VERSION 1u

/* Features of the bus itself (64 bits, offered AND wanted). */
#define VB_F_EVENT_IDX (1ull << 0) /* shm-signal as in signal.h; mandatory in version 1 */

#define VB_CALL_NEGOTIATE 1u /* struct vb_negotiate; also resets the bus: closes every device */
#define VB_CALL_ENUM 2u	     /* struct vb_enum; -MB_ENOENT past the last device */
#define VB_CALL_OPEN 3u	     /* struct vb_open */
#define VB_CALL_CLOSE 4u     /* struct vb_close; ends every shm of the device */
#define VB_CALL_SHM 5u	     /* struct vb_shm: register a shared region, get its port */
#define VB_CALL_DEV 6u	     /* struct vb_devcall: a call of the device class */

#define VB_TYPE_LEN 16
#define VB_NAME_LEN 32

struct vb_negotiate {
	uint32_t magic;	     /* in: VB_MAGIC */
	uint32_t version;    /* in: wanted; out: spoken, <= wanted */
	mb_u64 features;     /* in: wanted; out: accepted */
	uint32_t max_queues; /* out: shm regions allowed at once */
	uint32_t generation; /* out: counts changes of the device list */
};
MB_ABI_SIZE(struct vb_negotiate, 24);
MB_ABI_OFF(struct vb_negotiate, generation, 20);

struct vb_enum {
	uint32_t index;	     /* in: 0, 1, ... */
	uint32_t devid;	     /* out: never used again for another device */
	uint32_t generation; /* out: of the list; if it differs between calls, start again */
	uint32_t version;    /* out: of the device class's ABI */
	mb_u64 features;     /* out: offered and allowed */
	char type[VB_TYPE_LEN]; /* out: class, "net", "echo"; NUL terminated */
	char name[VB_NAME_LEN]; /* out: as named by the administrator; NUL terminated */
};
MB_ABI_SIZE(struct vb_enum, 72);
MB_ABI_OFF(struct vb_enum, features, 16);
MB_ABI_OFF(struct vb_enum, name, 40);

struct vb_open {
	uint32_t devid;
	uint32_t version; /* in: of the class's ABI; -MB_EINVAL if not spoken */
	mb_u64 features;  /* in: wanted; out: accepted; frozen until close */
};
MB_ABI_SIZE(struct vb_open, 16);
MB_ABI_OFF(struct vb_open, features, 8);

struct vb_close {
	uint32_t devid;
	uint32_t pad;
};
MB_ABI_SIZE(struct vb_close, 8);
MB_ABI_OFF(struct vb_close, pad, 4);

/* What drivers should wish for; the administrator may grant less. */
#define VB_PRIO_CONTROL 0u /* rare and urgent: link state, calls */
#define VB_PRIO_HIGH 1u	   /* short and waited for: consoles */
#define VB_PRIO_NORMAL 2u  /* network */
#define VB_PRIO_BULK 3u	   /* disks, and all regions while priorities are switched off */

#define VB_SHM_NO_SIGNAL 0x1u /* a region without a port */

struct vb_shm {
	uint32_t devid;
	uint32_t id;	/* in: which region, numbered by the class */
	mb_u64 gpa;	/* in: 64-byte aligned, contiguous in guest-physical memory */
	mb_u64 len;	/* in: exactly what the class wants for it */
	uint32_t flags; /* in: VB_SHM_* */
	uint32_t prio;	/* in: 0..MB_EVQ_PRIOS-1, a wish; out: granted, not above what was wished */
	uint32_t port;	/* out: the guest's port of this region, for both directions */
	uint32_t pad;
};
MB_ABI_SIZE(struct vb_shm, 40);
MB_ABI_OFF(struct vb_shm, port, 32);

#define VB_DEVCALL_DATA 224u

struct vb_devcall {
	uint32_t devid;
	uint32_t func; /* of the class */
	uint32_t len;  /* bytes of data in use */
	uint32_t pad;
	uint8_t data[VB_DEVCALL_DATA]; /* in, then out */
};
MB_ABI_SIZE(struct vb_devcall, 240);
MB_ABI_OFF(struct vb_devcall, data, 16);

#endif
