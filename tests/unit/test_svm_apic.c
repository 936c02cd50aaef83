// SPDX-License-Identifier: GPL-2.0-only
/*
 * AVIC without a CPU that has it: when it is used, what the tables, the control block and the
 * permission map say at each step, and what its exits become. A vCPU that is marked as running when
 * it is not would lose an IPI; an MSR passed that the CPU does not do for the guest would reach the
 * machine's own local APIC. The sender's CPU is a model after APM volume 2, 15.29.
 *
 * SOURCES: svm/apic.c hv/hwhelp.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 */
#include <string.h>

#include "arch/x86/apicdef.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "fake.h"
#include "hv/cmdline_options.h"
#include "hv/domain.h"
#include "hv/hwhelp.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/vcpu.h"
#include "hv/vlapic_hw.h"
#include "svm/svm.h"
#include "tap.h"

#define VALID (1ull << 63)
#define RUNNING (1ull << 62)
#define VCPUS 3
#define AVIC (VINTR_AVIC | VINTR_X2AVIC)

struct svm_caps svm_caps;

static struct svm_domain parts;
static struct domain domain = {.hw = &parts, .nr_vcpus = VCPUS};
static struct vcpu vcpus[VCPUS];
static struct svm_vcpu svms[VCPUS];
static struct vmcb blocks[VCPUS];
static bool enabled = true;

/* Of the local APIC's MSRs: bit 0 reads, bit 1 writes are passed. */
static u8 passed[0x40];
static u32 other_msrs;

void svm_msrpm_set(u8 *map, u32 msr, bool read, bool write)
{
	(void)map;
	if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
		passed[msr - MSR_X2APIC_FIRST] = (u8)((read ? 0 : 1) | (write ? 0 : 2));
	else
		other_msrs++;
}

bool vlapic_hw_reads(u32 reg)
{
	return reg == VLAPIC_ID || reg == VLAPIC_TPR;
}

bool vlapic_enabled(const struct vcpu *v)
{
	(void)v;
	return enabled;
}

static bool probe(u32 edx)
{
	svm_apic_probe(edx);
	return svm_caps.avic;
}

static void test_probe(void)
{
	const u32 both = CPUID_8A_EDX_AVIC | CPUID_8A_EDX_X2AVIC;

	ok(!probe(0) && !hw_help_masks().off && !hw_help_masks().unused, "a CPU without it");
	ok(!probe(CPUID_8A_EDX_AVIC) && hw_help_masks().unused == BIT(HW_HELP_AVIC),
	   "AVIC for xAPIC mode only: no use for it");
	ok(!probe(both) && hw_help_masks().off == BIT(HW_HELP_AVIC), "x2AVIC: off at first");
	ok(svm_apic_domain_create(&parts) && !parts.avic_ids, "then a domain has no tables");
	vcpus[0] = (struct vcpu){.dom = &domain, .hw = &svms[0]};
	svms[0].vmcb = &blocks[0];
	svm_apic_create(&vcpus[0]);
	vcpus[0].lapic.hw_on = true;
	svm_apic_arm(&vcpus[0]);
	svm_apic_settle(&vcpus[0]);
	svm_apic_reset(&vcpus[0]);
	ok(!vcpus[0].lapic.hw_modes && !blocks[0].vintr && !blocks[0].avic_ids_pa,
	   "and a vCPU nothing of it");
	ok(!option_help.parse("avic") && probe(both), "help=avic switches it on");
}

static void test_domain(void)
{
	u32 opened = 0;
	u64 before = fake_pages_bytes;

	for (u32 n = 1; n <= 3; n++) {
		struct svm_domain d = {0};

		fake_fail_at = n;
		ok(!svm_apic_domain_create(&d), "no memory at one of three places");
		svm_apic_domain_destroy(&d);
		ok(fake_pages_bytes == before, "nothing is left");
	}
	fake_fail_at = 0;
	memset(passed, 0, sizeof(passed));
	ok(svm_apic_domain_create(&parts), "a domain's tables");
	for (u32 i = 0; i < sizeof(passed); i++)
		opened += passed[i] != 0;
	ok(passed[VLAPIC_ID] == 1 && passed[VLAPIC_TPR] == 3 && passed[VLAPIC_EOI] == 2 &&
		   passed[VLAPIC_ICR] == 2 && passed[VLAPIC_SELF_IPI] == 2 && opened == 5 &&
		   !other_msrs,
	   "MSRs that the CPU does: TPR, EOI, ICR, SELF IPI, reads from the page; no other");
	ok(parts.msrpm_apic[0] == 0xff && parts.msrpm_apic[0x1fff] == 0xff && !parts.avic_ids[0] &&
		   !parts.avic_logical[0],
	   "everything else exits; nobody is in the tables");
}

static void make_vcpus(void)
{
	for (u32 i = 0; i < VCPUS; i++) {
		vcpus[i] = (struct vcpu){.dom = &domain, .hw = &svms[i], .cpu = 0};
		svms[i] = (struct svm_vcpu){.vmcb = &blocks[i]};
		blocks[i] = (struct vmcb){.vintr = VINTR_MASKING};
		vcpus[i].lapic.id = i * 2;
		vcpus[i].lapic.base = APIC_DEFAULT_BASE | APIC_BASE_ENABLE | APIC_BASE_EXTD;
		vcpus[i].lapic.page = page_alloc_bytes(PAGE_SIZE);
		domain.vcpu[i] = &vcpus[i];
		svm_apic_create(&vcpus[i]);
	}
}

static u64 page_of(u32 i)
{
	return virt_to_phys(vcpus[i].lapic.page).v;
}

