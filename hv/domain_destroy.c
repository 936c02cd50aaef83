// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destruction, from any state, in bounded steps that dom0 asks for one by one. The order matters:
 *
 *	STOP	no vCPU of it may run any more
 *	DETACH	none of them is on a CPU: nobody executes for the domain
 *	UNBIND	no port leads to it, and no sender is still using what it found there
 *	HIDE	dom0's map shows none of its memory
 *	FLUSH	no CPU can use an old translation of it
 *	RELEASE	memory scrubbed and given back
 *	GONE	out of the table when nobody else uses it; everything else freed
 *
 * Each step is tried again until it is done, so a step may find work half done.
 */
#include "hv/domain.h"

#include "hv/printk.h"
#include "hv/sched.h"
#include "hv/vcpu.h"

#include "arch/x86/atomic.h"

enum { STOP, DETACH, UNBIND, HIDE, FLUSH, RELEASE, GONE };

static int step_stop(struct domain *d)
{
	spin_lock(&d->lock);
	d->state = MB_STATE_DYING;
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		atomic_store(&d->vcpu[i]->pub.runnable, 0u);
		if (i < d->nr_attached)
			vcpu_kick(d->vcpu[i]);
	}
	spin_unlock(&d->lock);
	return 0;
}

static int step_detach(struct domain *d)
{
	while (d->nr_attached) {
		int ret = sched_detach(d->vcpu[d->nr_attached - 1]);

		if (ret)
			return ret;
		d->nr_attached--;
	}
	return 0;
}

/* Ports are only ever bound to dom0's, so only senders of dom0 can be on their way here. */
static int step_unbind(struct domain *d)
{
	tunnel_unbind_all(d);
	return tunnel_senders_idle(dom0) ? 0 : -MB_EAGAIN;
}

static int step_hide(struct domain *d)
{
	for (u32 i = 0;; i++) {
		int ret = domain_mem_hide(d, i);

		if (ret == -MB_ENOENT)
			return 0;
		if (ret)
			return ret;
	}
}

static int step_flush(struct domain *d)
{
	(void)d;
	return gpm_flushed(dom0) ? 0 : -MB_EAGAIN;
}

static int step_release(struct domain *d)
{
	return domain_mem_release(d) ? -MB_EAGAIN : 0;
}

static int (*const steps[])(struct domain *d) = {
	[STOP] = step_stop,	  [DETACH] = step_detach, [UNBIND] = step_unbind,
	[HIDE] = step_hide,	  [FLUSH] = step_flush,	  [RELEASE] = step_release,
};

int domain_destroy_step(struct domain *d)
{
	int ret;

	if (d->privileged)
		return -MB_EPERM;
	/* A long operation that is under way, perhaps another destroyer's, ends by itself. */
	if (domain_begin(d, DOMAIN_ANY_STATE))
		return -MB_EAGAIN;
	if (d->destroy_step < GONE) {
		ret = steps[d->destroy_step](d);
		if (!ret)
			d->destroy_step++;
		domain_finish(d);
		return ret ? ret : -MB_EAGAIN;
	}
	if (!domain_remove(d)) {
		domain_finish(d);
		return -MB_EAGAIN;
	}
	pr_debug("domain %u (%s) destroyed\n", d->id, d->name);
	domain_free(d);
	return 0;
}
