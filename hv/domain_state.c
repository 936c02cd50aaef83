// SPDX-License-Identifier: GPL-2.0-only
/*
 * The states of a domain and who moves it between them. An ended domain keeps its memory, so that
 * dom0 can look at it, until it is destroyed.
 *
 *	NEW --start--> RUNNING <--pause, unpause--> PAUSED
 *	any of these --shutdown, kill, stop--> SHUTDOWN        any --destroy--> DYING
 */
#include "hv/domain.h"

#include "hv/panic.h"
#include "hv/printk.h"
#include "hv/sched.h"
#include "hv/string.h"
#include "hv/vcpu.h"

#include "arch/x86/atomic.h"

static const char *const reason_names[] = {
	[MB_REASON_NONE] = "ended",
	[MB_REASON_POWEROFF] = "powered off",
	[MB_REASON_REBOOT] = "rebooted",
	[MB_REASON_CRASH] = "crashed",
	[MB_REASON_TRIPLE_FAULT] = "triple fault",
	[MB_REASON_KILLED] = "killed",
	[MB_REASON_DESTROYED] = "stopped by dom0",
};

static void announce(struct domain *d)
{
	if (!d->privileged && dom0)
		tunnel_post(dom0, d->state_port);
}

static void set_runnable(struct domain *d, u32 runnable)
{
	ASSERT_HELD(&d->lock);
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		atomic_store(&d->vcpu[i]->pub.runnable, runnable);
		if (i < d->nr_attached)
			vcpu_kick(d->vcpu[i]);
	}
}

static void load_regs(struct guest_regs *regs, const struct mb_vcpu_state *s)
{
	memset(regs, 0, sizeof(*regs));
	regs->rax = s->rax;
	regs->rbx = s->rbx;
	regs->rcx = s->rcx;
	regs->rdx = s->rdx;
	regs->rsi = s->rsi;
	regs->rdi = s->rdi;
	regs->rsp = s->rsp;
}

int domain_set_entry(struct domain *d, const struct mb_vcpu_state *state)
{
	struct vcpu_start start = {
		.mode = state->mode == MB_MODE_LONG64 ? VCPU_LONG64 : VCPU_FLAT32,
		.rip = state->rip,
		.rsp = state->rsp,
		.cr3 = state->cr3,
	};
	int ret = d->privileged ? -MB_EPERM : domain_begin(d, MB_STATE_NEW);

	if (ret)
		return ret;
	vops->vcpu_reset(d->vcpu[0], &start);
	load_regs(&d->vcpu[0]->regs, state);
	d->vcpu[0]->wait_sipi = false;
	d->entry_set = true;
	domain_finish(d);
	return 0;
}

/* All but vCPU 0 wait, as after INIT, for a SIPI: vcpu_create() left them so. */
static void start_vcpus(struct domain *d)
{
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		struct vcpu *v = d->vcpu[i];

		if (!d->privileged)
			v->cpu = sched_choose_cpu();
		sched_attach(v);
		d->nr_attached++;
	}
}

int domain_start(struct domain *d)
{
	int ret = -MB_EBUSY;

	spin_lock(&d->lock);
	if (d->state == MB_STATE_NEW && !d->busy) {
		ret = -MB_EINVAL;
		if (d->privileged || d->entry_set) {
			start_vcpus(d);
			d->state = MB_STATE_RUNNING;
			set_runnable(d, 1);
			ret = 0;
		}
	}
	spin_unlock(&d->lock);
	if (!ret)
		announce(d);
	return ret;
}

static int change_state(struct domain *d, u32 from, u32 to)
{
	int ret = -MB_EBUSY;

	if (d->privileged)
		return -MB_EPERM;
	spin_lock(&d->lock);
	if (d->state == from) {
		d->state = to;
		set_runnable(d, to == MB_STATE_RUNNING);
		ret = 0;
	}
	spin_unlock(&d->lock);
	if (!ret)
		announce(d);
	return ret;
}

int domain_pause(struct domain *d)
{
	return change_state(d, MB_STATE_RUNNING, MB_STATE_PAUSED);
}

int domain_unpause(struct domain *d)
{
	return change_state(d, MB_STATE_PAUSED, MB_STATE_RUNNING);
}

/* True if this is what ended it. text: for dom0, "" if the reason says all. */
static bool domain_end(struct domain *d, u32 reason, const char *text)
{
	bool first;

	spin_lock(&d->lock);
	first = d->state != MB_STATE_SHUTDOWN && d->state != MB_STATE_DYING;
	if (first) {
		d->state = MB_STATE_SHUTDOWN;
		d->reason = reason;
		string_copy(d->reason_text, text, sizeof(d->reason_text));
		set_runnable(d, 0);
	}
	spin_unlock(&d->lock);
	if (first)
		announce(d);
	return first;
}

static NORETURN void end_machine(u32 reason)
{
	if (reason == MB_REASON_POWEROFF || reason == MB_REASON_REBOOT)
		panic_stop_machine(reason_names[reason], reason == MB_REASON_REBOOT);
	panic("dom0 %s", reason < ARRAY_SIZE(reason_names) ? reason_names[reason] : "ended");
}

void domain_shutdown(struct domain *d, u32 reason)
{
	if (d->privileged)
		end_machine(reason);
	if (domain_end(d, reason, ""))
		printk_limited(LOG_INFO, "domain %u (%s) %s\n", d->id, d->name,
			       reason_names[reason]);
}

void domain_kill(struct domain *d, const char *fmt, ...)
{
	char text[MB_REASON_TEXT_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (d->privileged)
		panic("dom0 broke a rule: %s", text);
	if (domain_end(d, MB_REASON_KILLED, text))
		printk_limited(LOG_WARN, "domain %u (%s) killed: %s\n", d->id, d->name, text);
}
