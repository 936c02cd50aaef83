// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit test of the hypercalls, through exit_hypercall() as a vCPU's exit would make them:
 * privilege, unknown numbers, each call of dom0 once as it is meant; then a million calls of dom0
 * and of two guests with random numbers, arguments and memory. Nothing may crash (ASan and UBSan
 * watch), and what the tables promise must hold after each batch; in the end every counter is back.
 *
 * SOURCES: hv/exit_hypercall.c hv/hc_domain.c hv/hc_info.c hv/domain.c hv/domain_mem.c
 * SOURCES: hv/domain_state.c hv/domain_destroy.c hv/tunnel.c hv/gpm.c hv/guest_mem.c hv/vuart.c
 * SOURCES: hv/vioapic.c hv/locks.c hv/hwhelp.c hv/cr3_trace.c hv/guest_tsc.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c tests/fake_arch/fake_vcpu.c
 * SOURCES: tests/fake_arch/fake_vendor.c
 *
 * usage: test_hypercall [calls, default 1000000] [seed]
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/tsc.h"
#include "fake.h"
#include "tap.h"

#include "hv/abi/cpuid.h"
#include "hv/domain.h"
#include "hv/gpm.h"
#include "hv/hwhelp.h"
#include "hv/locks.h"
#include "hv/page_alloc.h"
#include "hv/vcpu.h"

#define EXTENTS 64u
#define DOM0_EXTENTS 4u
#define ARGS_GPA (FAKE_RAM + 0x1000) /* dom0's memory for structures */
#define BUF_GPA (FAKE_RAM + 0x100000)

static s64 hypercall(struct vcpu *v, u64 nr, u64 a0, u64 a1, u64 a2, u64 a3)
{
	v->regs.rax = nr;
	v->regs.rdi = a0;
	v->regs.rsi = a1;
	v->regs.rdx = a2;
	v->regs.r10 = a3;
	exit_hypercall(v);
	return (s64)v->regs.rax;
}

/* dom0's vCPU 1 calls. */
static s64 call(u64 nr, u64 a0, u64 a1, u64 a2)
{
	return hypercall(dom0->vcpu[1], nr, a0, a1, a2, 0);
}

static void make_dom0(void)
{
	struct mb_dom_create c = {.vcpus = 2, .flags = MB_DOM_SHARE_ALL, .name = "dom0"};
	struct domain *d;

	fake_ram_init(EXTENTS, DOM0_EXTENTS);
	if (domain_create(&c, true, &d) ||
	    gpm_map(&d->gpm, GPA(FAKE_RAM), HPA(FAKE_RAM), DOM0_EXTENTS * EXTENT_SIZE, GPM_RWX,
	            MEM_WB) ||
	    domain_start(d))
		abort();
}

static s64 create(u32 n_vcpus)
{
	struct mb_dom_create *c = (void *)ARGS_GPA;

	*c = (struct mb_dom_create){
		.struct_size = sizeof(*c),
		.flags = MB_DOM_SHARE_ALL | MB_DOM_CR3_TRACE,
		.vcpus = n_vcpus,
		.call_port = 1,
		.console_port = 2,
		.state_port = 3,
		.name = "fuzz",
	};
	return call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0);
}

static bool destroy(u64 id)
{
	for (u32 i = 0; i < 100; i++) {
		s64 ret = call(MB_HC_DOM_DESTROY, id, 0, 0);

		if (!ret)
			return true;
		if (ret != -MB_EAGAIN)
			return false;
	}
	return false;
}

