// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine: TLB_CPUS CPUs with a TLB each, some hundred frames. Guests' pages and frames are 4 KiB;
 * every 512 frames make an extent, so that large leaves and their splits occur.
 *
 * Rules checked whenever a vCPU uses a translation:
 *  (1) the frame belongs to the vCPU's domain, or was taken from it and not yet given away;
 *  (2) if the vCPU has seen the last generation, the translation is what the map says now;
 *  (3) what comes from the guest's own page tables was cached by this vCPU since its last flush.
 *
 * Other CPUs go on in the middle of a change of the map: whenever gpm.c takes a page for a table.
 */
#include "tests/unit/tlb_model.h"

#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "hv/page_alloc.h"

#define EXTENT_PAGES 512u
#define EXTENTS 4u
#define FRAMES (EXTENTS * EXTENT_PAGES)
#define PAGES (2 * EXTENT_PAGES) /* of a domain */
#define GVAS 12u
#define FRAME_BASE BIT(40)
#define ENTRIES 48u
#define POOL 96u
#define NOBODY 0xffu
#define TAKEN 0x80u /* | domain: unmapped, not yet flushed */

enum kind { NONE, COMBINED, NESTED };

struct entry {
	enum kind kind;
	u32 tag;
	u64 root;
	u32 page, pages; /* guest-virtual page, or guest-physical ones */
	u32 frame;
	u32 vcpu, epoch; /* COMBINED: whose, and how old */
};

enum place { OUT, PREPARED, IN };

struct actor {
	struct vcpu vcpu;
	enum place place;
	u32 tag;
	u32 epoch; /* of the guest's page tables */
	u32 gva[GVAS]; /* guest page that each shows */
};

enum tlb_mutant tlb_mutant;
u32 tlb_cpu, tlb_hits, tlb_recycled;

static const struct tlb_vendor *vendor;
static struct vcpu_ops ops;
const struct vcpu_ops *vops = &ops;
struct vendor_caps vcaps;

static struct entry tlbs[TLB_CPUS][ENTRIES];
static struct actor *running[TLB_CPUS];
static struct domain domains[TLB_DOMAINS];
static struct actor actors[TLB_DOMAINS * TLB_VCPUS];
static u8 owner[FRAMES];
static u8 pool[POOL][PAGE_SIZE] ALIGNED(4096);
static u32 pool_free[POOL], pool_count, pool_fail, root_flushes;
static bool changing; /* a map is in the middle of a change */
static u64 rng;
static const char *broken;

u32 tlb_random(u32 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)(rng >> 32) % n;
}

/* Mostly few pages, so that something happens to them: round the boundary of the two extents. */
static u32 some_page(void)
{
	return tlb_random(8) ? EXTENT_PAGES - 6 + tlb_random(12) : tlb_random(PAGES);
}

static void flush_if(bool (*hit)(const struct entry *e, u64 what), u64 what)
{
	for (u32 i = 0; i < ENTRIES; i++)
		if (hit(&tlbs[tlb_cpu][i], what))
			tlbs[tlb_cpu][i].kind = NONE;
}

static bool has_tag(const struct entry *e, u64 tag)
{
	return e->tag == tag && (e->kind == COMBINED || !vendor->nested_by_root);
}

static bool has_tag_from(const struct entry *e, u64 from)
{
	return e->tag >= from && e->kind == COMBINED;
}

static bool has_root(const struct entry *e, u64 root)
{
	return e->root == root;
}

void tlb_flush_all(void)
{
	if (tlb_mutant != MUTANT_NO_FULL_FLUSH)
		memset(tlbs[tlb_cpu], 0, sizeof(tlbs[tlb_cpu]));
}

void tlb_flush_tag(u32 tag)
{
	if (tlb_mutant != MUTANT_NO_TAG_FLUSH)
		flush_if(has_tag, tag);
}

void tlb_flush_tags(u32 from)
{
	if (tlb_mutant != MUTANT_NO_FULL_FLUSH)
		flush_if(has_tag_from, from);
}

void tlb_flush_root(u64 root)
{
	bool lost = tlb_mutant == MUTANT_LOSE_ROOT_FLUSH && root_flushes++ % 20 == 19;

	if (tlb_mutant != MUTANT_NO_ROOT_FLUSH && !lost)
		flush_if(has_root, root);
}

