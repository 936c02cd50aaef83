// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vendor without hardware: real guest-physical map entries (the NPT format), everything else
 * only remembers that it was asked.
 */
#include "fake.h"

#include "arch/x86/paging.h"
#include "hv/domain.h"
#include "hv/page_alloc.h"
#include "hv/vcpu.h"

u8 fake_cpl;
bool fake_cs_long = true;

static int fake_domain_create(struct domain *d)
{
	d->hw = page_alloc_bytes(PAGE_SIZE);
	return d->hw ? 0 : -MB_ENOMEM;
}

static void fake_domain_destroy(struct domain *d)
{
	if (d->hw)
		page_free_bytes(d->hw, PAGE_SIZE);
	d->hw = NULL;
}

static int fake_vcpu_create(struct vcpu *v)
{
	v->hw = page_alloc_bytes(PAGE_SIZE);
	return v->hw ? 0 : -MB_ENOMEM;
}

static void fake_vcpu_destroy(struct vcpu *v)
{
	if (v->hw)
		page_free_bytes(v->hw, PAGE_SIZE);
	v->hw = NULL;
}

static void fake_vcpu_reset(struct vcpu *v, const struct vcpu_start *start)
{
	v->rip = start->rip;
}

static void fake_read_sys(struct vcpu *v, struct vcpu_sys *sys)
{
	(void)v;
	*sys = (struct vcpu_sys){.cpl = fake_cpl, .cs_long = fake_cs_long};
}

static void fake_set_exiting(struct vcpu *v, enum vcpu_exiting what, bool on)
{
	(void)v;
	(void)what;
	(void)on;
}

static u64 fake_gpm_entry(hpa_t hpa, u32 prot, bool leaf, enum mem_type type)
{
	(void)leaf;
	return hpa.v | PTE_P | PTE_U | (prot & GPM_W ? PTE_W : 0) | (prot & GPM_X ? 0 : PTE_NX) |
	       (type == MEM_UC ? PTE_PCD : 0);
}

static const struct vcpu_ops fake_ops = {
	.name = "fake",
	.domain_create = fake_domain_create,
	.domain_destroy = fake_domain_destroy,
	.vcpu_create = fake_vcpu_create,
	.vcpu_destroy = fake_vcpu_destroy,
	.vcpu_reset = fake_vcpu_reset,
	.read_sys = fake_read_sys,
	.set_exiting = fake_set_exiting,
	.gpm_entry = fake_gpm_entry,
};

const struct vcpu_ops *vops = &fake_ops;
struct vendor_caps vcaps = {.leaf_1g = true};