static void test_privilege(struct vcpu *guest)
{
	u32 lines = fake_printed;
	bool good = true;

	fake_cpl = 3;
	ok(hypercall(guest, MB_HC_VERSION, 0, 0, 0, 0) == -MB_EPERM && fake_printed == lines + 1 &&
	           strstr(fake_last_line, "user mode"),
	   "user mode is refused, with one line");
	ok(call(MB_HC_VERSION, 0, 0, 0) == -MB_EPERM &&
	           hypercall(guest, 5, 0, 0, 0, 0) == -MB_EPERM,
	   "dom0's too, and before the number is looked at");
	fake_cpl = 0;
	ok(hypercall(guest, MB_HC_VERSION, 0, 0, 0, 0) == MB_ABI_VERSION, "the kernel may");
	for (u64 nr = MB_HC_HV_INFO; nr <= MB_HC_VCPU_CR3; nr++)
		good &= hypercall(guest, nr, 1, ARGS_GPA, ARGS_GPA, 0) == -MB_EPERM;
	ok(good, "a guest may make none of dom0's calls");
	for (u64 nr = 0; nr < 16; nr++)
		good &= hypercall(guest, nr, 0, 0, 0, 0) == -1000;
	ok(good, "the KVM calls are not there: -KVM_ENOSYS");
	for (u64 nr = MB_HC_SHUTDOWN + 1; nr < MB_HC_HV_INFO; nr++)
		good &= call(nr, 0, 0, 0) == -MB_ENOSYS;
	good &= call(MB_HC_VCPU_CR3 + 1, 0, 0, 0) == -MB_ENOSYS &&
	        call(~0ull, 0, 0, 0) == -MB_ENOSYS && call(0x1000, 0, 0, 0) == -MB_ENOSYS &&
	        call(MB_HC_VERSION | 1ull << 32, 0, 0, 0) == -MB_ENOSYS;
	ok(good, "unknown numbers: -MB_ENOSYS");
	fake_cs_long = false;
	ok(hypercall(guest, MB_HC_VERSION | 7ull << 40, 0, 0, 0, 0) == MB_ABI_VERSION,
	   "outside of 64-bit code upper halves do not count");
	fake_cs_long = true;
	ok(hypercall(guest, MB_HC_PORT_SEND, 1ull << 32, 0, 0, 0) == -MB_EINVAL &&
	           hypercall(guest, MB_HC_PORT_ROUTE, 0, 1ull << 32, 0, 0) == -MB_EINVAL &&
	           hypercall(guest, MB_HC_EVENTQ_SET, 0, 0, 0, 0x20ull | 1ull << 32) == -MB_EINVAL,
	   "indices of more than 32 bits are not cut");
}

