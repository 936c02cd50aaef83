/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD SVM behind struct vcpu_ops: switch on, permission maps, load and run. APM volume 2,
 * chapter 15 "Secure Virtual Machine".
 */
#include "svm/svm.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "hv/domain.h"
#include "hv/guest_tsc.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"

#define IOPM_BYTES (3 * PAGE_SIZE) /* one bit per port, and 3 more bits */
#define IOPM_ALLOC (4 * PAGE_SIZE)

struct svm_cpu *svm_this_cpu(void)
{
	return this_cpu()->vendor;
}

static int svm_cpu_enable(void)
{
	struct svm_cpu *c = page_alloc_bytes(sizeof(*c));
	hpa_t save = page_alloc(0);
	hpa_t host = page_alloc(0);

	if (!c || !save.v || !host.v) {
		pr_error("SVM: no memory for CPU %u\n", smp_cpu_id());
		goto err;
	}
	/* Automatic IBRS: no domain's branch predictions steer the hypervisor. */
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME |
				(cpu_has(CPU_FEAT_AUTOIBRS) ? EFER_AUTOIBRS : 0));
	if (!(rdmsr(MSR_EFER) & EFER_SVME) || wrmsr_safe(MSR_VM_HSAVE_PA, save.v)) {
		pr_error("SVM: CPU %u does not let EFER.SVME be set\n", smp_cpu_id());
		goto err;
	}
	c->host_save_pa = save.v;
	c->host_vmcb_pa = host.v;
	c->asid_gen = 1; /* vCPUs start with 0: they take an ASID at their first entry here */
	c->asid_next = svm_caps.asids; /* the first entry flushes what was left by others */
	this_cpu()->vendor = c;
	/* FS, GS, TR, LDTR and the syscall MSRs as VMLOAD shall bring them back after each exit. */
	__asm__ volatile("vmsave %0" ::"a"(host.v) : "memory");
	return 0;

err:
	if (host.v)
		page_free(host, 0);
	if (save.v)
		page_free(save, 0);
	if (c)
		page_free_bytes(c, sizeof(*c));
	return -MB_EIO;
}

static void svm_cpu_disable(void)
{
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SVME);
}

static void svm_domain_destroy(struct domain *d)
{
	struct svm_domain *s = d->hw;

	if (!s)
		return;
	svm_apic_domain_destroy(s);
	if (s->iopm)
		page_free_bytes(s->iopm, IOPM_ALLOC);
	if (s->msrpm)
		page_free_bytes(s->msrpm, MSRPM_BYTES);
	page_free_bytes(s, sizeof(*s));
	d->hw = NULL;
}

static int svm_domain_create(struct domain *d)
{
	struct svm_domain *s = page_alloc_bytes(sizeof(*s));

	if (!s)
		return -MB_ENOMEM;
	d->hw = s;
	s->iopm = page_alloc_bytes(IOPM_ALLOC);
	s->msrpm = page_alloc_bytes(MSRPM_BYTES);
	if (!s->iopm || !s->msrpm || !svm_apic_domain_create(s)) {
		svm_domain_destroy(d);
		return -MB_ENOMEM;
	}
	memset(s->iopm, 0xff, IOPM_ALLOC);
	memset(s->msrpm, 0xff, MSRPM_BYTES);
	return 0;
}

static void svm_vcpu_destroy(struct vcpu *v)
{
	struct svm_vcpu *s = v->hw;

	if (!s)
		return;
	svm_apic_reset(v);
	if (s->vmcb)
		vmcb_destroy(s->vmcb);
	page_free_bytes(s, sizeof(*s));
	v->hw = NULL;
}

static int svm_vcpu_create(struct vcpu *v)
{
	struct svm_vcpu *s = page_alloc_bytes(sizeof(*s));

	if (!s)
		return -MB_ENOMEM;
	v->hw = s;
	s->vmcb = vmcb_create(v);
	if (!s->vmcb) {
		svm_vcpu_destroy(v);
		return -MB_ENOMEM;
	}
	s->vmcb_pa = virt_to_phys(s->vmcb).v;
	s->pause = svm_caps.pause;
	svm_apic_create(v);
	return 0;
}

/* Applies in guest mode only, so it may stay when the vCPU is put. Most domains have the same. */
static void set_tsc_ratio(struct svm_cpu *c, u64 ratio)
{
	if (c->tsc_ratio == ratio)
		return;
	wrmsr(MSR_TSC_RATIO, ratio);
	c->tsc_ratio = ratio;
}

static void svm_vcpu_load(struct vcpu *v)
{
	const struct svm_vcpu *s = svm_vcpu(v);
	struct svm_cpu *c = svm_this_cpu();

	if (cpu_has(CPU_FEAT_RDTSCP))
		wrmsr(MSR_TSC_AUX, s->tsc_aux);
	if (s->spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, s->spec_ctrl);
	if (c->predicted_for != v->dom->id && cpu_has(CPU_FEAT_IBPB))
		wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
	c->predicted_for = v->dom->id;
	if (vcaps.tsc_scaling)
		set_tsc_ratio(c, guest_tsc_ratio(v->dom));
}

