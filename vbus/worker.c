// SPDX-License-Identifier: GPL-2.0-only
/*
 * Worker threads of device models (worker.h).
 *
 * A thread goes round its works until all are idle, then sleeps. Everything that decides is per
 * work, so that a shared thread needs no rule of its own: each work gets one round in turn.
 */
#include <linux/cgroup.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "bus.h"
#include "proto/adapt.h"
#include "proto/ioq.h"
#include "worker.h"

enum { WORK_IDLE, WORK_RUNNING, WORK_POLLING, WORK_DEAD };

struct vbus_worker {
	struct task_struct *task;
	struct mutex lock;
	struct list_head works; /* lock */
	u32 count;		/* works, under dev->lock; the guest's own thread: not counted */
	u32 kicked;
};

const char *const vbus_workers_names[VBUS_WORKERS_KINDS] = { "queue", "device", "bus" };

/* ---- a work ---- */

static u64 window_max(const struct vbus_work *work)
{
	return num_online_cpus() > 1 ? READ_ONCE(work->region->dev->poll_us) * 1000ull : 0;
}

/* An event ended the sleep: would polling a little longer have caught it? */
static void work_adapt(struct vbus_work *work, u64 now)
{
	work->window = adapt_window(work->window, now - work->since, window_max(work));
}

/* The ring is empty. True: look again. */
static bool work_dry(struct vbus_work *work, u64 now)
{
	if (work->state == WORK_RUNNING && work->window) {
		work->state = WORK_POLLING;
		work->since = now;
		return true;
	}
	if (work->state == WORK_POLLING) {
		if (now - work->since < min(work->window, window_max(work)) && !need_resched()) {
			cpu_relax();
			return true;
		}
		work->misses++;
	}
	work->state = WORK_RUNNING;
	if (!(work->arm ? work->arm(work) : ioq_arm(work->ring)))
		return true;
	work->state = WORK_IDLE;
	work->since = now;
	work->sleeps++;
	return false;
}

/* One turn of a work. False: it has nothing to do until it is kicked. */
static bool work_turn(struct vbus_work *work)
{
	bool kicked, woken = false;
	int n;

	if (work->state == WORK_DEAD)
		return false;
	/*
	 * At every turn, not only an idle one: a kick that comes while the work runs is answered by
	 * the poll below; left set, it would keep vbus_work_kick() from waking the thread later.
	 * Full barrier: pairs with the exchange there.
	 */
	kicked = READ_ONCE(work->kicked) && xchg(&work->kicked, 0);
	if (work->state == WORK_IDLE) {
		if (!kicked)
			return false;
		work_adapt(work, ktime_get_ns());
		work->state = WORK_RUNNING;
		woken = true;
	}
	work->rounds++;
	n = work->poll(work);
	if (n < 0) {
		work->state = WORK_DEAD;
		return false;
	}
	if (!n) {
		work->region->stats.spurious += woken;
		return work_dry(work, ktime_get_ns());
	}
	work->hits += work->state == WORK_POLLING;
	work->state = WORK_RUNNING;
	return true;
}

/* ---- a thread ---- */

