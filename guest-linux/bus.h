/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the guest's bus: bus_type "vbus", its devices and drivers, their shared regions.
 *           Knows no hypervisor: a connector (north) supplies struct vdev_ops.
 * Callers:  drivers (vecho, venet) and the connector.
 * Context:  process context, may sleep, unless a function says "any".
 * Locking:  vdev->lock covers open state and the region list; drivers never take it. A driver
 *           serialises the calls on one device, and vdev_region_kick() per region.
 *           Legend: [c] constant after creation, [l] vdev->lock, [d] driver's before adding.
 * Lifetime: a vbus_device lives while its struct device is referenced. It can go at any time:
 *           then gone is set, calls answer -ENODEV, and the driver's remove() runs.
 *           A region's memory may be freed only after vdev_close() returned true.
 * Errors:   0 or -errno. What the other side says is checked by whoever uses it.
 */
#ifndef GUEST_BUS_H
#define GUEST_BUS_H

#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "../vbus/abi/call.h"

struct vbus_device;
struct vdev_region;

/* For people: one writer each, or exact enough. */
struct vdev_stats {
	u64 notify;	/* events of the device that reached the driver */
	u64 inject;	/* events raised at the device side */
	u64 suppressed; /* publications that needed none */
	u64 spurious;	/* events that found nothing to do */
	u64 ringfull;	/* no room for a request */
	u64 faults;	/* broken rules of the other side */
};

#define VDEV_REGION_NAME 16
#define VDEV_IRQ_NAME (VB_NAME_LEN + VDEV_REGION_NAME)

struct vdev_region {
	u32 id;			     /* [d] numbered by the class */
	void *mem;		     /* [d] 64-byte aligned, zeroed, physically contiguous */
	u32 len;		     /* [d] */
	u32 prio;		     /* [d] wanted, 0 is served first; then [l] what was granted */
	char name[VDEV_REGION_NAME]; /* [d] "rx0": shown in /proc/interrupts behind the device's */
	void (*event)(struct vdev_region *region); /* [d] hard interrupt context */
	void *priv;		     /* [d] */
	struct vbus_device *vdev;    /* [l] */
	struct list_head node;	     /* [l] vdev->regions */
	u32 port;		     /* [l] */
	int irq;		     /* [l] */
	char irq_name[VDEV_IRQ_NAME];
	struct vdev_stats stats;
};

/* What a connector does for the bus. All but notify: process context. */
struct vdev_ops {
	int (*open)(struct vbus_device *vdev, u32 version, u64 wanted, u64 *accepted);
	int (*close)(struct vbus_device *vdev);
	int (*shm)(struct vbus_device *vdev, u32 id, void *mem, u32 len, u32 *prio, u32 *port);
	int (*call)(struct vbus_device *vdev, u32 func, void *data, u32 len);
	int (*irq_get)(u32 port, u32 prio); /* an irq for the port, > 0 */
	void (*irq_put)(u32 port, int irq);
	void (*notify)(u32 port); /* any context */
};

struct vbus_device {
	struct device dev;
	const struct vdev_ops *ops; /* [c] */
	u32 devid;		    /* [c] */
	u32 version;		    /* [c] of the class, spoken by the device side */
	u64 features;		    /* [c] offered */
	char type[VB_TYPE_LEN];	    /* [c] */
	char name[VB_NAME_LEN];	    /* [c] */
	bool gone;		    /* set once by the connector, read by anybody */
	struct mutex lock;
	bool open;		 /* [l] */
	u64 accepted;		 /* [l] features, while open */
	struct list_head regions; /* [l] */
	struct vdev_stats past;	 /* [l] of regions that are gone */
	struct list_head node;	 /* connector's */
	struct dentry *debugfs;
};

struct vbus_driver {
	struct device_driver driver; /* name is enough */
	const char *type;	     /* of the class */
	int (*probe)(struct vbus_device *vdev);
	void (*remove)(struct vbus_device *vdev);
};

#define to_vbus_device(d) container_of(d, struct vbus_device, dev)
#define to_vbus_driver(d) container_of(d, struct vbus_driver, driver)

extern struct bus_type vbus_guest_bus;

/* ---- drivers ---- */
int vdrv_register(struct vbus_driver *driver, struct module *owner);
void vdrv_unregister(struct vbus_driver *driver);
#define vdrv_module(drv) \
	static int __init drv##_init(void) { return vdrv_register(&drv, THIS_MODULE); } \
	static void __exit drv##_exit(void) { vdrv_unregister(&drv); } \
	module_init(drv##_init); \
	module_exit(drv##_exit)

/* Zeroed memory for a region, physically contiguous, whole pages; NULL. */
void *vdev_mem_alloc(size_t len);
void vdev_mem_free(void *mem, size_t len);

int vdev_open(struct vbus_device *vdev, u32 version, u64 wanted);
/*
 * Ends the interrupts of all regions, then the connection. True: the device side touches no memory
 * any more. False: it did not answer; whatever it was told of must never be used again.
 */
bool vdev_close(struct vbus_device *vdev);
/* Register region, get its port and irq; event() may be called before this returns. */
int vdev_region_add(struct vbus_device *vdev, struct vdev_region *region);
/* A call of the class: data (len bytes) goes there and comes back. */
int vdev_call(struct vbus_device *vdev, u32 func, void *data, u32 len);
/* Any context: after a publication; tells the device side if needed, counts both cases. */
void vdev_region_kick(struct vdev_region *region, bool needed);

/* ---- connector ---- */
/* Create and announce; version to name as in struct vb_enum, checked here. ERR_PTR. */
struct vbus_device *vdev_add(struct device *parent, const struct vdev_ops *ops,
			     const struct vb_enum *info);
/* Returns when the driver has let go. */
void vdev_remove(struct vbus_device *vdev);

/* ---- statistics: /sys/kernel/debug/vbus (debugfs.c) ---- */
struct dentry *vbus_guest_debugfs(void);
void vdev_stats_add(struct vdev_stats *sum, const struct vdev_stats *from);
void vdev_stats_total(struct vdev_stats *sum); /* all devices, past and present */
void vdev_debugfs_add(struct vbus_device *vdev);
void vbus_guest_debugfs_init(void);
void vbus_guest_debugfs_exit(void);

#endif