static void rule(bool good, const char *text)
{
	if (!good && !broken)
		broken = text;
}

/* ---- a vCPU in the guest ---- */

static void insert(struct entry e)
{
	if (tlb_random(4))
		tlbs[tlb_cpu][tlb_random(ENTRIES)] = e;
}

/* Any entry that matches, or none. */
static const struct entry *look(const struct actor *a, enum kind kind, u32 page)
{
	u32 at = tlb_random(ENTRIES);

	if (tlb_random(8) == 0)
		return NULL; /* it may just have been dropped */
	for (u32 i = 0; i < ENTRIES; i++) {
		const struct entry *e = &tlbs[tlb_cpu][(at + i) % ENTRIES];
		bool root = e->root == a->vcpu.dom->gpm.root_pa.v, tag = e->tag == a->tag;

		if (e->kind != kind || page < e->page || page >= e->page + e->pages)
			continue;
		if (vendor->nested_by_root ? root && (kind == NESTED || tag) : tag)
			return e;
	}
	return NULL;
}

/* Frame of a guest page by the nested tables, or by what is left of them in the TLB. */
static bool nested(struct actor *a, u32 page, u32 *frame)
{
	const struct entry *e = look(a, NESTED, page);
	u64 left;
	hpa_t hpa;
	u32 prot;

	if (e) {
		*frame = e->frame + page - e->page;
		tlb_hits++;
		return true;
	}
	if (!gpm_lookup(&a->vcpu.dom->gpm, GPA((u64)page * PAGE_SIZE), &hpa, &prot, &left))
		return false;
	*frame = (u32)((hpa.v - FRAME_BASE) / PAGE_SIZE);
	/* The rest of the leaf: one page, or up to the end of an extent. */
	insert((struct entry){NESTED, a->tag, a->vcpu.dom->gpm.root_pa.v, page,
			      (u32)(left / PAGE_SIZE), *frame, 0, 0});
	return true;
}

static void check_use(const struct actor *a, u32 page, u32 frame)
{
	u32 id = a->vcpu.dom->id;
	u64 left;
	hpa_t hpa;
	u32 prot;
	bool there;

	rule(owner[frame] == id || owner[frame] == (TAKEN | id),
	     "a frame that is somebody else's was reached");
	if (changing || a->vcpu.gpm_gen != a->vcpu.dom->gpm.gen)
		return;
	there = gpm_lookup(&a->vcpu.dom->gpm, GPA((u64)page * PAGE_SIZE), &hpa, &prot, &left);
	rule(there && hpa.v == FRAME_BASE + (u64)frame * PAGE_SIZE,
	     "an old translation was used after the flush");
}

static void access_memory(struct actor *a)
{
	u32 gva = tlb_random(GVAS), nr = (u32)(a - actors), frame;
	const struct entry *e = look(a, COMBINED, gva);

	if (e) {
		tlb_hits++;
		rule(e->vcpu == nr && e->epoch == a->epoch,
		     "what another vCPU's or older page tables said was used");
		check_use(a, a->gva[gva], e->frame);
		return;
	}
	if (!nested(a, a->gva[gva], &frame))
		return;
	check_use(a, a->gva[gva], frame);
	insert((struct entry){COMBINED, a->tag, a->vcpu.dom->gpm.root_pa.v, gva, 1, frame, nr,
			      a->epoch});
}

/* ---- a vCPU comes and goes ---- */

static void leave(struct actor *a)
{
	vendor->exit(&a->vcpu);
	a->place = OUT;
	running[tlb_cpu] = NULL;
	a->vcpu.pub.in_guest = 0;
	a->vcpu.pub.requests = 0;
}

static void prepare(struct actor *a)
{
	running[tlb_cpu] = a;
	a->place = PREPARED;
	a->vcpu.pub.in_guest = tlb_mutant != MUTANT_LATE_IN_GUEST;
	if (tlb_mutant == MUTANT_HIDE_GEN)
		a->vcpu.gpm_gen = a->vcpu.dom->gpm.gen;
	if (tlb_mutant == MUTANT_HIDE_MOVE)
		vendor->hide_move(&a->vcpu);
	vendor->prepare(&a->vcpu);
}

