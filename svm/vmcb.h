/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the virtual machine control block: layout, bits, exit codes. APM volume 2, Appendix B
 *           "Layout of VMCB" and Appendix C "SVM Intercept Exit Codes".
 * Callers:  svm/ only.    Context: any.    Locking: owner CPU of its vCPU.
 * Lifetime: one 4 KiB page per vCPU, from vmcb_create() to vmcb_destroy().
 * Errors:   vmcb_check() names what the hardware would refuse.
 */
#ifndef SVM_VMCB_H
#define SVM_VMCB_H

#include "arch/x86/types.h"

struct vcpu;

/* APM 15.5 "VMRUN Instruction": attributes are descriptor bits 55:52 and 47:40. */
struct vmcb_seg {
	u16 selector;
	u16 attrib;
	u32 limit;
	u64 base;
};
STATIC_SIZE(struct vmcb_seg, 16);

#define VMCB_SEG_L BIT(9)
#define VMCB_SEG_DB BIT(10)
#define VMCB_SEG_P BIT(7)

struct vmcb {
	/* control area */
	u16 intercept_cr_read;
	u16 intercept_cr_write;
	u16 intercept_dr_read;
	u16 intercept_dr_write;
	u32 intercept_exception;
	u32 intercept1; /* INTERCEPT1_* */
	u32 intercept2; /* INTERCEPT2_* */
	u32 intercept3;
	u8 reserved_0x18[0x3c - 0x18];
	u16 pause_threshold;
	u16 pause_count;
	u64 iopm_pa;
	u64 msrpm_pa;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control; /* TLB_* */
	u8 reserved_0x5d[3];
	u64 vintr;	/* VINTR_* */
	u64 int_state;	/* INT_STATE_* */
	u64 exitcode;
	u64 exitinfo1;
	u64 exitinfo2;
	u64 exitintinfo; /* EVENT_* */
	u64 np_control;	 /* bit 0: nested paging */
	u64 avic_apic_bar;
	u64 ghcb;
	u64 eventinj; /* EVENT_* */
	u64 ncr3;
	u64 virt_ext; /* bit 0: LBR virtualisation, bit 1: VMLOAD/VMSAVE virtualisation */
	u32 clean;
	u32 reserved_0xc4;
	u64 nrip;
	u8 insn_fetched; /* bytes of the next field that are valid: bits 3:0 */
	u8 insn_bytes[15];
	u64 avic_page_pa;
	u64 reserved_0xe8;
	u64 avic_logical_pa;
	u64 avic_ids_pa; /* highest index of the table in bits 8:0 */
	u8 reserved_0x100[0x400 - 0x100];