static int worker_main(void *arg)
{
	struct vbus_worker *w = arg;
	struct vbus_work *work;
	bool busy;

	while (!kthread_should_stop()) {
		/* Full barrier: what was set before is seen by the turns below. Pairs with
		 * vbus_work_kick(). */
		xchg(&w->kicked, 0);
		busy = false;
		mutex_lock(&w->lock);
		list_for_each_entry(work, &w->works, node)
			busy |= work_turn(work);
		mutex_unlock(&w->lock);
		if (busy) {
			cond_resched();
			continue;
		}
		/* State before the look, and the kicker the other way round: one sees the other. */
		set_current_state(TASK_IDLE);
		if (!READ_ONCE(w->kicked) && !kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

void vbus_work_kick(struct vbus_work *work)
{
	struct vbus_worker *w = work->worker;

	/* Full barrier: pairs with the exchange in work_turn(); who finds it set knows that the
	 * thread has yet to look. */
	if (xchg(&work->kicked, 1))
		return;
	WRITE_ONCE(w->kicked, 1);
	wake_up_process(w->task);
}
EXPORT_SYMBOL_GPL(vbus_work_kick);

static void work_notify(struct vbus_region *region)
{
	vbus_work_kick(region->priv);
}

/* like: whose cgroups it joins. */
static struct vbus_worker *worker_create(struct task_struct *like, const char *name)
{
	struct vbus_worker *w = kzalloc(sizeof(*w), GFP_KERNEL);
	int err;

	if (!w)
		return ERR_PTR(-ENOMEM);
	mutex_init(&w->lock);
	INIT_LIST_HEAD(&w->works);
	w->task = kthread_create(worker_main, w, "%s", name);
	if (IS_ERR(w->task)) {
		err = PTR_ERR(w->task);
		kfree(w);
		return ERR_PTR(err);
	}
	err = cgroup_attach_task_all(like, w->task);
	if (err)
		pr_warn("vbus: %s runs outside of its guest's cgroup: error %d\n", name, err);
	wake_up_process(w->task);
	return w;
}

static void worker_destroy(struct vbus_worker *w)
{
	kthread_stop(w->task);
	mutex_destroy(&w->lock);
	kfree(w);
}

/* ---- which thread does a work ---- */

/* Bulk is nice, control is not; in the middle nobody is touched. */
static int worker_nice(u32 prio)
{
	static const s8 nice[] = { -10, -5, 0, 0 };

	return prio < ARRAY_SIZE(nice) ? nice[prio] : 0;
}

static struct vbus_worker *worker_of_device(struct vbus_region *region, bool own)
{
	struct vbus_device *dev = region->dev;
	struct vbus_worker *w;
	char name[2 * VB_NAME_LEN + VBUS_REGION_NAME + 8];
	int err;

	snprintf(name, sizeof(name), "vb-%s-%s%s%s", dev->bus->name, dev->name, own ? "." : "",
		 own ? region->name : "");
	w = worker_create(dev->bus->worker->task, name);
	if (IS_ERR(w))
		return w;
	err = set_cpus_allowed_ptr(w->task, &dev->cpus);
	if (err)
		pr_warn("vbus: %s is not pinned: error %d\n", name, err);
	set_user_nice(w->task, worker_nice(region->prio));
	return w;
}

static struct vbus_worker *worker_get(struct vbus_region *region)
{
	struct vbus_device *dev = region->dev;
	struct vbus_worker *w;

	if (dev->workers == VBUS_WORKERS_BUS)
		return dev->bus->worker;
	if (dev->workers == VBUS_WORKERS_QUEUE)
		return worker_of_device(region, true);
	if (dev->worker)
		return dev->worker;
	w = worker_of_device(region, false);
	if (!IS_ERR(w))
		dev->worker = w;
	return w;
}

int vbus_work_start(struct vbus_work *work, struct vbus_region *region)
{
	struct vbus_worker *w;

	lockdep_assert_held(&region->dev->lock);
	w = worker_get(region);
	if (IS_ERR(w))
		return PTR_ERR(w);
	work->region = region;
	work->worker = w;
	work->state = WORK_IDLE;
	work->kicked = 0;
	work->window = 0;
	work->since = ktime_get_ns();
	list_add_tail(&work->dev_node, &region->dev->works);
	mutex_lock(&w->lock);
	list_add_tail(&work->node, &w->works);
	mutex_unlock(&w->lock);
	if (w != region->dev->bus->worker)
		w->count++;
	vbus_region_watch(region, work_notify, work);
	/* The guest may have submitted before anybody listened. */
	vbus_work_kick(work);
	return 0;
}
EXPORT_SYMBOL_GPL(vbus_work_start);

void vbus_work_stop(struct vbus_work *work)
{
	struct vbus_worker *w = work->worker;
	struct vbus_device *dev;

	if (!w)
		return;
	dev = work->region->dev;
	lockdep_assert_held(&dev->lock);
	mutex_lock(&w->lock);
	list_del(&work->node);
	mutex_unlock(&w->lock);
	list_del(&work->dev_node);
	work->worker = NULL;
	if (w == dev->bus->worker || --w->count)
		return;
	if (w == dev->worker)
		dev->worker = NULL;
	worker_destroy(w);
}
EXPORT_SYMBOL_GPL(vbus_work_stop);

int vbus_worker_pin(struct vbus_device *dev)
{
	struct vbus_work *work;
	int err = 0;

	list_for_each_entry(work, &dev->works, dev_node)
		if (work->worker != dev->bus->worker && !err)
			err = set_cpus_allowed_ptr(work->worker->task, &dev->cpus);
	return err;
}

void vbus_worker_show(struct vbus_device *dev, struct seq_file *m)
{
	struct vbus_work *work;

	list_for_each_entry(work, &dev->works, dev_node) {
		seq_printf(m, "%s.worker %d\n%s.prio %u\n", work->region->name,
			   work->worker->task->pid, work->region->name, work->region->prio);
		seq_printf(m, "%s.rounds %llu\n%s.sleeps %llu\n", work->region->name, work->rounds,
			   work->region->name, work->sleeps);
		seq_printf(m, "%s.poll_hits %llu\n%s.poll_misses %llu\n%s.poll_ns %llu\n",
			   work->region->name, work->hits, work->region->name, work->misses,
			   work->region->name, work->window);
	}
}

int vbus_worker_bus_init(struct vbus_bus *bus)
{
	char name[VB_NAME_LEN + 8];

	snprintf(name, sizeof(name), "vb-%s", bus->name);
	bus->worker = worker_create(current, name);
	return PTR_ERR_OR_ZERO(bus->worker);
}

void vbus_worker_bus_exit(struct vbus_bus *bus)
{
	worker_destroy(bus->worker);
	bus->worker = NULL;
}
