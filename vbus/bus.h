/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  vbus core of the device side: device classes, devices, the bus of one guest, its
 *           connections and shared regions. Knows no hypervisor: a connector supplies the ops.
 * Callers:  device models (dev_*.c) register classes; a connector (south_*.c) owns buses and hands
 *           in the guest's calls.
 * Context:  process context, may sleep, unless a function says "any".
 * Locking:  configfs's own > rtnl > bus->admin > dev->lock > bus->lock: what runs for a guest's
 *           call or at the end of a connection takes no lock that a driver may hold while it
 *           calls (rtnl), for both ends may be in one kernel (loopback/). Field legend: [c]
 *           constant after creation, [a] bus->admin, [b] bus->lock, [ab] written with both, read
 *           with either, [d] dev->lock. The core holds dev->lock around every class op except
 *           create and remove. bus->lock is held for lists and counters only, never while a class
 *           works.
 * Lifetime: a device lives from mkdir to rmdir, and rmdir is refused while it is linked. A
 *           connection lives from VB_CALL_OPEN to close; a region from VB_CALL_SHM to that close.
 * Errors:   0 or -errno. Values from a guest never reach an assertion: a bad call is answered with
 *           an error, a bad queue breaks that queue alone (vbus_region_break()).
 */
#ifndef VBUS_BUS_H
#define VBUS_BUS_H

#include <linux/configfs.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/seq_file.h>
#include <linux/types.h>

#include "abi/call.h"
#include "worker.h"

struct vbus_bus;
struct vbus_device;
struct vbus_region;

/* ---- guest memory (mem.c) ---- */

struct vbus_mem_range {
	u64 gpa;
	u64 size;
	u8 *va;
};

struct vbus_mem { /* sorted by gpa, no overlap, neighbours merged where both sides are adjacent */
	u32 count;
	struct vbus_mem_range range[];
};

/* Any context. NULL unless all of gpa..gpa+len-1 lies in one contiguous range. */
void *vbus_mem_at(const struct vbus_mem *mem, u64 gpa, u64 len);
/* Any context. Is all of it guest memory, though perhaps in pieces? */
bool vbus_mem_ok(const struct vbus_mem *mem, u64 gpa, u64 len);
/* Any context. The longest contiguous piece at gpa, *len cut down to it; NULL if outside. */
void *vbus_mem_piece(const struct vbus_mem *mem, u64 gpa, u64 *len);
/* Any context. 0 or -EFAULT; the whole range is checked before the first byte moves. */
int vbus_mem_read(const struct vbus_mem *mem, void *to, u64 gpa, u64 len);
int vbus_mem_write(const struct vbus_mem *mem, u64 gpa, const void *from, u64 len);
/* Between two places of the guest; they may overlap, to the guest's own surprise. */
int vbus_mem_copy(const struct vbus_mem *mem, u64 to, u64 from, u64 len);

/* ---- regions (region.c) ---- */

struct vbus_stats {	/* one writer each, or exact enough: they are for people */
	u64 notify;	/* events from the guest that reached the region */
	u64 inject;	/* events raised for the guest */
	u64 suppressed; /* publications that needed no event */
	u64 spurious;	/* events that found nothing to do */
	u64 ringfull;	/* the guest left no room or no buffer */
	u64 faults;	/* broken rules */
};

#define VBUS_REGION_NAME 16

struct vbus_region {
	struct list_head node;	 /* [d] dev->regions */
	struct vbus_device *dev; /* [c] */
	u32 id;			 /* [c] numbered by the class */
	u32 len;		 /* [c] */
	u32 prio;		 /* [c] of its events, both ways; 0 is served first */
	const struct vbus_mem *mem; /* [c] of the guest, valid until close() returns */
	void *va;		 /* [c] shared with the guest: fetch once, check, use */
	void *port;		 /* [c] connector's; NULL: no signal */
	char name[VBUS_REGION_NAME]; /* [c] "rx0" */
	/* Runs in hard interrupt context. Written by vbus_region_watch() (release), read by the
	 * connector's handler (acquire), so priv is seen before it. */
	void (*notify)(struct vbus_region *region);
	void *priv;		 /* class's, valid when notify is set */
	bool broken;		 /* said once; the class stops using it */
	struct vbus_stats stats;
};

