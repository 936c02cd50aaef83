// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control block between the core and the CPU, without a CPU: what is armed and what is settled
 * after an exit, what the consistency check refuses, exits translated, EFER. The test plays the
 * hardware by writing the fields it would write.
 *
 * SOURCES: svm/inject.c svm/exit.c svm/state.c svm/vmcb.c hv/insn.c tests/fake_arch/fake_cpu.c
 * SOURCES: tests/fake_arch/fake_mem.c
 */
#include <string.h>

#include "arch/x86/cpuid.h"
#include "arch/x86/cr.h"
#include "arch/x86/dr.h"
#include "arch/x86/msr.h"
#include "arch/x86/trap.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/vcpu.h"
#include "svm/svm.h"
#include "tap.h"

struct vendor_caps vcaps;
struct svm_caps svm_caps = {
	.nrips = true,
	.asids = 8,
	.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
};

static u8 maps[0x4000] ALIGNED(4096);
static struct svm_domain svm_domain = {.iopm = maps, .msrpm = maps};
static struct domain domain = {.hw = &svm_domain};
static struct svm_vcpu svm;
static struct vcpu vcpu = {.dom = &domain, .hw = &svm};
static struct vcpu *v = &vcpu;
static struct vmcb *b;
static u32 cr8, flushed;
static u8 code[15];
static u32 fetches, returned;

/* The hypervisor's text, as linker.ld would say. */
extern const char _text_start[], _text_end[];
__asm__(".pushsection .rodata\n"
	".globl _text_start, _text_end\n"
	"_text_start: .skip 16\n"
	"_text_end: .byte 0\n"
	".popsection\n");

u64 paging_cr3(void)
{
	return 0x1f000;
}

u32 vlapic_get_cr8(const struct vcpu *t)
{
	(void)t;
	return cr8;
}

void vlapic_set_cr8(struct vcpu *t, u32 value)
{
	(void)t;
	cr8 = value;
}

void npt_flush_guest(struct vcpu *t)
{
	(void)t;
	flushed++;
}

void vlapic_hw_return(struct vcpu *t, u8 vector)
{
	(void)t;
	returned = vector;
}

void svm_apic_reset(struct vcpu *t)
{
	(void)t;
}

void svm_apic_decode(struct vcpu *t, const struct vmcb *block)
{
	(void)block;
	t->exit.apic.vector = 0x77;
}

u32 guest_fetch(struct vcpu *t, u8 *buf, u32 len)
{
	(void)t;
	fetches++;
	memcpy(buf, code, len);
	return len;
}

static void start(enum vcpu_mode mode)
{
	struct vcpu_start s = {.mode = mode, .rip = 0x100000, .sipi_vector = 0x9a};

	svm_reset_state(v, &s);
	v->inject.kind = INJECT_NONE;
	v->intr = -1;
	v->rflags = RFLAGS_FIXED | RFLAGS_IF;
	b->exitcode = VMEXIT_INTR;
	b->exitintinfo = 0;
}

static void arm_exception(u8 vector, bool has_error, u32 error)
{
	v->inject = (struct vcpu_inject){INJECT_EXC, vector, has_error, error};
	svm_inject_arm(v);
}

static void test_arm(void)
{
	start(VCPU_LONG64);
	arm_exception(TRAP_GP, true, 0x18);
	ok(b->eventinj == (0x18ul << 32 | EVENT_VALID | EVENT_HAS_ERROR | 3 << 8 | 13),
	   "#GP with its error code");
	start(VCPU_SIPI);
	arm_exception(TRAP_GP, true, 0x18);
	ok(b->eventinj == (EVENT_VALID | 3 << 8 | 13), "no error code in real mode");
	start(VCPU_FLAT32);
	arm_exception(TRAP_DB, false, DR6_BS);
	ok(b->eventinj == (EVENT_VALID | 3 << 8 | 1) && b->dr6 == (0xffff0ff0 | DR6_BS),
	   "single step: #DB, DR6.BS is set for it");
	start(VCPU_FLAT32);
	v->inject.kind = INJECT_NMI;
	svm_inject_arm(v);
	ok(b->eventinj == (EVENT_VALID | 2 << 8 | 2), "NMI");
	start(VCPU_FLAT32);
	v->intr = 0x51;
	svm_inject_arm(v);
	ok(!b->eventinj && b->vintr == (VINTR_MASKING | VINTR_IGN_TPR | VINTR_V_IRQ | 5ul << 16 |
					0x51ul << 32),
	   "interrupt: V_IRQ with vector and priority");
}

