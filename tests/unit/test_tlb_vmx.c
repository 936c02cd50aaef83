// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invalidation rule on VMX (hv/gpm.h) against a model of TLBs, tlb_model.h: vmx/ept.c and
 * hv/gpm.c with random maps, unmaps, moves, wrap-arounds of VPIDs, roots that are used again. Bochs
 * flushes at every entry and exit, so no machine here shows a forgotten INVEPT; this does, and is
 * tested itself by leaving some out.
 *
 * SOURCES: vmx/ept.c hv/gpm.c hv/locks.c tests/unit/tlb_model.c tests/fake_arch/fake_cpu.c
 */
#include <stdlib.h>

#include "arch/x86/vmx_insn.h"
#include "fake.h"
#include "tap.h"
#include "tests/unit/tlb_model.h"
#include "vmx/vmx.h"

#define STEPS 200000u
#define ROOT(eptp) ((eptp) & 0x000ffffffffff000ul)

struct vmx_caps vmx_caps;

static struct vmx_cpu cpus[TLB_CPUS];
static struct vmx_vcpu parts[TLB_DOMAINS * TLB_VCPUS];
static u16 vpids[TLB_DOMAINS * TLB_VCPUS]; /* in the VMCSs */
static u32 current; /* whose VMCS is loaded */
static u32 invepts, invvpids;

struct vmx_cpu *vmx_this_cpu(void)
{
	return &cpus[tlb_cpu];
}

bool vmx_read(u32 field, u64 *value)
{
	(void)field;
	(void)value;
	return true;
}

bool vmx_write(u32 field, u64 value)
{
	if (field != VMCS_VPID || !value || value >= VPID_COUNT)
		return true;
	vpids[current] = (u16)value;
	return false;
}

bool vmx_invept(u64 type, u64 eptp)
{
	invepts++;
	if (type == INVEPT_SINGLE)
		tlb_flush_root(ROOT(eptp));
	else
		tlb_flush_all();
	return type != INVEPT_SINGLE && type != INVEPT_ALL;
}

/* SDM "INVVPID": not what the EPT alone says; all: but VPID 0. */
bool vmx_invvpid(u64 type, u64 vpid)
{
	invvpids++;
	if (type == INVVPID_SINGLE && vmx_caps.invvpid_single && vpid)
		tlb_flush_tag((u32)vpid);
	else if (type == INVVPID_ALL)
		tlb_flush_tags(1);
	else
		return true;
	return false;
}

static void start(void)
{
	/* As vmx_cpu_enable() leaves them. */
	for (u32 i = 0; i < TLB_CPUS; i++)
		cpus[i] = (struct vmx_cpu){.vpid_gen = 1, .vpid_next = VPID_COUNT};
}

static void vcpu_init(struct vcpu *v, u32 nr)
{
	parts[nr] = (struct vmx_vcpu){.eptp = ept_pointer(v->dom->gpm.root_pa)};
	vpids[nr] = 0;
	v->hw = &parts[nr];
}

static void prepare(struct vcpu *v)
{
	current = (u32)(vmx_vcpu(v) - parts);
	ept_prepare_tlb(v);
}

/* SDM "Operations that Invalidate Cached Mappings": without VPIDs entry and exit end what VPID 0
 * has together with the guest's tables, and need not end what the EPT alone says. */
static u32 enter(struct vcpu *v)
{
	if (vmx_caps.vpid)
		return vpids[vmx_vcpu(v) - parts];
	tlb_flush_tag(0);
	return 0;
}

static void leave(struct vcpu *v)
{
	(void)v;
	if (!vmx_caps.vpid)
		tlb_flush_tag(0);
}

static void flush_guest(struct vcpu *v)
{
	ept_flush_guest(v);
}

static void skip_tags(void)
{
	vmx_this_cpu()->vpid_next = MAX(vmx_this_cpu()->vpid_next, VPID_COUNT - 3);
}

static void hide_move(struct vcpu *v)
{
	vmx_vcpu(v)->tlb_cpu = vmx_this_cpu();
}

static const struct tlb_vendor vendor = {
	.nested_by_root = true,
	.gpm_entry = ept_entry,
	.start = start,
	.vcpu_init = vcpu_init,
	.prepare = prepare,
	.enter = enter,
	.exit = leave,
	.flush_guest = flush_guest,
	.skip_tags = skip_tags,
	.hide_move = hide_move,
};

static void good(const char *name)
{
	const char *broken = NULL;

	invepts = 0;
	invvpids = 0;
	for (u32 seed = 1; seed <= 3 && !broken; seed++)
		broken = tlb_run(&vendor, MUTANT_NONE, seed, STEPS);
	ok(!broken, name);
	printf("# %s; last run: %u uses of cached entries, %u frames changed owner; %u INVEPT, "
	       "%u INVVPID in all\n", broken ? broken : "no rule broken", tlb_hits, tlb_recycled,
	       invepts, invvpids);
	ok(tlb_hits > STEPS / 20 && tlb_recycled > STEPS / 100, "and something happened");
}

static void bad(enum tlb_mutant mutant, const char *name)
{
	const char *broken = NULL;

	for (u32 seed = 1; seed <= 20 && !broken; seed++)
		broken = tlb_run(&vendor, mutant, seed, STEPS);
	ok(broken, name);
	printf("# %s\n", broken ? broken : "no rule broken");
}

int main(void)
{
	fake_cpu_set(0);
	vmx_caps.vpid = true;
	vmx_caps.invvpid_single = true;
	good("no old translation is used");
	bad(MUTANT_NO_ROOT_FLUSH, "noticed: no INVEPT");
	bad(MUTANT_LOSE_ROOT_FLUSH, "noticed: one INVEPT of 20 is left out");
	/* Who takes a VPID also ends by INVEPT what was cached for his root under any VPID. */
	ok(!tlb_run(&vendor, MUTANT_NO_FULL_FLUSH, 1, STEPS),
	   "INVVPID when all VPIDs were handed out could be left out");
	bad(MUTANT_NO_TAG_FLUSH, "noticed: no INVVPID of one VPID");
	bad(MUTANT_NO_GUEST_FLUSH, "noticed: an emulated write of CR3 does not flush");
	bad(MUTANT_HIDE_GEN, "noticed: a vCPU does not look at gen");
	bad(MUTANT_NO_GEN, "noticed: unmapping does not count gen");
	bad(MUTANT_FAILED_MAP, "noticed: a map that failed half way does not count gen");
	bad(MUTANT_NO_WAIT, "noticed: frames given on without gpm_flushed()");
	bad(MUTANT_LATE_IN_GUEST, "noticed: in_guest set after the look at gen");
	bad(MUTANT_HIDE_MOVE, "noticed: a vCPU keeps its VPID on another CPU");
	vmx_caps.invvpid_single = false;
	good("without INVVPID of one VPID: no old translation is used");
	vmx_caps.vpid = false;
	good("without VPIDs: no old translation is used");
	bad(MUTANT_NO_ROOT_FLUSH, "noticed: no INVEPT there");
	return tap_done();
}
