// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this machine fit for VMX, and the permission maps. A machine that is not must be told in one
 * line what is missing, before anything is switched on; a wrong bit in a map opens a port or an MSR
 * of the machine to a guest. probe.c and vmx.c are read in here, with CPUID and MSRs that the test
 * answers.
 *
 * SOURCES: hv/hwhelp.c tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c
 * SOURCES: tests/fake_arch/fake_vmx.c
 */
#include <string.h>

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "arch/x86/trap.h"
#include "fake.h"
#include "hv/cmdline_options.h"
#include "hv/domain.h"
#include "hv/vcpu.h"
#include "tap.h"

#define MSRS 0x500

struct vendor_caps vcaps;

static u64 msrs[MSRS];
static bool feature_missing, bochs;
static u32 writes;

static u64 test_rdmsr(u32 msr)
{
	return msr < MSRS ? msrs[msr] : 0;
}

/* vmx/apic.c has a test of its own. */
void vmx_apic_probe(void)
{
}

void vmx_apic_msrs(u8 *map)
{
	(void)map;
}

static void test_wrmsr(u32 msr, u64 value)
{
	if (msr < MSRS)
		msrs[msr] = value;
	writes++;
}

static int test_rdmsr_safe(u32 msr, u64 *value)
{
	*value = test_rdmsr(msr);
	return msr == MSR_FEATURE_CONTROL && feature_missing ? -MB_EIO : 0;
}

static int test_wrmsr_safe(u32 msr, u64 value)
{
	test_wrmsr(msr, value);
	return 0;
}

static u64 test_cr4;

static u64 test_read_cr4(void)
{
	return test_cr4;
}

static void test_write_cr4(u64 value)
{
	test_cr4 = value;
	writes++;
}

bool cpu_is_bochs(void)
{
	return bochs;
}

void trap_interrupt(unsigned int vector)
{
	(void)vector;
}

/* From here on the instructions of both are those above; its headers are read already. */
#define rdmsr test_rdmsr
#define wrmsr test_wrmsr
#define rdmsr_safe test_rdmsr_safe
#define wrmsr_safe test_wrmsr_safe
#define read_cr4 test_read_cr4
#define write_cr4 test_write_cr4
#include "vmx/probe.c"
#include "vmx/vmx.c"

/* ---- what the rest of vmx/ would do, never reached ---- */

#define UNREACHED(decl, ...) decl { __VA_ARGS__; abort(); }
#include <stdlib.h>
UNREACHED(bool vmcs_create(struct vcpu *v), (void)v)
UNREACHED(void vmcs_destroy(struct vmx_vcpu *s), (void)s)
UNREACHED(void vmcs_set_host(void), )
UNREACHED(bool vmcs_borrow(struct vmx_vcpu *s), (void)s)
UNREACHED(void vmcs_return(struct vmx_vcpu *s), (void)s)
UNREACHED(const char *vmcs_check(void), )
UNREACHED(void vmcs_dump(void), )
UNREACHED(bool vmx_enter(struct guest_regs *r, bool l, u64 f), (void)r, (void)l, (void)f)
UNREACHED(void vmx_apic_create(struct vcpu *v), (void)v)
UNREACHED(void vmx_apic_arm(struct vcpu *v), (void)v)
UNREACHED(void vmx_apic_settle(struct vcpu *v), (void)v)
UNREACHED(void vmx_decode_exit(struct vcpu *v), (void)v)
UNREACHED(void vmx_inject_arm(struct vcpu *v), (void)v)
UNREACHED(void vmx_inject_settle(struct vcpu *v), (void)v)
UNREACHED(void vmx_reset_state(struct vcpu *v, const struct vcpu_start *s), (void)v, (void)s)
UNREACHED(void vmx_read_sys(struct vcpu *v, struct vcpu_sys *s), (void)v, (void)s)
UNREACHED(bool vmx_msr_read(struct vcpu *v, u32 m, u64 *x), (void)v, (void)m, (void)x)
UNREACHED(bool vmx_msr_write(struct vcpu *v, u32 m, u64 x), (void)v, (void)m, (void)x)
UNREACHED(bool vmx_cr_write(struct vcpu *v, u32 c, u64 x), (void)v, (void)c, (void)x)
UNREACHED(u64 ept_entry(hpa_t a, u32 p, bool l, enum mem_type t), (void)a, (void)p, (void)l,
	  (void)t)
