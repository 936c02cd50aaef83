// SPDX-License-Identifier: GPL-2.0-only
/*
 * What vmx/apic.c tells the CPU: controls, interrupt status, EOI-exit bitmap and descriptor in the
 * VMCS against the register page; the MSR bitmap of a CPU that does the local APIC. A wrong bit
 * there lets a guest at the machine's own APIC.
 *
 * SOURCES: vmx/apic.c hv/hwhelp.c hv/vlapic.c hv/vlapic_regs.c hv/vlapic_timer.c hv/vlapic_ipi.c
 * SOURCES: hv/vlapic_post.c hv/vlapic_pveoi.c hv/vlapic_hw.c
 * SOURCES: tests/fake_arch/fake_cpu.c tests/fake_arch/fake_mem.c tests/fake_arch/fake_vmx.c
 */
#include <string.h>

#include "arch/x86/apic.h"
#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "fake.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/irq.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/vioapic.h"
#include "hv/vlapic_hw.h"
#include "tap.h"
#include "vmx/vmx.h"

struct vmx_caps vmx_caps;

#define REGS 0x40u

static u8 intercepts[REGS]; /* bit 0 read, bit 1 write */
static u8 map[2 * PAGE_SIZE];
static u8 *const map_apic = map + MSR_APIC;
static struct vmx_domain vmx_dom = {.msr = map};
static struct domain dom = {.hw = &vmx_dom};
static struct vmx_vcpu vmx_part;
static struct vcpu *v;
static u32 kicks, notifications;

void vcpu_kick(struct vcpu *t)
{
	(void)t;
	kicks++;
}

void irq_notify_cpu(u32 cpu)
{
	(void)cpu;
	notifications++;
}

void vcpu_request(struct vcpu *t, u32 requests)
{
	(void)t;
	(void)requests;
}

void irq_level_eoi(struct vcpu *t, u8 vector)
{
	(void)t;
	(void)vector;
}

void irq_level_flush(struct vcpu *t)
{
	(void)t;
}

void vioapic_eoi(struct vioapic *io, u8 vector)
{
	(void)io;
	(void)vector;
}

bool apic_is_x2apic(void)
{
	return true;
}

void apic_write(u32 offset, u32 val)
{
	(void)offset;
	(void)val;
}

void *guest_page(struct domain *d, gpa_t gpa, u32 len)
{
	(void)d;
	(void)gpa;
	(void)len;
	return NULL;
}

void vmx_msr_set(u8 *m, u32 msr, bool read, bool write)
{
	if (m == map_apic && msr - MSR_X2APIC_FIRST < REGS)
		intercepts[msr - MSR_X2APIC_FIRST] = (u8)(read | write << 1);
}

static void fresh(bool apicv, bool posted, bool bochs)
{
	static struct vmcs vmcs;

	if (v) {
		vlapic_destroy(v);
	} else {
		v = page_alloc_bytes(sizeof(*v));
	}
	*v = (struct vcpu){.dom = &dom, .hw = &vmx_part, .intr = -1, .rflags = RFLAGS_IF};
	vmx_part = (struct vmx_vcpu){.vmcs = &vmcs};
	vmx_caps = (struct vmx_caps){.apicv = apicv, .posted = posted, .bochs = bochs, .pin = 0x16};
	dom.vcpu[0] = v;
	dom.nr_vcpus = 1;
	vlapic_init(v, 0);
	vmx_load((u64)&vmcs);
	memset(fake_vmcs, 0, FAKE_VMX_FIELDS * sizeof(u64));
	vmx_apic_create(v);
	vlapic_write(v, VLAPIC_SVR, false, 0x1ff);
	vlapic_set_base(v, v->lapic.base | APIC_BASE_EXTD);
	kicks = notifications = 0;
}

static void enter(void)
{
	vlapic_hw_choose(v);
	vmx_apic_arm(v);
}

static void test_off(void)
{
	fresh(false, false, false);
	enter();
	ok(!v->lapic.hw_on && !vmx_part.apic_on && !(vmx_part.proc2 & PROC2_APICV),
	   "not used: nothing is switched on");
}

