/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Intel VMX behind struct vcpu_ops: switch on, permission maps, load and run. SDM volume 3,
 * "Introduction to Virtual Machine Extensions" and the chapters after it.
 */
#include "vmx/vmx.h"

#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/desc.h"
#include "arch/x86/dr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/trap.h"
#include "hv/domain.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"

#define IO_BYTES (2 * PAGE_SIZE)
#define MSR_BYTES (2 * PAGE_SIZE)
#define MSR_WRITES 2048u /* offset of the write half */

/* Neither in the VMCS nor switched by vcpu.c; TSC_AUX last, not every CPU has it. */
static const u32 switched_msrs[VMX_MSRS] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK, MSR_KERNEL_GS_BASE, MSR_TSC_AUX,
};

struct vmx_cpu *vmx_this_cpu(void)
{
	return this_cpu()->vendor;
}

/* False after one line. The lock bit set by us lasts until reset. */
static bool unlock_feature(void)
{
	u64 feature;

	if (rdmsr_safe(MSR_FEATURE_CONTROL, &feature))
		return true; /* some outer hypervisors have VMX without the MSR */
	if (!(feature & FEATURE_CONTROL_LOCK))
		wrmsr_safe(MSR_FEATURE_CONTROL,
			   feature | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	else if (!(feature & FEATURE_CONTROL_VMX))
		pr_error("VMX: CPU %u: FEATURE_CONTROL is locked without VMX\n", smp_cpu_id());
	return !(feature & FEATURE_CONTROL_LOCK) || feature & FEATURE_CONTROL_VMX;
}

static int vmx_cpu_enable(void)
{
	struct vmx_cpu *c = page_alloc_bytes(sizeof(*c));
	struct vmcs *region = page_alloc_bytes(sizeof(*region));

	if (!c || !region) {
		pr_error("VMX: no memory for CPU %u\n", smp_cpu_id());
		goto err;
	}
	if (!unlock_feature())
		goto err;
	region->revision = vmx_caps.revision;
	c->region_pa = virt_to_phys(region).v;
	write_cr4(read_cr4() | CR4_VMXE);
	if (vmx_on(c->region_pa)) {
		pr_error("VMX: CPU %u: VMXON fails\n", smp_cpu_id());
		write_cr4(read_cr4() & ~CR4_VMXE);
		goto err;
	}
	/* What was left by others before us. */
	BUG_ON(vmx_invept(INVEPT_ALL, 0));
	c->vpid_gen = 1; /* vCPUs start with 0: they take a VPID at their first entry here */
	c->vpid_next = VPID_COUNT; /* the first entry flushes */
	this_cpu()->vendor = c;
	if (vmx_caps.spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, vmx_caps.spec_ctrl);
	return 0;

err:
	if (region)
		page_free_bytes(region, sizeof(*region));
	if (c)
		page_free_bytes(c, sizeof(*c));
	return -MB_EIO;
}

static void vmx_cpu_disable(void)
{
	struct vmx_cpu *c = vmx_this_cpu();

	if (c->vmcs)
		vmx_clear(c->vmcs->vmcs_pa);
	vmx_off();
	write_cr4(read_cr4() & ~CR4_VMXE);
}

static void vmx_domain_destroy(struct domain *d)
{
	struct vmx_domain *m = d->hw;

	if (!m)
		return;
	if (m->io)
		page_free_bytes(m->io, IO_BYTES);
	if (m->msr)
		page_free_bytes(m->msr, MSR_BYTES);
	page_free_bytes(m, sizeof(*m));
	d->hw = NULL;
}

static int vmx_domain_create(struct domain *d)
{
	struct vmx_domain *m = page_alloc_bytes(sizeof(*m));

	if (!m)
		return -MB_ENOMEM;
	d->hw = m;
	m->io = page_alloc_bytes(IO_BYTES);
	m->msr = page_alloc_bytes(MSR_BYTES);
	if (!m->io || !m->msr) {
		vmx_domain_destroy(d);
		return -MB_ENOMEM;
	}
	memset(m->io, 0xff, IO_BYTES);
	memset(m->msr, 0xff, MSR_BYTES);
	vmx_apic_msrs(m->msr + MSR_APIC);
	return 0;
}

static void vmx_vcpu_destroy(struct vcpu *v)
{
	struct vmx_vcpu *s = v->hw;

	if (!s)
		return;
	BUG_ON(s->cpu); /* sched_detach() has put it */
	if (s->vmcs)
		vmcs_destroy(s);
	page_free_bytes(s, sizeof(*s));
	v->hw = NULL;
}

static int vmx_vcpu_create(struct vcpu *v)
{
	struct vmx_vcpu *s = page_alloc_bytes(sizeof(*s));

	if (!s)
		return -MB_ENOMEM;
	v->hw = s;
	s->eptp = ept_pointer(v->dom->gpm.root_pa);
	s->spec_ctrl = vmx_caps.spec_ctrl;
	if (!vmcs_create(v)) {
		vmx_vcpu_destroy(v);
		return -MB_ENOMEM;
	}
	return 0;
}

static u32 msr_count(void)
{
	return cpu_has(CPU_FEAT_RDTSCP) ? VMX_MSRS : VMX_MSRS - 1;
}

/* The domain before may have left traces that speculation reads or follows. */
static void separate_domains(struct vmx_cpu *c, u32 domain)
{
	static const u16 selector = SEL_DATA;

	if (c->predicted_for == domain)
		return;
	c->predicted_for = domain;
	if (cpu_has(CPU_FEAT_SPEC_CTRL))
		wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
	if (vmx_caps.flush_l1d)
		wrmsr(MSR_FLUSH_CMD, FLUSH_CMD_L1D);
	if (vmx_caps.clear_buffers)
		__asm__ volatile("verw %0" ::"m"(selector) : "cc");
}

static void vmx_vcpu_load(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	struct vmx_cpu *c = vmx_this_cpu();

	BUG_ON(c->vmcs || s->cpu || vmx_load(s->vmcs_pa));
	c->vmcs = s;
	s->cpu = c;
	if (s->host != c) {
		vmcs_set_host();
		s->host = c;
	}
	for (u32 i = 0; i < msr_count(); i++)
		wrmsr(switched_msrs[i], s->msrs[i]);
	write_cr2(s->cr2);
	dr6_write(s->dr6);
	separate_domains(c, v->dom->id);
	if (s->spec_ctrl != vmx_caps.spec_ctrl)
		wrmsr(MSR_SPEC_CTRL, s->spec_ctrl);
}

static void vmx_vcpu_put(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);

	for (u32 i = 0; i < msr_count(); i++)
		s->msrs[i] = rdmsr(switched_msrs[i]);
	s->cr2 = read_cr2();
	s->dr6 = dr6_read();
	if (cpu_has(CPU_FEAT_SPEC_CTRL)) {
		/* dom0 sets it for itself; it costs others much. */
		s->spec_ctrl = rdmsr(MSR_SPEC_CTRL);
		if (s->spec_ctrl != vmx_caps.spec_ctrl)
			wrmsr(MSR_SPEC_CTRL, vmx_caps.spec_ctrl);
	}
	BUG_ON(vmx_clear(s->vmcs_pa));
	s->launched = false;
	s->cpu = NULL;
	vmx_this_cpu()->vmcs = NULL;
}

