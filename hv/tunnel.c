// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tunnel: raises events in pages that guests own and may fill with anything. Such a page only
 * ever sees atomic operations on its words, and nothing read from it is used as more than a set of
 * port bits, each checked against the port table; so a hostile page spoils only its owner's events.
 *
 * Why nothing is lost without a lock: whoever posts first sets the event, then looks whether the
 * route or the page changed meanwhile and if so posts again; whoever changes them first publishes
 * the change, then moves events found at the old place. With a full fence on either side between
 * the two steps, at least one of them sees the other.
 */
#include "hv/tunnel.h"

#include "hv/bitmap.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/page_alloc.h"
#include "hv/string.h"
#include "hv/vcpu.h"

#include "arch/x86/atomic.h"
#include "arch/x86/barrier.h"
#include "arch/x86/tsc.h"

/*
 * How often a post follows a route that moves under it. A domain that moves its route faster leaves
 * the event in a queue of its own choice: it can lose no events but its own.
 */
#define POST_TRIES 8

#define VECTOR_FIRST 0x20u
#define VECTOR_LAST 0xffu
#define GPA_NONE (~0ull)

/* vcpu.call_state */
enum { CALL_NONE, CALL_WAITING, CALL_ANSWERED };

/* Peers of all ports; every change joins or separates two domains. */
static struct spinlock bind_lock = SPINLOCK_INIT("tunnel bind", LOCK_TUNNEL);

static struct vcpu *queue_vcpu(struct domain *d, u32 queue)
{
	return d->vcpu[queue / MB_EVQ_PRIOS];
}

/* The consumer sleeps and wants a vector: wake it once. */
static void queue_wake(struct tunnel_queue *q, struct mb_eventq *page, struct vcpu *v)
{
	u32 vector = atomic_load(&q->vector);

	if (vector && atomic_cmpxchg(&page->state, MB_EVQ_ASLEEP, MB_EVQ_AWAKE)) {
		vcpu_count(v, EV_INJECT);
		vlapic_post(v, (u8)vector, false);
	}
}

static void queue_raise(struct tunnel_queue *q, struct mb_eventq *page, u32 port, struct vcpu *v)
{
	vcpu_count(v, EV_POST);
	if (atomic_fetch_or(&page->pending[port / 64], BIT(port % 64)) & BIT(port % 64)) {
		vcpu_count(v, EV_MERGED);
		return;
	}
	/* A full fence: pairs with the consumer's, between ASLEEP and its look at summary. */
	atomic_fetch_or(&page->summary, BIT(port / 64));
	queue_wake(q, page, v);
}

void tunnel_post(struct domain *d, u32 port)
{
	struct tunnel *t = &d->tunnel;
	struct tunnel_port *p;

	if (port >= t->nr_ports)
		return;
	p = &t->port[port];
	for (int i = 0; i < POST_TRIES; i++) {
		u32 route = atomic_load(&p->route);
		struct tunnel_queue *q = &t->queue[route];
		struct mb_eventq *page = atomic_load(&q->page);

		if (page)
			queue_raise(q, page, port, queue_vcpu(d, route));
		else
			atomic_exchange(&p->pending, 1);
		/* The locked operation above pairs with the exchange in tunnel_route() and
		 * tunnel_queue_set(): either we see their change or they see our event. */
		if (atomic_load(&p->route) == route && atomic_load(&q->page) == page)
			return;
	}
}

int tunnel_send(struct vcpu *v, u32 port)
{
	struct tunnel *t = &v->dom->tunnel;
	struct tunnel_sender *s = &t->sender[v->id];
	struct domain *peer;

	if (port >= t->nr_ports)
		return -MB_EINVAL;
	/* A full fence: pairs with the exchange of peer in port_clear(). Who then sees us idle
	 * knows that we will find no peer. */
	atomic_exchange(&s->busy, 1);
	peer = atomic_load(&t->port[port].peer);
	if (peer)
		tunnel_post(peer, READ_ONCE(t->port[port].peer_port));
	atomic_store(&s->busy, 0);
	if (!peer)
		return -MB_ENOENT;
	vcpu_count(v, PORT_SEND);
	return 0;
}

bool tunnel_senders_idle(struct domain *d)
{
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		if (atomic_load(&d->tunnel.sender[i].busy))
			return false;
	}
	return true;
}

int tunnel_route(struct domain *d, u32 port, u32 vcpu, u32 prio)
{
	struct tunnel *t = &d->tunnel;
	u32 new = vcpu * MB_EVQ_PRIOS + prio;
	struct mb_eventq *page;
	struct tunnel_port *p;
	bool move = false;
	u32 old;

	if (port >= t->nr_ports || vcpu >= d->nr_vcpus || prio >= MB_EVQ_PRIOS)
		return -MB_EINVAL;
	p = &t->port[port];
	spin_lock(&t->lock);
	/* A full fence: pairs with the locked operation of tunnel_post(). */
	old = atomic_exchange(&p->route, new);
	page = atomic_load(&t->queue[old].page);
	if (old != new && page)
		move = atomic_test_and_clear_bit(page->pending, port);
	move |= atomic_exchange(&p->pending, 0) != 0;
	spin_unlock(&t->lock);
	if (move)
		tunnel_post(d, port);
	return 0;
}