static void test_shadow(void)
{
	start(VCPU_LONG64);
	code[0] = 0xf4;
	v->intr = 0x51;
	b->int_state = INT_STATE_SHADOW;
	svm_inject_arm(v);
	ok(v->rip == 0x100001 && !b->int_state, "sti; hlt with an interrupt: HLT is over");
	start(VCPU_LONG64);
	v->intr = 0x51;
	v->rflags = RFLAGS_FIXED;
	b->int_state = INT_STATE_SHADOW;
	svm_inject_arm(v);
	ok(v->rip == 0x100000 && b->int_state, "not with interrupts off: that HLT goes on");
	start(VCPU_LONG64);
	code[0] = 0x90;
	v->intr = 0x51;
	b->int_state = INT_STATE_SHADOW;
	svm_inject_arm(v);
	ok(v->rip == 0x100000 && b->int_state, "another instruction: the shadow stays");
}

static void test_settle_interrupt(void)
{
	start(VCPU_LONG64);
	v->intr = 0x51;
	svm_inject_arm(v);
	b->vintr &= ~VINTR_V_IRQ;
	svm_inject_settle(v);
	ok(v->intr < 0, "interrupt taken");
	v->intr = 0x51;
	svm_inject_arm(v);
	svm_inject_settle(v);
	ok(v->intr == 0x51 && !(b->vintr & VINTR_V_IRQ), "not taken: back");
	svm_inject_arm(v);
	b->vintr &= ~VINTR_V_IRQ;
	b->exitintinfo = EVENT_VALID | EVENT_TYPE_INTR << 8 | 0x51;
	svm_inject_settle(v);
	ok(v->intr == 0x51, "broken off on its way: back");
	b->vintr |= 0xb;
	svm_inject_settle(v);
	ok(cr8 == 0xb, "the guest's CR8 is told");
	v->intr = -1;
	v->lapic.hw_on = true;
	b->vintr |= 0xf;
	svm_inject_settle(v);
	ok(cr8 == 0xb && returned == 0x51 && v->intr == -1,
	   "AVIC: what it took and could not deliver is requested again; CR8 is in the page");
	v->lapic.hw_on = false;
	b->exitcode = VMEXIT_AVIC_IPI;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_APIC && v->exit.apic.vector == 0x77, "AVIC's exits");
	b->exitcode = VMEXIT_INTR;
	cr8 = 0;
}

static void test_at_once(void)
{
	start(VCPU_LONG64);
	svm_caps.bochs = true;
	v->intr = 0x51;
	svm_inject_arm(v);
	ok(b->eventinj == (EVENT_VALID | 0x51) && !(b->vintr & VINTR_V_IRQ),
	   "Bochs, IF set: injected, V_IRQ would wait");
	svm_inject_settle(v);
	ok(v->intr == -1, "taken");
	v->intr = 0x51;
	svm_inject_arm(v);
	b->exitintinfo = EVENT_VALID | EVENT_TYPE_INTR << 8 | 0x51;
	svm_inject_settle(v);
	ok(v->intr == 0x51, "broken off: back");
	b->exitintinfo = 0;
	svm_inject_arm(v);
	b->exitcode = 0xffffffff;
	svm_inject_settle(v);
	ok(v->intr == 0x51, "a refused entry: back");
	b->exitcode = VMEXIT_INTR;
	b->int_state = INT_STATE_SHADOW;
	code[0] = 0x90;
	svm_inject_arm(v);
	ok(!b->eventinj && b->vintr & VINTR_V_IRQ, "in a shadow: by V_IRQ");
	b->int_state = 0;
	v->inject.kind = INJECT_NMI;
	svm_inject_arm(v);
	ok(b->vintr & VINTR_V_IRQ && EVENT_TYPE(b->eventinj) == EVENT_TYPE_NMI,
	   "after an NMI: by V_IRQ");
	v->inject.kind = INJECT_NONE;
	v->rflags = RFLAGS_FIXED;
	svm_inject_arm(v);
	ok(!b->eventinj && b->vintr & VINTR_V_IRQ, "IF clear: by V_IRQ");
	svm_caps.bochs = false;
	v->rflags |= RFLAGS_IF;
	svm_inject_arm(v);
	ok(!b->eventinj && b->vintr & VINTR_V_IRQ, "elsewhere always by V_IRQ");
	v->intr = -1;
}