/* MOV to CR3 that exits, to page tables that say something else; or INIT. */
static void switch_space(struct actor *a)
{
	leave(a);
	if (tlb_mutant != MUTANT_NO_GUEST_FLUSH)
		vendor->flush_guest(&a->vcpu);
	a->epoch++;
	for (u32 i = 0; i < GVAS; i++)
		a->gva[i] = some_page();
}

static void step_out(struct actor *a)
{
	if (tlb_random(4) == 0)
		a->vcpu.cpu = tlb_random(TLB_CPUS); /* moved */
	if (!running[a->vcpu.cpu]) {
		tlb_cpu = a->vcpu.cpu;
		prepare(a);
	}
}

static void step_vcpu(void)
{
	struct actor *a = &actors[tlb_random(TLB_DOMAINS * TLB_VCPUS)];

	tlb_cpu = a->vcpu.cpu;
	switch (a->place) {
	case OUT:
		if (tlb_random(16) == 0)
			vendor->skip_tags();
		step_out(a);
		break;
	case PREPARED:
		if (tlb_random(3))
			break; /* somewhere between the look at gen and VM entry */
		a->vcpu.pub.in_guest = 1;
		a->tag = vendor->enter(&a->vcpu);
		a->place = IN;
		break;
	case IN:
		if (a->vcpu.pub.requests && tlb_random(2))
			leave(a);
		else if (tlb_random(24) == 0)
			switch_space(a);
		else if (tlb_random(24) == 0)
			leave(a);
		else
			for (u32 n = 0; n < 6; n++)
				access_memory(a);
		break;
	}
}

void vcpu_kick(struct vcpu *v)
{
	v->pub.requests = 1;
}

/* ---- pages for tables: freed ones come back first, so roots are used again ---- */

hpa_t page_alloc(unsigned int order)
{
	void *p;

	if (order)
		abort();
	for (u32 n = changing ? 6 : 0; n; n--)
		step_vcpu();
	if (!pool_count || (pool_fail && !--pool_fail))
		return HPA(0);
	p = pool[pool_free[--pool_count]];
	memset(p, 0, PAGE_SIZE);
	return HPA((u64)p);
}

void page_free(hpa_t pa, unsigned int order)
{
	if (order)
		abort();
	pool_free[pool_count++] = (u32)((pa.v - (u64)pool) / PAGE_SIZE);
}

/* ---- dom0: maps, unmaps, gives frames on ---- */

static bool frames_are(u32 frame, u32 count, u8 who)
{
	for (u32 i = frame; i < frame + count; i++)
		if (i >= FRAMES || owner[i] != who)
			return false;
	return true;
}

static void give(u32 frame, u32 count, u8 who)
{
	memset(&owner[frame], who, count);
	tlb_recycled += count;
}

static void do_map(struct domain *d)
{
	bool large = tlb_random(3) == 0;
	u32 count = large ? EXTENT_PAGES : 1 + tlb_random(12);
	u32 page = large ? tlb_random(2) * EXTENT_PAGES : some_page();
	u32 frame = large ? tlb_random(EXTENTS) * EXTENT_PAGES :
			    tlb_random(EXTENTS) * EXTENT_PAGES + tlb_random(40);
	u32 gen = d->gpm.gen;
	int err;

	count = MIN(count, PAGES - page);
	if (!frames_are(frame, count, NOBODY))
		return;
	/* Out of pages in the middle: where it goes on into the next extent. */
	if (tlb_random(page / EXTENT_PAGES == (page + count - 1) / EXTENT_PAGES ? 8 : 2) == 0)
		pool_fail = 1 + tlb_random(2);
	memset(&owner[frame], TAKEN | (u8)d->id, count);
	changing = true;
	err = gpm_map(&d->gpm, GPA((u64)page * PAGE_SIZE), HPA(FRAME_BASE + (u64)frame * PAGE_SIZE),
		      count * PAGE_SIZE, GPM_RWX, MEM_WB);
	changing = false;
	pool_fail = 0;
	if (!err)
		give(frame, count, (u8)d->id);
	else if (tlb_mutant == MUTANT_FAILED_MAP)
		d->gpm.gen = gen;
}

