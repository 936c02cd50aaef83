/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extended page tables: entry format and TLB tags (VPIDs). SDM "Extended Page-Table Mechanism",
 * "Caching Translation Information".
 *
 * The TLB holds, per VPID, what the guest's own page tables say (with the EPT's part included), and
 * apart from that what the EPT alone says, tagged with its root and shared by all vCPUs of the
 * domain. INVEPT ends the second and all that was derived from it, on this CPU, for every VPID. A
 * vCPU does so before it enters when rights were taken from its map, and when it is new on this
 * CPU: the root may be a page that was another domain's, or it may have been here before.
 *
 * VPIDs are handed out per CPU in generations, like SVM's ASIDs: a vCPU that is new on this CPU
 * takes one that nobody had; only the wrap-around flushes them all. Without VPIDs every entry and
 * exit flushes.
 */
#include "vmx/vmx.h"

#include "arch/x86/atomic.h"
#include "hv/domain.h"

#define EPT_R BIT(0)
#define EPT_W BIT(1)
#define EPT_X BIT(2)
#define EPT_TYPE_SHIFT 3
#define EPTP_WALK_4 (3ul << 3) /* levels - 1; memory type of the tables in bits 2:0 */

u64 ept_entry(hpa_t hpa, u32 prot, bool leaf, enum mem_type type)
{
	u64 e = hpa.v | EPT_R; /* writable but not readable is a misconfiguration */

	if (!leaf)
		return e | EPT_W | EPT_X;
	if (prot & GPM_W)
		e |= EPT_W;
	if (prot & GPM_X)
		e |= EPT_X;
	/* Neither accessed nor dirty bits are used; the guest's PAT counts beside the type. */
	return e | (u64)type << EPT_TYPE_SHIFT;
}

u64 ept_pointer(hpa_t root)
{
	return root.v | EPTP_WALK_4 | MEM_WB;
}

static void take_vpid(struct vmx_vcpu *s, struct vmx_cpu *c)
{
	s->vpid_gen = c->vpid_gen;
	if (!vmx_caps.vpid)
		return;
	if (c->vpid_next >= VPID_COUNT) {
		s->vpid_gen = ++c->vpid_gen;
		c->vpid_next = 1; /* 0 is the host's */
		BUG_ON(vmx_invvpid(INVVPID_ALL, 0));
	}
	s->vpid = (u16)c->vpid_next++;
	vmcs_write(VMCS_VPID, s->vpid);
}

void ept_prepare_tlb(struct vcpu *v)
{
	struct vmx_vcpu *s = vmx_vcpu(v);
	struct vmx_cpu *c = vmx_this_cpu();
	u32 gen = atomic_load(&v->dom->gpm.gen);

	if (s->tlb_cpu != c) {
		s->tlb_cpu = c;
		s->vpid_gen = 0; /* what it left here long ago is stale */
	}
	if (s->vpid_gen == c->vpid_gen && v->gpm_gen == gen)
		return;
	if (v->gpm_gen != gen)
		vcpu_count(v, TLB_FLUSH);
	if (s->vpid_gen != c->vpid_gen)
		take_vpid(s, c);
	BUG_ON(vmx_invept(INVEPT_SINGLE, s->eptp));
	v->gpm_gen = gen;
}

void ept_flush_guest(struct vcpu *v)
{
	const struct vmx_vcpu *s = vmx_vcpu(v);

	if (!vmx_caps.vpid || !s->vpid)
		return; /* the next entry flushes, or nothing is there yet */
	BUG_ON(vmx_caps.invvpid_single ? vmx_invvpid(INVVPID_SINGLE, s->vpid) :
					 vmx_invvpid(INVVPID_ALL, 0));
}