/* Events left in a page that no queue uses any more go where their ports point now. */
static void queue_move(struct domain *d, struct mb_eventq *old)
{
	for (u32 w = 0; w < MB_EVQ_WORDS; w++) {
		u64 bits = atomic_exchange(&old->pending[w], 0);

		for (; bits; bits &= bits - 1)
			tunnel_post(d, w * 64 + bit_lowest(bits)); /* checks the port */
	}
}

/* Events that waited in their ports for this queue to exist. */
static void queue_collect(struct domain *d, u32 queue)
{
	struct tunnel *t = &d->tunnel;

	for (u32 i = 0; i < t->nr_ports; i++) {
		struct tunnel_port *p = &t->port[i];

		if (atomic_load(&p->route) == queue && atomic_exchange(&p->pending, 0))
			tunnel_post(d, i);
	}
}

/* Whatever the page already holds is announced: it may have been collected without a vector. */
static void queue_announce(struct domain *d, u32 queue, struct mb_eventq *page)
{
	u32 words = DIV_ROUND_UP(d->tunnel.nr_ports, 64);
	u64 summary = 0;

	for (u32 w = 0; w < words; w++) {
		if (READ_ONCE(page->pending[w]))
			summary |= BIT(w);
	}
	if (!summary)
		return;
	atomic_fetch_or(&page->summary, summary);
	queue_wake(&d->tunnel.queue[queue], page, queue_vcpu(d, queue));
}

int tunnel_queue_set(struct domain *d, u32 vcpu, u32 prio, u64 gpa, u32 vector)
{
	struct tunnel *t = &d->tunnel;
	u32 queue = vcpu * MB_EVQ_PRIOS + prio;
	struct mb_eventq *page = NULL, *old;

	if (vcpu >= d->nr_vcpus || prio >= MB_EVQ_PRIOS)
		return -MB_EINVAL;
	if (gpa != GPA_NONE) {
		if (!IS_ALIGNED(gpa, PAGE_SIZE) || vector > VECTOR_LAST ||
		    (vector && vector < VECTOR_FIRST))
			return -MB_EINVAL;
		page = guest_page(d, GPA(gpa), sizeof(*page));
		if (!page)
			return -MB_EFAULT;
	}
	spin_lock(&t->lock);
	atomic_store(&t->queue[queue].vector, page ? vector : 0);
	/* A full fence: pairs with the locked operations of tunnel_post() and queue_raise(). */
	old = atomic_exchange(&t->queue[queue].page, page);
	/* A vector lost with its CPU, or sent by a post that is still about this page from before
	 * and taken while it was no queue's, would leave AWAKE behind for ever; ASLEEP at worst
	 * costs a vector that finds nothing. A full fence: pairs with the locked operations of
	 * queue_raise(), before queue_announce() looks at pending. */
	if (page && vector)
		atomic_exchange(&page->state, MB_EVQ_ASLEEP);
	spin_unlock(&t->lock);
	if (old && old != page)
		queue_move(d, old);
	if (page) {
		queue_collect(d, queue);
		queue_announce(d, queue, page);
	}
	return 0;
}

int tunnel_bind(struct domain *d, u32 port, struct domain *peer, u32 peer_port)
{
	struct tunnel *t = &d->tunnel, *pt = &peer->tunnel;
	int ret = -MB_EEXIST;

	if (port >= t->nr_ports || peer_port >= pt->nr_ports)
		return -MB_EINVAL;
	if (d == peer && port == peer_port)
		return -MB_EINVAL;
	spin_lock(&bind_lock);
	if (!t->port[port].peer && !pt->port[peer_port].peer) {
		WRITE_ONCE(t->port[port].peer_port, peer_port);
		WRITE_ONCE(pt->port[peer_port].peer_port, port);
		/* Release: pairs with the acquire of peer in tunnel_send(). */
		atomic_store(&t->port[port].peer, peer);
		atomic_store(&pt->port[peer_port].peer, d);
		ret = 0;
	}
	spin_unlock(&bind_lock);
	return ret;
}

/* Free one end: no peer, nothing pending, the first route. */
static void port_clear(struct tunnel *t, u32 port)
{
	struct tunnel_port *p = &t->port[port];
	struct mb_eventq *page;

	/* A full fence: pairs with the exchange of busy in tunnel_send(). */
	(void)atomic_exchange(&p->peer, (struct domain *)NULL);
	page = atomic_load(&t->queue[atomic_load(&p->route)].page);
	if (page)
		atomic_clear_bit(page->pending, port);
	atomic_store(&p->pending, 0);
	atomic_store(&p->route, 0);
}

static int unbind_locked(struct tunnel *t, u32 port)
{
	struct domain *peer = t->port[port].peer;

	ASSERT_HELD(&bind_lock);
	if (!peer)
		return -MB_ENOENT;
	port_clear(&peer->tunnel, t->port[port].peer_port);
	port_clear(t, port);
	return 0;
}