static void test_on(void)
{
	fresh(true, false, false);
	vlapic_post(v, 0x51, false);
	enter();
	ok((fake_vmcs[VMCS_PROC2] & PROC2_APICV) == PROC2_APICV && fake_vmcs[VMCS_PIN] == 0x16 &&
		   fake_vmcs[VMCS_MSR_BITMAP] == (u64)map_apic,
	   "x2APIC mode: the controls, the other MSR bitmap");
	ok(fake_vmcs[VMCS_GUEST_INTR] == 0x51, "interrupt status: what is requested");
	vlapic_take(v, 0x51);
	vlapic_commit(v, 0x51);
	vlapic_post(v, 0x42, true);
	vlapic_post(v, 0xe3, true);
	enter();
	ok(fake_vmcs[VMCS_GUEST_INTR] == 0x51e3, "and what is in service");
	ok(fake_vmcs[VMCS_EOI_EXIT] == 0 && fake_vmcs[VMCS_EOI_EXIT + 2] == 1ul << 2 &&
		   fake_vmcs[VMCS_EOI_EXIT + 6] == 1ul << 35,
	   "EOI exits: level vectors");
	fake_vmx_writes = 0;
	enter();
	ok(!fake_vmx_writes, "nothing changed: nothing written");
	vlapic_set_base(v, APIC_DEFAULT_BASE);
	enter();
	ok(!(fake_vmcs[VMCS_PROC2] & PROC2_APICV) && fake_vmcs[VMCS_MSR_BITMAP] == (u64)map,
	   "APIC off: back to exits");
}

static void test_posted(void)
{
	fresh(true, true, false);
	ok(fake_vmcs[VMCS_POSTED] == (u64)&v->lapic.posted && !(fake_vmcs[VMCS_POSTED] & 63) &&
		   fake_vmcs[VMCS_POSTED_NV] == APIC_VECTOR_NOTIFY &&
		   v->lapic.posted.control == (APIC_VECTOR_NOTIFY << 16 | POSTED_SN),
	   "posted interrupts: descriptor, aligned, and vector");
	vlapic_post(v, 0x51, false);
	enter();
	ok(fake_vmcs[VMCS_PIN] == (0x16 | PIN_POSTED) && fake_vmcs[VMCS_GUEST_INTR] == 0x51 &&
		   !(v->lapic.posted.control & (POSTED_SN | POSTED_ON)),
	   "entry: control on, merged, listening");
	vlapic_post(v, 0x61, false);
	ok(kicks == 1 && notifications == 1, "a post now notifies");
	vmx_apic_settle(v);
	vlapic_post(v, 0x71, false);
	ok(notifications == 1 && v->lapic.posted.control & POSTED_SN &&
		   vlapic_pending(v) == 0x71,
	   "after the exit none does, and none is lost");
	vlapic_set_base(v, APIC_DEFAULT_BASE);
	enter();
	ok(fake_vmcs[VMCS_PIN] == 0x16 && v->lapic.posted.control & POSTED_SN,
	   "APIC off: control off, not listening");
}

static void test_careful(void)
{
	fresh(true, false, true);
	vlapic_post(v, 0x51, false);
	vmx_part.int_state = INT_STATE_STI;
	enter();
	ok(v->lapic.hw_on && !fake_vmcs[VMCS_GUEST_INTR] && vmx_part.proc & PROC_INTR_WINDOW,
	   "Bochs, in an interrupt shadow: not told, but a window");
	vmx_part.int_state = 0;
	enter();
	ok(fake_vmcs[VMCS_GUEST_INTR] == 0x51, "then told");
	v->rflags = 0;
	enter();
	ok(!(fake_vmcs[VMCS_PROC2] & PROC2_APICV), "with IF = 0: back to exits");
}

static void test_msrs(void)
{
	bool reads = true, writes = true;

	for (u32 bochs = 0; bochs < 2; bochs++) {
		fresh(true, true, bochs);
		memset(intercepts, 0xff, sizeof(intercepts));
		vmx_apic_msrs(map_apic);
		for (u32 reg = 0; reg < REGS; reg++) {
			u64 value;
			bool exists = vlapic_read(v, reg, true, &value);
			bool own = reg == VLAPIC_TPR || reg == VLAPIC_EOI ||
				   (reg == VLAPIC_SELF_IPI && !bochs);

			if (reg == VLAPIC_ICR || reg == VLAPIC_TMCCT)
				exists = false;
			reads = reads && !(intercepts[reg] & 1) == exists;
			writes = writes && !(intercepts[reg] & 2) == own;
		}
	}
	ok(reads, "reads from the page: what exists, but ICR and the count");
	ok(writes, "writes by the CPU: TPR, EOI and, not on Bochs, SELF IPI");
}

int main(void)
{
	fake_cpu_set(0);
	test_off();
	test_on();
	test_posted();
	test_careful();
	test_msrs();
	return tap_done();
}
