// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this machine fit for SVM, and the permission maps. A machine that is not must be told in one
 * line what is missing, before anything is switched on; a wrong bit in a map opens a port or an MSR
 * of the machine to a guest. probe.c and svm.c are read in here, with CPUID and MSRs that the test
 * answers.
 *
 * SOURCES: svm/inject.c hv/hwhelp.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 */
#include <string.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "fake.h"
#include "hv/cmdline_options.h"
#include "hv/domain.h"
#include "hv/guest_tsc.h"
#include "hv/percpu.h"
#include "hv/vcpu.h"
#include "tap.h"

struct vendor_caps vcaps;

static u32 npt_edx, asids;
static u64 vm_cr;
static bool vm_cr_missing;
static u32 writes, last_msr;
static u64 last_value;

static struct cpuid_regs test_cpuid(u32 leaf, u32 subleaf)
{
	(void)subleaf;
	return leaf == 0x8000000a ? (struct cpuid_regs){.ebx = asids, .edx = npt_edx} :
				    (struct cpuid_regs){0};
}

static u64 test_rdmsr(u32 msr)
{
	(void)msr;
	return 0;
}

static void test_wrmsr(u32 msr, u64 value)
{
	last_msr = msr;
	last_value = value;
	writes++;
}

static int test_rdmsr_safe(u32 msr, u64 *value)
{
	*value = msr == 0xc0010114 ? vm_cr : 0;
	return vm_cr_missing ? -MB_EIO : 0;
}

static int test_wrmsr_safe(u32 msr, u64 value)
{
	test_wrmsr(msr, value);
	return 0;
}

/* From here on the instructions of both are those above; its headers are read already. */
#define cpuid test_cpuid
#define rdmsr test_rdmsr
#define wrmsr test_wrmsr
#define rdmsr_safe test_rdmsr_safe
#define wrmsr_safe test_wrmsr_safe
#include "svm/probe.c"
#include "svm/svm.c"

/* ---- what the rest of svm/ would do, never reached ---- */

struct vmcb *vmcb_create(struct vcpu *v)
{
	(void)v;
	return NULL;
}

void vmcb_destroy(struct vmcb *b)
{
	(void)b;
}

const char *vmcb_check(const struct vmcb *b)
{
	(void)b;
	return NULL;
}

void vmcb_dump(const struct vmcb *b)
{
	(void)b;
}

void svm_enter(struct guest_regs *regs, u64 vmcb_pa, u64 host_vmcb_pa)
{
	(void)regs;
	(void)vmcb_pa;
	(void)host_vmcb_pa;
}

void svm_decode_exit(struct vcpu *v)
{
	(void)v;
}

u32 vlapic_get_cr8(const struct vcpu *v)
{
	(void)v;
	return 0;
}

void vlapic_set_cr8(struct vcpu *v, u32 value)
{
	(void)v;
	(void)value;
}

void vlapic_hw_return(struct vcpu *v, u8 vector)
{
	(void)v;
	(void)vector;
}

u32 guest_fetch(struct vcpu *v, u8 *buf, u32 len)
{
	(void)v;
	(void)buf;
	(void)len;
	return 0;
}

void svm_reset_state(struct vcpu *v, const struct vcpu_start *start)
{
	(void)v;
	(void)start;
}

void svm_read_sys(struct vcpu *v, struct vcpu_sys *sys)
{
	(void)v;
	(void)sys;
}

bool svm_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	(void)v;
	(void)msr;
	(void)value;
	return false;
}

bool svm_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	(void)v;
	(void)msr;
	(void)value;
	return false;
}

bool svm_cr_write(struct vcpu *v, u32 cr, u64 value)
{
	(void)v;
	(void)cr;
	(void)value;
	return false;
}

bool cpu_is_bochs(void)
{
	return false;
}

/* svm/apic.c has a test of its own. */
void svm_apic_probe(u32 edx)
{
	(void)edx;
}

bool svm_apic_domain_create(struct svm_domain *s)
{
	(void)s;
	return true;
}

void svm_apic_domain_destroy(struct svm_domain *s)
{
	(void)s;
}

void svm_apic_create(struct vcpu *v)
{
	(void)v;
}

void svm_apic_reset(struct vcpu *v)
{
	(void)v;
}

void svm_apic_arm(struct vcpu *v)
{
	(void)v;
}

void svm_apic_settle(struct vcpu *v)
{
	(void)v;
}

u64 npt_entry(hpa_t hpa, u32 prot, bool leaf, enum mem_type type)
{
	(void)hpa;
	(void)prot;
	(void)leaf;
	(void)type;
	return 0;
}

void npt_prepare_tlb(struct vcpu *v)
{
	(void)v;
}

/* ---- tests ---- */

static void good_machine(void)
{
	cpu_info.features = BIT(CPU_FEAT_SVM) | BIT(CPU_FEAT_NX);
	npt_edx = CPUID_8A_EDX_NPT | CPUID_8A_EDX_SVM_LOCK | CPUID_8A_EDX_NRIPS;
	asids = 16;
	vm_cr = 0;
	vm_cr_missing = false;
	writes = 0;
	fake_printed = 0;
}