static bool is_64bit(void)
{
	return vmcs_read(VMCS_ENTRY) & ENTRY_LONG_MODE &&
	       vmcs_read(vmcs_nth(VMCS_GUEST_AR, SEG_CS)) & SEG_AR_L;
}

/* What the core has changed since the exit. */
static void write_registers(struct vcpu *v, struct vmx_vcpu *s)
{
	if (v->rip != s->rip) {
		/* An instruction was completed: its shadow is over. */
		s->int_state &= ~(INT_STATE_STI | INT_STATE_MOV_SS);
		if (v->rip >> 32 && !is_64bit())
			v->rip = (u32)v->rip; /* EIP wraps */
		vmcs_write(VMCS_GUEST_RIP, v->rip);
		s->rip = v->rip;
	}
	if (v->rflags != s->rflags)
		vmcs_write(VMCS_GUEST_RFLAGS, v->rflags);
	s->rflags = v->rflags;
	if (v->regs.rsp != s->rsp)
		vmcs_write(VMCS_GUEST_RSP, v->regs.rsp);
}

static void read_registers(struct vcpu *v, struct vmx_vcpu *s)
{
	v->rip = s->rip = vmcs_read(VMCS_GUEST_RIP);
	v->rflags = s->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	v->regs.rsp = s->rsp = vmcs_read(VMCS_GUEST_RSP);
	s->int_state = s->int_state_hw = (u32)vmcs_read(VMCS_INT_STATE);
	if (!(s->proc & PROC_HLT) && vmcs_read(VMCS_ACTIVITY) == ACTIVITY_HLT) {
		/* Out of its HLT by something else: the core waits on for it. */
		vmcs_write(VMCS_ACTIVITY, ACTIVITY_ACTIVE);
		v->halted = true;
	}
}

/* What ended the run, and what came with it. The interrupt was acknowledged by the exit; an NMI was
 * not, and NMIs stay blocked until an IRET: the handler's. */