/* The frames go to TAKEN where the map shows them no more. */
static void do_unmap(struct domain *d)
{
	u32 count = tlb_random(4) ? 1 + tlb_random(12) : EXTENT_PAGES;
	u32 page = some_page(), gen = d->gpm.gen;
	bool shown[FRAMES] = {false};
	u64 left;
	hpa_t hpa;
	u32 prot;

	count = MIN(count, PAGES - page);
	changing = true;
	gpm_unmap(&d->gpm, GPA((u64)page * PAGE_SIZE), count * PAGE_SIZE);
	changing = false;
	for (u32 p = 0; p < PAGES; p++)
		if (gpm_lookup(&d->gpm, GPA((u64)p * PAGE_SIZE), &hpa, &prot, &left))
			shown[(hpa.v - FRAME_BASE) / PAGE_SIZE] = true;
	for (u32 i = 0; i < FRAMES; i++)
		if (owner[i] == d->id && !shown[i])
			owner[i] = (u8)(TAKEN | d->id);
	if (tlb_mutant == MUTANT_NO_GEN)
		d->gpm.gen = gen;
}

static void do_reclaim(struct domain *d)
{
	if (!gpm_flushed(d) && tlb_mutant != MUTANT_NO_WAIT)
		return;
	for (u32 i = 0; i < FRAMES; i++)
		if (owner[i] == (TAKEN | d->id))
			give(i, 1, NOBODY);
}

static void domain_new(struct domain *d)
{
	if (gpm_init(&d->gpm, POOL))
		abort();
	for (u32 i = 0; i < TLB_VCPUS; i++) {
		u32 nr = d->id * TLB_VCPUS + i;
		struct actor *a = &actors[nr];

		*a = (struct actor){.vcpu = {.dom = d, .id = i, .cpu = tlb_random(TLB_CPUS)}};
		a->epoch = (u32)(rng >> 40); /* entries of the one before are not this one's */
		for (u32 g = 0; g < GVAS; g++)
			a->gva[g] = some_page();
		vendor->vcpu_init(&a->vcpu, nr);
		d->vcpu[i] = &a->vcpu;
	}
	d->nr_vcpus = TLB_VCPUS;
}

/* Its vCPUs are detached, then its frames go at once: nobody runs with its tags or its root. */
static void do_recreate(struct domain *d)
{
	for (u32 i = 0; i < TLB_VCPUS; i++)
		if (actors[d->id * TLB_VCPUS + i].place != OUT)
			return;
	gpm_destroy(&d->gpm);
	for (u32 i = 0; i < FRAMES; i++)
		if (owner[i] == d->id || owner[i] == (TAKEN | d->id))
			give(i, 1, NOBODY);
	domain_new(d);
}

static void step_dom0(void)
{
	struct domain *d = &domains[tlb_random(TLB_DOMAINS)];
	u32 what = tlb_random(64);

	if (what < 30)
		do_map(d);
	else if (what < 46)
		do_unmap(d);
	else if (what < 58)
		do_reclaim(d);
	else
		do_recreate(d); /* often: an old map has all its tables, no map of it fails */
}

const char *tlb_run(const struct tlb_vendor *v, enum tlb_mutant mutant, u32 seed, u32 steps)
{
	vendor = v;
	tlb_mutant = mutant;
	rng = seed * 0x9e3779b97f4a7c15ul + 1;
	ops.gpm_entry = v->gpm_entry;
	memset(tlbs, 0, sizeof(tlbs));
	memset(running, 0, sizeof(running));
	memset(owner, NOBODY, sizeof(owner));
	for (pool_count = 0; pool_count < POOL; pool_count++)
		pool_free[pool_count] = pool_count;
	tlb_hits = tlb_recycled = root_flushes = 0;
	broken = NULL;
	v->start();
	for (u32 i = 0; i < TLB_DOMAINS; i++) {
		domains[i] = (struct domain){.id = (u16)i};
		domain_new(&domains[i]);
	}
	while (steps-- && !broken) {
		if (tlb_random(20))
			step_vcpu();
		else
			step_dom0();
	}
	return broken;
}