/* Refused, with one line that has the word, and without touching the machine. */
static void refused(const char *what, const char *word, const char *not)
{
	ok(svm_ops.probe() == -MB_ENODEV, what);
	ok(fake_printed == 1 && !writes, "one line, nothing is switched on");
	ok(strstr(fake_last_line, "SVM: ") == fake_last_line && strstr(fake_last_line, word) &&
		   !(not && strstr(fake_last_line, not)),
	   word);
}

static void test_probe(void)
{
	good_machine();
	ok(!svm_ops.probe() && fake_printed == 1, "a good machine: one line");
	ok(svm_caps.asids == 16 && svm_caps.features == npt_edx, "its capabilities are kept");
	ok(svm_caps.efer & EFER_NXE && !(svm_caps.efer & EFER_FFXSR),
	   "EFER bits as CPUID has them");
	good_machine();
	cpu_info.features = BIT(CPU_FEAT_NX);
	refused("no SVM bit", "CPUID 80000001h", NULL);
	good_machine();
	npt_edx &= ~CPUID_8A_EDX_NPT;
	refused("no nested paging", "nested paging", NULL);
	good_machine();
	asids = 1;
	refused("one ASID", "1 address space ids", NULL);
	good_machine();
	asids = 0;
	refused("no ASID", "0 address space ids", NULL);
	good_machine();
	asids = 2;
	ok(!svm_ops.probe(), "two ASIDs are enough");
	good_machine();
	vm_cr = VM_CR_SVMDIS;
	refused("switched off and locked", "enable SVM in its setup", NULL);
	good_machine();
	vm_cr = VM_CR_SVMDIS;
	npt_edx &= ~CPUID_8A_EDX_SVM_LOCK;
	refused("switched off", "SVMDIS", "setup");
	good_machine();
	vm_cr_missing = true;
	vm_cr = ~0ull;
	ok(!svm_ops.probe(), "a machine without VM_CR has nothing switched off");
}

static u32 bits_set(const u8 *map, u32 bytes)
{
	u32 n = 0;

	for (u32 i = 0; i < bytes; i++)
		n += (u32)__builtin_popcount(map[i]);
	return n;
}

/* Places by hand from APM volume 2, 15.11 and 15.10.1. */
static void test_maps(void)
{
	struct domain d = {.id = 1};
	struct svm_domain *s;

	fake_ram_init(2, 0);
	ok(!svm_ops.domain_create(&d), "a domain");
	s = d.hw;
	ok(bits_set(s->msrpm, MSRPM_BYTES) == MSRPM_BYTES * 8 &&
		   bits_set(s->iopm, IOPM_BYTES) == IOPM_BYTES * 8,
	   "at first everything is intercepted");
	svm_ops.msr_intercept(&d, 0x174, false, true);
	ok(s->msrpm[0x174 / 4] == 0xfe, "MSR 174h may be read: byte 5dh, bit 0");
	svm_ops.msr_intercept(&d, 0xc0000101, false, false);
	ok(s->msrpm[0x800 + 0x101 / 4] == 0xf3, "MSR c0000101h: byte 840h, bits 2 and 3");
	svm_ops.msr_intercept(&d, 0xc0011fff, true, false);
	ok(s->msrpm[0x17ff] == 0x7f, "MSR c0011fffh may be written: byte 17ffh, bit 7");
	svm_ops.msr_intercept(&d, 0x2000, false, false);
	svm_ops.msr_intercept(&d, 0xbfffffff, false, false);
	svm_ops.msr_intercept(&d, 0xc0012000, false, false);
	svm_ops.msr_intercept(&d, ~0u, false, false);
	ok(bits_set(s->msrpm, MSRPM_BYTES) == MSRPM_BYTES * 8 - 4, "MSRs outside change nothing");
	svm_ops.io_intercept(&d, 0x3f8, 8, false);
	ok(!s->iopm[0x3f8 / 8] && bits_set(s->iopm, IOPM_BYTES) == IOPM_BYTES * 8 - 8,
	   "eight ports open, no other");
	svm_ops.io_intercept(&d, 0xffff, 4, false);
	ok(s->iopm[0x1fff] == 0x7f && s->iopm[0x2000] == 0xff && s->iopm[0] == 0xff,
	   "ports end at ffffh; an access across the end stays intercepted");
	svm_ops.io_intercept(&d, 0x3f8, 8, true);
	ok(s->iopm[0x3f8 / 8] == 0xff, "and closed again");
	svm_ops.domain_destroy(&d);
	svm_ops.domain_destroy(&d);
	ok(!fake_pages_bytes && !d.hw, "destroyed twice: all memory is back");
	for (fake_fail_at = 1; fake_fail_at <= 3; fake_fail_at++) {
		u32 n = fake_fail_at;

		ok(svm_ops.domain_create(&d) == -MB_ENOMEM && !fake_pages_bytes && !d.hw,
		   "no memory at one of three places: nothing is left");
		fake_fail_at = n;
	}
}

