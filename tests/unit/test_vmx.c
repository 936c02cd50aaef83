// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMCS between the core and the CPU, without a CPU: what is armed and what is settled after an
 * exit, what the consistency check refuses, exits translated, control registers, EFER. The test
 * plays the hardware by writing the fields it would write.
 *
 * SOURCES: vmx/inject.c vmx/exit.c vmx/state.c vmx/vmcs.c hv/cr3_trace.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c tests/fake_arch/fake_vmx.c
 */
#include <string.h>

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/dr.h"
#include "arch/x86/msr.h"
#include "arch/x86/trap.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/vlapic_hw.h"
#include "hv/guest_mem.h"
#include "hv/vcpu.h"
#include "tap.h"
#include "vmx/vmx.h"

#define CR4_ALLOWED 0x3707fful

struct vendor_caps vcaps = {.cr3_targets = 2};
struct vmx_caps vmx_caps = {
	.pin = PIN_INTR | PIN_NMI | PIN_VIRTUAL_NMI,
	.proc = PROC_TPR_SHADOW | PROC_SECONDARY,
	.cr4 = CR4_ALLOWED,
	.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
};
const char vmx_exit_point[1];

static u8 maps[0x3000] ALIGNED(4096);
static struct vmx_domain vmx_domain = {.io = maps, .msr = maps};
static struct domain domain = {.hw = &vmx_domain};
static struct vmx_vcpu part;
static struct vmx_vcpu *s = &part;
static struct vmx_cpu cpu;
static struct vlapic_page apic_page;
static struct vcpu vcpu = {.dom = &domain, .hw = &part, .lapic = {.page = &apic_page}};
static struct vcpu *v = &vcpu;
static u32 threshold, flushes;
static u64 pdptes[4];

struct vmx_cpu *vmx_this_cpu(void)
{
	return &cpu;
}

u32 vlapic_tpr_threshold(const struct vcpu *t)
{
	(void)t;
	return threshold;
}

static u32 returned;

void vlapic_hw_return(struct vcpu *t, u8 vector)
{
	(void)t;
	returned = vector;
}

/* vmx/apic.c has a test of its own. */
void vmx_apic_create(struct vcpu *t)
{
	(void)t;
}

void vmx_apic_arm(struct vcpu *t)
{
	(void)t;
}

void ept_flush_guest(struct vcpu *t)
{
	(void)t;
	flushes++;
}

u64 desc_idt_base(void)
{
	return 0;
}

int guest_read(struct domain *d, gpa_t gpa, void *buf, u32 size)
{
	(void)d;
	if (gpa.v != 0x5000)
		return -MB_EFAULT;
	memcpy(buf, pdptes, size);
	return 0;
}

static u64 get(u32 field)
{
	return fake_vmcs[field];
}

static void put(u32 field, u64 value)
{
	fake_vmcs[field] = value;
}

static void start(enum vcpu_mode mode)
{
	struct vcpu_start st = {.mode = mode, .rip = 0x100000, .cr3 = 0x5000, .sipi_vector = 0x9a};

	vmx_reset_state(v, &st);
	v->inject.kind = INJECT_NONE;
	v->intr = -1;
	v->nmi_blocked = false;
	v->rflags = RFLAGS_FIXED | RFLAGS_IF;
	put(VMCS_GUEST_RFLAGS, v->rflags);
	put(VMCS_IDT_EVENT, 0);
	put(VMCS_EXIT_QUAL, 0);
	s->reason = REASON_INTR;
	s->iret_exiting = false;
	threshold = 0;
	fake_dr6 = DR6_RESET;
}

static void shadow(u32 bits)
{
	put(VMCS_INT_STATE, bits);
	s->int_state = s->int_state_hw = bits;
}

static u64 arm(void)
{
	vmx_inject_arm(v);
	return get(VMCS_ENTRY_EVENT);
}

static u64 arm_exception(u8 vector, bool has_error, u32 error)
{
	v->inject = (struct vcpu_inject){INJECT_EXC, vector, has_error, error};
	return arm();
}

static bool window(u32 bit)
{
	return get(VMCS_PROC) & bit;
}

