/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the virtual machine control structure: fields, control bits, exit reasons. SDM Vol 3
 *           "Field Encoding in VMCS", "VM-Execution Control Fields", "VMX Basic Exit Reasons".
 * Callers:  vmx/ only.    Context: fields are those of the VMCS loaded on this CPU.
 * Locking:  owner CPU of its vCPU.    Lifetime: one page per vCPU, vmcs_create() to vmcs_destroy().
 * Errors:   vmcs_check() names what the hardware would refuse; a field this CPU lacks is a BUG.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include "arch/x86/types.h"
#include "arch/x86/vmx_insn.h"
#include "hv/assert.h"

struct vcpu;
struct vmx_vcpu;

/* The region: only these two words may be touched, and only while it is not loaded. */
struct vmcs {
	u32 revision; /* MSR VMX_BASIC; bit 31: shadow VMCS */
	u32 abort;
	u8 reserved_0x008[0x1000 - 8];
};
STATIC_SIZE(struct vmcs, 4096);
STATIC_OFFSET(struct vmcs, abort, 4);

enum vmcs_field {
	VMCS_VPID = 0x0000,
	VMCS_POSTED_NV = 0x0002,
	VMCS_GUEST_SEL = 0x0800, /* ES, CS, SS, DS, FS, GS, LDTR, TR: 2 apart, as below */
	VMCS_GUEST_INTR = 0x0810, /* requested (RVI), in service (SVI) */
	VMCS_HOST_ES_SEL = 0x0c00,
	VMCS_HOST_CS_SEL = 0x0c02,
	VMCS_HOST_SS_SEL = 0x0c04,
	VMCS_HOST_DS_SEL = 0x0c06,
	VMCS_HOST_FS_SEL = 0x0c08,
	VMCS_HOST_GS_SEL = 0x0c0a,
	VMCS_HOST_TR_SEL = 0x0c0c,

	VMCS_IO_BITMAP_A = 0x2000,
	VMCS_IO_BITMAP_B = 0x2002,
	VMCS_MSR_BITMAP = 0x2004,
	VMCS_TSC_OFFSET = 0x2010,
	VMCS_APIC_PAGE = 0x2012,
	VMCS_POSTED = 0x2016,
	VMCS_EPTP = 0x201a,
	VMCS_EOI_EXIT = 0x201c, /* four, 2 apart */
	VMCS_TSC_MULTIPLIER = 0x2032, /* 48 bits of fraction */
	VMCS_GUEST_PA = 0x2400,
	VMCS_LINK = 0x2800,
	VMCS_GUEST_DEBUGCTL = 0x2802,
	VMCS_GUEST_PAT = 0x2804,
	VMCS_GUEST_EFER = 0x2806,
	VMCS_GUEST_PDPTE = 0x280a, /* four, 2 apart */
	VMCS_HOST_PAT = 0x2c00,
	VMCS_HOST_EFER = 0x2c02,

	VMCS_PIN = 0x4000,
	VMCS_PROC = 0x4002,
	VMCS_EXCEPTIONS = 0x4004,
	VMCS_PF_MASK = 0x4006,
	VMCS_PF_MATCH = 0x4008,
	VMCS_CR3_TARGETS = 0x400a,
	VMCS_EXIT = 0x400c,
	VMCS_EXIT_MSR_STORES = 0x400e,
	VMCS_EXIT_MSR_LOADS = 0x4010,
	VMCS_ENTRY = 0x4012,
	VMCS_ENTRY_MSR_LOADS = 0x4014,
	VMCS_ENTRY_EVENT = 0x4016,
	VMCS_ENTRY_ERROR = 0x4018,
	VMCS_TPR_THRESHOLD = 0x401c,
	VMCS_PROC2 = 0x401e,
	VMCS_PAUSE_GAP = 0x4020,
	VMCS_PAUSE_WINDOW = 0x4022,
	VMCS_INSN_ERROR = 0x4400,
	VMCS_EXIT_REASON = 0x4402,
	VMCS_EXIT_EVENT = 0x4404,
	VMCS_EXIT_ERROR = 0x4406,
	VMCS_IDT_EVENT = 0x4408,
	VMCS_IDT_ERROR = 0x440a,
	VMCS_EXIT_INSN_LEN = 0x440c,
	VMCS_GUEST_LIMIT = 0x4800, /* ES .. TR, GDTR, IDTR */
	VMCS_GUEST_AR = 0x4814,	   /* ES .. TR */
	VMCS_INT_STATE = 0x4824,
	VMCS_ACTIVITY = 0x4826,
	VMCS_GUEST_SYSENTER_CS = 0x482a,
	VMCS_TIMER = 0x482e,
	VMCS_HOST_SYSENTER_CS = 0x4c00,

