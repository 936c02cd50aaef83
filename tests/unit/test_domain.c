// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit test of the life of domains: creation with each allocation failing in turn, memory, states,
 * destruction from every state and under every obstacle. After each case the counters of memory,
 * domains and attached vCPUs must be exactly what they were.
 *
 * SOURCES: hv/domain.c hv/domain_mem.c hv/domain_state.c hv/domain_destroy.c hv/tunnel.c
 * SOURCES: hv/guest_tsc.c hv/gpm.c hv/guest_mem.c hv/vuart.c hv/vioapic.c hv/locks.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c tests/fake_arch/fake_vcpu.c
 * SOURCES: tests/fake_arch/fake_vendor.c
 *
 * usage: test_domain [cycles, default 1000]
 */
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "tap.h"

#include "hv/domain.h"
#include "hv/gpm.h"
#include "hv/page_alloc.h"
#include "hv/vcpu.h"

#define EXTENTS 96u
#define DOM0_EXTENTS 4u
#define HOLE 0xc0000000ull
#define STATE_PORT 7u

struct counters {
	u64 pages, free_extents;
	u32 domains, attached;
	u32 dom0_tables;
};

static struct counters now(void)
{
	return (struct counters){
		.pages = fake_pages_bytes,
		.free_extents = extent_count(OWNER_FREE),
		.domains = domain_count(),
		.attached = fake_attached,
		.dom0_tables = dom0->gpm.tables,
	};
}

static bool same(struct counters a)
{
	struct counters b = now();

	/* Tables of dom0's map stay once they exist. */
	a.pages += (b.dom0_tables - a.dom0_tables) * PAGE_SIZE;
	return a.pages == b.pages && a.free_extents == b.free_extents && a.domains == b.domains &&
	       a.attached == b.attached;
}

static struct mb_dom_create request(u32 n_vcpus, u32 flags)
{
	return (struct mb_dom_create){
		.struct_size = sizeof(struct mb_dom_create),
		.flags = flags,
		.vcpus = n_vcpus,
		.call_port = 5,
		.console_port = 6,
		.state_port = STATE_PORT,
		.name = "unit",
	};
}

static void make_dom0(void)
{
	struct mb_dom_create c = request(4, MB_DOM_SHARE_ALL);
	struct domain *d;

	fake_ram_init(EXTENTS, DOM0_EXTENTS);
	if (domain_create(&c, true, &d) ||
	    gpm_map(&d->gpm, GPA(FAKE_RAM), HPA(FAKE_RAM), DOM0_EXTENTS * EXTENT_SIZE, GPM_RWX,
	            MEM_WB) ||
	    domain_start(d))
		abort();
}

static struct domain *make(u32 n_vcpus, u32 flags)
{
	struct mb_dom_create c = request(n_vcpus, flags);
	struct domain *d;

	return domain_create(&c, false, &d) ? NULL : domain_find(d->id);
}

static s64 add_all(struct domain *d, u64 gpa, u64 bytes)
{
	while (bytes) {
		s64 n = domain_mem_add(d, GPA(gpa), bytes);

		if (n <= 0)
			return n;
		gpa += (u64)n;
		bytes -= (u64)n;
	}
	return 0;
}

/* The caller's reference goes with it. Number of steps, or 0 if it does not end. */
static u32 destroy(struct domain *d)
{
	for (u32 i = 1; i < 1000; i++) {
		int ret = domain_destroy_step(d);

		if (!ret)
			return i;
		if (ret != -MB_EAGAIN)
			return 0;
	}
	return 0;
}

static int start(struct domain *d)
{
	struct mb_vcpu_state s = {.struct_size = sizeof(s), .rip = 0x100000};

	return domain_set_entry(d, &s) ? -1 : domain_start(d);
}

static bool dom0_maps(u64 mpa)
{
	u64 left;
	hpa_t hpa;
	u32 prot;

	return gpm_lookup(&dom0->gpm, GPA(mpa), &hpa, &prot, &left) && hpa.v == mpa;
}

