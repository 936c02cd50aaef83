/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a domain: identity, memory, vCPUs, state; its life cycle.
 * Callers:  hv/ everywhere; creation from priv_build.c (dom0) and hc_domain.c (guests).
 * Context:  hypercall of dom0 or boot, unless said.
 * Locking:  domain_table_lock (find, create, final removal); d->lock for [l] fields. [c] constant
 *           after creation, [a] atomic.
 * Lifetime: domain_create() ... domain_destroy_step() until it returns 0. A pointer from
 *           domain_find() is valid until domain_put(): the last destroy step is refused while
 *           others hold references.
 * Errors:   -MB_E*.
 *
 * Creation, in order, and destruction in reverse: structure and id, memory ranges, guest-physical
 * map, vendor part, vCPUs, tunnel, IOAPIC, uart; then memory; then its vCPUs are attached to CPUs.
 *
 * Long work (clearing memory, a destroy step) runs without d->lock but with d->busy set, so that
 * only one such operation at a time is under way; the others are refused with -MB_EBUSY.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include "arch/x86/types.h"
#include "hv/abi/hypercall.h"
#include "hv/gpm.h"
#include "hv/locks.h"
#include "hv/tunnel.h"

struct vcpu;
struct vioapic;
struct vuart;

#define DOMID_DOM0 0u
#define DOMID_MAX 255u /* guests 1..255; ids are reused only after wrap-around */

/* RAM of a guest: machine-contiguous pieces, in the order they were added. */
struct domain_range {
	u64 gpa, mpa, size;
};

#define DOMAIN_RANGES_MAX 128u

/* Extents cleared, or scrubbed, in one bounded step. */
#define DOMAIN_STEP_EXTENTS 8u

struct domain {
	u16 id;			/* [c] */
	bool privileged;	/* [c] dom0 */
	u32 flags;		/* [c] MB_DOM_* */
	char name[MB_DOM_NAME_LEN]; /* [c] */
	u32 nr_vcpus;		/* [c] */
	struct vcpu *vcpu[MB_MAX_VCPUS]; /* [c] */
	struct spinlock lock;	/* LOCK_DOMAIN */
	u32 refs;		/* [a] users besides the table */

	u32 state;		/* [l] MB_STATE_* */
	u32 reason;		/* [l] first one stays */
	char reason_text[MB_REASON_TEXT_LEN]; /* [l] */
	u32 destroy_step;	/* [l] domain_destroy.c */
	bool busy;		/* [l] a long operation is under way; its owner may use [b] */
	bool entry_set;		/* [l] vCPU 0 knows where to start */
	u32 nr_attached;	/* [l] vCPUs 0..n-1 are attached to their CPUs */

	struct gpm gpm;		/* see gpm.h */
	u64 mem_bytes;		/* [l] */
	u64 ram_top;		/* [l] end of low RAM as gpa */
	struct domain_range *range; /* [b] DOMAIN_RANGES_MAX; NULL for dom0 */
	u32 nr_ranges;		/* [b] */
	hpa_t pool;		/* [b] extents that are the domain's but not yet mapped */
	u32 pool_left;		/* [b] how many */
	void *hw;		/* [c] vendor's part: bitmaps */
	struct vioapic *vioapic; /* [c] NULL for dom0 */
	struct vuart *vuart;	/* [c] NULL for dom0 */
	struct tunnel tunnel;	/* see tunnel.h */

	u64 tsc_ratio;		/* [c] guest_tsc.h; 0: the TSC runs at the machine's rate */
	u64 wallclock_ns;	/* [c] UTC when guest time (TSC + offset) was wallclock_tsc */
	u64 wallclock_tsc;	/* [c] host TSC at that moment */
	u32 console_port;	/* [c] dom0 ports of its announcements */
	u32 state_port;		/* [c] */
};

extern struct domain *dom0; /* NULL until priv_build() */

/* Table. find takes a reference; give it back with domain_put(). next: lowest id >= id. */
struct domain *domain_find(u32 id);
struct domain *domain_next(u32 id);
void domain_put(struct domain *d);
u32 domain_count(void);

/* Begin and end a long operation: begin refuses with -MB_EBUSY while another one is under way, or
 * if the state is not `state` (MB_STATE_*, or DOMAIN_ANY_STATE). */
#define DOMAIN_ANY_STATE (~0u)
int domain_begin(struct domain *d, u32 state);
void domain_finish(struct domain *d);

/* All or nothing. dom0 gets id 0 and vCPU i on CPU i; a guest's vCPUs are placed when it starts.
 * State NEW. -MB_ENOMEM, -MB_ENOSPC. */
int domain_create(const struct mb_dom_create *c, bool privileged, struct domain **out);

/* domain_mem.c: give the guest cleared RAM at gpa; takes at most a bounded piece, returns bytes or
 * -MB_E*. */
s64 domain_mem_add(struct domain *d, gpa_t gpa, u64 bytes);
/* Range number `index`, or -MB_ENOENT. */
int domain_mem_range(struct domain *d, u32 index, struct domain_range *out);
/* Destroy steps of memory, in a long operation: hide one range from dom0, -MB_ENOENT past the last;
 * scrub and free one bounded piece, false when none is left. */
int domain_mem_hide(struct domain *d, u32 index);
bool domain_mem_release(struct domain *d);

/* domain_state.c: where vCPU 0 starts; only while NEW. */
int domain_set_entry(struct domain *d, const struct mb_vcpu_state *state);
/* dom0: vCPU 0 was reset by the caller. */
int domain_start(struct domain *d);
int domain_pause(struct domain *d);
int domain_unpause(struct domain *d);

/* Any CPU: end the domain. The first reason stays; dom0 is told on state_port. dom0 itself:
 * POWEROFF/REBOOT act on the machine; anything else is a panic with the reason as text. */
void domain_shutdown(struct domain *d, u32 reason);
/* Any CPU: the guest broke a rule the manual has no fault for. One rate-limited log line naming
 * the domain and the text; text also in mb_dom_info.reason_text. */
void domain_kill(struct domain *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* domain_destroy.c: one bounded step of stop, unmap from dom0, flush, scrub, free. -MB_EAGAIN until
 * 0: then d is gone, and with it the reference of the caller. */
int domain_destroy_step(struct domain *d);
/* Its last two parts, in domain.c. Take d out of the table; false while others use it. */
bool domain_remove(struct domain *d);
/* Free what domain_create() made. */
void domain_free(struct domain *d);

#endif