	VMCS_CR0_MASK = 0x6000,
	VMCS_CR4_MASK = 0x6002,
	VMCS_CR0_SHADOW = 0x6004,
	VMCS_CR4_SHADOW = 0x6006,
	VMCS_CR3_TARGET = 0x6008, /* four, 2 apart */
	VMCS_EXIT_QUAL = 0x6400,
	VMCS_GUEST_LINEAR = 0x640a,
	VMCS_GUEST_CR0 = 0x6800,
	VMCS_GUEST_CR3 = 0x6802,
	VMCS_GUEST_CR4 = 0x6804,
	VMCS_GUEST_BASE = 0x6806, /* ES .. TR, GDTR, IDTR */
	VMCS_GUEST_DR7 = 0x681a,
	VMCS_GUEST_RSP = 0x681c,
	VMCS_GUEST_RIP = 0x681e,
	VMCS_GUEST_RFLAGS = 0x6820,
	VMCS_PENDING_DB = 0x6822,
	VMCS_GUEST_SYSENTER_ESP = 0x6824,
	VMCS_GUEST_SYSENTER_EIP = 0x6826,
	VMCS_HOST_CR0 = 0x6c00,
	VMCS_HOST_CR3 = 0x6c02,
	VMCS_HOST_CR4 = 0x6c04,
	VMCS_HOST_FS_BASE = 0x6c06,
	VMCS_HOST_GS_BASE = 0x6c08,
	VMCS_HOST_TR_BASE = 0x6c0a,
	VMCS_HOST_GDTR_BASE = 0x6c0c,
	VMCS_HOST_IDTR_BASE = 0x6c0e,
	VMCS_HOST_SYSENTER_ESP = 0x6c10,
	VMCS_HOST_SYSENTER_EIP = 0x6c12,
	VMCS_HOST_RSP = 0x6c14,
	VMCS_HOST_RIP = 0x6c16,
};

/* Order of the guest segment fields. */
enum vmcs_seg {
	SEG_ES,
	SEG_CS,
	SEG_SS,
	SEG_DS,
	SEG_FS,
	SEG_GS,
	SEG_LDTR,
	SEG_TR,
	SEG_GDTR,
	SEG_IDTR,
};

/* Access rights: descriptor bits 47:40 and 55:52, and one of their own. */
#define SEG_AR_TYPE 0xfu
#define SEG_AR_DPL(ar) ((u8)(((ar) >> 5) & 3))
#define SEG_AR_L (1u << 13)
#define SEG_AR_DB (1u << 14)
#define SEG_AR_UNUSABLE (1u << 16)

#define PIN_INTR (1u << 0)
#define PIN_NMI (1u << 3)
#define PIN_VIRTUAL_NMI (1u << 5)
#define PIN_TIMER (1u << 6)
#define PIN_POSTED (1u << 7)

#define PROC_INTR_WINDOW (1u << 2)
#define PROC_TSC_OFFSET (1u << 3)
#define PROC_HLT (1u << 7)
#define PROC_INVLPG (1u << 9)
#define PROC_MWAIT (1u << 10)
#define PROC_RDPMC (1u << 11)
#define PROC_RDTSC (1u << 12)
#define PROC_CR3_LOAD (1u << 15)
#define PROC_CR3_STORE (1u << 16)
#define PROC_TPR_SHADOW (1u << 21)
#define PROC_NMI_WINDOW (1u << 22)
#define PROC_IO_BITMAPS (1u << 25)
#define PROC_MSR_BITMAPS (1u << 28)
#define PROC_MONITOR (1u << 29)
#define PROC_SECONDARY (1u << 31)