static void settle_with(u64 info)
{
	b->eventinj = 0;
	b->exitintinfo = info;
	svm_inject_settle(v);
}

static void test_settle_exception(void)
{
	start(VCPU_LONG64);
	arm_exception(TRAP_PF, true, 6);
	settle_with(0);
	ok(v->inject.kind == INJECT_NONE, "exception delivered");
	arm_exception(TRAP_PF, true, 6);
	settle_with(EVENT_VALID | EVENT_HAS_ERROR | EVENT_TYPE_EXC << 8 | TRAP_PF | 6ul << 32);
	ok(v->inject.kind == INJECT_EXC && v->inject.vector == TRAP_PF && v->inject.has_error &&
		   v->inject.error == 6,
	   "broken off: offered again as it was");
	settle_with(EVENT_VALID | EVENT_TYPE_EXC << 8 | TRAP_DB | 0x1234ul << 32);
	ok(v->inject.kind == INJECT_EXC && !v->inject.error, "#DB again: nothing more for DR6");
	settle_with(EVENT_VALID | EVENT_TYPE_EXC << 8 | TRAP_BP);
	ok(v->inject.kind == INJECT_NONE, "INT3 runs again, it is not injected");
	settle_with(EVENT_VALID | EVENT_TYPE_EXC << 8 | TRAP_OF);
	ok(v->inject.kind == INJECT_NONE, "nor INTO");
	settle_with(EVENT_VALID | EVENT_TYPE_SOFT << 8 | 0x80);
	ok(v->inject.kind == INJECT_NONE, "nor INT n");
	settle_with(EVENT_VALID | EVENT_TYPE_NMI << 8 | 2);
	ok(v->inject.kind == INJECT_NMI, "NMI broken off: again");
	b->exitcode = 0xffffffff;
	settle_with(0);
	ok(v->inject.kind == INJECT_NMI, "a refused entry has delivered nothing");
}

static bool refused(const char *what)
{
	const char *why = vmcb_check(b);

	return why && strstr(why, what);
}

static void test_check(void)
{
	static const enum vcpu_mode modes[] = {VCPU_INIT, VCPU_SIPI, VCPU_FLAT32, VCPU_LONG64};
	bool fine = true;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		start(modes[i]);
		fine = fine && !vmcb_check(b);
	}
	ok(fine, "every start state is one that the CPU accepts");
	start(VCPU_SIPI);
	ok(!(b->cr0 & (CR0_CD | CR0_NW)) && b->cs.base == 0x9a000 && b->cs.selector == 0x9a00,
	   "SIPI: caches on, code at the vector's page");
	b->cr0 |= CR0_NW;
	ok(refused("NW"), "NW without CD");
	start(VCPU_LONG64);
	b->efer &= ~EFER_SVME;
	ok(refused("SVME"), "EFER.SVME clear");
	start(VCPU_LONG64);
	b->cr4 = 0;
	ok(refused("PAE"), "long mode without PAE");
	start(VCPU_LONG64);
	b->cs.attrib |= VMCB_SEG_DB;
	ok(refused("CS.L"), "CS.L and CS.D");
	start(VCPU_LONG64);
	b->dr6 |= BIT(32);
	ok(refused("DR6"), "DR6 high half");
	start(VCPU_LONG64);
	b->asid = 0;
	ok(refused("ASID"), "ASID 0");
	b->asid = 8;
	ok(refused("ASID"), "more than there are");
	b->asid = 1;
	b->efer |= EFER_AUTOIBRS;
	ok(refused("EFER"), "a bit of EFER that the CPU lacks");
	start(VCPU_LONG64);
	b->eventinj = EVENT_VALID | EVENT_TYPE_EXC << 8 | 2;
	ok(refused("EVENTINJ"), "exception 2 is none");
	b->eventinj = 0;
}

