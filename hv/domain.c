// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: the table of all, creation and the reverse. Everything a domain needs is allocated here,
 * at once or not at all; later only its memory is added. Ids of ended domains come back as late as
 * possible, so that a stale id in some tool does not name somebody else at once.
 */
#include "hv/domain.h"

#include "hv/bitmap.h"
#include "hv/exit_msr.h"
#include "hv/guest_tsc.h"
#include "hv/page_alloc.h"
#include "hv/printk.h"
#include "hv/sched.h"
#include "hv/string.h"
#include "hv/vcpu.h"
#include "hv/vioapic.h"
#include "hv/vuart.h"

#include "arch/x86/atomic.h"
#include "arch/x86/tsc.h"

/* Quota of map tables: what mapping all of RAM in 2 MiB leaves takes, and some for splits. */
#define GUEST_MAP_SLACK 32u
#define DOM0_MAP_SLACK 1024u

struct domain *dom0;

static struct spinlock table_lock = SPINLOCK_INIT("domains", LOCK_DOMAINS);
static struct domain *table[DOMID_MAX + 1]; /* table_lock */
static DECLARE_BITMAP(id_used, DOMID_MAX + 1); /* table_lock */
static u32 last_id; /* table_lock */

struct domain *domain_next(u32 id)
{
	struct domain *d = NULL;

	spin_lock(&table_lock);
	for (; !d && id <= DOMID_MAX; id++)
		d = table[id];
	if (d)
		atomic_fetch_add(&d->refs, 1);
	spin_unlock(&table_lock);
	return d;
}

struct domain *domain_find(u32 id)
{
	struct domain *d = NULL;

	spin_lock(&table_lock);
	if (id <= DOMID_MAX)
		d = table[id];
	if (d)
		atomic_fetch_add(&d->refs, 1);
	spin_unlock(&table_lock);
	return d;
}

void domain_put(struct domain *d)
{
	atomic_fetch_sub(&d->refs, 1);
}

u32 domain_count(void)
{
	u32 n = 0;

	spin_lock(&table_lock);
	for (u32 id = 0; id <= DOMID_MAX; id++)
		n += table[id] != NULL;
	spin_unlock(&table_lock);
	return n;
}

int domain_begin(struct domain *d, u32 state)
{
	int ret = -MB_EBUSY;

	spin_lock(&d->lock);
	if (!d->busy && (state == DOMAIN_ANY_STATE || state == d->state)) {
		d->busy = true;
		ret = 0;
	}
	spin_unlock(&d->lock);
	return ret;
}

void domain_finish(struct domain *d)
{
	spin_lock(&d->lock);
	d->busy = false;
	spin_unlock(&d->lock);
}

static int id_take(bool privileged, u16 *id)
{
	int ret = -MB_ENOSPC;

	spin_lock(&table_lock);
	for (u32 i = 0; ret && i < DOMID_MAX; i++) {
		u32 next = privileged ? DOMID_DOM0 : (last_id + i) % DOMID_MAX + 1;

		if (bitmap_test(id_used, next))
			continue;
		bitmap_set(id_used, next);
		if (!privileged)
			last_id = next;
		*id = (u16)next;
		ret = 0;
	}
	spin_unlock(&table_lock);
	return ret;
}

static void id_release(u16 id)
{
	spin_lock(&table_lock);
	bitmap_clear(id_used, id);
	spin_unlock(&table_lock);
}

static void domain_fill(struct domain *d, const struct mb_dom_create *c, bool privileged)
{
	d->privileged = privileged;
	d->flags = c->flags;
	string_copy(d->name, c->name, sizeof(d->name));
	d->nr_vcpus = c->vcpus;
	spin_init(&d->lock, "domain", LOCK_DOMAIN);
	d->state = MB_STATE_NEW;
	d->reason = MB_REASON_NONE;
	d->wallclock_ns = c->wallclock_ns;
	d->wallclock_tsc = tsc_now();
	d->console_port = c->console_port;
	d->state_port = c->state_port;
}