UNREACHED(u64 ept_pointer(hpa_t r), (void)r)
UNREACHED(void ept_prepare_tlb(struct vcpu *v), (void)v)

/* ---- tests ---- */

static void may(u32 msr, u32 bits, bool on)
{
	u64 high = (u64)bits << 32;

	msrs[msr] = on ? msrs[msr] | high : msrs[msr] & ~high;
}

/* As a recent CPU: everything may be 1; what always was 1 need not with the true MSRs. */
static void good_machine(void)
{
	memset(msrs, 0, sizeof(msrs));
	cpu_info.features = BIT(CPU_FEAT_VMX) | BIT(CPU_FEAT_NX);
	msrs[MSR_FEATURE_CONTROL] = 5;
	msrs[MSR_VMX_BASIC] = 0x12 | 6ul << 50 | BIT(55);
	msrs[MSR_VMX_PIN] = 0xffffffff00000016;
	msrs[MSR_VMX_PROC] = 0xffffffff0401e172;
	msrs[MSR_VMX_EXIT] = 0xffffffff00036dff;
	msrs[MSR_VMX_ENTRY] = 0xffffffff000011ff;
	msrs[MSR_VMX_TRUE_PIN] = 0xffffffff00000016;
	msrs[MSR_VMX_TRUE_PROC] = 0xffffffff04006172;
	msrs[MSR_VMX_TRUE_EXIT] = 0xffffffff00036dfb;
	msrs[MSR_VMX_TRUE_ENTRY] = 0xffffffff000011fb;
	msrs[MSR_VMX_PROC2] = 0xffffffff00000000;
	msrs[MSR_VMX_MISC] = 4 << 16 | BIT(6);
	msrs[MSR_VMX_CR4_FIXED1] = 0x3767ff;
	msrs[MSR_VMX_EPT_VPID_CAP] = 0xf0106734141;
	feature_missing = bochs = false;
	writes = 0;
	fake_printed = 0;
}

/* Refused, with one line that has the word, and without touching the machine. */
static void refused(const char *what, const char *word)
{
	ok(vmx_ops.probe() == -MB_ENODEV, what);
	ok(fake_printed == 1 && !writes && !fake_vmx_ons, "one line, nothing is switched on");
	ok(strstr(fake_last_line, "VMX: ") == fake_last_line && strstr(fake_last_line, word), word);
}

static void test_controls(void)
{
	static const struct {
		u32 msr, bit;
		const char *word;
	} needed[] = {
		{MSR_VMX_TRUE_PIN, PIN_INTR, "external-interrupt exiting"},
		{MSR_VMX_TRUE_PIN, PIN_VIRTUAL_NMI, "virtual NMIs"},
		{MSR_VMX_TRUE_PROC, PROC_TPR_SHADOW, "TPR shadow"},
		{MSR_VMX_TRUE_PROC, PROC_MSR_BITMAPS, "MSR bitmaps"},
		{MSR_VMX_TRUE_PROC, PROC_SECONDARY, "secondary controls (EPT)"},
		{MSR_VMX_TRUE_PROC, PROC_TSC_OFFSET, "processor-based controls, bit 3"},
		{MSR_VMX_PROC2, PROC2_EPT, "page tables) (secondary controls, bit 1)"},
		{MSR_VMX_PROC2, PROC2_UNRESTRICTED, "unrestricted guest"},
		{MSR_VMX_TRUE_EXIT, EXIT_ACK_INTR, "acknowledge interrupt on exit"},
		{MSR_VMX_TRUE_ENTRY, ENTRY_LOAD_EFER, "entry controls, bit 15"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		good_machine();
		may(needed[i].msr, needed[i].bit, false);
		refused("a control is missing", needed[i].word);
	}
	good_machine();
	msrs[MSR_VMX_BASIC] &= ~BIT(55);
	refused("only the old capability MSRs", "leave CR3");
	msrs[MSR_VMX_PROC] = msrs[MSR_VMX_TRUE_PROC];
	ok(!vmx_ops.probe(), "the old MSRs suffice where they say the same");
}

static void test_ept(void)
{
	static const u64 needed[] = {EPT_CAP_WALK_4, EPT_CAP_WB, EPT_CAP_2M, EPT_CAP_INVEPT,
				     EPT_CAP_INVEPT_SINGLE, EPT_CAP_INVEPT_ALL};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		good_machine();
		msrs[MSR_VMX_EPT_VPID_CAP] &= ~needed[i];
		refused("EPT lacks something", "EPT without");
	}
}