static void test_decode(void)
{
	start(VCPU_LONG64);
	b->rip = 0x1000;
	b->nrip = 0x1003;
	b->exitcode = VMEXIT_CPUID;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_CPUID && v->exit.insn_len == 3, "CPUID: length by nRIP");
	b->exitcode = VMEXIT_MSR;
	b->exitinfo1 = 1;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_WRMSR, "WRMSR");
	b->exitcode = VMEXIT_EXCP + TRAP_AC;
	b->exitinfo1 = 0;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_EXCEPTION && v->exit.exc.vector == TRAP_AC &&
		   v->exit.exc.has_error && !v->exit.insn_len,
	   "#AC has an error code");
	b->exitcode = VMEXIT_EXCP + TRAP_DB;
	b->exitinfo1 = 77;
	svm_decode_exit(v);
	ok(v->exit.exc.vector == TRAP_DB && !v->exit.exc.has_error && !v->exit.exc.error,
	   "#DB has none");
	b->exitcode = VMEXIT_IOIO;
	b->exitinfo1 = 0x3f8u << 16 | 1u << 4 | IOIO_IN | IOIO_STRING | IOIO_REP;
	b->exitinfo2 = 0x1002;
	svm_decode_exit(v);
	ok(v->exit.io.port == 0x3f8 && v->exit.io.size == 1 && v->exit.io.in && v->exit.io.string &&
		   v->exit.io.rep && v->exit.insn_len == 2,
	   "REP INSB");
	b->exitcode = ~0ul;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_INVALID, "-1 in 64 bits");
	b->exitcode = 0xffffffff;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_INVALID, "-1 in 32 bits");
	b->exitcode = VMEXIT_INTR;
	b->rip = (u64)_text_start;
	b->cr3 = paging_cr3();
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_INVALID, "the host's own state is not taken for the guest's");
	b->cr3 = 0;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_INTR, "its rip alone says nothing");
}

/* MOV to CR3 from R13, with a prefix that changes nothing; by bytes, then by decode assists. */
static void test_decode_cr(void)
{
	static const u8 mov[] = {0x3e, 0x41, 0x0f, 0x22, 0xdd};

	start(VCPU_LONG64);
	svm_caps.nrips = false;
	memcpy(code, mov, sizeof(mov));
	b->exitcode = VMEXIT_CR_WRITE + 3;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_CR && v->exit.cr.cr == 3 && v->exit.cr.gpr == 13 &&
		   v->exit.cr.write && v->exit.insn_len == 5,
	   "MOV to CR3: register and length by bytes");
	code[3] = 0x23;
	svm_decode_exit(v);
	ok(!v->exit.insn_len, "other bytes there by now: no length");
	svm_caps.nrips = svm_caps.decode = true;
	fetches = 0;
	b->exitcode = VMEXIT_CR_READ + 4;
	b->exitinfo1 = CR_INFO_MOV | 9;
	b->nrip = b->rip + 4;
	svm_decode_exit(v);
	ok(v->exit.cr.cr == 4 && v->exit.cr.gpr == 9 && !v->exit.cr.write && v->exit.insn_len == 4,
	   "MOV from CR4: by decode assists and nRIP");
	ok(!fetches, "no byte is fetched for that");
	svm_caps.decode = false;
	memcpy(code, "\x0f\x20\xe3", 3);
	svm_decode_exit(v);
	ok(v->exit.cr.gpr == 3 && v->exit.insn_len == 3 && fetches == 1,
	   "nRIP alone does not name the register");
}