/* The MSR follows the domain that is loaded, and is written only when it changes. */
static void test_tsc_ratio(void)
{
	struct domain plain = {.id = 3}, scaled = {.id = 3, .tsc_ratio = BIT(31)};
	struct svm_vcpu s = {0};
	struct vcpu v = {.dom = &plain, .hw = &s};
	struct svm_cpu c = {.tsc_ratio = TSC_RATIO_ONE, .predicted_for = 3};

	this_cpu()->vendor = &c;
	writes = 0;
	svm_ops.vcpu_load(&v);
	ok(vcaps.tsc_scaling && !writes, "TSC scaling: a domain at the machine's rate needs none");
	v.dom = &scaled;
	svm_ops.vcpu_load(&v);
	ok(writes == 1 && last_msr == MSR_TSC_RATIO && last_value == BIT(31),
	   "one with its own sets the ratio");
	svm_ops.vcpu_load(&v);
	ok(writes == 1, "once");
	v.dom = &plain;
	svm_ops.vcpu_load(&v);
	ok(writes == 2 && last_value == BIT(32), "and the next one takes it back");
	this_cpu()->vendor = NULL;
}

/* Would a PAUSE exit from a run that begins so? */
static bool pause_exits(struct vcpu *v, bool wanted, u64 rflags)
{
	svm_ops.set_exiting(v, EXITING_PAUSE, wanted);
	v->rflags = rflags;
	v->intr = -1;
	svm_inject_arm(v);
	return svm_vcpu(v)->vmcb->intercept1 & INTERCEPT1_PAUSE;
}

static void test_pause(struct vcpu *v, bool filter)
{
	ok(pause_exits(v, true, RFLAGS_IF) == filter && pause_exits(v, true, 0) == filter,
	   filter ? "PAUSE exits when the core wants it" : "PAUSE never exits without a filter");
	ok(!pause_exits(v, false, RFLAGS_IF) && !pause_exits(v, false, 0), "and else not");
	svm_caps.bochs = true;
	ok(pause_exits(v, false, 0), "Bochs, IF clear: always, no interrupt would end a spin");
	ok(!pause_exits(v, false, RFLAGS_IF) && pause_exits(v, true, RFLAGS_IF) == filter,
	   "IF set again: as elsewhere");
	svm_vcpu(v)->vmcb->intercept1 |= INTERCEPT1_CPUID;
	svm_ops.set_exiting(v, EXITING_CPUID, false);
	ok(svm_vcpu(v)->vmcb->intercept1 & INTERCEPT1_CPUID, "and CPUID always exits there");
	svm_caps.bochs = false;
	svm_ops.set_exiting(v, EXITING_CPUID, false);
	ok(!(svm_vcpu(v)->vmcb->intercept1 & INTERCEPT1_CPUID), "elsewhere dom0 may have it all");
}

static void test_help(void)
{
	struct vmcb b = {0};
	struct svm_vcpu s = {.vmcb = &b};
	struct vcpu v = {.hw = &s};

	good_machine();
	npt_edx = CPUID_8A_EDX_NPT;
	svm_ops.probe();
	ok(!svm_caps.nrips && !svm_caps.decode && !svm_caps.flush_asid && !svm_caps.pause &&
		   !vcaps.leaf_1g,
	   "a machine without help");
	test_pause(&v, false);
	npt_edx |= CPUID_8A_EDX_NRIPS | CPUID_8A_EDX_DECODE_ASSISTS | CPUID_8A_EDX_FLUSH_BY_ASID |
		   CPUID_8A_EDX_PAUSE_FILTER | CPUID_8A_EDX_VGIF;
	cpu_info.features |= BIT(CPU_FEAT_PAGE1GB);
	svm_ops.probe();
	ok(svm_caps.nrips && svm_caps.decode && svm_caps.flush_asid && svm_caps.pause &&
		   vcaps.leaf_1g,
	   "a machine with all of it");
	ok(hw_help_masks().unused == BIT(HW_HELP_VGIF), "VGIF is named, without a use");
	test_pause(&v, true);
	svm_ops.set_exiting(&v, EXITING_HLT, true);
	ok(b.intercept1 & INTERCEPT1_HLT, "HLT exits");
	svm_ops.set_exiting(&v, EXITING_HLT, false);
	ok(!(b.intercept1 & INTERCEPT1_HLT), "and no longer");
	ok(!vcaps.tsc_scaling, "TSC scaling apart: not offered here");
	npt_edx |= CPUID_8A_EDX_TSC_SCALE;
	svm_ops.probe();
	test_tsc_ratio();
	ok(!option_nohelp.parse("all") && !svm_ops.probe() && !svm_caps.nrips && !svm_caps.decode &&
		   !svm_caps.flush_asid && !svm_caps.pause && !vcaps.leaf_1g &&
		   !vcaps.tsc_scaling,
	   "nohelp=all: as one without");
}

int main(void)
{
	fake_cpu_set(0);
	test_probe();
	test_maps();
	test_help();
	return tap_done();
}