static void test_info(u64 id)
{
	struct mb_hv_info *info = (void *)ARGS_GPA;
	struct mb_dom_info *dom = (void *)ARGS_GPA;
	struct mb_vcpu_stats *stats = (void *)ARGS_GPA;
	struct mb_vcpu_cr3 *cr3 = (void *)ARGS_GPA;
	struct mb_stream_io *io = (void *)ARGS_GPA;

	hw_help(HW_HELP_NRIPS, true);
	hw_help_unused(HW_HELP_VGIF, true);
	memset(info, 0xee, 256);
	info->struct_size = sizeof(*info);
	ok(!call(MB_HC_HV_INFO, ARGS_GPA, 0, 0) && info->abi_version == MB_ABI_VERSION &&
	           info->mem_total == EXTENTS * EXTENT_SIZE && info->domains == 2 &&
	           info->mem_free < info->mem_total && !strcmp(info->vendor, "fake") &&
	           info->help_used == BIT(HW_HELP_NRIPS) && !info->help_off &&
	           info->help_unused == BIT(HW_HELP_VGIF) &&
	           *((u8 *)ARGS_GPA + sizeof(*info)) == 0xee,
	   "HV_INFO");
	memset(info, 0xee, 256);
	info->struct_size = 16;
	ok(!call(MB_HC_HV_INFO, ARGS_GPA, 0, 0) && info->struct_size == 16 && info->domains == 2 &&
	           *((u8 *)ARGS_GPA + 16) == 0xee,
	   "a shorter structure is filled only so far");
	dom->struct_size = sizeof(*dom);
	ok(!call(MB_HC_DOM_INFO, 1, ARGS_GPA, 0) && dom->domid == id && dom->vcpus == 2 &&
	           dom->state == MB_STATE_NEW && !strcmp(dom->name, "fuzz"),
	   "DOM_INFO finds the next one");
	ok(!call(MB_HC_DOM_INFO, 0, ARGS_GPA, 0) && dom->domid == 0 &&
	           call(MB_HC_DOM_INFO, id + 1, ARGS_GPA, 0) == -MB_ENOENT &&
	           call(MB_HC_DOM_INFO, 1ull << 32, ARGS_GPA, 0) == -MB_ENOENT,
	   "dom0 by 0, none above the last");
	stats->struct_size = sizeof(*stats);
	ok(!call(MB_HC_VCPU_STATS, 0, 1, ARGS_GPA) && stats->exit_kinds == MB_EXIT_COUNT &&
	           call(MB_HC_VCPU_STATS, 0, 2, ARGS_GPA) == -MB_ENOENT,
	   "VCPU_STATS");
	cr3->struct_size = sizeof(*cr3);
	ok(!call(MB_HC_VCPU_CR3, id, 0, ARGS_GPA) && !cr3->switches &&
	           call(MB_HC_VCPU_CR3, id, MB_MAX_VCPUS, ARGS_GPA) == -MB_ENOENT &&
	           call(MB_HC_VCPU_CR3, 0, 0, ARGS_GPA) == -MB_ENOENT,
	   "VCPU_CR3, of a traced guest only");
	*io = (struct mb_stream_io){sizeof(*io), 8, BUF_GPA, 2};
	ok(call(MB_HC_LOG_READ, ARGS_GPA, 0, 0) == 8 && io->position == 10 &&
	           !memcmp((void *)BUF_GPA, "log of a", 8),
	   "LOG_READ copies and moves on");
	io->gpa = 0x1000;
	ok(call(MB_HC_LOG_READ, ARGS_GPA, 0, 0) == -MB_EFAULT && io->position == 10,
	   "to a bad buffer it does not");
	io->gpa = BUF_GPA;
	ok(!call(MB_HC_CONSOLE_READ, id, ARGS_GPA, 0) &&
	           call(MB_HC_CONSOLE_READ, 0, ARGS_GPA, 0) == -MB_ENOENT &&
	           call(MB_HC_CONSOLE_WRITE, id, BUF_GPA, 100) == 100 &&
	           call(MB_HC_CONSOLE_WRITE, id, 0x1000, 4) == -MB_EFAULT,
	   "console both ways");
}

static void test_create_args(void)
{
	struct mb_dom_create *c = (void *)ARGS_GPA;
	s64 first;

	ok(call(MB_HC_DOM_CREATE, 0x1000, 0, 0) == -MB_EFAULT, "DOM_CREATE: no memory there");
	first = create(0);
	ok(first == -MB_EINVAL && create(MB_MAX_VCPUS + 1) == -MB_EINVAL, "no or too many vCPUs");
	create(0);
	c->vcpus = 1;
	c->flags = 4;
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "unknown flags");
	c->flags = 0;
	c->tsc_khz = (u32)tsc_khz / 256 - 1;
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "a TSC that is too slow");
	c->tsc_khz = 0;
	c->reserved = 1;
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "a reserved field");
	c->struct_size = offsetof(struct mb_dom_create, tsc_khz) - 1;
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "too short a structure");
	c->struct_size = sizeof(*c);
	c->reserved = 0;
	c->state_port = MB_DOM0_PORTS;
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "a port out of range");
	c->state_port = 3;
	memset(c->name, 'x', sizeof(c->name));
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "a name without end");
	strcpy(c->name, "a\nb");
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL,
	   "a name that would spoil messages");
	c->name[0] = 0;
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "no name");
	strcpy(c->name, "short");
	c->struct_size = 16;
	ok(call(MB_HC_DOM_CREATE, ARGS_GPA, 0, 0) == -MB_EINVAL, "too short a structure");
}

