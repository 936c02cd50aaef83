/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Translate #VMEXIT into struct vmexit. Nothing is handled here.
 *
 * Instruction lengths come from nRIP where the CPU saves it; else the bytes at rip are compared
 * with the opcode that must be there (prefixes counted), since a guest may write any prefix before
 * it.
 */
#include "svm/svm.h"

#include "arch/x86/paging.h"
#include "arch/x86/trap.h"
#include "hv/guest_mem.h"
#include "hv/insn.h"
#include "hv/string.h"

extern const char _text_start[], _text_end[]; /* linker.ld; no Linux has code there */

struct code_map {
	u16 hw;
	u8 code; /* enum mb_exit */
	u8 op_len;
	u8 op[3];
};

static const struct code_map code_map[] = {
	{VMEXIT_INTR, MB_EXIT_INTR, 0, {0}},
	{VMEXIT_NMI, MB_EXIT_NMI, 0, {0}},
	{VMEXIT_INIT, MB_EXIT_INIT, 0, {0}},
	{VMEXIT_VINTR, MB_EXIT_WINDOW, 0, {0}},
	{VMEXIT_RDTSC, MB_EXIT_RDTSC, 2, {0x0f, 0x31}},
	{VMEXIT_RDPMC, MB_EXIT_VMINSN, 0, {0}}, /* no counters for guests */
	{VMEXIT_CPUID, MB_EXIT_CPUID, 2, {0x0f, 0xa2}},
	{VMEXIT_IRET, MB_EXIT_WINDOW, 0, {0}},
	{VMEXIT_INVD, MB_EXIT_INVD, 2, {0x0f, 0x08}},
	{VMEXIT_PAUSE, MB_EXIT_PAUSE, 1, {0x90}},
	{VMEXIT_HLT, MB_EXIT_HLT, 1, {0xf4}},
	{VMEXIT_INVLPGA, MB_EXIT_VMINSN, 0, {0}},
	{VMEXIT_IOIO, MB_EXIT_IO, 0, {0}},
	{VMEXIT_MSR, MB_EXIT_RDMSR, 2, {0x0f, 0x32}},
	{VMEXIT_FERR_FREEZE, MB_EXIT_OTHER, 0, {0}},
	{VMEXIT_SHUTDOWN, MB_EXIT_SHUTDOWN, 0, {0}},
	{VMEXIT_VMMCALL, MB_EXIT_HYPERCALL, 3, {0x0f, 0x01, 0xd9}},
	{VMEXIT_RDTSCP, MB_EXIT_RDTSC, 3, {0x0f, 0x01, 0xf9}},
	{VMEXIT_WBINVD, MB_EXIT_INVD, 2, {0x0f, 0x09}},
	{VMEXIT_RDPRU, MB_EXIT_VMINSN, 0, {0}},
	{VMEXIT_XSETBV, MB_EXIT_XSETBV, 3, {0x0f, 0x01, 0xd1}},
	{VMEXIT_NPF, MB_EXIT_NPF, 0, {0}},
	{VMEXIT_AVIC_IPI, MB_EXIT_APIC, 0, {0}},
	{VMEXIT_AVIC_ACCESS, MB_EXIT_APIC, 0, {0}},
};

static const struct code_map rdtscp_map = {VMEXIT_RDTSCP, MB_EXIT_RDTSC, 3, {0x0f, 0x01, 0xf9}};
static const struct code_map wrmsr_map = {VMEXIT_MSR, MB_EXIT_WRMSR, 2, {0x0f, 0x30}};

static u8 insn_len(struct vcpu *v, const struct vmcb *b, const struct code_map *m)
{
	struct vcpu_sys sys;
	u8 bytes[INSN_MAX];
	u32 n;

	if (!m->op_len)
		return 0;
	if (svm_caps.nrips)
		return (u8)(b->nrip - b->rip);
	svm_read_sys(v, &sys);
	n = guest_fetch(v, bytes, sizeof(bytes));
	return insn_length_of(bytes, n, sys.cs_long, m->op, m->op_len);
}

/* The register, and the length if the CPU did not tell it. */
static void decode_cr(struct vcpu *v, struct vmexit *e, const struct vmcb *b, u32 hw)
{
	struct vcpu_sys sys;
	u8 bytes[INSN_MAX];
	u32 n;

	e->cr.cr = hw & 0xf;
	e->cr.write = hw >= VMEXIT_CR_WRITE;
	if (svm_caps.nrips && svm_caps.decode) {
		e->cr.gpr = CR_INFO_GPR(b->exitinfo1);
		e->insn_len = (u8)(b->nrip - b->rip);
		return;
	}
	svm_read_sys(v, &sys);
	n = guest_fetch(v, bytes, sizeof(bytes));
	e->insn_len = insn_decode_mov_cr(bytes, n, sys.cs_long, &e->cr.gpr);
}

