/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APIC by hardware: APM volume 2, 15.29 "Advanced Virtual Interrupt Controller". In x2APIC
 * mode the CPU reads registers from the page, does TPR, EOI and SELF IPI itself, delivers what IRR
 * holds, and sends IPIs: it sets the bit in the receiver's page and rings the receiver's CPU. A
 * vCPU in xAPIC mode is served by exits, as in vmx/apic.c; hence CPUs without x2AVIC have no use
 * for any of this.
 *
 * Never run on hardware so far: no emulator has it. So it is off unless help=avic asks for it.
 *
 * A receiver "is running" in the table only from the last step before VMRUN to the first after
 * #VMEXIT. Else a sender exits, with the bit set, and tells the owner as any post does. What the
 * hypervisor posts is merged by the owner: a kick ends its run.
 */
#include "svm/svm.h"

#include "arch/x86/atomic.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "hv/domain.h"
#include "hv/hwhelp.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/string.h"
#include "hv/vlapic_hw.h"

/* Physical APIC ID table: one page of these. An APIC that takes no interrupts has an invalid one,
 * so that senders exit and the software road drops what there is to drop. */
#define ID_COUNT (PAGE_SIZE / sizeof(u64))
#define ID_VALID BIT(63)
#define ID_RUNNING BIT(62)
#define ID_HOST_MAX 0xfffu

void svm_apic_probe(u32 edx)
{
	bool avic = edx & CPUID_8A_EDX_AVIC, x2avic = edx & CPUID_8A_EDX_X2AVIC;

	hw_help_quirk(HW_HELP_AVIC);
	svm_caps.avic = hw_help(HW_HELP_AVIC, avic && x2avic);
	hw_help_unused(HW_HELP_AVIC, avic && !x2avic);
}

static void open_msrs(u8 *map)
{
	for (u32 reg = 0; reg <= MSR_X2APIC_LAST - MSR_X2APIC_FIRST; reg++) {
		bool write = reg == VLAPIC_TPR || reg == VLAPIC_EOI || reg == VLAPIC_SELF_IPI ||
			     reg == VLAPIC_ICR;

		svm_msrpm_set(map, MSR_X2APIC_FIRST + reg, !vlapic_hw_reads(reg), !write);
	}
}

bool svm_apic_domain_create(struct svm_domain *s)
{
	if (!svm_caps.avic)
		return true;
	s->msrpm_apic = page_alloc_bytes(MSRPM_BYTES);
	s->avic_ids = page_alloc_bytes(PAGE_SIZE);
	s->avic_logical = page_alloc_bytes(PAGE_SIZE);
	if (!s->msrpm_apic || !s->avic_ids || !s->avic_logical)
		return false;
	memset(s->msrpm_apic, 0xff, MSRPM_BYTES);
	open_msrs(s->msrpm_apic);
	return true;
}

void svm_apic_domain_destroy(struct svm_domain *s)
{
	if (s->avic_logical)
		page_free_bytes(s->avic_logical, PAGE_SIZE);
	if (s->avic_ids)
		page_free_bytes(s->avic_ids, PAGE_SIZE);
	if (s->msrpm_apic)
		page_free_bytes(s->msrpm_apic, MSRPM_BYTES);
}

void svm_apic_create(struct vcpu *v)
{
	const struct svm_domain *d = v->dom->hw;
	struct svm_vcpu *s = svm_vcpu(v);

	if (!svm_caps.avic || v->lapic.id >= ID_COUNT)
		return;
	v->lapic.hw_modes = VLAPIC_HW_X2APIC;
	s->avic_id = &d->avic_ids[v->lapic.id];
	s->vmcb->avic_apic_bar = v->lapic.base & ~PAGE_MASK;
	s->vmcb->avic_page_pa = virt_to_phys(v->lapic.page).v;
	/* Logical ids follow from the ids in x2APIC mode: the table of xAPIC mode stays empty. */
	s->vmcb->avic_logical_pa = virt_to_phys(d->avic_logical).v;
	s->vmcb->avic_ids_pa = virt_to_phys(d->avic_ids).v | (ID_COUNT - 1);
}