static void test_life(u64 id)
{
	struct mb_vcpu_state *s = (void *)ARGS_GPA;
	struct mb_mem_range *r = (void *)ARGS_GPA;
	struct domain *d = domain_find((u32)id);

	ok(call(MB_HC_DOM_MEM_ADD, id, 0, 2 * EXTENT_SIZE) == (s64)(2 * EXTENT_SIZE) &&
	           call(MB_HC_DOM_MEM_ADD, 0, 0, EXTENT_SIZE) == -MB_ENOENT &&
	           call(MB_HC_DOM_MEM_ADD, id | 1ull << 32, 0, EXTENT_SIZE) == -MB_ENOENT,
	   "DOM_MEM_ADD");
	r->struct_size = sizeof(*r);
	ok(!call(MB_HC_DOM_MEMMAP, id, 0, ARGS_GPA) && r->size == 2 * EXTENT_SIZE &&
	           call(MB_HC_DOM_MEMMAP, id, 1, ARGS_GPA) == -MB_ENOENT &&
	           call(MB_HC_DOM_MEMMAP, id, 1ull << 32, ARGS_GPA) == -MB_ENOENT,
	   "DOM_MEMMAP");
	*s = (struct mb_vcpu_state){.struct_size = sizeof(*s), .rip = 1ull << 32};
	ok(call(MB_HC_VCPU_STATE, id, 0, ARGS_GPA) == -MB_EINVAL, "a flat entry is below 4 GiB");
	s->mode = MB_MODE_LONG64;
	ok(call(MB_HC_VCPU_STATE, id, 1, ARGS_GPA) == -MB_EINVAL, "of vCPU 0 only");
	s->rip = 1ull << 63;
	ok(call(MB_HC_VCPU_STATE, id, 0, ARGS_GPA) == -MB_EINVAL, "rip must be canonical");
	s->rip = 0x1000;
	s->rsi = 77;
	ok(!call(MB_HC_VCPU_STATE, id, 0, ARGS_GPA) && d->vcpu[0]->regs.rsi == 77, "VCPU_STATE");
	ok(call(MB_HC_DOM_CTL, id, 9, 0) == -MB_EINVAL &&
	           !call(MB_HC_DOM_CTL, id, MB_CTL_START, 0) &&
	           !call(MB_HC_DOM_CTL, id, MB_CTL_PAUSE, 0) &&
	           !call(MB_HC_DOM_CTL, id, MB_CTL_UNPAUSE, 0),
	   "DOM_CTL");
	ok(!call(MB_HC_PORT_BIND, id, 4, 77) && call(MB_HC_PORT_BIND, id, 256, 78) == -MB_EINVAL &&
	           call(MB_HC_PORT_BIND, id, 5, 0) == -MB_EINVAL &&
	           call(MB_HC_PORT_BIND, 200, 5, 78) == -MB_ENOENT &&
	           !call(MB_HC_PORT_UNBIND, 77, 0, 0) &&
	           call(MB_HC_PORT_UNBIND, 77, 0, 0) == -MB_ENOENT,
	   "PORT_BIND and PORT_UNBIND");
	ok(call(MB_HC_CALL_DONE, id, 0, 0) == -MB_ESTALE &&
	           call(MB_HC_CALL_DONE, id, 1ull << 33, 0) == -MB_EINVAL,
	   "CALL_DONE");
	ok(!call(MB_HC_DOM_CTL, id, MB_CTL_STOP, 0) && d->reason == MB_REASON_DESTROYED, "stopped");
	domain_put(d);
}

static void test_shutdown(struct vcpu *guest)
{
	jmp_buf stop;
	volatile int how = 0;

	ok(hypercall(guest, MB_HC_SHUTDOWN, MB_REASON_KILLED, 0, 0, 0) == -MB_EINVAL &&
	           guest->dom->state != MB_STATE_SHUTDOWN,
	   "a guest cannot choose any reason");
	guest->regs.rax = MB_HC_SHUTDOWN;
	guest->regs.rdi = MB_REASON_CRASH;
	ok(exit_hypercall(guest) == EXIT_KILL && guest->dom->reason == MB_REASON_CRASH,
	   "SHUTDOWN ends it");
	how = setjmp(stop);
	if (!how) {
		fake_stop = &stop;
		call(MB_HC_SHUTDOWN, MB_REASON_REBOOT, 0, 0);
	}
	fake_stop = NULL;
	ok(how == 2, "dom0's ends the machine");
}