static u32 map_quota(bool privileged)
{
	u64 gib = DIV_ROUND_UP(extent_limit(), GIB);

	return (u32)gib * 2 + (privileged ? DOM0_MAP_SLACK : GUEST_MAP_SLACK);
}

static void vcpus_destroy(struct domain *d)
{
	for (u32 i = d->nr_vcpus; i-- > 0;) {
		if (d->vcpu[i])
			vcpu_destroy(d->vcpu[i]);
		d->vcpu[i] = NULL;
	}
}

static int vcpus_create(struct domain *d)
{
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		d->vcpu[i] = vcpu_create(d, i, d->privileged ? i : sched_choose_cpu());
		if (!d->vcpu[i]) {
			vcpus_destroy(d);
			return -MB_ENOMEM;
		}
	}
	return 0;
}

static void publish(struct domain *d)
{
	spin_lock(&table_lock);
	table[d->id] = d;
	spin_unlock(&table_lock);
	if (d->privileged)
		dom0 = d;
}

/* The parts a guest has beyond dom0's: its list of memory, its IOAPIC and its serial port. */
static int guest_parts_create(struct domain *d)
{
	if (d->privileged)
		return 0;
	d->range = page_alloc_bytes(DOMAIN_RANGES_MAX * sizeof(*d->range));
	d->vioapic = vioapic_create(d);
	if (!d->range || !d->vioapic)
		return -MB_ENOMEM;
	d->vuart = vuart_create(d);
	return d->vuart ? 0 : -MB_ENOMEM;
}

static void guest_parts_destroy(struct domain *d)
{
	if (d->vuart)
		vuart_destroy(d->vuart);
	if (d->vioapic)
		vioapic_destroy(d->vioapic);
	if (d->range)
		page_free_bytes(d->range, DOMAIN_RANGES_MAX * sizeof(*d->range));
}

int domain_create(const struct mb_dom_create *c, bool privileged, struct domain **out)
{
	struct domain *d = page_alloc_bytes(sizeof(*d));
	int ret = -MB_ENOMEM;

	if (!d)
		return ret;
	domain_fill(d, c, privileged);
	ret = guest_tsc_setup(d, c->tsc_khz);
	if (ret)
		goto free_domain;
	ret = id_take(privileged, &d->id);
	if (ret)
		goto free_domain;
	ret = guest_parts_create(d);
	if (ret)
		goto free_parts;
	ret = gpm_init(&d->gpm, map_quota(privileged));
	if (ret)
		goto free_parts;
	ret = vops->domain_create(d);
	if (ret)
		goto free_gpm;
	exit_msr_setup(d);
	ret = vcpus_create(d);
	if (ret)
		goto free_vendor;
	ret = tunnel_init(d, privileged ? MB_DOM0_PORTS : MB_GUEST_PORTS);
	if (ret)
		goto free_vcpus;
	d->tunnel.call_port = c->call_port;
	publish(d);
	*out = d;
	return 0;

free_vcpus:
	vcpus_destroy(d);
free_vendor:
	vops->domain_destroy(d);
free_gpm:
	gpm_destroy(&d->gpm);
free_parts:
	guest_parts_destroy(d);
	id_release(d->id);
free_domain:
	page_free_bytes(d, sizeof(*d));
	return ret;
}

bool domain_remove(struct domain *d)
{
	bool alone;

	spin_lock(&table_lock);
	alone = atomic_load(&d->refs) == 1;
	if (alone)
		table[d->id] = NULL;
	spin_unlock(&table_lock);
	return alone;
}

void domain_free(struct domain *d)
{
	tunnel_destroy(d);
	vcpus_destroy(d);
	vops->domain_destroy(d);
	gpm_destroy(&d->gpm);
	guest_parts_destroy(d);
	id_release(d->id);
	page_free_bytes(d, sizeof(*d));
}