static void test_create(void)
{
	struct vcpu far = {.dom = &domain, .hw = &svms[2], .lapic.id = 512};

	svms[2].vmcb = &blocks[2];
	svm_apic_create(&far);
	ok(!far.lapic.hw_modes && !svms[2].avic_id, "an APIC id beyond the table: by exits");
	make_vcpus();
	ok(vcpus[1].lapic.hw_modes == VLAPIC_HW_X2APIC && blocks[1].avic_page_pa == page_of(1) &&
		   blocks[1].avic_apic_bar == 0xfee00000 &&
		   blocks[1].avic_ids_pa == (virt_to_phys(parts.avic_ids).v | 511) &&
		   blocks[1].avic_logical_pa == virt_to_phys(parts.avic_logical).v,
	   "the control block: page, tables, highest index");
	ok(!parts.avic_ids[2] && blocks[1].vintr == VINTR_MASKING,
	   "in the table it takes no interrupts yet");
}

static void test_arm(void)
{
	struct vcpu *v = &vcpus[1];
	const u64 *id = &parts.avic_ids[2];

	this_cpu()->arch.apic_id = 0x2a;
	parts.msrpm = parts.msrpm_apic + 0x1000;
	v->lapic.hw_on = true;
	v->lapic.eoi_exits[3] = 0x100;
	v->lapic.page->reg[VLAPIC_TMR + 3].value = 1;
	svm_apic_arm(v);
	ok(*id == (VALID | RUNNING | page_of(1) | 0x2a), "armed: it runs, on CPU 2ah");
	ok(blocks[1].vintr == (VINTR_MASKING | AVIC) &&
		   blocks[1].msrpm_pa == virt_to_phys(parts.msrpm_apic).v,
	   "its APIC is the CPU's, with its permission map");
	ok(v->lapic.page->reg[VLAPIC_TMR + 3].value == 0x101 &&
		   !v->lapic.page->reg[VLAPIC_TMR].value,
	   "a vector that was level once exits at its EOI");
	svm_apic_settle(v);
	ok(*id == (VALID | page_of(1)), "after the exit: not running");
	this_cpu()->arch.apic_id = 0x1000;
	svm_apic_arm(v);
	ok(*id == (VALID | page_of(1)), "on a CPU with an id of 13 bits nobody can ring it");
	this_cpu()->arch.apic_id = 0;
	enabled = false;
	svm_apic_arm(v);
	ok(!*id && blocks[1].vintr & VINTR_AVIC, "software-disabled: senders exit");
	enabled = true;
	svm_apic_arm(v);
	svm_apic_settle(v);
	v->lapic.hw_on = false;
	svm_apic_arm(v);
	ok(!*id && blocks[1].vintr == VINTR_MASKING &&
		   blocks[1].msrpm_pa == virt_to_phys(parts.msrpm).v,
	   "an entry without: the software's again");
	svm_apic_settle(v);
	ok(!*id, "and stays so");
	v->lapic.hw_on = true;
	svm_apic_arm(v);
	svm_apic_settle(v);
	svm_apic_reset(v);
	ok(!*id && !parts.avic_ids[0] && !parts.avic_ids[4], "INIT: nothing is taken");
}

static struct vmexit *exit_with(u32 code, u64 info1, u64 info2, u64 rcx)
{
	struct vcpu *v = &vcpus[0];

	blocks[0].exitinfo1 = info1;
	blocks[0].exitinfo2 = info2;
	v->regs.rcx = rcx;
	v->exit = (struct vmexit){.code = MB_EXIT_APIC, .hw_code = code, .insn_len = 9};
	svm_apic_decode(v, &blocks[0]);
	return &v->exit;
}

static void test_decode(void)
{
	const u64 icr = 0x830, write = 1ull << 32;
	const struct vmexit *e;
	bool same = true;

	e = exit_with(VMEXIT_AVIC_IPI, 0x200000041, 1ull << 32 | 2, icr);
	ok(e->code == MB_EXIT_APIC && e->apic.sent && e->apic.vector == 0x41 && !e->insn_len,
	   "IPI, a receiver does not run: to be told");
	for (u64 reason = 0; reason < 6; reason++) {
		e = exit_with(VMEXIT_AVIC_IPI, 0x2000c4500, reason << 32, icr);
		same = same && (reason == 1 || (e->code == MB_EXIT_WRMSR && !e->insn_len));
	}
	ok(same, "INIT and all else that the CPU leaves: written here, rip is behind it already");
	e = exit_with(VMEXIT_AVIC_IPI, 0x41, 0, 0x10);
	ok(e->code == MB_EXIT_OTHER && e->what, "but only if ICR was written by WRMSR");
	e = exit_with(VMEXIT_AVIC_ACCESS, write | 0xb0, 0x61, 0x80b);
	ok(e->code == MB_EXIT_APIC && !e->apic.sent && e->apic.vector == 0x61 && !e->insn_len,
	   "EOI of a level vector: which one");
	e = exit_with(VMEXIT_AVIC_ACCESS, write | 0x3f0, 0, 0x83f);
	ok(e->code == MB_EXIT_WRMSR && !e->insn_len, "another write that the CPU leaves");
	e = exit_with(VMEXIT_AVIC_ACCESS, write | 0x3f0, 0, 0x80f);
	ok(e->code == MB_EXIT_OTHER, "but not if the registers say something else");
	e = exit_with(VMEXIT_AVIC_ACCESS, 0x390, 0, 0x839);
	ok(e->code == MB_EXIT_OTHER && e->what, "a read: all that are not done are intercepted");
}

int main(void)
{
	fake_cpu_set(0);
	fake_ram_init(2, 0);
	test_probe();
	test_domain();
	test_create();
	test_arm();
	test_decode();
	svm_apic_domain_destroy(&parts);
	return tap_done();
}