/* ---- random calls ---- */

static u64 rng;

static u64 rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static u64 rnd_arg(void)
{
	u64 r = rnd();

	switch (r % 16) {
	case 0:
		return r;
	case 1:
		return ~0ull - r / 16 % 8192;
	case 2:
		return 1ull << (r / 16 % 64);
	case 3:
		return FAKE_RAM + r / 16 % (EXTENTS * EXTENT_SIZE + 8192);
	case 4:
		return ARGS_GPA + (r / 16 % 8) * 256;
	case 5:
		return ARGS_GPA + (r / 16 % 8) * 256;
	case 6:
		return (r / 16 % 8) * PAGE_SIZE;
	case 7:
		return (r / 16 % 40) * EXTENT_SIZE;
	case 8:
		return 0x20 + r / 16 % 300;
	case 9:
		return EXTENT_SIZE - r / 16 % 64;
	default:
		return r / 16 % (r & 1 << 20 ? 300 : 6);
	}
}

/* Arguments as the call wants them: i domain id, s structure, v small, p port, P dom0's port, q
 * page of the caller, V vector, m multiple of an extent. */
static const char *const kinds[34] = {
	[MB_HC_EVENTQ_SET - MB_HC_BASE] = "vvqV", [MB_HC_PORT_ROUTE - MB_HC_BASE] = "pvv",
	[MB_HC_PORT_SEND - MB_HC_BASE] = "p",     [MB_HC_CALL_SETUP - MB_HC_BASE] = "qv",
	[MB_HC_SHUTDOWN - MB_HC_BASE] = "v",      [MB_HC_HV_INFO - MB_HC_BASE] = "s",
	[MB_HC_LOG_READ - MB_HC_BASE] = "s",      [MB_HC_DOM_CREATE - MB_HC_BASE] = "s",
	[MB_HC_DOM_MEM_ADD - MB_HC_BASE] = "imm", [MB_HC_DOM_MEMMAP - MB_HC_BASE] = "ivs",
	[MB_HC_VCPU_STATE - MB_HC_BASE] = "izs",  [MB_HC_DOM_CTL - MB_HC_BASE] = "iv",
	[MB_HC_DOM_DESTROY - MB_HC_BASE] = "i",   [MB_HC_DOM_INFO - MB_HC_BASE] = "is",
	[MB_HC_VCPU_STATS - MB_HC_BASE] = "ivs",  [MB_HC_PORT_BIND - MB_HC_BASE] = "ipP",
	[MB_HC_PORT_UNBIND - MB_HC_BASE] = "P",   [MB_HC_CALL_DONE - MB_HC_BASE] = "iv",
	[MB_HC_CONSOLE_READ - MB_HC_BASE] = "is", [MB_HC_CONSOLE_WRITE - MB_HC_BASE] = "iqv",
	[MB_HC_CPUID_NATIVE - MB_HC_BASE] = "v",  [MB_HC_VCPU_CR3 - MB_HC_BASE] = "ivs",
};

static u64 rnd_id(void)
{
	struct domain *d = domain_next((u32)(rnd() % 200));
	u64 id = d ? d->id : 1;

	if (d)
		domain_put(d);
	return id;
}

static u64 rnd_struct(u64 nr)
{
	u64 i = nr == MB_HC_DOM_CREATE   ? 1
	        : nr == MB_HC_LOG_READ   ? 2
	        : nr == MB_HC_VCPU_STATE ? 3
	                                 : rnd() % 8;

	return ARGS_GPA + i * 256;
}

