// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMMCALL and VMCALL: who may call what, in one table. Numbers and arguments are in
 * hv/abi/hypercall.h; what only dom0 may do is in hc_domain.c and hc_info.c.
 *
 * The instruction traps from user mode too, so the privilege level is checked here, before all
 * else: a process must not be able to end its machine or ring its devices.
 */
#include "hv/exit.h"

#include "hv/domain.h"
#include "hv/hypercall.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/sched.h"
#include "hv/tunnel.h"
#include "hv/vcpu.h"

#include "hv/abi/cpuid.h"

#include "arch/x86/tsc.h"

/* Numbers below belong to the KVM interface, of which only MSRs and CPUID are offered. */
#define KVM_HC_LIMIT 0x1000u
#define KVM_ENOSYS 1000

enum { ARGS = 5 };

struct hypercall {
	const char *name; /* NULL: no such number */
	bool dom0;	  /* only the privileged domain may */
	s64 (*fn)(struct vcpu *v, const u64 *arg);
	/* Instead of fn, for those that do not simply return. */
	enum exit_action (*action)(struct vcpu *v, const u64 *arg, s64 *result);
};

static s64 hc_version(struct vcpu *v, const u64 *arg)
{
	(void)v;
	(void)arg;
	return MB_ABI_VERSION;
}

/* Arguments are 64 bits wide, indices 32: what does not fit must not become something that does. */
static bool fits(const u64 *arg, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (arg[i] >> 32)
			return false;
	}
	return true;
}

static s64 hc_eventq_set(struct vcpu *v, const u64 *arg)
{
	if (!fits(arg, 2) || !fits(&arg[3], 1))
		return -MB_EINVAL;
	return tunnel_queue_set(v->dom, (u32)arg[0], (u32)arg[1], arg[2], (u32)arg[3]);
}

static s64 hc_port_route(struct vcpu *v, const u64 *arg)
{
	return fits(arg, 3) ? tunnel_route(v->dom, (u32)arg[0], (u32)arg[1], (u32)arg[2])
			    : -MB_EINVAL;
}

static s64 hc_port_send(struct vcpu *v, const u64 *arg)
{
	bool before = READ_ONCE(this_cpu()->pub.resched);
	s64 ret = fits(arg, 1) ? tunnel_send(v, (u32)arg[0]) : -MB_EINVAL;

	sched_after_doorbell(before, tsc_now());
	return ret;
}

static s64 hc_call_setup(struct vcpu *v, const u64 *arg)
{
	return fits(&arg[1], 1) ? tunnel_call_setup(v->dom, arg[0], (u32)arg[1]) : -MB_EINVAL;
}

static enum exit_action hc_call(struct vcpu *v, const u64 *arg, s64 *result)
{
	(void)arg;
	return tunnel_call(v, result);
}

static s64 hc_yield(struct vcpu *v, const u64 *arg)
{
	(void)arg;
	v->slice_end = tsc_now();
	return 0;
}

static enum exit_action hc_shutdown(struct vcpu *v, const u64 *arg, s64 *result)
{
	if (arg[0] != MB_REASON_POWEROFF && arg[0] != MB_REASON_REBOOT &&
	    arg[0] != MB_REASON_CRASH) {
		*result = -MB_EINVAL;
		return EXIT_RESUME;
	}
	domain_shutdown(v->dom, (u32)arg[0]);
	return EXIT_KILL;
}

static s64 hc_cpuid_native(struct vcpu *v, const u64 *arg)
{
	if (arg[0] > 1)
		return -MB_EINVAL;
	vops->set_exiting(v, EXITING_CPUID, !arg[0]);
	return 0;
}

#define INDEX(nr) ((nr)-MB_HC_BASE)
#define ANY(nr, func) [INDEX(MB_HC_##nr)] = {.name = #nr, .fn = (func)}
#define ANY_ACTION(nr, func) [INDEX(MB_HC_##nr)] = {.name = #nr, .action = (func)}
#define DOM0(nr, func) [INDEX(MB_HC_##nr)] = {.name = #nr, .dom0 = true, .fn = (func)}