/* QEMU tells RDTSCP as RDTSC; it has no nRIP either. */
static void decode_rdtsc(struct vcpu *v, struct vmexit *e, const struct vmcb *b, u32 hw)
{
	e->rdtsc.aux = hw == VMEXIT_RDTSCP;
	if (hw == VMEXIT_RDTSC && !e->insn_len) {
		e->insn_len = insn_len(v, b, &rdtscp_map);
		e->rdtsc.aux = true;
	}
}

static const struct code_map *find_map(const struct vmcb *b, u32 hw)
{
	if (hw == VMEXIT_MSR && (b->exitinfo1 & 1))
		return &wrmsr_map;
	for (size_t i = 0; i < ARRAY_SIZE(code_map); i++)
		if (code_map[i].hw == hw)
			return &code_map[i];
	return NULL;
}

static enum mb_exit range_code(u32 hw)
{
	if (hw == VMEXIT_INVALID)
		return MB_EXIT_INVALID;
	if (hw < VMEXIT_DR_READ)
		return MB_EXIT_CR;
	if (hw < VMEXIT_EXCP)
		return MB_EXIT_DR;
	if (hw < VMEXIT_INTR)
		return MB_EXIT_EXCEPTION;
	if (hw >= VMEXIT_VMRUN && hw <= VMEXIT_SKINIT)
		return MB_EXIT_VMINSN;
	if (hw >= VMEXIT_MONITOR && hw <= VMEXIT_MWAIT_COND)
		return MB_EXIT_MONITOR;
	return MB_EXIT_OTHER;
}

static void decode_io(struct vmexit *e, const struct vmcb *b)
{
	e->io.port = IOIO_PORT(b->exitinfo1);
	e->io.size = IOIO_SIZE(b->exitinfo1);
	e->io.in = b->exitinfo1 & IOIO_IN;
	e->io.string = b->exitinfo1 & IOIO_STRING;
	e->io.rep = b->exitinfo1 & IOIO_REP;
	e->insn_len = (u8)(b->exitinfo2 - b->rip); /* APM 15.10.2: rip of the next instruction */
}

static void decode_npf(struct vmexit *e, const struct vmcb *b)
{
	e->npf.gpa = GPA(b->exitinfo2);
	e->npf.write = b->exitinfo1 & NPF_WRITE;
	e->npf.exec = b->exitinfo1 & NPF_EXEC;
	e->npf.walk = b->exitinfo1 & NPF_IN_WALK;
	/*
	 * APM 15.8.4 "Decode Assists": none for an instruction fetch. None either, by an erratum,
	 * where SMAP forbids the CPU to read them again; and fewer than the instruction has before
	 * a page that cannot be read.
	 */
	if (svm_caps.decode) {
		e->fetched = MIN(b->insn_fetched & 0xf, INSN_MAX);
		memcpy(e->bytes, b->insn_bytes, INSN_MAX);
	}
}

/*
 * QEMU's CPU threads race for the flags of CPU 0 (scripts/qemu-ignne.c): uncured, nested paging may
 * stay on after #VMEXIT. Then the fetch behind VMRUN faults in it and exits once more, and the
 * host's state has overwritten the guest's. The guest is lost; say so instead of taking the values
 * for its own.
 */
static bool is_host_state(const struct vmcb *b)
{
	return b->rip >= (u64)_text_start && b->rip < (u64)_text_end && b->cr3 == paging_cr3();
}

void svm_decode_exit(struct vcpu *v)
{
	const struct vmcb *b = svm_vcpu(v)->vmcb;
	struct vmexit *e = &v->exit;
	u32 hw = (u32)b->exitcode; /* QEMU stores -1 in 32 bits */
	const struct code_map *m = find_map(b, hw);

	e->hw_code = hw;
	e->hw_info1 = b->exitinfo1;
	e->hw_info2 = b->exitinfo2;
	e->insn_len = 0;
	e->fetched = 0;
	e->what = NULL;
	if (is_host_state(b)) {
		e->code = MB_EXIT_INVALID;
		return;
	}
	if (!m) {
		e->code = range_code(hw);
		if (e->code == MB_EXIT_CR) {
			decode_cr(v, e, b, hw);
			return;
		}
		e->exc.vector = (u8)(hw - VMEXIT_EXCP);
		e->exc.has_error = e->code == MB_EXIT_EXCEPTION && trap_has_error(e->exc.vector);
		e->exc.error = e->exc.has_error ? (u32)b->exitinfo1 : 0;
		return;
	}
	e->code = m->code;
	e->insn_len = insn_len(v, b, m);
	if (e->code == MB_EXIT_WINDOW)
		e->window.nmi = hw == VMEXIT_IRET;
	else if (hw == VMEXIT_IOIO)
		decode_io(e, b);
	else if (hw == VMEXIT_NPF)
		decode_npf(e, b);
	else if (e->code == MB_EXIT_RDTSC)
		decode_rdtsc(v, e, b, hw);
	else if (e->code == MB_EXIT_APIC)
		svm_apic_decode(v, b);
}