static void test_arm(void)
{
	start(VCPU_LONG64);
	ok(arm_exception(TRAP_GP, true, 0x18) == (EVENT_VALID | EVENT_HAS_ERROR | 3 << 8 | 13) &&
		   get(VMCS_ENTRY_ERROR) == 0x18, "#GP with its error code");
	start(VCPU_SIPI);
	ok(arm_exception(TRAP_GP, true, 0x18) == (EVENT_VALID | 3 << 8 | 13),
	   "no error code in real mode");
	start(VCPU_FLAT32);
	fake_dr6 |= 3;
	ok(arm_exception(TRAP_DB, false, DR6_BS) == (EVENT_VALID | 3 << 8 | 1) &&
		   fake_dr6 == (DR6_RESET | DR6_BS), "single step: #DB, DR6.BS is set for it");
	put(VMCS_PENDING_DB, 2);
	arm_exception(TRAP_DB, false, DR6_BS);
	ok(fake_dr6 == (DR6_RESET | DR6_BS | 2), "with the breakpoint that was pending");
	start(VCPU_FLAT32);
	v->inject.kind = INJECT_NMI;
	ok(arm() == (EVENT_VALID | 2 << 8 | 2) && !window(PROC_NMI_WINDOW), "NMI");
	start(VCPU_FLAT32);
	v->intr = 0x51;
	ok(arm() == (EVENT_VALID | 0x51) && !window(PROC_INTR_WINDOW), "interrupt");
	start(VCPU_FLAT32);
	s->iret_exiting = true;
	ok(!arm() && window(PROC_NMI_WINDOW), "the end of an NMI handler is waited for");
	threshold = 5;
	arm();
	ok(get(VMCS_TPR_THRESHOLD) == 5, "TPR threshold");
}

static void test_windows(void)
{
	start(VCPU_LONG64);
	v->intr = 0x51;
	v->rflags = RFLAGS_FIXED;
	ok(!arm() && window(PROC_INTR_WINDOW), "IF clear: a window is asked for");
	v->rflags |= RFLAGS_IF;
	ok(arm() == (EVENT_VALID | 0x51) && !window(PROC_INTR_WINDOW), "and closed again");
	shadow(INT_STATE_STI);
	ok(!arm() && window(PROC_INTR_WINDOW), "STI: not yet");
	shadow(INT_STATE_MOV_SS);
	ok(!arm() && window(PROC_INTR_WINDOW), "MOV SS: not yet");
	shadow(0);
	arm_exception(TRAP_UD, false, 0);
	ok(window(PROC_INTR_WINDOW), "an exception goes first");
	start(VCPU_LONG64);
	v->inject.kind = INJECT_NMI;
	shadow(INT_STATE_MOV_SS);
	ok(!arm() && window(PROC_NMI_WINDOW) && v->inject.kind == INJECT_NMI, "NMI after MOV SS");
	s->reason = REASON_NMI_WINDOW;
	vmx_inject_settle(v);
	vmx_decode_exit(v);
	ok(v->exit.code == MB_EXIT_WINDOW && !v->exit.window.nmi && v->inject.kind == INJECT_NMI,
	   "its window is not the end of a handler");
	shadow(INT_STATE_STI);
	ok(arm() == (EVENT_VALID | 2 << 8 | 2) && !get(VMCS_INT_STATE),
	   "NMI after STI: at once, the shadow ends");
}

static void test_single_step(void)
{
	start(VCPU_LONG64);
	shadow(INT_STATE_MOV_SS);
	v->rflags |= RFLAGS_TF;
	arm();
	ok(get(VMCS_PENDING_DB) == PENDING_DB_BS, "TF in a shadow: the step is pending");
	put(VMCS_GUEST_DEBUGCTL, 2);
	arm();
	ok(!get(VMCS_PENDING_DB), "not with BTF");
	put(VMCS_PENDING_DB, PENDING_DB_BS | 1);
	v->rflags &= ~RFLAGS_TF;
	arm();
	ok(get(VMCS_PENDING_DB) == 1, "nor without TF; a breakpoint stays");
}

static void test_settle_interrupt(void)
{
	start(VCPU_LONG64);
	v->intr = 0x51;
	arm();
	vmx_inject_settle(v);
	ok(v->intr < 0, "interrupt taken");
	v->intr = 0x51;
	v->rflags = RFLAGS_FIXED;
	arm();
	vmx_inject_settle(v);
	ok(v->intr == 0x51, "not given: back");
	v->rflags |= RFLAGS_IF;
	arm();
	put(VMCS_IDT_EVENT, EVENT_VALID | 0x51);
	vmx_inject_settle(v);
	ok(v->intr == 0x51 && !returned, "broken off on its way: back");
	v->intr = -1;
	v->lapic.hw_on = true;
	arm();
	vmx_inject_settle(v);
	ok(v->intr < 0 && returned == 0x51, "one that the CPU delivered: back into IRR");
	v->lapic.hw_on = false;
	v->intr = 0x51;
	put(VMCS_IDT_EVENT, 0);
	arm();
	s->reason = REASON_ENTRY_FAILED | REASON_BAD_GUEST;
	vmx_inject_settle(v);
	ok(v->intr == 0x51, "a refused entry has delivered nothing");
}