/* Each instruction whose end must be known, with prefixes: nRIP and the bytes say the same. */
static void test_lengths(void)
{
	static const struct {
		u32 exitcode;
		u64 info1;
		u8 len;
		const char *bytes;
	} insns[] = {
		{VMEXIT_CPUID, 0, 2, "\x0f\xa2"},
		{VMEXIT_CPUID, 0, 4, "\x66\x48\x0f\xa2"},
		{VMEXIT_HLT, 0, 1, "\xf4"},
		{VMEXIT_HLT, 0, 2, "\x3e\xf4"},
		{VMEXIT_INVD, 0, 2, "\x0f\x08"},
		{VMEXIT_WBINVD, 0, 3, "\xf3\x0f\x09"}, /* WBNOINVD */
		{VMEXIT_PAUSE, 0, 2, "\xf3\x90"},
		{VMEXIT_MSR, 0, 2, "\x0f\x32"},
		{VMEXIT_MSR, 1, 3, "\x2e\x0f\x30"},
		{VMEXIT_VMMCALL, 0, 3, "\x0f\x01\xd9"},
		{VMEXIT_XSETBV, 0, 3, "\x0f\x01\xd1"},
	};
	bool same = true, none = true;

	start(VCPU_LONG64);
	b->rip = 0x1000;
	for (size_t i = 0; i < ARRAY_SIZE(insns); i++) {
		memset(code, 0xcc, sizeof(code));
		memcpy(code, insns[i].bytes, insns[i].len);
		b->exitcode = insns[i].exitcode;
		b->exitinfo1 = insns[i].info1;
		svm_caps.nrips = false;
		b->nrip = 0;
		svm_decode_exit(v);
		same = same && v->exit.insn_len == insns[i].len;
		fetches = 0;
		svm_caps.nrips = true;
		b->nrip = b->rip + insns[i].len;
		svm_decode_exit(v);
		same = same && v->exit.insn_len == insns[i].len && !fetches;
		svm_caps.nrips = false;
		code[0] = 0xcc;
		svm_decode_exit(v);
		none = none && !v->exit.insn_len;
		svm_caps.nrips = true;
	}
	ok(same, "lengths by bytes are those by nRIP, which needs no byte");
	ok(none, "other bytes there: no length");
	b->exitcode = VMEXIT_INTR;
	b->nrip = 0;
	svm_decode_exit(v);
	ok(!v->exit.insn_len, "no length where no instruction exits");
}

/* QEMU says RDTSC for RDTSCP. */
static void test_rdtsc(void)
{
	struct vmcb *scaled, *plain = vmcb_create(v);

	start(VCPU_LONG64);
	svm_caps.nrips = false;
	memcpy(code, "\x0f\x31\x90", 3);
	b->exitcode = VMEXIT_RDTSC;
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_RDTSC && v->exit.insn_len == 2 && !v->exit.rdtsc.aux, "RDTSC");
	memcpy(code, "\x0f\x01\xf9", 3);
	svm_decode_exit(v);
	ok(v->exit.code == MB_EXIT_RDTSC && v->exit.insn_len == 3 && v->exit.rdtsc.aux,
	   "RDTSCP that QEMU names RDTSC");
	b->exitcode = VMEXIT_RDTSCP;
	svm_decode_exit(v);
	ok(v->exit.insn_len == 3 && v->exit.rdtsc.aux, "and as hardware names it");
	code[2] = 0x90;
	b->exitcode = VMEXIT_RDTSC;
	svm_decode_exit(v);
	ok(!v->exit.insn_len, "other bytes there: no length");
	svm_caps.nrips = true;
	domain.tsc_ratio = BIT(33);
	scaled = vmcb_create(v);
	ok(scaled->intercept1 == (plain->intercept1 | INTERCEPT1_RDTSC) &&
		   scaled->intercept2 == (plain->intercept2 | INTERCEPT2_RDTSCP),
	   "both exit where the rate is another and the CPU cannot scale");
	vmcb_destroy(scaled);
	vcaps.tsc_scaling = true;
	scaled = vmcb_create(v);
	ok(scaled->intercept1 == plain->intercept1 && scaled->intercept2 == plain->intercept2,
	   "not where it can");
	vcaps.tsc_scaling = false;
	domain.tsc_ratio = 0;
	vmcb_destroy(scaled);
	vmcb_destroy(plain);
}