int tunnel_unbind(struct domain *d, u32 port)
{
	int ret;

	if (port >= d->tunnel.nr_ports)
		return -MB_EINVAL;
	spin_lock(&bind_lock);
	ret = unbind_locked(&d->tunnel, port);
	spin_unlock(&bind_lock);
	return ret;
}

void tunnel_unbind_all(struct domain *d)
{
	for (u32 i = 0; i < d->tunnel.nr_ports; i++)
		(void)tunnel_unbind(d, i);
}

int tunnel_call_setup(struct domain *d, u64 gpa, u32 count)
{
	struct tunnel *t = &d->tunnel;

	if (gpa == GPA_NONE && !count)
		goto set; /* the caller takes its slots back */
	/* South looks at one slot per vCPU; behind a shorter array it would find other things. */
	if (!IS_ALIGNED(gpa, sizeof(struct mb_call_slot)) || count != d->nr_vcpus)
		return -MB_EINVAL;
	/* A slot never crosses a page, so the first byte of each speaks for all of it. */
	for (u32 i = 0; i < count; i++) {
		u64 slot = gpa + i * sizeof(struct mb_call_slot);

		if (slot < gpa || !guest_page(d, GPA(slot), sizeof(struct mb_call_slot)))
			return -MB_EFAULT;
	}
set:
	spin_lock(&t->lock);
	t->call_slots = GPA(gpa);
	spin_unlock(&t->lock);
	return 0;
}

/* Somebody in dom0 listens to calls: the port it named still leads to a queue. */
static bool call_is_served(struct domain *d)
{
	struct tunnel *t;
	u32 port = d->tunnel.call_port;

	if (!dom0 || d == dom0)
		return false;
	t = &dom0->tunnel;
	return port && port < t->nr_ports &&
	       atomic_load(&t->queue[atomic_load(&t->port[port].route)].page);
}

static int call_start(struct vcpu *v)
{
	struct tunnel *t = &v->dom->tunnel;

	if (t->call_slots.v == GPA_NONE)
		return -MB_EINVAL;
	if (!call_is_served(v->dom))
		return -MB_ENODEV;
	vcpu_count(v, CALL);
	v->call_deadline = tsc_now() + tsc_from_ns(MB_CALL_TIMEOUT_MS * 1000000ull);
	atomic_exchange(&v->call_state, CALL_WAITING);
	tunnel_post(dom0, t->call_port);
	return 0;
}

enum exit_action tunnel_call(struct vcpu *v, s64 *result)
{
	*result = 0;
	switch (atomic_load(&v->call_state)) {
	case CALL_NONE:
		*result = call_start(v);
		return *result ? EXIT_RESUME : EXIT_BLOCK;
	case CALL_WAITING:
		if (tsc_now() < v->call_deadline)
			return EXIT_BLOCK;
		if (atomic_cmpxchg(&v->call_state, CALL_WAITING, CALL_NONE)) {
			*result = -MB_ETIMEDOUT;
			return EXIT_RESUME;
		}
		break; /* answered in the last moment */
	}
	atomic_store(&v->call_state, CALL_NONE);
	return EXIT_RESUME;
}

int tunnel_call_done(struct domain *d, u32 vcpu)
{
	struct vcpu *v;

	if (vcpu >= d->nr_vcpus)
		return -MB_EINVAL;
	v = d->vcpu[vcpu];
	if (!atomic_cmpxchg(&v->call_state, CALL_WAITING, CALL_ANSWERED))
		return -MB_ESTALE;
	vcpu_request(v, VCPU_REQ_CALL_DONE);
	return 0;
}

int tunnel_init(struct domain *d, u32 nr_ports)
{
	struct tunnel *t = &d->tunnel;

	memset(t, 0, sizeof(*t));
	spin_init(&t->lock, "tunnel", LOCK_TUNNEL);
	t->nr_ports = nr_ports;
	t->nr_queues = d->nr_vcpus * MB_EVQ_PRIOS;
	t->call_slots = GPA(GPA_NONE);
	t->port = page_alloc_bytes(nr_ports * sizeof(*t->port));
	t->queue = page_alloc_bytes(t->nr_queues * sizeof(*t->queue));
	t->sender = page_alloc_bytes(d->nr_vcpus * sizeof(*t->sender));
	if (t->port && t->queue && t->sender)
		return 0;
	tunnel_destroy(d);
	return -MB_ENOMEM;
}

void tunnel_destroy(struct domain *d)
{
	struct tunnel *t = &d->tunnel;

	if (t->sender)
		page_free_bytes(t->sender, d->nr_vcpus * sizeof(*t->sender));
	if (t->queue)
		page_free_bytes(t->queue, t->nr_queues * sizeof(*t->queue));
	if (t->port)
		page_free_bytes(t->port, t->nr_ports * sizeof(*t->port));
	memset(t, 0, sizeof(*t));
}
