// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs that never run, the scheduler that attaches them, and the local APIC as far as others post
 * to it.
 */
#include "fake.h"

#include "arch/x86/atomic.h"
#include "hv/exit_msr.h"
#include "hv/page_alloc.h"
#include "hv/sched.h"
#include "hv/vcpu.h"

u32 fake_detach_again;
u32 fake_attached;
u64 fake_vectors;
void (*fake_post_hook)(struct vcpu *v, u8 vector);

struct vcpu *vcpu_create(struct domain *d, u32 id, u32 cpu)
{
	struct vcpu *v = page_alloc_bytes(sizeof(*v));

	if (!v)
		return NULL;
	v->dom = d;
	v->id = id;
	v->cpu = cpu;
	v->wait_sipi = true;
	list_init(&v->run_link);
	if (vops->vcpu_create(v)) {
		vcpu_destroy(v);
		return NULL;
	}
	return v;
}

void vcpu_destroy(struct vcpu *v)
{
	vops->vcpu_destroy(v);
	page_free_bytes(v, sizeof(*v));
}

void vcpu_kick(struct vcpu *v)
{
	atomic_fetch_or(&v->pub.requests, VCPU_REQ_EVENT);
}

void vcpu_request(struct vcpu *v, u32 requests)
{
	atomic_fetch_or(&v->pub.requests, requests);
}

void vlapic_post(struct vcpu *v, u8 vector, bool level)
{
	(void)level;
	atomic_fetch_add(&fake_vectors, 1ul);
	if (fake_post_hook)
		fake_post_hook(v, vector);
}

bool vlapic_message(const struct domain *d, u32 icr_low, u32 dest, bool level)
{
	(void)d;
	(void)icr_low;
	(void)dest;
	(void)level;
	return true;
}

void exit_msr_setup(struct domain *d)
{
	(void)d;
}

u32 sched_choose_cpu(void)
{
	return fake_attached % 4;
}

void sched_attach(struct vcpu *v)
{
	(void)v;
	fake_attached++;
}

void sched_after_doorbell(bool before, u64 now)
{
	(void)before;
	(void)now;
}

int sched_detach(struct vcpu *v)
{
	(void)v;
	if (fake_detach_again) {
		fake_detach_again--;
		return -MB_EAGAIN;
	}
	fake_attached--;
	return 0;
}