/* Instruction bytes of a nested page fault: as many as the CPU says, none if it lacks them. */
static void test_decode_npf(void)
{
	start(VCPU_LONG64);
	b->exitcode = VMEXIT_NPF;
	b->exitinfo1 = NPF_WRITE;
	b->exitinfo2 = 0xfee000b0;
	b->insn_fetched = 0xf3;
	memcpy(b->insn_bytes, "\x89\x08\x90", 3);
	svm_caps.decode = false;
	svm_decode_exit(v);
	ok(!v->exit.fetched, "nested page fault without decode assists: no bytes");
	svm_caps.decode = true;
	svm_decode_exit(v);
	ok(v->exit.fetched == 3 && !memcmp(v->exit.bytes, "\x89\x08\x90", 3) &&
		   v->exit.npf.write && v->exit.npf.gpa.v == 0xfee000b0,
	   "with them: three bytes");
	b->insn_fetched = 0xff;
	svm_decode_exit(v);
	ok(v->exit.fetched == 15, "at most fifteen");
	b->insn_fetched = 0;
	svm_decode_exit(v);
	ok(!v->exit.fetched, "perhaps none");
	v->exit.fetched = 5;
	b->exitcode = VMEXIT_INTR;
	svm_decode_exit(v);
	ok(!v->exit.fetched, "another exit has none");
	svm_caps.decode = false;
}

static void test_pause_filter(void)
{
	struct vmcb *with, *without = vmcb_create(v);
	struct svm_caps saved = svm_caps;

	svm_caps.pause = true;
	with = vmcb_create(v);
	ok(!without->pause_count, "without a filter no PAUSEs are counted");
	ok(with->pause_count > 1000 && !with->pause_threshold, "with one many pass before an exit");
	vmcb_destroy(with);
	svm_caps.features = CPUID_8A_EDX_PAUSE_THRESHOLD;
	with = vmcb_create(v);
	ok(with->pause_threshold > 100, "and a threshold where there is one");
	vmcb_destroy(with);
	vmcb_destroy(without);
	svm_caps = saved;
}

static void test_cr_write(void)
{
	start(VCPU_LONG64);
	flushed = 0;
	ok(svm_cr_write(v, 3, 0x5003) && b->cr3 == 0x5003 && flushed == 1, "CR3: written, flushed");
	ok(svm_cr_write(v, 3, CR3_NOFLUSH | 0x6004) && b->cr3 == 0x6004 && flushed == 1,
	   "with bit 63: not flushed, and the bit is not stored");
}

static void test_msr(void)
{
	start(VCPU_LONG64);
	ok(svm_msr_write(v, MSR_EFER, EFER_SCE | EFER_LME | EFER_NXE) &&
		   b->efer == (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME),
	   "EFER: LMA and SVME stay");
	ok(!svm_msr_write(v, MSR_EFER, EFER_LME | EFER_TCE) &&
		   !svm_msr_write(v, MSR_EFER, EFER_LME | EFER_SVME),
	   "bits that this CPU or no domain has: #GP");
	ok(!svm_msr_write(v, MSR_EFER, EFER_SCE), "LME cannot change under paging");
	ok(!svm_msr_write(v, MSR_PAT, 0x0007040600070402), "PAT type 2: #GP");
	ok(svm_msr_write(v, MSR_DEBUGCTL, 2) && !svm_msr_write(v, MSR_DEBUGCTL, BIT(6)),
	   "DEBUGCTL: ignored, reserved bits #GP");
}

int main(void)
{
	fake_cpu_set(0);
	b = vmcb_create(v);
	svm.vmcb = b;
	ok(b && b->intercept_exception ==
			   (INTERCEPT_EXC_DB | INTERCEPT_EXC_AC | INTERCEPT_EXC_MC),
	   "a guest's #DB, #AC and #MC exit");
	domain.gpm.root_pa = HPA((u64)maps);
	b->ncr3 = (u64)maps;
	test_arm();
	test_shadow();
	test_settle_interrupt();
	test_at_once();
	test_settle_exception();
	test_check();
	test_decode();
	test_decode_cr();
	test_lengths();
	test_decode_npf();
	test_rdtsc();
	test_pause_filter();
	test_cr_write();
	test_msr();
	vmcb_destroy(b);
	return tap_done();
}