static void test_probe(void)
{
	good_machine();
	cpu_info.features = BIT(CPU_FEAT_NX);
	refused("no VMX bit", "CPUID 1");
	good_machine();
	msrs[MSR_FEATURE_CONTROL] = 1;
	refused("switched off and locked", "locked without VMX");
	good_machine();
	msrs[MSR_FEATURE_CONTROL] = 3; /* inside SMX only */
	refused("only inside SMX", "locked without VMX");
	good_machine();
	msrs[MSR_FEATURE_CONTROL] = 0;
	ok(!vmx_ops.probe() && !writes, "unlocked: fit, and not locked yet");
	good_machine();
	feature_missing = true;
	ok(!vmx_ops.probe(), "no such MSR: the outer hypervisor's choice");
	good_machine();
	msrs[MSR_VMX_BASIC] = 0x12 | BIT(55);
	refused("VMCS in uncached memory", "write-back");
	test_controls();
	test_ept();
}

static bool is_hidden(u32 leaf, u32 mask)
{
	for (u32 i = 0; i < vcaps.hidden_count; i++)
		if (vcaps.hidden[i].leaf == leaf && vcaps.hidden[i].mask == mask)
			return true;
	return false;
}

static void test_options(void)
{
	good_machine();
	ok(!vmx_ops.probe() && fake_printed == 1, "a good machine: one line");
	ok(vmx_caps.revision == 0x12 && vmx_caps.vpid && vcaps.leaf_1g && vcaps.cr3_targets == 4 &&
		   !vcaps.hidden_count, "its capabilities are kept");
	ok(!(vmx_caps.pin & PIN_TIMER) && !vmx_caps.hlt_exits, "no preemption timer, HLT is free");
	ok(!(vmx_caps.proc & (PROC_HLT | PROC_INTR_WINDOW | PROC_NMI_WINDOW | PROC_CR3_LOAD)) &&
		   !(vmx_caps.entry & ENTRY_LONG_MODE), "no vCPU starts with what is switched");
	ok(!(vmx_caps.cr4 & (CR4_VMXE | CR4_SMXE)) && vmx_caps.cr4 & CR4_MCE,
	   "CR4: what the CPU has but for VMXE and SMXE");
	good_machine();
	may(MSR_VMX_PROC2, PROC2_RDTSCP | PROC2_INVPCID, false);
	ok(!vmx_ops.probe() && vcaps.hidden_count == 3 && is_hidden(0x80000001, 1u << 27) &&
		   is_hidden(7, 1u << 22) && is_hidden(7, 1u << 10),
	   "RDTSCP, RDPID and INVPCID without a control are hidden");
	good_machine();
	may(MSR_VMX_PROC2, PROC2_VPID, false);
	ok(!vmx_ops.probe() && !vmx_caps.vpid, "it goes without VPIDs");
	good_machine();
	msrs[MSR_VMX_EPT_VPID_CAP] &= ~(BIT(32) | EPT_CAP_1G);
	ok(!vmx_ops.probe() && !vmx_caps.vpid && !(vmx_caps.proc2 & PROC2_VPID) && !vcaps.leaf_1g,
	   "no INVVPID: no VPIDs; no 1 GiB pages");
	good_machine();
	msrs[MSR_VMX_MISC] = 0;
	ok(!vmx_ops.probe() && !vcaps.cr3_targets && vmx_caps.hlt_exits,
	   "no CR3 targets, no HLT state");
	good_machine();
	bochs = true;
	ok(!vmx_ops.probe() && vmx_caps.pin & PIN_TIMER && vmx_caps.hlt_exits && vmx_caps.bochs,
	   "Bochs: preemption timer, HLT exits");
	good_machine();
	cpu_info.features |= BIT(CPU_FEAT_SPEC_CTRL) | BIT(CPU_FEAT_ARCH_CAPS) |
			     BIT(CPU_FEAT_L1D_FLUSH);
	ok(!vmx_ops.probe() && vmx_caps.flush_l1d && !vmx_caps.spec_ctrl, "L1D is flushed");
	msrs[MSR_ARCH_CAPABILITIES] = 3;
	ok(!vmx_ops.probe() && !vmx_caps.flush_l1d && vmx_caps.spec_ctrl == 1,
	   "not where the CPU need not; enhanced IBRS is used");
}

