/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APIC by hardware: SDM "APIC Virtualization and Virtual Interrupts". In x2APIC mode the CPU
 * reads registers from the page, does TPR, EOI and SELF IPI itself, delivers what IRR holds, and
 * merges what is posted while it runs the guest. A vCPU in xAPIC mode is served by exits: hardly a
 * kernel stays there, and it would need a page of its own in every domain's map.
 *
 * ICR stays ours: the CPU would send to physical APICs. The count of the timer moves, so it is not
 * read from the page.
 */
#include "vmx/vmx.h"

#include "arch/x86/apic.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "hv/domain.h"
#include "hv/hwhelp.h"
#include "hv/percpu.h"
#include "hv/string.h"
#include "hv/vlapic_hw.h"

void vmx_apic_probe(void)
{
	struct vmx_caps *c = &vmx_caps;

	if (c->bochs) {
		/* Its virtual interrupts may come although IF = 0. */
		hw_help_quirk(HW_HELP_APICV);
		hw_help_quirk(HW_HELP_POSTED);
	}
	c->apicv = hw_help(HW_HELP_APICV, (c->proc2 & PROC2_APICV) == PROC2_APICV);
	c->posted = hw_help(HW_HELP_POSTED, c->apicv && c->pin & PIN_POSTED);
	/* Per entry, as the mode of the virtual APIC demands. */
	c->proc2 &= ~PROC2_APICV;
	c->pin &= ~PIN_POSTED;
}

void vmx_apic_msrs(u8 *map)
{
	for (u32 reg = 0; reg <= MSR_X2APIC_LAST - MSR_X2APIC_FIRST; reg++) {
		bool write = reg == VLAPIC_TPR || reg == VLAPIC_EOI ||
			     (reg == VLAPIC_SELF_IPI && !vmx_caps.bochs);

		vmx_msr_set(map, MSR_X2APIC_FIRST + reg, !vlapic_hw_reads(reg), !write);
	}
}

void vmx_apic_create(struct vcpu *v)
{
	struct vlapic *l = &v->lapic;
	u32 id = percpu(v->cpu)->arch.apic_id;

	if (!vmx_caps.apicv)
		return;
	l->hw_modes = VLAPIC_HW_X2APIC;
	l->hw_careful = vmx_caps.bochs;
	for (u32 i = 0; i < 4; i++)
		vmcs_write(vmcs_nth(VMCS_EOI_EXIT, i), 0);
	vmcs_write(VMCS_GUEST_INTR, 0);
	if (!vmx_caps.posted)
		return;
	l->posted.control |= (u32)APIC_VECTOR_NOTIFY << POSTED_NV_SHIFT;
	l->posted.ndst = apic_is_x2apic() ? id : id << 8;
	vmcs_write(VMCS_POSTED_NV, APIC_VECTOR_NOTIFY);
	vmcs_write(VMCS_POSTED, virt_to_phys(&l->posted).v);
}

/* The controls of this entry. */
static void switch_controls(struct vcpu *v, struct vmx_vcpu *s)
{
	const struct vmx_domain *d = v->dom->hw;
	bool on = v->lapic.hw_on;

	vmx_set_proc(s, s->proc, on ? s->proc2 | PROC2_APICV : s->proc2 & ~PROC2_APICV);
	vmcs_write(VMCS_PIN, on && vmx_caps.posted ? vmx_caps.pin | PIN_POSTED : vmx_caps.pin);
	vmcs_write(VMCS_MSR_BITMAP, virt_to_phys(d->msr).v + (on ? MSR_APIC : 0));
	s->apic_on = on;
}

static void write_eoi_exits(const struct vlapic *l, struct vmx_vcpu *s)
{
	if (!memcmp(s->eoi_exits, l->eoi_exits, sizeof(s->eoi_exits)))
		return;
	memcpy(s->eoi_exits, l->eoi_exits, sizeof(s->eoi_exits));
	for (u32 i = 0; i < 4; i++)
		vmcs_write(vmcs_nth(VMCS_EOI_EXIT, i),
			   s->eoi_exits[2 * i] | (u64)s->eoi_exits[2 * i + 1] << 32);
}

/*
 * Posts that come from here on notify the CPU. One that arrives before the entry stays pending in
 * the physical APIC until then: interrupts are off.
 */
void vmx_apic_arm(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	struct vlapic *l = &v->lapic;
	u32 requested, status;

	if (l->hw_on != s->apic_on)
		switch_controls(v, s);
	if (!l->hw_on)
		return;
	if (vmx_caps.posted)
		vlapic_hw_listen(v);
	write_eoi_exits(l, s);
	requested = vlapic_hw_requested(v);
	if (l->hw_careful && requested && s->int_state & (INT_STATE_STI | INT_STATE_MOV_SS)) {
		requested = 0; /* not at once: with the window */
		vmx_set_proc(s, s->proc | PROC_INTR_WINDOW, s->proc2);
	}
	status = requested | (u32)vlapic_hw_in_service(v) << 8;
	if (status != vmcs_read(VMCS_GUEST_INTR))
		vmcs_write(VMCS_GUEST_INTR, status);
}

void vmx_apic_settle(struct vcpu *v)
{
	if (v->lapic.hw_on && vmx_caps.posted)
		vlapic_hw_deaf(v);
}