static void settle_with(u32 info, u32 error)
{
	put(VMCS_IDT_EVENT, info);
	put(VMCS_IDT_ERROR, error);
	vmx_inject_settle(v);
}

static void test_settle_exception(void)
{
	start(VCPU_LONG64);
	arm_exception(TRAP_PF, true, 6);
	settle_with(0, 0);
	ok(v->inject.kind == INJECT_NONE, "exception delivered");
	arm_exception(TRAP_PF, true, 6);
	settle_with(EVENT_VALID | EVENT_HAS_ERROR | EVENT_TYPE_EXC << 8 | TRAP_PF, 6);
	ok(v->inject.kind == INJECT_EXC && v->inject.vector == TRAP_PF && v->inject.has_error &&
		   v->inject.error == 6, "broken off: offered again as it was");
	arm();
	settle_with(EVENT_VALID | EVENT_TYPE_EXC << 8 | TRAP_DB, 0x1234);
	ok(v->inject.kind == INJECT_EXC && !v->inject.error, "#DB again: nothing more for DR6");
	for (u32 type = 4; type <= 6; type++) {
		arm();
		settle_with(EVENT_VALID | type << 8 | 3, 0);
		ok(v->inject.kind == INJECT_NONE, "software's own runs again, it is not injected");
	}
	shadow(INT_STATE_NMI);
	settle_with(EVENT_VALID | EVENT_TYPE_NMI << 8 | 2, 0);
	ok(v->inject.kind == INJECT_NMI && arm() == (EVENT_VALID | 2 << 8 | 2) &&
		   !(get(VMCS_INT_STATE) & INT_STATE_NMI), "NMI broken off: again, not blocked");
	s->reason = REASON_INSN_FAILED;
	settle_with(0, 0);
	ok(v->inject.kind == INJECT_NMI, "a refused entry has delivered nothing");
}

static void test_nmi_blocking(void)
{
	start(VCPU_LONG64);
	s->reason = REASON_EPT_VIOLATION;
	put(VMCS_EXIT_QUAL, EPT_IRET_UNBLOCKED);
	vmx_inject_settle(v);
	ok(s->int_state & INT_STATE_NMI, "an IRET that faults in the EPT blocks again");
	start(VCPU_LONG64);
	s->reason = REASON_EVENT;
	put(VMCS_EXIT_EVENT, EVENT_VALID | EVENT_IRET_UNBLOCKED | EVENT_TYPE_EXC << 8 | TRAP_AC);
	vmx_inject_settle(v);
	ok(s->int_state & INT_STATE_NMI, "one that raises #AC too");
	start(VCPU_LONG64);
	s->reason = REASON_EVENT;
	put(VMCS_EXIT_EVENT, EVENT_VALID | EVENT_TYPE_NMI << 8 | 2);
	shadow(INT_STATE_NMI);
	vmx_inject_settle(v);
	ok(s->int_state & INT_STATE_NMI, "an NMI exit leaves what the CPU saved");
	vmx_caps.bochs = true;
	v->nmi_blocked = true;
	vmx_inject_settle(v);
	ok(s->int_state & INT_STATE_NMI, "on Bochs too, in a handler");
	v->nmi_blocked = false;
	vmx_inject_settle(v);
	ok(!(s->int_state & INT_STATE_NMI), "but not outside");
	vmx_caps.bochs = false;
}

static bool refused(const char *what)
{
	const char *why = vmcs_check();

	return why && strstr(why, what);
}