void vbus_region_watch(struct vbus_region *region, void (*notify)(struct vbus_region *),
		       void *priv);
/* Any context. The guest's event has come (called by the connector). */
void vbus_region_event(struct vbus_region *region);
/* Any context. After ioq_publish(): raise the guest's port if needed, count both cases. */
void vbus_region_signal(struct vbus_region *region, bool needed);
/* Any context. Marks it broken; the first time it is reported with the text. */
__printf(2, 3) void vbus_region_break(struct vbus_region *region, const char *fmt, ...);

/* ---- classes and devices (bus.c) ---- */

struct vbus_class_ops {
	/* mkdir: allocate with kzalloc a structure whose first member is struct vbus_device. */
	struct vbus_device *(*create)(const char *name);
	/* rmdir: give back everything but that memory (the core frees it); optional. */
	void (*remove)(struct vbus_device *dev);
	/* May clear bits of *features; optional. */
	int (*open)(struct vbus_device *dev, u64 *features);
	/* Returns when nothing touches guest memory any more. Regions exist, no notify() runs. */
	void (*close)(struct vbus_device *dev);
	/* A name for region id; optional. */
	void (*name_region)(u32 id, char *name, size_t size);
	/* Check id and len, attach; -EINVAL. The region goes away only after close(). */
	int (*shm)(struct vbus_device *dev, struct vbus_region *region);
	/* data is private memory of VB_DEVCALL_DATA bytes, *len of them given; set *len for the
	 * answer. -ENOSYS: unknown func. */
	int (*call)(struct vbus_device *dev, u32 func, void *data, u32 *len);
	void (*stats)(struct vbus_device *dev, struct seq_file *m); /* optional */
};

struct vbus_class {
	const char *type;	/* < VB_TYPE_LEN bytes */
	u32 version;
	u64 features;		/* offered */
	struct module *owner;
	const struct vbus_class_ops *ops;
	struct configfs_attribute **attrs; /* of its own, NULL terminated; or NULL */
	struct vbus_class_dir *dir;	   /* core's */
};

/* A number of the class's structure as an attribute, up to max; a reader may be anybody. */
#define VBUS_ATTR_U32(prefix, name, type, max)						       \
	static ssize_t prefix##name##_show(struct config_item *item, char *page)	       \
	{										       \
		return sysfs_emit(page, "%u\n", READ_ONCE(((type *)vbus_device(item))->name)); \
	}										       \
	static ssize_t prefix##name##_store(struct config_item *item, const char *page,        \
					    size_t n)					       \
	{										       \
		u32 value;								       \
		int err = kstrtou32(page, 0, &value);					       \
											       \
		if (err || value > (max))						       \
			return err ? err : -EINVAL;					       \
		WRITE_ONCE(((type *)vbus_device(item))->name, value);			       \
		return n;								       \
	}										       \
	CONFIGFS_ATTR(prefix, name)

