/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  a domain: identity, memory, vCPUs, state; its life cycle.
 * Callers:  hv/ everywhere; creation from priv_build.c (dom0) and hc_domain.c (guests).
 * Context:  hypercall of dom0 or boot, unless said.
 * Locking:  domain_table_lock (find, create, final removal); d->lock for [l] fields. [c] constant
 *           after creation, [a] atomic.
 * Lifetime: domain_create() ... domain_destroy_step() until it returns 0. A pointer from
 *           domain_find() is valid while the caller is dom0's hypercall handler holding
 *           d->lock, or until the hypercall returns (destroy takes several hypercalls of dom0 and
 *           removal happens in one that waits for no other user: refs).
 * Errors:   -MB_E*.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include "arch/x86/types.h"
#include "hv/abi/hypercall.h"
#include "hv/gpm.h"
#include "hv/locks.h"
#include "hv/tunnel.h"

struct vcpu;
struct vuart;

#define DOMID_DOM0 0u
#define DOMID_MAX 255u /* guests 1..255; ids are reused only after wrap-around */

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
	u32 destroy_step;	/* [l] */

	struct gpm gpm;		/* see gpm.h */
	u64 mem_bytes;		/* [l] */
	u64 ram_top;		/* [l] end of low RAM as gpa */
	void *hw;		/* [c] vendor's part: bitmaps */
	struct vuart *vuart;	/* [c] NULL for dom0 */
	struct tunnel tunnel;	/* see tunnel.h */

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

/* All or nothing: id, gpm, vendor part, vCPUs placed on CPUs (dom0: vCPU i on CPU i; guests: the
 * CPUs with fewest vCPUs), tunnel, uart. State NEW. id 0 for dom0. -MB_ENOMEM, -MB_ENOSPC. */
int domain_create(const struct mb_dom_create *c, bool privileged, struct domain **out);
/* Give the guest cleared RAM at gpa; takes at most a bounded piece, returns bytes or -MB_E*. */
s64 domain_mem_add(struct domain *d, gpa_t gpa, u64 bytes);
int domain_start(struct domain *d);
int domain_pause(struct domain *d);
int domain_unpause(struct domain *d);
/* One bounded step of stop, unmap from dom0, flush, scrub, free. -MB_EAGAIN until 0 (then gone). */
int domain_destroy_step(struct domain *d);

/* Any CPU: end the domain. The first reason stays; dom0 is told on state_port. dom0 itself:
 * POWEROFF/REBOOT act on the machine; anything else is a panic with the reason as text. */
void domain_shutdown(struct domain *d, u32 reason);
/* Any CPU: the guest broke a rule the manual has no fault for. One rate-limited log line naming
 * the domain and the text; text also in mb_dom_info.reason_text. */
void domain_kill(struct domain *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