static void test_check(void)
{
	static const enum vcpu_mode modes[] = {VCPU_INIT, VCPU_SIPI, VCPU_FLAT32, VCPU_LONG64};
	bool fine = true;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		start(modes[i]);
		fine = fine && !vmcs_check();
	}
	ok(fine, "every start state is one that the CPU accepts");
	start(VCPU_SIPI);
	ok(get(VMCS_GUEST_BASE + 2) == 0x9a000 && get(VMCS_GUEST_SEL + 2) == 0x9a00 &&
		   !(get(VMCS_GUEST_CR0) & (CR0_CD | CR0_NW)) && get(VMCS_GUEST_CR0) & CR0_NE &&
		   get(VMCS_GUEST_CR4) & CR4_VMXE, "SIPI: caches on, code at the vector's page");
	start(VCPU_LONG64);
	put(VMCS_GUEST_RIP, 0x1234000000000000);
	ok(refused("RIP"), "RIP that is not canonical");
	start(VCPU_FLAT32);
	put(VMCS_GUEST_RIP, BIT(32));
	ok(refused("RIP"), "RIP beyond 32 bits");
	start(VCPU_LONG64);
	put(VMCS_ENTRY, get(VMCS_ENTRY) & ~(u64)ENTRY_LONG_MODE);
	ok(refused("LMA"), "EFER.LMA against the entry control");
	start(VCPU_LONG64);
	put(VMCS_GUEST_CR4, CR4_VMXE);
	ok(refused("PAE"), "long mode without PAE");
	start(VCPU_LONG64);
	put(VMCS_GUEST_AR + 2, 0xe09b);
	ok(refused("CS.L"), "CS.L and CS.D");
	start(VCPU_LONG64);
	put(VMCS_GUEST_AR + 14, 0x89);
	ok(refused("TSS"), "TR is not busy");
	start(VCPU_LONG64);
	put(VMCS_LINK, 0);
	ok(refused("link"), "link pointer");
	put(VMCS_LINK, ~0ul);
	put(VMCS_GUEST_RFLAGS, 0);
	ok(refused("RFLAGS"), "RFLAGS bit 1");
	start(VCPU_LONG64);
	put(VMCS_INT_STATE, 3);
	ok(refused("STI and by MOV SS"), "two shadows");
	start(VCPU_LONG64);
	put(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	put(VMCS_ENTRY_EVENT, EVENT_VALID | 0x51);
	ok(refused("interrupt"), "interrupt with IF clear");
}

static enum mb_exit decode(u32 reason, u64 qual, u32 event)
{
	s->reason = reason;
	put(VMCS_EXIT_QUAL, qual);
	put(VMCS_EXIT_EVENT, event);
	vmx_decode_exit(v);
	return v->exit.code;
}

static void test_decode(void)
{
	start(VCPU_LONG64);
	put(VMCS_EXIT_INSN_LEN, 3);
	ok(decode(REASON_CPUID, 0, 0) == MB_EXIT_CPUID && v->exit.insn_len == 3, "CPUID");
	ok(decode(REASON_IO, 0x3f8ul << 16 | 0x38, 0) == MB_EXIT_IO && v->exit.io.port == 0x3f8 &&
		   v->exit.io.size == 1 && v->exit.io.in && v->exit.io.string && v->exit.io.rep,
	   "REP INSB");
	ok(decode(REASON_CR, 13 << 8 | 4, 0) == MB_EXIT_CR && v->exit.cr.cr == 4 &&
		   v->exit.cr.gpr == 13 && v->exit.cr.write, "MOV R13 to CR4");
	ok(decode(REASON_CR, 1 << 4 | 3, 0) == MB_EXIT_CR && !v->exit.cr.write, "MOV from CR3");
	put(VMCS_GUEST_PA, 0xfee00300);
	ok(decode(REASON_EPT_VIOLATION, 0x182, 0) == MB_EXIT_NPF && v->exit.npf.write &&
		   !v->exit.npf.walk && v->exit.npf.gpa.v == 0xfee00300 && !v->exit.insn_len,
	   "EPT violation: a write");
	decode(REASON_EPT_VIOLATION, 0x81, 0);
	ok(v->exit.npf.walk && !v->exit.npf.write, "in the page walk");
	decode(REASON_EPT_VIOLATION, 0x184, 0);
	ok(v->exit.npf.exec, "a fetch");
	put(VMCS_EXIT_ERROR, 0);
	ok(decode(REASON_EVENT, 0, EVENT_VALID | EVENT_HAS_ERROR | 3 << 8 | TRAP_AC) ==
			   MB_EXIT_EXCEPTION && v->exit.exc.vector == TRAP_AC &&
		   v->exit.exc.has_error, "#AC has an error code");
	decode(REASON_EVENT, DR6_BS | 1 | BIT(12), EVENT_VALID | 3 << 8 | TRAP_DB);
	ok(!v->exit.exc.has_error && v->exit.exc.error == (DR6_BS | 1), "#DB: bits for DR6");
	ok(v->rip == 0x100000, "a fault or trap: RIP is right");
	decode(REASON_EVENT, 0, EVENT_VALID | 5 << 8 | TRAP_DB);
	ok(v->rip == 0x100003, "INT1: RIP after it");
	ok(decode(REASON_EVENT, 0, EVENT_VALID | 2 << 8 | 2) == MB_EXIT_NMI, "NMI");
	ok(decode(REASON_NMI_WINDOW, 0, 0) == MB_EXIT_WINDOW && v->exit.window.nmi, "NMI window");
	ok(decode(REASON_TPR, 0, 0) == MB_EXIT_WINDOW && !v->exit.window.nmi, "TPR below");
	ok(decode(REASON_TASK_SWITCH, 0, 0) == MB_EXIT_OTHER && strstr(v->exit.what, "task"),
	   "task switch, in words");
	ok(decode(0x4000, 0, 0) == MB_EXIT_OTHER && !v->exit.what, "a reason that nobody knows");
	for (u32 r = 19; r <= 27; r++)
		if (decode(r, 0, 0) != MB_EXIT_VMINSN)
			ok(false, "VMX instructions");
	put(VMCS_INSN_ERROR, 7);
	ok(decode(REASON_INSN_FAILED, 0, 0) == MB_EXIT_INVALID && v->exit.hw_info1 == 7 &&
		   strstr(v->exit.what, "control"), "VM-instruction error");
	ok(decode(REASON_ENTRY_FAILED | REASON_BAD_GUEST, 4, 0) == MB_EXIT_INVALID &&
		   v->exit.hw_info1 == 4, "failed entry");
}