void svm_apic_reset(struct vcpu *v)
{
	const struct svm_vcpu *s = svm_vcpu(v);

	if (s->avic_id)
		WRITE_ONCE(*s->avic_id, 0);
}

/* Its entry while it is not running. */
static u64 id_of(const struct vcpu *v)
{
	return ID_VALID | virt_to_phys(v->lapic.page).v;
}

/* A vector that ever was level exits at its EOI, whatever its last request was. */
static void keep_eoi_exits(struct vlapic *l)
{
	for (u32 w = 0; w < VLAPIC_MAP_WORDS; w++)
		if (l->eoi_exits[w])
			l->page->reg[VLAPIC_TMR + w].value |= l->eoi_exits[w];
}

void svm_apic_arm(struct vcpu *v)
{
	const struct svm_domain *d = v->dom->hw;
	const struct svm_vcpu *s = svm_vcpu(v);
	u32 host = percpu(v->cpu)->arch.apic_id;
	u64 id = 0;

	if (!s->avic_id)
		return;
	s->vmcb->vintr &= ~(VINTR_AVIC | VINTR_X2AVIC);
	s->vmcb->msrpm_pa = virt_to_phys(d->msrpm).v;
	if (v->lapic.hw_on) {
		s->vmcb->vintr |= VINTR_AVIC | VINTR_X2AVIC;
		s->vmcb->msrpm_pa = virt_to_phys(d->msrpm_apic).v;
		keep_eoi_exits(&v->lapic);
		if (vlapic_enabled(v))
			id = id_of(v) | (host > ID_HOST_MAX ? 0 : ID_RUNNING | host);
	}
	/* Locked: VMRUN looks at IRR after it, so a bit that came before, without a ring, is
	 * seen. Pairs with the sender's CPU, which sets IRR before it looks here. */
	if (*s->avic_id != id)
		atomic_exchange(s->avic_id, id);
}

void svm_apic_settle(struct vcpu *v)
{
	const struct svm_vcpu *s = svm_vcpu(v);

	/* Locked: the owner looks at IRR only after this. Pairs with the sender's CPU, which sets
	 * IRR first: if it still found us running, and rang in vain, we see the bit. */
	if (s->avic_id && *s->avic_id & ID_RUNNING)
		atomic_exchange(s->avic_id, id_of(v));
}

void svm_apic_decode(struct vcpu *v, const struct vmcb *b)
{
	struct vmexit *e = &v->exit;
	u32 msr = (u32)v->regs.rcx;

	/* Both come after the instruction; its operands are still in the registers. */
	e->insn_len = 0;
	if (e->hw_code == VMEXIT_AVIC_IPI) {
		if (AVIC_IPI_REASON(b->exitinfo2) == AVIC_IPI_NOT_RUNNING) {
			e->apic.sent = true;
			e->apic.vector = (u8)b->exitinfo1;
			return;
		}
		/* INIT, NMI and others: not done at all, so it is done here. */
		e->code = msr == MSR_X2APIC_FIRST + VLAPIC_ICR ? MB_EXIT_WRMSR : MB_EXIT_OTHER;
	} else if (b->exitinfo1 & AVIC_ACCESS_WRITE) {
		u32 reg = AVIC_ACCESS_REG(b->exitinfo1);

		if (reg == VLAPIC_EOI) {
			e->apic.sent = false;
			e->apic.vector = (u8)b->exitinfo2;
			return;
		}
		e->code = msr == MSR_X2APIC_FIRST + reg ? MB_EXIT_WRMSR : MB_EXIT_OTHER;
	} else {
		e->code = MB_EXIT_OTHER; /* reads that are not from the page are intercepted */
	}
	if (e->code == MB_EXIT_OTHER)
		e->what = "AVIC";
}
