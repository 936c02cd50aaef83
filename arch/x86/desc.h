/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  GDT, TSS and IDT: layouts and loading.
 * Callers:  boot, smp.c, svm/ and vmx/ (host selectors, TSS and GDT bases for the host state).
 * Context:  desc_load() once on every CPU, interrupts off. Locking: per-CPU tables; the IDT is
 *           shared and constant after desc_build_idt(). Lifetime: forever. Errors: none.
 * Reference: AMD APM Vol 2, "Segment Descriptors", "Task-State Segment", "Interrupt Stack Table".
 */
#ifndef MINIBUS_ARCH_DESC_H
#define MINIBUS_ARCH_DESC_H

#include "arch/x86/types.h"

#define SEL_CODE64 0x08
#define SEL_DATA 0x10
#define SEL_CODE32 0x18 /* used on the way to long mode only */
#define SEL_TSS 0x20	/* 16 bytes */

/* Interrupt stack table: 1-based in the gate, 0-based in arrays. */
enum ist_index {
	IST_DF,
	IST_NMI,
	IST_MC,
	IST_COUNT,
};

struct gdt {
	u64 entry[6]; /* null, code64, data, code32, TSS low and high */
};

struct tss {
	u32 reserved_0x00;
	u64 rsp[3];
	u64 reserved_0x1c;
	u64 ist[7];
	u64 reserved_0x5c;
	u16 reserved_0x64;
	u16 iomap_base;
} PACKED;

STATIC_SIZE(struct tss, 0x68);
STATIC_OFFSET(struct tss, rsp, 0x04);
STATIC_OFFSET(struct tss, ist, 0x24);
STATIC_OFFSET(struct tss, iomap_base, 0x66);

struct idt_gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_mid;
	u32 offset_high;
	u32 reserved_0x0c;
};

STATIC_SIZE(struct idt_gate, 16);
STATIC_OFFSET(struct idt_gate, offset_high, 8);

struct table_register {
	u16 limit;
	u64 base;
} PACKED;

STATIC_SIZE(struct table_register, 10);

struct cpu_local;

/* Fills the shared IDT from trap_entry.S's stubs. Once, on the boot CPU. */
void desc_build_idt(void);

/* Builds this CPU's GDT and TSS in *cl, loads GDTR, segments, TR, IDTR and the GS base. */
void desc_load(struct cpu_local *cl);

/* Base of the shared IDT, for host state areas. */
u64 desc_idt_base(void);

#endif