static void test_create_fails(void)
{
	struct mb_dom_create c = request(3, MB_DOM_SHARE_ALL);
	struct counters before = now();
	struct domain *d;
	bool good = true;
	u32 n = 0;
	int ret;

	do {
		fake_fail_at = ++n;
		ret = domain_create(&c, false, &d);
		good &= !ret || (ret == -MB_ENOMEM && same(before));
	} while (ret && n < 1000);
	fake_fail_at = 0;
	ok(good && !ret && n > 10, "whichever allocation fails, creation leaves nothing behind");
	printf("# %u allocations\n", n - 1);
	d = domain_find(d->id);
	ok(destroy(d) && same(before), "and the one that works goes completely");
}

static void test_memory_fails(void)
{
	struct counters before = now();
	bool good = true, done = false;

	for (u32 n = 1; !done && n < 100; n++) {
		struct domain *d = make(1, MB_DOM_SHARE_ALL);

		fake_fail_at = n;
		done = add_all(d, 0, 20 * EXTENT_SIZE) == 0;
		fake_fail_at = 0;
		good &= done || d->mem_bytes < 20 * EXTENT_SIZE;
		good &= destroy(d) && same(before);
	}
	ok(good && done, "whichever allocation fails, added memory comes back");
}

static bool is_clear(u64 mpa, u64 size)
{
	const u64 *p = (const u64 *)mpa;

	for (u64 i = 0; i < size / sizeof(*p); i++) {
		if (p[i])
			return false;
	}
	return true;
}

static void test_memory(void)
{
	struct counters before = now();
	struct domain *d = make(2, MB_DOM_SHARE_ALL);
	struct domain_range r = {0};
	s64 n;

	n = domain_mem_add(d, GPA(0), 20 * EXTENT_SIZE);
	ok(n == (s64)(DOMAIN_STEP_EXTENTS * EXTENT_SIZE), "a step is bounded");
	ok(!add_all(d, (u64)n, 20 * EXTENT_SIZE - (u64)n) && d->mem_bytes == 20 * EXTENT_SIZE,
	   "the rest follows");
	ok(!domain_mem_range(d, 0, &r) && r.gpa == 0 && r.size == 20 * EXTENT_SIZE &&
	           domain_mem_range(d, 1, &r) == -MB_ENOENT,
	   "it is one machine-contiguous range");
	ok(is_clear(r.mpa, r.size), "cleared");
	ok(extent_count(d->id) == 20 && dom0_maps(r.mpa) && dom0_maps(r.mpa + r.size - 8) &&
	           !dom0_maps(r.mpa + r.size),
	   "owned by the guest, and dom0 sees it and no more");
	ok(domain_mem_add(d, GPA(EXTENT_SIZE), EXTENT_SIZE) == -MB_EEXIST &&
	           domain_mem_add(d, GPA(HOLE - EXTENT_SIZE), 2 * EXTENT_SIZE) == -MB_EINVAL &&
	           domain_mem_add(d, GPA(HOLE), EXTENT_SIZE) == -MB_EINVAL &&
	           domain_mem_add(d, GPA(4096), EXTENT_SIZE) == -MB_EINVAL &&
	           domain_mem_add(d, GPA(0), 4096) == -MB_EINVAL &&
	           domain_mem_add(d, GPA(0), 0) == -MB_EINVAL &&
	           domain_mem_add(d, GPA(~EXTENT_MASK), EXTENT_SIZE) == -MB_EINVAL &&
	           domain_mem_add(d, GPA(1ul << 46), EXTENT_SIZE) == -MB_EINVAL,
	   "areas that overlap, wrap or lie in the hole are refused");
	ok(domain_mem_add(d, GPA(HOLE / 2), 500 * EXTENT_SIZE) == -MB_ENOMEM &&
	           domain_mem_add(d, GPA(1ul << 32), 1ul << 45) == -MB_ENOMEM,
	   "more than there is is refused at once");
	ok(!add_all(d, 1ul << 32, 3 * EXTENT_SIZE) && !domain_mem_range(d, 1, &r) &&
	           r.gpa == 1ul << 32 && d->ram_top == 20 * EXTENT_SIZE,
	   "memory above the hole is a range of its own");
	ok(!start(d) && domain_mem_add(d, GPA(1ul << 33), EXTENT_SIZE) == -MB_EBUSY,
	   "none is added after the start");
	ok(destroy(d) && same(before) && !dom0_maps(r.mpa), "all of it comes back");
	d = make(1, 0);
	add_all(d, 0, EXTENT_SIZE);
	domain_mem_range(d, 0, &r);
	ok(!dom0_maps(r.mpa), "without MB_DOM_SHARE_ALL dom0 does not see it");
	ok(destroy(d) && same(before), "and it comes back");
}

