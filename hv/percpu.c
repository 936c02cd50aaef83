/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Creation of per-CPU state. The boot CPU's is static, because it must exist before there is an
 * allocator; its stacks lie in the image with guard pages between them, the others' in paging.c's
 * window, where guard pages come for free.
 */
#include "hv/percpu.h"

#include "arch/x86/layout.h"
#include "arch/x86/paging.h"
#include "hv/page_alloc.h"

struct boot_stacks {
	u8 guard_main[PAGE_SIZE];
	u8 main[STACK_SIZE];
	struct {
		u8 guard[PAGE_SIZE];
		u8 stack[IST_STACK_SIZE];
	} ist[IST_COUNT];
};

unsigned int cpu_count = 1;
static struct percpu boot_percpu;
struct percpu *percpu_table[CPUS_MAX] = {&boot_percpu};

extern struct boot_stacks boot_stacks;
struct boot_stacks boot_stacks ALIGNED(4096) __attribute__((section(".bss.stacks")));
STATIC_OFFSET(struct boot_stacks, ist, BOOT_STACK_TOP); /* start.S */

void percpu_init_boot(void)
{
	struct cpu_local *cl = &boot_percpu.arch;

	cl->stack_top = (u64)boot_stacks.main + STACK_SIZE;
	for (unsigned int i = 0; i < IST_COUNT; i++)
		cl->ist_top[i] = (u64)boot_stacks.ist[i].stack + IST_STACK_SIZE;
	desc_build_idt();
	desc_load(cl);
	cl->online = 1;
}

void percpu_guard_boot_stacks(void)
{
	paging_unmap_image_page(boot_stacks.guard_main);
	for (unsigned int i = 0; i < IST_COUNT; i++)
		paging_unmap_image_page(boot_stacks.ist[i].guard);
}

static u64 create_stack(u64 size)
{
	hpa_t pa = page_alloc((unsigned int)__builtin_ctzl(size / PAGE_SIZE));

	return pa.v ? paging_map_stack(pa, size) : 0;
}

/* A CPU that cannot be given its memory is left out for good, so nothing is freed here. */
struct cpu_local *percpu_create(u32 id, u32 apic_id)
{
	struct percpu *cpu = page_alloc_bytes(sizeof(*cpu));

	if (!cpu)
		return NULL;
	cpu->arch.id = id;
	cpu->arch.apic_id = apic_id;
	cpu->arch.stack_top = create_stack(STACK_SIZE);
	if (!cpu->arch.stack_top)
		return NULL;
	for (unsigned int i = 0; i < IST_COUNT; i++) {
		cpu->arch.ist_top[i] = create_stack(IST_STACK_SIZE);
		if (!cpu->arch.ist_top[i])
			return NULL;
	}
	percpu_table[id] = cpu;
	return &cpu->arch;
}

int percpu_by_apic_id(u32 apic_id)
{
	for (unsigned int i = 0; i < cpu_count; i++) {
		if (percpu_table[i]->arch.apic_id == apic_id)
			return (int)i;
	}
	return -1;
}