static const struct hypercall hypercalls[] = {
	ANY(VERSION, hc_version),
	ANY(EVENTQ_SET, hc_eventq_set),
	ANY(PORT_ROUTE, hc_port_route),
	ANY(PORT_SEND, hc_port_send),
	ANY(CALL_SETUP, hc_call_setup),
	ANY_ACTION(CALL, hc_call),
	ANY(YIELD, hc_yield),
	ANY_ACTION(SHUTDOWN, hc_shutdown),
	DOM0(HV_INFO, hc_hv_info),
	DOM0(LOG_READ, hc_log_read),
	DOM0(DOM_CREATE, hc_dom_create),
	DOM0(DOM_MEM_ADD, hc_dom_mem_add),
	DOM0(DOM_MEMMAP, hc_dom_memmap),
	DOM0(VCPU_STATE, hc_vcpu_state),
	DOM0(DOM_CTL, hc_dom_ctl),
	DOM0(DOM_DESTROY, hc_dom_destroy),
	DOM0(DOM_INFO, hc_dom_info),
	DOM0(VCPU_STATS, hc_vcpu_stats),
	DOM0(PORT_BIND, hc_port_bind),
	DOM0(PORT_UNBIND, hc_port_unbind),
	DOM0(CALL_DONE, hc_call_done),
	DOM0(CONSOLE_READ, hc_console_read),
	DOM0(CONSOLE_WRITE, hc_console_write),
	DOM0(CPUID_NATIVE, hc_cpuid_native),
	DOM0(VCPU_CR3, hc_vcpu_cr3),
};

static const struct hypercall *lookup(u64 nr)
{
	u64 index = nr - MB_HC_BASE;

	if (nr < MB_HC_BASE || index >= ARRAY_SIZE(hypercalls) || !hypercalls[index].name)
		return NULL;
	return &hypercalls[index];
}

static enum exit_action call(struct vcpu *v, u64 nr, const u64 *arg, s64 *result)
{
	const struct hypercall *h = lookup(nr);

	*result = nr < KVM_HC_LIMIT ? -KVM_ENOSYS : -MB_ENOSYS;
	if (!h)
		return EXIT_RESUME;
	if (h->dom0 && !v->dom->privileged) {
		*result = -MB_EPERM;
		printk_limited(LOG_WARN, "domain %u (%s): hypercall %s is dom0's, rip %#lx\n",
			       v->dom->id, v->dom->name, h->name, v->rip);
		return EXIT_RESUME;
	}
	if (h->action)
		return h->action(v, arg, result);
	*result = h->fn(v, arg);
	return EXIT_RESUME;
}

enum exit_action exit_hypercall(struct vcpu *v)
{
	/* Outside of 64-bit code the upper halves hold whatever they held before. */
	struct guest_regs *r = &v->regs;
	u64 mask, arg[ARGS];
	enum exit_action act;
	struct vcpu_sys sys;
	s64 result;

	vops->read_sys(v, &sys);
	if (sys.cpl) {
		printk_limited(LOG_WARN, "domain %u (%s): hypercall from user mode, rip %#lx\n",
			       v->dom->id, v->dom->name, v->rip);
		r->rax = (u64)-MB_EPERM;
		return EXIT_RESUME;
	}
	mask = sys.cs_long ? ~0ul : 0xfffffffful;
	arg[0] = r->rdi & mask;
	arg[1] = r->rsi & mask;
	arg[2] = r->rdx & mask;
	arg[3] = r->r10 & mask;
	arg[4] = r->r8 & mask;
	act = call(v, r->rax & mask, arg, &result);
	/* A call that goes on later starts from the same registers. */
	if (act == EXIT_RESUME)
		r->rax = (u64)result;
	return act;
}