static void test_states(void)
{
	struct counters before = now();
	struct domain *d = make(3, MB_DOM_SHARE_ALL);

	ok(domain_start(d) == -MB_EINVAL, "no start without an entry point");
	ok(domain_pause(d) == -MB_EBUSY && domain_unpause(d) == -MB_EBUSY, "no pause when new");
	ok(!start(d) && d->state == MB_STATE_RUNNING && fake_attached == before.attached + 3 &&
	           d->vcpu[2]->pub.runnable && !d->vcpu[0]->wait_sipi && d->vcpu[1]->wait_sipi,
	   "started: all vCPUs attached, the first one ready");
	ok(start(d) == -1 && domain_start(d) == -MB_EBUSY, "not twice");
	ok(!domain_pause(d) && d->state == MB_STATE_PAUSED && !d->vcpu[0]->pub.runnable, "paused");
	ok(domain_pause(d) == -MB_EBUSY, "not twice");
	ok(!domain_unpause(d) && d->vcpu[1]->pub.runnable, "and running again");
	dom0->tunnel.port[STATE_PORT].pending = 0;
	domain_kill(d, "broke rule %d", 42);
	ok(d->state == MB_STATE_SHUTDOWN && d->reason == MB_REASON_KILLED &&
	           !strcmp(d->reason_text, "broke rule 42") && !d->vcpu[0]->pub.runnable,
	   "killed, with its text");
	ok(strstr(fake_last_line, "unit") && strstr(fake_last_line, "broke rule 42"),
	   "one line names domain and reason");
	ok(dom0->tunnel.port[STATE_PORT].pending, "dom0 is told");
	dom0->tunnel.port[STATE_PORT].pending = 0;
	domain_shutdown(d, MB_REASON_POWEROFF);
	domain_kill(d, "later");
	ok(d->reason == MB_REASON_KILLED && !strcmp(d->reason_text, "broke rule 42") &&
	           !dom0->tunnel.port[STATE_PORT].pending,
	   "the first reason stays, and is told once");
	ok(domain_pause(d) == -MB_EBUSY && domain_unpause(d) == -MB_EBUSY, "it has ended");
	ok(destroy(d) && same(before), "destroyed");
	ok(domain_pause(dom0) == -MB_EPERM && domain_destroy_step(dom0) == -MB_EPERM &&
	           domain_mem_add(dom0, GPA(0), EXTENT_SIZE) == -MB_EPERM,
	   "dom0 is not to be paused, destroyed or enlarged");
}

static void test_destroy_states(void)
{
	static const char *const names[] = {
		"new", "with part of its memory", "running", "paused", "ended", "killed",
	};
	struct counters before = now();

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct domain *d = make(2, MB_DOM_SHARE_ALL);
		char text[64];

		if (i == 1)
			domain_mem_add(d, GPA(0), 20 * EXTENT_SIZE);
		else if (i > 1)
			add_all(d, 0, 2 * EXTENT_SIZE);
		if (i >= 2)
			start(d);
		if (i == 3)
			domain_pause(d);
		if (i == 4)
			domain_shutdown(d, MB_REASON_POWEROFF);
		if (i == 5)
			domain_kill(d, "x");
		for (u32 p = 0; p < 10; p++)
			tunnel_bind(d, p, dom0, 100 + p);
		snprintf(text, sizeof(text), "destroyed when %s", names[i]);
		ok(destroy(d) && same(before) && !dom0->tunnel.port[105].peer, text);
	}
}