#define PROC2_EPT (1u << 1)
#define PROC2_RDTSCP (1u << 3)
#define PROC2_X2APIC (1u << 4)
#define PROC2_VPID (1u << 5)
#define PROC2_WBINVD (1u << 6)
#define PROC2_UNRESTRICTED (1u << 7)
#define PROC2_APIC_REGS (1u << 8)
#define PROC2_VIRTUAL_INTR (1u << 9)
#define PROC2_PAUSE_LOOP (1u << 10)
#define PROC2_INVPCID (1u << 12)
#define PROC2_TSC_SCALING (1u << 25)
#define PROC2_USER_WAIT (1u << 26)
#define PROC2_PCONFIG (1u << 27)
#define PROC2_APICV (PROC2_X2APIC | PROC2_APIC_REGS | PROC2_VIRTUAL_INTR)

#define EXIT_SAVE_DEBUG (1u << 2)
#define EXIT_HOST_64 (1u << 9)
#define EXIT_ACK_INTR (1u << 15)
#define EXIT_SAVE_PAT (1u << 18)
#define EXIT_LOAD_PAT (1u << 19)
#define EXIT_SAVE_EFER (1u << 20)
#define EXIT_LOAD_EFER (1u << 21)

#define ENTRY_LOAD_DEBUG (1u << 2)
#define ENTRY_LONG_MODE (1u << 9)
#define ENTRY_LOAD_PAT (1u << 14)
#define ENTRY_LOAD_EFER (1u << 15)

#define INT_STATE_STI (1u << 0)
#define INT_STATE_MOV_SS (1u << 1)
#define INT_STATE_NMI (1u << 3)

#define ACTIVITY_ACTIVE 0u
#define ACTIVITY_HLT 1u

/* Event words: at entry, of an exit, and of the event an exit broke off (IDT-vectoring). */
#define EVENT_VECTOR(e) ((u8)(e))
#define EVENT_TYPE(e) (((e) >> 8) & 7)
#define EVENT_TYPE_SHIFT 8
#define EVENT_TYPE_INTR 0u
#define EVENT_TYPE_NMI 2u
#define EVENT_TYPE_EXC 3u
#define EVENT_HAS_ERROR (1u << 11)
#define EVENT_IRET_UNBLOCKED (1u << 12) /* of an exit: a faulting IRET had unblocked NMIs */
#define EVENT_VALID (1u << 31)

/* Pending debug exceptions and the qualification of a #DB exit. */
#define PENDING_DB_HIT 0xfu
#define PENDING_DB_BS (1u << 14)
#define DB_QUAL_BITS 0x600ful /* B3:0, BD, BS as in DR6 */

enum vmx_reason {
	REASON_EVENT = 0, /* exception or NMI */
	REASON_INTR = 1,
	REASON_TRIPLE_FAULT = 2,
	REASON_INIT = 3,
	REASON_INTR_WINDOW = 7,
	REASON_NMI_WINDOW = 8,
	REASON_TASK_SWITCH = 9,
	REASON_CPUID = 10,
	REASON_GETSEC = 11,
	REASON_HLT = 12,
	REASON_INVD = 13,
	REASON_RDPMC = 15,
	REASON_RDTSC = 16,
	REASON_VMCALL = 18,
	REASON_VMCLEAR = 19,
	REASON_VMXON = 27,
	REASON_CR = 28,
	REASON_IO = 30,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
	REASON_BAD_GUEST = 33,
	REASON_BAD_MSR = 34,
	REASON_MWAIT = 36,
	REASON_MONITOR = 39,
	REASON_PAUSE = 40,
	REASON_BAD_MACHINE = 41,
	REASON_TPR = 43,
	REASON_EOI = 45,
	REASON_EPT_VIOLATION = 48,
	REASON_EPT_MISCONFIG = 49,
	REASON_INVEPT = 50,
	REASON_RDTSCP = 51,
	REASON_TIMER = 52,
	REASON_INVVPID = 53,
	REASON_WBINVD = 54,
	REASON_XSETBV = 55,
};
#define REASON_NUMBER(reason) ((u16)(reason))
#define REASON_ENTRY_FAILED (1u << 31)
/* Ours: the instruction itself failed, VMCS_INSN_ERROR says why. */
#define REASON_INSN_FAILED (REASON_ENTRY_FAILED | 0xffffu)