static void take_host_events(const struct vmx_vcpu *s)
{
	u32 event = 0;

	if (s->reason == REASON_INTR || s->reason == REASON_EVENT)
		event = (u32)vmcs_read(VMCS_EXIT_EVENT);
	if (s->reason == REASON_INTR && event & EVENT_VALID)
		trap_interrupt(EVENT_VECTOR(event));
	else if (event & EVENT_VALID && EVENT_TYPE(event) == EVENT_TYPE_NMI)
		__asm__ volatile("int $2" ::: "memory");
	irq_window();
}

static void vmx_run(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	bool failed;

	ept_prepare_tlb(v);
	write_registers(v, s);
	vmx_inject_arm(v);
	failed = vmx_enter(&v->regs, s->launched, VMCS_HOST_RSP);
	vmx_apic_settle(v);
	if (failed) {
		s->reason = REASON_INSN_FAILED;
	} else {
		s->reason = (u32)vmcs_read(VMCS_EXIT_REASON);
		if (!(s->reason & REASON_ENTRY_FAILED)) {
			s->launched = true;
			read_registers(v, s);
		}
	}
	take_host_events(s);
	vmx_inject_settle(v);
	vmx_decode_exit(v);
}

/* Byte offset and bit of an MSR's read permission. SDM "MSR-Bitmap Address". */
static bool msr_bit(u32 msr, u32 *bit)
{
	if (msr < 0x2000)
		*bit = msr;
	else if (msr - 0xc0000000 < 0x2000)
		*bit = 1024 * 8 + (msr - 0xc0000000);
	else
		return false;
	return true;
}

static void set_bit(u8 *map, u32 bit, bool on)
{
	u8 mask = (u8)(1u << (bit & 7));

	map[bit / 8] = (u8)(on ? map[bit / 8] | mask : map[bit / 8] & ~mask);
}

void vmx_msr_set(u8 *map, u32 msr, bool read, bool write)
{
	u32 bit;

	if (!msr_bit(msr, &bit))
		return; /* outside the map: always intercepted */
	set_bit(map, bit, read);
	set_bit(map + MSR_WRITES, bit, write);
}

static void vmx_msr_intercept(struct domain *d, u32 msr, bool read, bool write)
{
	struct vmx_domain *m = d->hw;

	vmx_msr_set(m->msr, msr, read, write);
	if (msr >> 8 != MSR_X2APIC_FIRST >> 8)
		vmx_msr_set(m->msr + MSR_APIC, msr, read, write);
}

static void vmx_io_intercept(struct domain *d, u16 port, u32 count, bool on)
{
	struct vmx_domain *m = d->hw;

	for (u32 p = port; p < port + count && p < 0x10000; p++)
		set_bit(m->io, p, on);
}

static void vmx_set_exiting(struct vcpu *v, enum vcpu_exiting what, bool on)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	u32 bit = what == EXITING_HLT ? PROC_HLT : what == EXITING_CR3 ? PROC_CR3_LOAD : 0;
	u32 bit2 = what == EXITING_PAUSE && vmx_caps.pause ? PROC2_PAUSE_LOOP : 0;

	if (what == EXITING_IRET)
		s->iret_exiting = on; /* vmx_inject_arm() opens the window */
	if (!(bit | bit2) || (what == EXITING_HLT && vmx_caps.hlt_exits) || !vmcs_borrow(s))
		return;
	vmx_set_proc(s, on ? s->proc | bit : s->proc & ~bit,
		     on ? s->proc2 | bit2 : s->proc2 & ~bit2);
	vmcs_return(s);
}

static void vmx_dump(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	const char *why;

	if (!vmcs_borrow(s)) {
		pr_error("  VMCS: loaded on another CPU\n");
		return;
	}
	why = vmcs_check();
	if (why)
		pr_error("  VMCS: %s\n", why);
	vmcs_dump();
	vmcs_return(s);
}

const struct vcpu_ops vmx_ops = {
	.name = "vmx",
	.probe = vmx_probe,
	.cpu_enable = vmx_cpu_enable,
	.cpu_disable = vmx_cpu_disable,
	.domain_create = vmx_domain_create,
	.domain_destroy = vmx_domain_destroy,
	.vcpu_create = vmx_vcpu_create,
	.vcpu_destroy = vmx_vcpu_destroy,
	.vcpu_reset = vmx_reset_state,
	.vcpu_load = vmx_vcpu_load,
	.vcpu_put = vmx_vcpu_put,
	.run = vmx_run,
	.read_sys = vmx_read_sys,
	.msr_read = vmx_msr_read,
	.msr_write = vmx_msr_write,
	.cr_write = vmx_cr_write,
	.msr_intercept = vmx_msr_intercept,
	.io_intercept = vmx_io_intercept,
	.set_exiting = vmx_set_exiting,
	.gpm_entry = ept_entry,
	.dump = vmx_dump,
};