static void svm_vcpu_put(struct vcpu *v)
{
	struct svm_vcpu *s = svm_vcpu(v);

	if (cpu_has(CPU_FEAT_RDTSCP))
		s->tsc_aux = rdmsr(MSR_TSC_AUX);
	if (!cpu_has(CPU_FEAT_AMD_SPEC_CTRL))
		return;
	/* dom0 sets it for itself; it costs others much. */
	s->spec_ctrl = rdmsr(MSR_SPEC_CTRL);
	if (s->spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, 0);
}

static void svm_run(struct vcpu *v)
{
	struct svm_vcpu *s = svm_vcpu(v);
	struct vmcb *b = s->vmcb;

	if (v->rip != b->rip)
		b->int_state = 0; /* an instruction was completed: its shadow is over */
	npt_prepare_tlb(v);
	svm_inject_arm(v);
	b->rip = v->rip;
	b->rflags = v->rflags;
	b->rax = v->regs.rax;
	b->rsp = v->regs.rsp;
	svm_apic_arm(v);
	/* Bochs's VMRUN forgets CR2: a vCPU that was taken off its CPU between a page fault and its
	 * handler's look at CR2 would see another's address. */
	if (svm_caps.bochs)
		write_cr2(b->cr2);
	svm_enter(&v->regs, s->vmcb_pa, svm_this_cpu()->host_vmcb_pa);
	svm_apic_settle(v);
	v->rip = b->rip;
	v->rflags = b->rflags;
	v->regs.rax = b->rax;
	v->regs.rsp = b->rsp;
	svm_inject_settle(v);
	svm_decode_exit(v);
}

/* Byte and bit of an MSR's read permission; the write permission is the next bit. APM 15.11. */
static bool msrpm_bit(u32 msr, u32 *bit)
{
	static const u32 base[] = {0, 0xc0000000, 0xc0010000};

	for (u32 i = 0; i < ARRAY_SIZE(base); i++) {
		if (msr - base[i] < 0x2000) {
			*bit = i * 0x4000 + (msr - base[i]) * 2;
			return true;
		}
	}
	return false;
}

static void set_bit(u8 *map, u32 bit, bool on)
{
	u8 mask = (u8)(1u << (bit & 7));

	map[bit / 8] = (u8)(on ? map[bit / 8] | mask : map[bit / 8] & ~mask);
}

void svm_msrpm_set(u8 *map, u32 msr, bool read, bool write)
{
	u32 bit;

	if (!msrpm_bit(msr, &bit))
		return; /* outside the map: always intercepted */
	set_bit(map, bit, read);
	set_bit(map, bit + 1, write);
}

static void svm_msr_intercept(struct domain *d, u32 msr, bool read, bool write)
{
	struct svm_domain *s = d->hw;

	svm_msrpm_set(s->msrpm, msr, read, write);
	if (s->msrpm_apic && (msr < MSR_X2APIC_FIRST || msr > MSR_X2APIC_LAST))
		svm_msrpm_set(s->msrpm_apic, msr, read, write);
}

static void svm_io_intercept(struct domain *d, u16 port, u32 count, bool on)
{
	struct svm_domain *s = d->hw;

	for (u32 p = port; p < port + count && p < 0x10000; p++)
		set_bit(s->iopm, p, on);
}

static void svm_set_exiting(struct vcpu *v, enum vcpu_exiting what, bool on)
{
	static const u32 bits[] = {
		[EXITING_CPUID] = INTERCEPT1_CPUID,
		[EXITING_HLT] = INTERCEPT1_HLT,
		[EXITING_IRET] = INTERCEPT1_IRET,
	};
	struct vmcb *b = svm_vcpu(v)->vmcb;

	if (what == EXITING_CR3) {
		b->intercept_cr_write = on ? INTERCEPT_CR3 : 0;
		return;
	}
	if (what == EXITING_CPUID && svm_caps.bochs)
		return; /* what cpu_identify() hides there stays hidden from dom0's programs */
	if (what == EXITING_PAUSE) { /* svm_inject_arm() has the last word */
		/* Without a filter each PAUSE would exit: dearer than spinning. */
		svm_vcpu(v)->pause = on && svm_caps.pause;
		return;
	}
	if (on)
		b->intercept1 |= bits[what];
	else
		b->intercept1 &= ~bits[what];
}

static void svm_dump(struct vcpu *v)
{
	const struct vmcb *b = svm_vcpu(v)->vmcb;
	const char *why = vmcb_check(b);

	if (why)
		pr_error("  VMCB: %s\n", why);
	vmcb_dump(b);
}

const struct vcpu_ops svm_ops = {
	.name = "svm",
	.probe = svm_probe,
	.cpu_enable = svm_cpu_enable,
	.cpu_disable = svm_cpu_disable,
	.domain_create = svm_domain_create,
	.domain_destroy = svm_domain_destroy,
	.vcpu_create = svm_vcpu_create,
	.vcpu_destroy = svm_vcpu_destroy,
	.vcpu_reset = svm_reset_state,
	.vcpu_load = svm_vcpu_load,
	.vcpu_put = svm_vcpu_put,
	.run = svm_run,
	.read_sys = svm_read_sys,
	.msr_read = svm_msr_read,
	.msr_write = svm_msr_write,
	.cr_write = svm_cr_write,
	.msr_intercept = svm_msr_intercept,
	.io_intercept = svm_io_intercept,
	.set_exiting = svm_set_exiting,
	.gpm_entry = npt_entry,
	.dump = svm_dump,
};