/* Whatever stands in the way, the steps say -MB_EAGAIN and go on when it is gone. */
static void test_obstacles(void)
{
	struct counters before = now();
	struct domain *d = make(2, MB_DOM_SHARE_ALL), *again;
	bool held = true;

	add_all(d, 0, 2 * EXTENT_SIZE);
	start(d);
	fake_detach_again = 5;
	dom0->tunnel.sender[1].busy = 1;
	for (u32 i = 0; i < 20; i++)
		held &= domain_destroy_step(d) == -MB_EAGAIN;
	ok(held && !fake_detach_again && extent_count(d->id) == 2 && d->mem_bytes,
	   "a sender under way keeps it");
	ok(start(d) == -1 && domain_pause(d) == -MB_EBUSY &&
	           domain_mem_add(d, GPA(0), EXTENT_SIZE) == -MB_EBUSY,
	   "while it is dying nothing else is done to it");
	dom0->tunnel.sender[1].busy = 0;
	dom0->vcpu[3]->pub.in_guest = 1;
	for (u32 i = 0; i < 20; i++)
		held &= domain_destroy_step(d) == -MB_EAGAIN;
	ok(held && extent_count(d->id) == 2, "an old translation of dom0 keeps its memory");
	dom0->vcpu[3]->gpm_gen = dom0->gpm.gen;
	again = domain_find(d->id);
	for (u32 i = 0; i < 20; i++)
		held &= domain_destroy_step(d) == -MB_EAGAIN;
	ok(held && again == d && !extent_count(d->id), "another user keeps the structure only");
	ok(!domain_begin(again, DOMAIN_ANY_STATE) && domain_destroy_step(d) == -MB_EAGAIN,
	   "so does a long operation");
	domain_finish(again);
	domain_put(again);
	ok(destroy(d) && same(before), "then it goes");
	dom0->vcpu[3]->pub.in_guest = 0;
}

static void test_ids(void)
{
	struct counters before = now();
	struct domain *all[DOMID_MAX + 1];
	struct mb_dom_create c = request(1, 0);
	struct domain *d;
	u32 n = 0, first, good = 1;

	while ((d = make(1, 0)) != NULL && n < DOMID_MAX)
		all[n++] = d;
	ok(n == DOMID_MAX && !d && domain_create(&c, false, &d) == -MB_ENOSPC,
	   "255 guests, then the table is full");
	first = all[3]->id;
	destroy(all[3]);
	ok(!domain_find(first), "an id that is gone finds nothing");
	d = domain_next(first);
	ok(d && d->id > first, "but the next one");
	domain_put(d);
	d = make(1, 0);
	ok(d && d->id == first, "only when all others are taken is it used again");
	all[3] = d;
	for (u32 i = 0; i < n; i++)
		good &= destroy(all[i]) != 0;
	ok(good && same(before), "all go");
	d = make(1, 0);
	first = d->id;
	destroy(d);
	d = make(1, 0);
	ok(d->id != first, "ids are not used again at once");
	destroy(d);
	ok(!domain_find(DOMID_MAX + 1) && !domain_find(~0u) && !domain_next(~0u),
	   "ids out of range find nothing");
}

static void test_cycles(u32 cycles)
{
	struct counters before = now();
	u32 seed = 5;
	bool good = true;

	for (u32 i = 0; i < cycles && good; i++) {
		u32 r = (u32)rand_r(&seed);
		struct domain *d;

		fake_fail_at = r % 4 ? 0 : r / 4 % 40;
		d = make(1 + r % 4, r & 0x100 ? MB_DOM_SHARE_ALL : 0);
		if (d) {
			add_all(d, 0, (r / 512 % 4) * EXTENT_SIZE);
			if (r & 0x10000)
				start(d);
			tunnel_bind(d, r % 256, dom0, 300);
			if (r & 0x20000)
				domain_kill(d, "r");
			fake_detach_again = r >> 20 & 3;
			good &= destroy(d) != 0;
		}
		fake_fail_at = 0;
		good &= same(before);
	}
	ok(good, "a thousand lives, a quarter with failures, leave every counter as it was");
}

int main(int argc, char **argv)
{
	fake_cpu_set(0);
	make_dom0();
	test_create_fails();
	test_memory_fails();
	test_memory();
	test_states();
	test_destroy_states();
	test_obstacles();
	test_ids();
	test_cycles(argc > 1 ? (u32)atoi(argv[1]) : 1000);
	return tap_done();
}