static u64 meant_arg(struct vcpu *v, u64 nr, u32 n)
{
	u64 index = nr - MB_HC_BASE;
	const char *kind = index < ARRAY_SIZE(kinds) ? kinds[index] : NULL;
	u64 base = v->dom->privileged ? FAKE_RAM + 0x10000 : 0;

	switch (kind && n < strlen(kind) ? kind[n] : 'x') {
	case 'i':
		return rnd_id();
	case 's':
		return rnd_struct(nr);
	case 'v':
		return rnd() % 3;
	case 'p':
		return rnd() % 8;
	case 'P':
		return 1 + rnd() % 8;
	case 'q':
		return base + rnd() % 8 * PAGE_SIZE;
	case 'V':
		return rnd() % 2 ? 0x20 + rnd() % 16 : 0;
	case 'm':
		return (1 + rnd() % 3) * EXTENT_SIZE;
	case 'z':
		return 0;
	}
	return rnd_arg();
}

/* Structures that are partly right, so that checks beyond the first are reached. */
static void rnd_structs(void)
{
	for (u32 i = 0; i < 8; i++) {
		u32 *p = (u32 *)(ARGS_GPA + i * 256);

		for (u32 w = 0; w < 64; w++)
			p[w] = rnd() % 4 ? (u32)rnd_arg() : (u32)rnd();
		p[0] = (u32)(rnd() % 4 ? 256 : rnd());
		if (i == 1)
			create((u32)(rnd() % 3));
		if (i == 2)
			*(struct mb_stream_io *)p =
				(struct mb_stream_io){24, (u32)rnd() % 10000, BUF_GPA, rnd_arg()};
		if (i == 3)
			*(struct mb_vcpu_state *)p = (struct mb_vcpu_state){
				.struct_size = sizeof(struct mb_vcpu_state),
				.mode = (u32)(rnd() % 3),
				.rip = rnd() % 4 ? rnd() % 65536 : rnd_arg(),
				.cr3 = rnd() % 2 ? 0x1000 : rnd_arg(),
			};
	}
}

static u64 rnd_nr(void)
{
	u64 r = rnd();

	return r % 64 == 0 ? rnd() : r % 64 == 1 ? r / 64 % 32 : MB_HC_BASE + r / 64 % 35;
}

static u32 succeeded[35];

static void one_call(struct vcpu *v)
{
	u64 nr = rnd_nr(), arg[5];
	enum exit_action act;
	bool meant = rnd() % 2;

	/* The end of the machine is tested above. */
	if (v->dom->privileged && nr == MB_HC_SHUTDOWN)
		return;
	/* Not too many ends, or nothing is left to be called. */
	if ((nr == MB_HC_DOM_DESTROY || nr == MB_HC_SHUTDOWN) && rnd() % 4)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(arg); i++)
		arg[i] = meant ? meant_arg(v, nr, i) : rnd_arg();
	v->regs.rax = nr;
	v->regs.rdi = arg[0];
	v->regs.rsi = arg[1];
	v->regs.rdx = arg[2];
	v->regs.r10 = arg[3];
	v->regs.r8 = arg[4];
	fake_cpl = rnd() % 256 ? 0 : 3;
	act = exit_hypercall(v);
	if (nr - MB_HC_BASE < ARRAY_SIZE(succeeded) &&
	    (act != EXIT_RESUME || (s64)v->regs.rax >= 0))
		succeeded[nr - MB_HC_BASE]++;
	if (act == EXIT_BLOCK && rnd() % 2)
		v->call_deadline = 0;
	fake_cpl = 0;
}

static bool ports_agree(struct domain *d)
{
	for (u32 i = 0; i < d->tunnel.nr_ports; i++) {
		struct tunnel_port *p = &d->tunnel.port[i];

		if (p->route >= d->tunnel.nr_queues)
			return false;
		if (p->peer && (p->peer->tunnel.port[p->peer_port].peer != d ||
		                p->peer->tunnel.port[p->peer_port].peer_port != i))
			return false;
	}
	return true;
}