#define vbus_class_module(cls)								       \
	static int __init cls##_init(void) { return vbus_class_register(&cls); }	       \
	static void __exit cls##_exit(void) { vbus_class_unregister(&cls); }		       \
	module_init(cls##_init);							       \
	module_exit(cls##_exit)

int vbus_class_register(struct vbus_class *cls);
void vbus_class_unregister(struct vbus_class *cls); /* module exit: no device exists any more */

struct vbus_device {
	struct config_item item;
	const struct vbus_class *cls; /* [c] */
	struct vbus_class_dir *dir;   /* [c] */
	char name[VB_NAME_LEN];	      /* [c] */
	struct mutex lock;
	u64 features_allowed;	      /* [d] */
	u32 prio;		      /* [d] the best its regions may have */
	u32 workers;		      /* [d] VBUS_WORKERS_*; of works started later */
	u32 poll_us;		      /* any: longest time a dry ring is polled */
	struct cpumask cpus;	      /* [d] where its threads may run */
	struct vbus_worker *worker;   /* [d] of VBUS_WORKERS_DEVICE, while there are works */
	struct list_head works;	      /* [d] */
	struct vbus_bus *bus;	      /* [d] linked to; changes under bus->admin too */
	struct list_head node;	      /* [ab] bus->devices */
	u32 devid;		      /* [b] set before it is on the list */
	bool slow;		      /* any: said that it does not answer */
	bool open;		      /* [d] */
	u64 features;		      /* [d] accepted, while open */
	struct list_head regions;     /* [d] */
	struct dentry *debugfs;	      /* [a] */
};

static inline struct vbus_device *vbus_device(struct config_item *item)
{
	return container_of(item, struct vbus_device, item);
}

/* The device behind a configfs item, or NULL if it is something else. */
struct vbus_device *vbus_device_from_item(struct config_item *item);
/* Letters, digits, '-', '_', '.', not first '.', shorter than size. */
bool vbus_name_ok(const char *name, size_t size);
/* Where connectors put their own directories: /sys/kernel/config/vbus. */
struct config_group *vbus_configfs_root(void);

/* ---- the bus of one guest (conn.c) ---- */

struct vbus_bus_ops {
	/* Give the region a port: sets region->port and *guest_port. */
	int (*port_open)(struct vbus_region *region, u32 *guest_port);
	void (*port_quiesce)(struct vbus_region *region); /* returns when no handler runs or will */
	void (*port_close)(struct vbus_region *region);
	void (*port_send)(struct vbus_region *region); /* any context */
	void (*changed)(struct vbus_bus *bus);	       /* tell the guest to enumerate again */
};

#define VBUS_MAX_DEVICES 64u  /* of one bus */
#define VBUS_MAX_REGIONS 128u
#define VBUS_MAX_MAPPED (16u << 20) /* bytes of all regions of one bus */

struct vbus_bus {
	const struct vbus_bus_ops *ops; /* [c] */
	const char *name;		/* [c] of the guest */
	struct mutex admin;		/* links, unlinks and the guest's coming and going */
	struct mutex lock;
	const struct vbus_mem *mem;	/* [a] NULL: no guest behind it, nothing opens */
	struct list_head devices;	/* [ab] in the order of devid */
	u32 nr_devices;			/* [ab] */
	u32 next_devid;			/* [ab] */
	struct vbus_worker *worker;	/* [c] the guest's own thread */
	u32 generation;			/* [ab] */
	u32 nr_regions;			/* [b] */
	u64 mapped;			/* [b] */
	u64 buscalls;			/* [b] answered */
	u64 badcalls;			/* [b] of them, refused as malformed */
	struct vbus_stats past;		/* [b] of regions that are gone */
	struct ratelimit_state log_limit; /* any context; lines about broken queues */
	struct dentry *debugfs;		/* [a] for per-device files, or NULL */
};

/* In the context of the process that makes the guest: its thread joins that one's cgroup. */
int vbus_bus_init(struct vbus_bus *bus, const struct vbus_bus_ops *ops, const char *name);
void vbus_bus_exit(struct vbus_bus *bus); /* nothing is linked any more */
/* A guest is there (mem, debugfs directory) or is going (NULL, NULL): closes everything first. */
void vbus_bus_attach(struct vbus_bus *bus, const struct vbus_mem *mem, struct dentry *debugfs);
void vbus_bus_reset(struct vbus_bus *bus); /* close every connection; devices stay linked */
int vbus_bus_link(struct vbus_bus *bus, struct config_item *item);
void vbus_bus_unlink(struct vbus_bus *bus, struct config_item *item);
/*
 * One bus call. data is private memory of MB_CALL_DATA bytes with *len given; the answer is left
 * there and in *len. Result: >= 0 or -MB_E*.
 */
int vbus_bus_call(struct vbus_bus *bus, u32 nr, void *data, u32 *len);
/* Any: this call has not been answered for so long. Says so; of a device once. */
void vbus_bus_slow(struct vbus_bus *bus, u32 nr, const void *data, u32 ms);
/* Sum over live and past regions; takes the locks. */
void vbus_bus_stats(struct vbus_bus *bus, struct vbus_stats *sum, u64 *buscalls);

/* dev->lock held: dev->bus->mem, valid until close() of this connection returns. */
const struct vbus_mem *vbus_device_mem(struct vbus_device *dev);

/* Between the parts of the core only. */
void region_stats_add(struct vbus_stats *to, const struct vbus_stats *from);
int region_create(struct vbus_device *dev, struct vb_shm *arg);
void region_destroy_all(struct vbus_device *dev);

#endif