static u64 shown_cr(u32 n)
{
	struct vcpu_sys sys;

	vmx_read_sys(v, &sys);
	return n ? sys.cr4 : sys.cr0;
}

static void test_cr0(void)
{
	struct vcpu_sys sys;

	start(VCPU_SIPI);
	ok(shown_cr(0) == CR0_ET && shown_cr(4) == 0, "the guest sees neither NE, VMXE nor MCE");
	ok(vmx_cr_write(v, 0, CR0_PE | CR0_CD | CR0_NW) &&
		   shown_cr(0) == (CR0_PE | CR0_ET | CR0_CD | CR0_NW) &&
		   !(get(VMCS_GUEST_CR0) & CR0_CD), "CD and NW are shown, not done");
	ok(!vmx_cr_write(v, 0, CR0_PE | CR0_NW) && !vmx_cr_write(v, 0, CR0_PG) &&
		   !vmx_cr_write(v, 0, BIT(32)), "what the CPU refuses is #GP");
	put(VMCS_GUEST_EFER, EFER_LME);
	ok(!vmx_cr_write(v, 0, CR0_PE | CR0_PG), "long mode without PAE: #GP");
	put(VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE);
	flushes = 0;
	ok(vmx_cr_write(v, 0, CR0_PE | CR0_PG | CR0_NE) && flushes == 1, "PG and NE at once");
	vmx_read_sys(v, &sys);
	ok(sys.efer == (EFER_LME | EFER_LMA) && get(VMCS_ENTRY) & ENTRY_LONG_MODE && !sys.cs_long,
	   "long mode is active, compatibility mode");
	ok(!vmcs_check(), "and the CPU would accept it");
	ok(vmx_cr_write(v, 0, CR0_PE) && get(VMCS_GUEST_EFER) == EFER_LME &&
		   !(get(VMCS_ENTRY) & ENTRY_LONG_MODE), "PG off: long mode ends");
	start(VCPU_LONG64);
	ok(!vmx_cr_write(v, 0, CR0_PE), "not out of 64-bit code");
}

static void test_cr4(void)
{
	start(VCPU_LONG64);
	ok(!vmx_cr_write(v, 4, CR4_PAE | CR4_VMXE) && !vmx_cr_write(v, 4, 0) &&
		   !vmx_cr_write(v, 4, CR4_PAE | CR4_LA57), "VMXE, no PAE, LA57: #GP");
	ok(!vmx_cr_write(v, 4, CR4_PAE | BIT(40)), "an unknown bit: #GP");
	cpu_info.features |= BIT(CPU_FEAT_MCE);
	ok(vmx_cr_write(v, 4, CR4_PAE | CR4_PGE) && shown_cr(4) == (CR4_PAE | CR4_PGE) &&
		   get(VMCS_GUEST_CR4) == (CR4_PAE | CR4_PGE | CR4_VMXE | CR4_MCE),
	   "MCE stays set behind the shadow");
	vmx_caps.cr4 |= CR4_PCIDE;
	put(VMCS_GUEST_CR3, 0x5018);
	ok(!vmx_cr_write(v, 4, CR4_PAE | CR4_PCIDE), "PCIDE with bits in CR3: #GP");
	put(VMCS_GUEST_CR3, 0x5000);
	ok(vmx_cr_write(v, 4, CR4_PAE | CR4_PCIDE), "PCIDE");
	vmx_caps.cr4 = CR4_ALLOWED;
}

