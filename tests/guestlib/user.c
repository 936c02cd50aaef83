// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mode and page mappings of a bare test guest. Ring 3 needs a TSS, for the stack on which the
 * CPU takes exceptions from there, and pages marked for it; both are made at the first use.
 */
#include "guest.h"

#define VEC_DONE 0x81
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_USER_CODE 0x23
#define SEL_USER_DATA 0x2b
#define SEL_TSS 0x30
#define GATE_USER_INTERRUPT 0xee
#define STACK_BYTES 8192

struct tss {
	uint32_t reserved0;
	uint64_t rsp0, rsp1, rsp2;
	uint64_t reserved1, ist[7], reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "APM Vol 2, \"64-bit Task State Segment\"");
_Static_assert(offsetof(struct tss, ist) == 36, "APM Vol 2, \"64-bit Task State Segment\"");

struct pseudo_descriptor {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));
_Static_assert(sizeof(struct pseudo_descriptor) == 10, "APM Vol 2, \"Pseudo-Descriptor Format\"");
_Static_assert(offsetof(struct pseudo_descriptor, base) == 2, "the same");

extern uint64_t pml4[512], pd[2048];
extern struct {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
} idt[256];

static uint64_t gdt[8] = {
	0,
	0x00af9a000000ffff, /* as in start.S */
	0x00cf92000000ffff,
	0x00cf9a000000ffff,
	0x00affa000000ffff,
	0x00cff2000000ffff,
};
static struct tss tss;
static char kernel_stack[STACK_BYTES] __attribute__((aligned(16)));
static char user_stack[STACK_BYTES] __attribute__((aligned(16)));
static void (*user_fn)(void);
static uint64_t saved_rsp, saved_rip;

static void flush(void)
{
	uint64_t cr3;

	__asm__ volatile("movq %%cr3, %0; movq %0, %%cr3" : "=r"(cr3) : : "memory");
}

void guest_map(uint64_t va, uint64_t pa, uint64_t flags)
{
	pd[va >> 21] = pa | flags | 0x80;
	flush();
}

static void user_entry(void)
{
	user_fn();
	__asm__ volatile("int $0x81");
}

/* Back to where guest_user() waits, whatever the user stack looks like. */
static void user_done(struct trap_frame *f)
{
	f->cs = SEL_CODE;
	f->ss = SEL_DATA;
	f->rip = saved_rip;
	f->rsp = saved_rsp;
	f->rflags = 2;
}

static void set_up(void)
{
	uint64_t base = (uint64_t)&tss, *pdpt = (uint64_t *)(pml4[0] & ~0xfffull);
	struct pseudo_descriptor desc = {sizeof(gdt) - 1, (uint64_t)gdt};

	tss.rsp0 = (uint64_t)(kernel_stack + STACK_BYTES);
	tss.iomap = sizeof(tss);
	gdt[6] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
	         (base >> 24 & 0xff) << 56;
	gdt[7] = base >> 32;
	__asm__ volatile("lgdt %0; ltr %w1" : : "m"(desc), "r"(SEL_TSS) : "memory");
	idt[VEC_DONE].type = GATE_USER_INTERRUPT;
	guest_irq_handler(VEC_DONE, user_done);
	pml4[0] |= PAGE_USER;
	for (unsigned int i = 0; i < 4; i++)
		pdpt[i] |= PAGE_USER;
	/* The image and its stacks: the first 4 MiB. */
	pd[0] |= PAGE_USER;
	pd[1] |= PAGE_USER;
	flush();
}

void guest_user(void (*fn)(void))
{
	uint64_t stack = (uint64_t)(user_stack + STACK_BYTES - 8), entry = (uint64_t)user_entry;

	if (!tss.rsp0)
		set_up();
	user_fn = fn;
	__asm__ volatile("pushq %%rbp\n"
	                 "movq %%rsp, %0\n"
	                 "leaq 1f(%%rip), %%rcx\n"
	                 "movq %%rcx, %1\n"
	                 "pushq %4; pushq %2; pushq $2; pushq %5; pushq %3\n"
	                 "iretq\n"
	                 "1: popq %%rbp\n"
	                 : "=m"(saved_rsp), "=m"(saved_rip), "+a"(stack), "+d"(entry)
	                 : "i"(SEL_USER_DATA), "i"(SEL_USER_CODE)
	                 : "rbx", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
	                   "r14", "r15", "memory", "cc");
}