static void test_enable(void)
{
	good_machine();
	msrs[MSR_FEATURE_CONTROL] = 0;
	ok(!vmx_ops.probe() && !vmx_ops.cpu_enable() && msrs[MSR_FEATURE_CONTROL] == 5,
	   "unlocked: VMX is set and locked");
	ok(fake_vmx_ons == 1 && test_cr4 & CR4_VMXE, "and on");
	ok(fake_invept_count == 1 && fake_invept_type == INVEPT_ALL, "what was there is flushed");
	vmx_ops.cpu_disable();
	ok(!fake_vmx_ons && !(test_cr4 & CR4_VMXE), "and off");
	fake_printed = 0;
	msrs[MSR_FEATURE_CONTROL] = 1;
	ok(vmx_ops.cpu_enable() == -MB_EIO && fake_printed == 1 && !fake_vmx_ons,
	   "one CPU locked differently: one line");
}

static u32 bits_set(const u8 *map, u32 bytes)
{
	u32 n = 0;

	for (u32 i = 0; i < bytes; i++)
		n += (u32)__builtin_popcount(map[i]);
	return n;
}

/* Places by hand from the SDM, "MSR-Bitmap Address" and "I/O-Bitmap Addresses". */
static void test_maps(void)
{
	struct domain d = {.id = 1};
	struct vmx_domain *m;

	fake_pages_bytes = 0;
	ok(!vmx_ops.domain_create(&d), "a domain");
	m = d.hw;
	ok(bits_set(m->msr, MSR_BYTES) == MSR_BYTES * 8 &&
		   bits_set(m->io, IO_BYTES) == IO_BYTES * 8,
	   "at first everything is intercepted");
	vmx_ops.msr_intercept(&d, 0x174, false, true);
	ok(m->msr[0x174 / 8] == 0xef && m->msr[2048 + 0x174 / 8] == 0xff, "MSR 174h may be read");
	vmx_ops.msr_intercept(&d, 0xc0000101, false, false);
	ok(m->msr[1024 + 0x101 / 8] == 0xfd && m->msr[3072 + 0x101 / 8] == 0xfd,
	   "MSR c0000101h: 1024 bytes further");
	vmx_ops.msr_intercept(&d, 0x1fff, true, false);
	ok(m->msr[1023] == 0xff && m->msr[3071] == 0x7f, "MSR 1fffh may be written");
	vmx_ops.msr_intercept(&d, 0x2000, false, false);
	vmx_ops.msr_intercept(&d, 0xbfffffff, false, false);
	vmx_ops.msr_intercept(&d, 0xc0002000, false, false);
	vmx_ops.msr_intercept(&d, 0xc0010000, false, false);
	vmx_ops.msr_intercept(&d, ~0u, false, false);
	ok(bits_set(m->msr, MSR_APIC) == MSR_APIC * 8 - 4, "MSRs outside change nothing");
	ok(!memcmp(m->msr, m->msr + MSR_APIC, MSR_APIC), "all that in both bitmaps");
	vmx_ops.msr_intercept(&d, MSR_X2APIC_LAST, false, false);
	ok(bits_set(m->msr, MSR_APIC) == MSR_APIC * 8 - 6 &&
		   bits_set(m->msr + MSR_APIC, MSR_APIC) == MSR_APIC * 8 - 4,
	   "but x2APIC MSRs only in the one for exits");
	vmx_ops.io_intercept(&d, 0x3f8, 8, false);
	ok(!m->io[0x3f8 / 8] && bits_set(m->io, IO_BYTES) == IO_BYTES * 8 - 8,
	   "eight ports open, no other");
	vmx_ops.io_intercept(&d, 0xffff, 4, false);
	ok(m->io[0x1fff] == 0x7f && m->io[0] == 0xff, "ports end at ffffh");
	vmx_ops.io_intercept(&d, 0x3f8, 8, true);
	ok(m->io[0x3f8 / 8] == 0xff, "and closed again");
	vmx_ops.domain_destroy(&d);
	vmx_ops.domain_destroy(&d);
	ok(!fake_pages_bytes && !d.hw, "destroyed twice: all memory is back");
	for (fake_fail_at = 1; fake_fail_at <= 3; fake_fail_at++) {
		u32 n = fake_fail_at;

		ok(vmx_ops.domain_create(&d) == -MB_ENOMEM && !fake_pages_bytes && !d.hw,
		   "no memory at one of three places: nothing is left");
		fake_fail_at = n;
	}
}

int main(void)
{
	fake_cpu_set(0);
	fake_ram_init(2, 0);
	test_probe();
	test_options();
	test_enable();
	test_maps();
	return tap_done();
}