static void test_pae(void)
{
	start(VCPU_FLAT32);
	cpu_info.phys_mask = BIT(40) - 1;
	put(VMCS_GUEST_CR3, 0x5000);
	put(VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE);
	pdptes[3] = 0x7001;
	ok(vmx_cr_write(v, 0, CR0_PE | CR0_PG | CR0_NE) && get(VMCS_GUEST_PDPTE + 6) == 0x7001,
	   "PAE paging: the four entries are loaded");
	pdptes[3] = 0x7003;
	ok(!vmx_cr_write(v, 3, 0x5000), "a reserved bit in one: #GP");
	pdptes[3] = 0x7002;
	ok(vmx_cr_write(v, 3, 0x5000), "not if it is absent");
	ok(!vmx_cr_write(v, 3, 0x9000), "no memory there: #GP");
}

static void test_cr3_targets(void)
{
	start(VCPU_LONG64);
	ok(vmx_cr_write(v, 3, 0x6000) && !get(VMCS_CR3_TARGETS), "CR3 without exits: no targets");
	s->proc |= PROC_CR3_LOAD;
	flushes = 0;
	ok(vmx_cr_write(v, 3, 0x6000 | CR3_NOFLUSH) && get(VMCS_GUEST_CR3) == 0x6000 && !flushes,
	   "CR3 with bit 63 keeps the TLB");
	ok(get(VMCS_CR3_TARGETS) == 1 && get(VMCS_CR3_TARGET) == (0x6000 | CR3_NOFLUSH),
	   "its operand is a target");
	vmx_cr_write(v, 3, 0x7000);
	vmx_cr_write(v, 3, 0x8000);
	ok(get(VMCS_CR3_TARGETS) == 2 && flushes == 2, "as many as there are");
	s->proc &= ~PROC_CR3_LOAD;
}

static void test_msrs(void)
{
	u64 value;

	start(VCPU_LONG64);
	ok(!vmx_msr_write(v, MSR_EFER, EFER_SVME) && !vmx_msr_write(v, MSR_EFER, 0),
	   "EFER: no unknown bit, LME stays under paging");
	ok(vmx_msr_write(v, MSR_EFER, EFER_LME | EFER_NXE) && vmx_msr_read(v, MSR_EFER, &value) &&
		   value == (EFER_LME | EFER_LMA | EFER_NXE), "LMA cannot be written");
	ok(!vmx_msr_write(v, MSR_PAT, 2) && vmx_msr_write(v, MSR_PAT, 0x0606060606060606),
	   "PAT types");
	ok(vmx_msr_read(v, MSR_FEATURE_CONTROL, &value) && value == 1 &&
		   !vmx_msr_write(v, MSR_FEATURE_CONTROL, 5), "FEATURE_CONTROL: locked, no VMX");
	ok(!vmx_msr_read(v, MSR_VMX_BASIC, &value), "VMX MSRs: #GP");
	ok(vmx_msr_write(v, MSR_DEBUGCTL, 3) && vmx_msr_read(v, MSR_DEBUGCTL, &value) &&
		   value == 2 && !vmx_msr_write(v, MSR_DEBUGCTL, BIT(20)), "DEBUGCTL: BTF");
	vmx_msr_write(v, MSR_DEBUGCTL, 0);
}

int main(void)
{
	fake_cpu_set(0);
	fake_ram_init(1, 0);
	vmcs_create(v);
	vmx_load(s->vmcs_pa);
	cpu.vmcs = s;
	test_arm();
	test_windows();
	test_single_step();
	test_settle_interrupt();
	test_settle_exception();
	test_nmi_blocking();
	test_check();
	test_decode();
	test_cr0();
	test_cr4();
	test_pae();
	test_cr3_targets();
	test_msrs();
	return tap_done();
}