/* Qualification of I/O, control register and EPT violation exits. */
#define IO_SIZE(q) ((u8)(((q) & 7) + 1))
#define IO_IN BIT(3)
#define IO_STRING BIT(4)
#define IO_REP BIT(5)
#define IO_PORT(q) ((u16)((q) >> 16))
#define CR_NUMBER(q) ((u8)((q) & 0xf))
#define CR_ACCESS(q) (((q) >> 4) & 3) /* 0 to, 1 from, 2 CLTS, 3 LMSW */
#define CR_GPR(q) ((u8)(((q) >> 8) & 0xf))
#define EPT_WRITE BIT(1)
#define EPT_EXEC BIT(2)
#define EPT_NOT_WALK BIT(8)
#define EPT_IRET_UNBLOCKED BIT(12)

#define INVEPT_SINGLE 1u
#define INVEPT_ALL 2u
#define INVVPID_SINGLE 1u
#define INVVPID_ALL 2u

/* MSR VMX_BASIC, VMX_MISC, VMX_EPT_VPID_CAP. SDM "VMX Capability Reporting Facility". */
#define VMX_BASIC_32BIT BIT(48)
#define VMX_BASIC_TYPE_SHIFT 50
#define VMX_BASIC_TRUE BIT(55)
#define VMX_MISC_HLT BIT(6)
#define EPT_CAP_WALK_4 BIT(6)
#define EPT_CAP_WB BIT(14)
#define EPT_CAP_2M BIT(16)
#define EPT_CAP_1G BIT(17)
#define EPT_CAP_INVEPT BIT(20)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVEPT_ALL BIT(26)
#define EPT_CAP_INVVPID BIT(32)
#define EPT_CAP_INVVPID_SINGLE BIT(41)
#define EPT_CAP_INVVPID_ALL BIT(42)

/* Of the loaded VMCS. */
static inline u64 vmcs_read(u32 field)
{
	u64 value;

	if (unlikely(vmx_read(field, &value)))
		BUG("VMREAD of field %x fails", field);
	return value;
}

static inline void vmcs_write(u32 field, u64 value)
{
	if (unlikely(vmx_write(field, value)))
		BUG("VMWRITE of field %x = %lx fails", field, value);
}

/* Fields that come once per segment register or in fours: 2 apart. */
static inline u32 vmcs_nth(u32 field, u32 n)
{
	return field + 2 * n;
}

/* Build the VMCS of a new vCPU (all exits its domain wants). false: no memory. */
bool vmcs_create(struct vcpu *v);
void vmcs_destroy(struct vmx_vcpu *s);
/* Owner CPU: the host's state as it is on this CPU, into the loaded VMCS. */
void vmcs_set_host(void);
/* Makes s the loaded VMCS of this CPU for a moment, if no other CPU has it; then puts back what
 * was. */
bool vmcs_borrow(struct vmx_vcpu *s);
void vmcs_return(struct vmx_vcpu *s);
/* NULL, or what of SDM "Checks on the Guest State Area" the loaded VMCS violates; emulators check
 * less, hardware gives no reason. */
const char *vmcs_check(void);
/* Print the loaded VMCS on the log. */
void vmcs_dump(void);
/* VM-instruction error number as text. */
const char *vmcs_error_name(u32 error);

#endif
