// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls of dom0 that make, change and end domains. Each has the same shape: take the arguments
 * to local copies, check them (check_x), find the domain, act.
 *
 * A domain id that comes as 64 bits is compared as 64 bits: find() refuses what does not fit.
 */
#include "hv/hypercall.h"

#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/vcpu.h"

#define DOM_CREATE_MIN offsetof(struct mb_dom_create, tsc_khz)

static bool is_port(u32 port)
{
	return port && port < MB_DOM0_PORTS;
}

/* A guest by its id, or NULL; dom0 itself is not to be acted on. */
static struct domain *find(u64 id)
{
	return id && id <= DOMID_MAX ? domain_find((u32)id) : NULL;
}

static bool check_name(const char *name)
{
	for (u32 i = 0; i < MB_DOM_NAME_LEN; i++) {
		if (!name[i])
			return i > 0;
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	}
	return false;
}

static int check_dom_create(const struct mb_dom_create *c)
{
	if (c->struct_size < DOM_CREATE_MIN || c->reserved)
		return -MB_EINVAL;
	if (c->flags & ~(MB_DOM_SHARE_ALL | MB_DOM_CR3_TRACE))
		return -MB_EINVAL;
	if (!c->vcpus || c->vcpus > MB_MAX_VCPUS)
		return -MB_EINVAL;
	if (!is_port(c->call_port) || !is_port(c->console_port) || !is_port(c->state_port))
		return -MB_EINVAL;
	return check_name(c->name) ? 0 : -MB_EINVAL;
}

s64 hc_dom_create(struct vcpu *v, const u64 *arg)
{
	struct mb_dom_create c;
	struct domain *d;
	int ret = guest_read_struct(v->dom, GPA(arg[0]), &c, sizeof(c));

	if (!ret)
		ret = check_dom_create(&c);
	if (!ret)
		ret = domain_create(&c, false, &d);
	return ret ? ret : d->id;
}

s64 hc_dom_mem_add(struct vcpu *v, const u64 *arg)
{
	struct domain *d = find(arg[0]);
	s64 ret;

	(void)v;
	if (!d)
		return -MB_ENOENT;
	ret = domain_mem_add(d, GPA(arg[1]), arg[2]);
	domain_put(d);
	return ret;
}

s64 hc_dom_memmap(struct vcpu *v, const u64 *arg)
{
	struct mb_mem_range out = {.struct_size = sizeof(out)};
	struct domain *d = find(arg[0]);
	struct domain_range r;
	int ret;

	if (!d)
		return -MB_ENOENT;
	ret = arg[1] < DOMAIN_RANGES_MAX ? domain_mem_range(d, (u32)arg[1], &r) : -MB_ENOENT;
	domain_put(d);
	if (ret)
		return ret;
	out.gpa = r.gpa;
	out.mpa = r.mpa;
	out.size = r.size;
	return guest_write_struct(v->dom, GPA(arg[2]), &out, sizeof(out));
}

static bool is_canonical(u64 addr)
{
	return (u64)((s64)(addr << 16) >> 16) == addr;
}

static int check_vcpu_state(const struct mb_vcpu_state *s)
{
	if (s->struct_size < sizeof(*s))
		return -MB_EINVAL;
	if (s->mode == MB_MODE_FLAT32)
		return s->rip >> 32 || s->rsp >> 32 ? -MB_EINVAL : 0;
	if (s->mode != MB_MODE_LONG64)
		return -MB_EINVAL;
	/* Bits 3 and 4 of CR3 are cacheability, the others below 12 are reserved without PCIDs. */
	if (s->cr3 >> 46 || s->cr3 & PAGE_MASK & ~0x18ull)
		return -MB_EINVAL;
	return is_canonical(s->rip) && is_canonical(s->rsp) ? 0 : -MB_EINVAL;
}

s64 hc_vcpu_state(struct vcpu *v, const u64 *arg)
{
	struct mb_vcpu_state s;
	struct domain *d;
	int ret = guest_read_struct(v->dom, GPA(arg[2]), &s, sizeof(s));

	if (!ret)
		ret = check_vcpu_state(&s);
	if (!ret && arg[1])
		ret = -MB_EINVAL;
	if (ret)
		return ret;
	d = find(arg[0]);
	if (!d)
		return -MB_ENOENT;
	ret = domain_set_entry(d, &s);
	domain_put(d);
	return ret;
}

static int do_dom_ctl(struct domain *d, u64 op)
{
	switch (op) {
	case MB_CTL_START:
		return domain_start(d);
	case MB_CTL_PAUSE:
		return domain_pause(d);
	case MB_CTL_UNPAUSE:
		return domain_unpause(d);
	case MB_CTL_STOP:
		domain_shutdown(d, MB_REASON_DESTROYED);
		return 0;
	}
	return -MB_EINVAL;
}

s64 hc_dom_ctl(struct vcpu *v, const u64 *arg)
{
	struct domain *d = find(arg[0]);
	int ret;

	(void)v;
	if (!d)
		return -MB_ENOENT;
	ret = do_dom_ctl(d, arg[1]);
	domain_put(d);
	return ret;
}

s64 hc_dom_destroy(struct vcpu *v, const u64 *arg)
{
	struct domain *d = find(arg[0]);
	int ret;

	(void)v;
	if (!d)
		return -MB_ENOENT;
	ret = domain_destroy_step(d);
	if (ret)
		domain_put(d);
	return ret;
}

s64 hc_port_bind(struct vcpu *v, const u64 *arg)
{
	struct domain *d;
	int ret;

	if (arg[1] >= MB_GUEST_PORTS || arg[2] >= MB_DOM0_PORTS || !arg[2])
		return -MB_EINVAL;
	d = find(arg[0]);
	if (!d)
		return -MB_ENOENT;
	/* The lock keeps the destroyer out: once it is DYING, ports are only separated. */
	spin_lock(&d->lock);
	if (d->state == MB_STATE_DYING)
		ret = -MB_EBUSY;
	else
		ret = tunnel_bind(d, (u32)arg[1], v->dom, (u32)arg[2]);
	spin_unlock(&d->lock);
	domain_put(d);
	return ret;
}

s64 hc_port_unbind(struct vcpu *v, const u64 *arg)
{
	return arg[0] < MB_DOM0_PORTS ? tunnel_unbind(v->dom, (u32)arg[0]) : -MB_EINVAL;
}

s64 hc_call_done(struct vcpu *v, const u64 *arg)
{
	struct domain *d;
	int ret;

	(void)v;
	if (arg[1] >= MB_MAX_VCPUS)
		return -MB_EINVAL;
	d = find(arg[0]);
	if (!d)
		return -MB_ENOENT;
	ret = tunnel_call_done(d, (u32)arg[1]);
	domain_put(d);
	return ret;
}
