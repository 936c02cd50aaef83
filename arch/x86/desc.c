/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments and gates. One GDT and TSS per CPU (a TSS is busy on one CPU only, and the IST stacks
 * are per CPU); one IDT for all, because every gate is the same everywhere.
 */
#include "arch/x86/desc.h"

#include "arch/x86/cpu_local.h"
#include "arch/x86/msr.h"
#include "arch/x86/trap.h"

#define GDT_CODE64 0x00af9b000000ffffull
#define GDT_DATA 0x00cf93000000ffffull
#define GDT_CODE32 0x00cf9b000000ffffull
#define GDT_TSS 0x0000890000000000ull /* available 64-bit TSS, present */

#define GATE_INTERRUPT 0x8e /* present, DPL 0, interrupts off */
#define TRAP_STUB_SIZE 32

extern const u8 trap_stubs[]; /* trap_entry.S */

static struct idt_gate idt[256] ALIGNED(16);

void desc_build_idt(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(idt); i++) {
		u64 addr = (u64)trap_stubs + (u64)i * TRAP_STUB_SIZE;

		idt[i] = (struct idt_gate){
			.offset_low = (u16)addr,
			.selector = SEL_CODE64,
			.type = GATE_INTERRUPT,
			.offset_mid = (u16)(addr >> 16),
			.offset_high = (u32)(addr >> 32),
		};
	}
	idt[TRAP_DF].ist = IST_DF + 1;
	idt[TRAP_NMI].ist = IST_NMI + 1;
	idt[TRAP_MC].ist = IST_MC + 1;
}

u64 desc_idt_base(void)
{
	return (u64)idt;
}

static void build_gdt(struct cpu_local *cl)
{
	u64 base = (u64)&cl->tss;
	u64 limit = sizeof(cl->tss) - 1;

	cl->gdt.entry[0] = 0;
	cl->gdt.entry[SEL_CODE64 / 8] = GDT_CODE64;
	cl->gdt.entry[SEL_DATA / 8] = GDT_DATA;
	cl->gdt.entry[SEL_CODE32 / 8] = GDT_CODE32;
	cl->gdt.entry[SEL_TSS / 8] = GDT_TSS | limit | (base & 0xffffff) << 16 |
				     (base >> 24 & 0xff) << 56;
	cl->gdt.entry[SEL_TSS / 8 + 1] = base >> 32;
}

static void build_tss(struct cpu_local *cl)
{
	cl->tss = (struct tss){.iomap_base = sizeof(cl->tss)};
	cl->tss.rsp[0] = cl->stack_top;
	for (unsigned int i = 0; i < IST_COUNT; i++)
		cl->tss.ist[i] = cl->ist_top[i];
}

static void load_segments(void)
{
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %1, %%ds\n\t"
			 "movl %1, %%es\n\t"
			 "movl %1, %%ss\n\t"
			 "movl %2, %%fs\n\t"
			 "movl %2, %%gs\n\t"
			 :
			 : "i"(SEL_CODE64), "r"(SEL_DATA), "r"(0)
			 : "rax", "memory");
}

void desc_load(struct cpu_local *cl)
{
	struct table_register gdtr = {sizeof(cl->gdt) - 1, (u64)&cl->gdt};
	struct table_register idtr = {sizeof(idt) - 1, (u64)idt};

	cl->self = cl;
	build_tss(cl);
	build_gdt(cl);
	__asm__ volatile("lgdt %0" ::"m"(gdtr) : "memory");
	load_segments();
	wrmsr(MSR_GS_BASE, (u64)cl);
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
	__asm__ volatile("lldt %w0" ::"r"(0));
	__asm__ volatile("lidt %0" ::"m"(idtr));
}