	/* state save area */
	struct vmcb_seg es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved_0x4a0[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved_0x4cc;
	u64 efer;
	u8 reserved_0x4d8[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 reserved_0x580[0x5d8 - 0x580];
	u64 rsp;
	u64 s_cet, ssp, isst_addr;
	u64 rax;
	u64 star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 cr2;
	u8 reserved_0x648[0x668 - 0x648];
	u64 g_pat;
	u64 debugctl;
	u8 reserved_0x678[0x1000 - 0x678];
};
STATIC_SIZE(struct vmcb, 4096);
STATIC_OFFSET(struct vmcb, intercept_exception, 0x008);
STATIC_OFFSET(struct vmcb, intercept1, 0x00c);
STATIC_OFFSET(struct vmcb, intercept2, 0x010);
STATIC_OFFSET(struct vmcb, pause_threshold, 0x03c);
STATIC_OFFSET(struct vmcb, iopm_pa, 0x040);
STATIC_OFFSET(struct vmcb, msrpm_pa, 0x048);
STATIC_OFFSET(struct vmcb, tsc_offset, 0x050);
STATIC_OFFSET(struct vmcb, asid, 0x058);
STATIC_OFFSET(struct vmcb, tlb_control, 0x05c);
STATIC_OFFSET(struct vmcb, vintr, 0x060);
STATIC_OFFSET(struct vmcb, int_state, 0x068);
STATIC_OFFSET(struct vmcb, exitcode, 0x070);
STATIC_OFFSET(struct vmcb, exitinfo1, 0x078);
STATIC_OFFSET(struct vmcb, exitinfo2, 0x080);
STATIC_OFFSET(struct vmcb, exitintinfo, 0x088);
STATIC_OFFSET(struct vmcb, np_control, 0x090);
STATIC_OFFSET(struct vmcb, eventinj, 0x0a8);
STATIC_OFFSET(struct vmcb, ncr3, 0x0b0);
STATIC_OFFSET(struct vmcb, virt_ext, 0x0b8);
STATIC_OFFSET(struct vmcb, clean, 0x0c0);
STATIC_OFFSET(struct vmcb, nrip, 0x0c8);
STATIC_OFFSET(struct vmcb, insn_fetched, 0x0d0);
STATIC_OFFSET(struct vmcb, insn_bytes, 0x0d1);
STATIC_OFFSET(struct vmcb, avic_apic_bar, 0x098);
STATIC_OFFSET(struct vmcb, avic_page_pa, 0x0e0);
STATIC_OFFSET(struct vmcb, avic_logical_pa, 0x0f0);
STATIC_OFFSET(struct vmcb, avic_ids_pa, 0x0f8);
STATIC_OFFSET(struct vmcb, es, 0x400);
STATIC_OFFSET(struct vmcb, tr, 0x490);
STATIC_OFFSET(struct vmcb, cpl, 0x4cb);
STATIC_OFFSET(struct vmcb, efer, 0x4d0);
STATIC_OFFSET(struct vmcb, cr4, 0x548);
STATIC_OFFSET(struct vmcb, cr3, 0x550);
STATIC_OFFSET(struct vmcb, cr0, 0x558);
STATIC_OFFSET(struct vmcb, dr7, 0x560);
STATIC_OFFSET(struct vmcb, dr6, 0x568);
STATIC_OFFSET(struct vmcb, rflags, 0x570);
STATIC_OFFSET(struct vmcb, rip, 0x578);
STATIC_OFFSET(struct vmcb, rsp, 0x5d8);
STATIC_OFFSET(struct vmcb, rax, 0x5f8);
STATIC_OFFSET(struct vmcb, star, 0x600);
STATIC_OFFSET(struct vmcb, kernel_gs_base, 0x620);
STATIC_OFFSET(struct vmcb, sysenter_cs, 0x628);
STATIC_OFFSET(struct vmcb, cr2, 0x640);
STATIC_OFFSET(struct vmcb, g_pat, 0x668);
STATIC_OFFSET(struct vmcb, debugctl, 0x670);

#define INTERCEPT_CR3 BIT(3)

#define INTERCEPT_EXC_DB BIT(1)
#define INTERCEPT_EXC_AC BIT(17)
#define INTERCEPT_EXC_MC BIT(18)

#define INTERCEPT1_INTR BIT(0)
#define INTERCEPT1_NMI BIT(1)
#define INTERCEPT1_INIT BIT(3)
#define INTERCEPT1_VINTR BIT(4)
#define INTERCEPT1_RDTSC BIT(14)
#define INTERCEPT1_RDPMC BIT(15)
#define INTERCEPT1_CPUID BIT(18)
#define INTERCEPT1_IRET BIT(20)
#define INTERCEPT1_INVD BIT(22)
#define INTERCEPT1_PAUSE BIT(23)
#define INTERCEPT1_HLT BIT(24)
#define INTERCEPT1_INVLPGA BIT(26)
#define INTERCEPT1_IOIO BIT(27)
#define INTERCEPT1_MSR BIT(28)
#define INTERCEPT1_FERR BIT(30)
#define INTERCEPT1_SHUTDOWN BIT(31)

#define INTERCEPT2_VMRUN BIT(0)
#define INTERCEPT2_VMMCALL BIT(1)
#define INTERCEPT2_VMLOAD BIT(2)
#define INTERCEPT2_VMSAVE BIT(3)
#define INTERCEPT2_STGI BIT(4)
#define INTERCEPT2_CLGI BIT(5)
#define INTERCEPT2_SKINIT BIT(6)
#define INTERCEPT2_RDTSCP BIT(7)
#define INTERCEPT2_WBINVD BIT(9)
#define INTERCEPT2_MONITOR BIT(10)
#define INTERCEPT2_MWAIT BIT(11)
#define INTERCEPT2_RDPRU BIT(14)

#define TLB_KEEP 0
#define TLB_FLUSH_ALL 1
#define TLB_FLUSH_ASID 3

#define VINTR_TPR_MASK 0xfful
#define VINTR_V_IRQ BIT(8)
#define VINTR_PRIO_SHIFT 16
#define VINTR_IGN_TPR BIT(20)
#define VINTR_MASKING BIT(24)
#define VINTR_X2AVIC BIT(30)
#define VINTR_AVIC BIT(31)
#define VINTR_VECTOR_SHIFT 32

#define INT_STATE_SHADOW BIT(0)

#define EVENT_VECTOR(e) ((u8)(e))
#define EVENT_TYPE(e) (((e) >> 8) & 7)
#define EVENT_TYPE_SHIFT 8
#define EVENT_TYPE_INTR 0
#define EVENT_TYPE_NMI 2
#define EVENT_TYPE_EXC 3
#define EVENT_TYPE_SOFT 4
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_VALID BIT(31)
#define EVENT_ERROR_SHIFT 32

#define VMEXIT_CR_READ 0x000u
#define VMEXIT_CR_WRITE 0x010u
#define VMEXIT_DR_READ 0x020u
#define VMEXIT_EXCP 0x040u
#define VMEXIT_INTR 0x060u
#define VMEXIT_NMI 0x061u
#define VMEXIT_INIT 0x063u
#define VMEXIT_VINTR 0x064u
#define VMEXIT_RDTSC 0x06eu
#define VMEXIT_RDPMC 0x06fu
#define VMEXIT_CPUID 0x072u
#define VMEXIT_IRET 0x074u
#define VMEXIT_INVD 0x076u
#define VMEXIT_PAUSE 0x077u
#define VMEXIT_HLT 0x078u
#define VMEXIT_INVLPGA 0x07au
#define VMEXIT_IOIO 0x07bu
#define VMEXIT_MSR 0x07cu
#define VMEXIT_FERR_FREEZE 0x07eu
#define VMEXIT_SHUTDOWN 0x07fu
#define VMEXIT_VMRUN 0x080u
#define VMEXIT_VMMCALL 0x081u
#define VMEXIT_VMLOAD 0x082u
#define VMEXIT_SKINIT 0x086u
#define VMEXIT_RDTSCP 0x087u
#define VMEXIT_WBINVD 0x089u
#define VMEXIT_MONITOR 0x08au
#define VMEXIT_MWAIT_COND 0x08cu
#define VMEXIT_XSETBV 0x08du
#define VMEXIT_RDPRU 0x08eu
#define VMEXIT_NPF 0x400u
#define VMEXIT_AVIC_IPI 0x401u
#define VMEXIT_AVIC_ACCESS 0x402u
#define VMEXIT_INVALID 0xffffffffu /* low 32 bits of -1; some emulators store only those */

/* EXITINFO1 of MOV to or from a control register with decode assists, APM 15.8.1 "Control-Register
 * Accesses". Bit 63 clear: LMSW, CLTS or SMSW. */
#define CR_INFO_MOV BIT(63)
#define CR_INFO_GPR(info) ((u8)((info) & 0xf))

/* EXITINFO1 of IOIO, APM 15.10.2 "IN and OUT Behavior". */
#define IOIO_IN BIT(0)
#define IOIO_STRING BIT(2)
#define IOIO_REP BIT(3)
#define IOIO_SIZE(info) ((u8)(((info) >> 4) & 7))
#define IOIO_PORT(info) ((u16)((info) >> 16))

/* APM 15.29.9 "AVIC VMEXITs": an IPI that the CPU could not complete (EXITINFO1: ICR; EXITINFO2:
 * why) and a register it does not do (EXITINFO1: which; EXITINFO2 of EOI: the vector). */
#define AVIC_IPI_REASON(info2) ((u32)((info2) >> 32))
#define AVIC_IPI_NOT_RUNNING 1u
#define AVIC_ACCESS_REG(info1) ((u32)((info1) >> 4) & 0xffu)
#define AVIC_ACCESS_WRITE BIT(32)

/* EXITINFO1 of NPF, APM 15.25.6 "Nested versus Guest Page Faults". */
#define NPF_WRITE BIT(1)
#define NPF_EXEC BIT(4)
#define NPF_IN_WALK BIT(33)

/* Build the control block of a new vCPU (all intercepts its domain wants). NULL: no memory. */
struct vmcb *vmcb_create(struct vcpu *v);
void vmcb_destroy(struct vmcb *b);
/* NULL, or what of APM 15.5.1 "Canonicalization and Consistency Checks" the block violates. QEMU
 * does not check, hardware answers VMEXIT_INVALID without a reason. */
const char *vmcb_check(const struct vmcb *b);
/* Print the block on the log. */
void vmcb_dump(const struct vmcb *b);

#endif
