/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the tunnel of vbus: ports joined in pairs, event queues in shared memory, calls.
 * Callers:  exit_hypercall.c (all hypercalls of it), vuart.c and domain.c (announcements to dom0).
 * Context:  send, route: any vCPU, interrupts off, bounded, no lock on the send path.
 * Locking:  t->lock (LOCK_TUNNEL) for queue set-up and route, one lock of the whole tunnel (the
 *           same level, never both) for bind and unbind; send reads with acquire.
 * Lifetime: tunnel_init() to tunnel_destroy(); a peer's destruction unbinds first.
 * Errors:   -MB_ENOENT, -MB_EINVAL, -MB_EEXIST, -MB_ENODEV. Guest values never index unchecked.
 *
 * hv/abi/tunnel.h states the event-queue protocol. A route is (vcpu, prio); a send that races with
 * a route change posts to both queues if in doubt: a spurious event is allowed, a lost one is not.
 * An event for a queue that is not set up waits in the port until the queue is.
 *
 * A sender uses its peer without a reference: it marks itself busy, and whoever wants to free the
 * peer unbinds and then sees all senders idle once (tunnel_senders_idle).
 */
#ifndef HV_TUNNEL_H
#define HV_TUNNEL_H

#include "arch/x86/types.h"
#include "hv/abi/hypercall.h"
#include "hv/abi/tunnel.h"
#include "hv/exit.h"
#include "hv/locks.h"

struct domain;
struct vcpu;

struct tunnel_queue {
	struct mb_eventq *page; /* [a] NULL: not set up */
	u32 vector;		/* [a] 0: collect only */
};

struct tunnel_port {
	struct domain *peer;	/* [a] NULL: free */
	u32 peer_port;		/* [a] valid while peer is set */
	u32 route;		/* [a] queue index: vcpu * MB_EVQ_PRIOS + prio */
	u32 pending;		/* [a] 1: an event waits for a queue page */
};

struct tunnel_sender {
	u32 busy; /* [a] 1 while this vCPU's send uses a peer */
} ALIGNED(64);

struct tunnel {
	struct spinlock lock;
	struct tunnel_port *port; /* nr_ports of them */
	u32 nr_ports;
	struct tunnel_queue *queue; /* nr_vcpus * MB_EVQ_PRIOS */
	u32 nr_queues;
	struct tunnel_sender *sender; /* one per vCPU */
	gpa_t call_slots;	/* ~0: none */
	u32 call_port;		/* dom0's port that announces calls of this domain */
};

int tunnel_init(struct domain *d, u32 nr_ports);
void tunnel_destroy(struct domain *d);

int tunnel_queue_set(struct domain *d, u32 vcpu, u32 prio, u64 gpa, u32 vector);
int tunnel_route(struct domain *d, u32 port, u32 vcpu, u32 prio);
/* Raise an event on d's own port `port` (from its peer or from the hypervisor itself). */
void tunnel_post(struct domain *d, u32 port);
/* v's domain rings its port: the event goes to the peer. */
int tunnel_send(struct vcpu *v, u32 port);
int tunnel_bind(struct domain *d, u32 port, struct domain *peer, u32 peer_port);
int tunnel_unbind(struct domain *d, u32 port);
/* Unbind every port of d; its peers forget it. */
void tunnel_unbind_all(struct domain *d);
/* Was each vCPU of d seen outside of a send? If so, none uses a peer unbound before this call. */
bool tunnel_senders_idle(struct domain *d);

int tunnel_call_setup(struct domain *d, u64 gpa, u32 count);
/* Owner of v: start, or continue to wait for, its call. *result is valid with EXIT_RESUME. */
enum exit_action tunnel_call(struct vcpu *v, s64 *result);
int tunnel_call_done(struct domain *d, u32 vcpu);

#endif