static bool memory_agrees(struct domain *d)
{
	u64 bytes = 0, left;
	hpa_t hpa;
	u32 prot;

	if (d->privileged)
		return extent_count(0) == DOM0_EXTENTS;
	for (u32 i = 0; i < d->nr_ranges; i++) {
		struct domain_range *r = &d->range[i];

		bytes += r->size;
		if (!gpm_lookup(&d->gpm, GPA(r->gpa), &hpa, &prot, &left) || hpa.v != r->mpa ||
		    extent_owner(hpa) != d->id)
			return false;
	}
	return bytes == d->mem_bytes && extent_count(d->id) == bytes / EXTENT_SIZE + d->pool_left;
}

static bool invariants(void)
{
	struct domain *d;
	bool good = true;
	u64 extents = extent_count(OWNER_FREE);

	locks_assert_none();
	for (u32 id = 0; good && (d = domain_next(id)) != NULL; id = d->id + 1u) {
		good &= ports_agree(d) && memory_agrees(d) && !d->busy && d->refs == 1;
		extents += extent_count(d->id);
		domain_put(d);
	}
	return good && extents == EXTENTS;
}

/* Two guests that can be called as; ended ones are replaced. */
static struct vcpu *guest_vcpu(u32 which)
{
	static u64 ids[2];
	struct domain *d = ids[which] ? domain_find((u32)ids[which]) : NULL;

	if (d && d->state == MB_STATE_DYING) {
		domain_put(d);
		destroy(ids[which]);
		d = NULL;
	}
	if (!d) {
		s64 id = create(2);

		if (id < 0)
			return dom0->vcpu[0];
		ids[which] = (u64)id;
		call(MB_HC_DOM_MEM_ADD, ids[which], 0, EXTENT_SIZE);
		d = domain_find((u32)id);
	}
	domain_put(d);
	return d->vcpu[rnd() % 2];
}

static void clean_up(bool *good)
{
	struct domain *d;

	while ((d = domain_next(1)) != NULL) {
		u32 id = d->id;

		domain_put(d);
		if (!destroy(id)) {
			*good = false;
			return;
		}
	}
}

static void test_random(u32 calls)
{
	bool good = true, cleaned = true;
	u32 i;

	for (i = 0; i < calls && good; i++) {
		u64 r = rnd();

		if (i % 64 == 0) {
			rnd_structs();
			good &= invariants();
		}
		if (i % 8192 == 0)
			clean_up(&cleaned);
		one_call(r % 3 ? guest_vcpu(r % 3 - 1) : dom0->vcpu[r / 3 % 2]);
	}
	ok(good, "random calls keep every promise");
	clean_up(&cleaned);
	ok(cleaned && invariants() && domain_count() == 1, "and all domains can be destroyed");
	printf("# %u calls; succeeded, by number:", i);
	for (u32 n = 0; n < ARRAY_SIZE(succeeded); n++)
		printf(" %u", succeeded[n]);
	printf("\n");
}

int main(int argc, char **argv)
{
	u64 pages, id;
	u32 tables;
	struct domain *d;

	fake_cpu_set(0);
	make_dom0();
	pages = fake_pages_bytes;
	tables = dom0->gpm.tables;
	id = (u64)create(2);
	ok(id == 1, "DOM_CREATE");
	d = domain_find((u32)id);
	test_privilege(d->vcpu[0]);
	test_info(id);
	test_create_args();
	test_life(id);
	domain_put(d);
	ok(destroy(id) && call(MB_HC_DOM_DESTROY, id, 0, 0) == -MB_ENOENT, "DOM_DESTROY, once");
	id = (u64)create(1);
	d = domain_find((u32)id);
	test_shutdown(d->vcpu[0]);
	domain_put(d);
	destroy(id);
	rng = argc > 2 ? strtoul(argv[2], NULL, 0) : 88172645463325252ull;
	test_random(argc > 1 ? (u32)atoi(argv[1]) : 1000000);
	/* Tables of dom0's map stay once they exist. */
	pages += (dom0->gpm.tables - tables) * PAGE_SIZE;
	ok(fake_pages_bytes == pages && fake_attached == dom0->nr_vcpus, "every page is back");
	return tap_done();
}
