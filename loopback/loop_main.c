// SPDX-License-Identifier: GPL-2.0-only
/*
 * vbus_loop.ko, the loopback connector: starts its parts, and holds what makes faults.
 *
 * The parameters may be written at any time (/sys/module/vbus_loop/parameters). They make only what
 * a hypervisor, a busy machine or a loaded peer may show to either end; everything must go on.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/random.h>

#include "loop.h"

uint loop_fault_spurious, loop_fault_delay_us, loop_fault_call_us;
uint loop_fault_call_fail, loop_fault_port_fail;

module_param_named(fault_spurious, loop_fault_spurious, uint, 0644);
MODULE_PARM_DESC(fault_spurious, "every N events one is doubled and one made up (0: none)");
module_param_named(fault_delay_us, loop_fault_delay_us, uint, 0644);
MODULE_PARM_DESC(fault_delay_us, "half of the events come up to N microseconds late");
module_param_named(fault_call_us, loop_fault_call_us, uint, 0644);
MODULE_PARM_DESC(fault_call_us, "calls take up to N microseconds longer");
module_param_named(fault_call_fail, loop_fault_call_fail, uint, 0644);
MODULE_PARM_DESC(fault_call_fail, "every N calls (but for closing) one fails with ENOMEM");
module_param_named(fault_port_fail, loop_fault_port_fail, uint, 0644);
MODULE_PARM_DESC(fault_port_fail, "every N ends of ports one fails to open with ENOMEM");

struct dentry *loop_debugfs;

static int signals_show(struct seq_file *m, void *unused)
{
	loop_port_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(signals);

static int drivers_show(struct seq_file *m, void *unused)
{
	loop_north_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(drivers);

u32 loop_random(u32 below)
{
	return (u64)get_random_u32() * below >> 32;
}

bool loop_fault_turn(uint every, atomic_t *count)
{
	return every && !((u32)atomic_inc_return(count) % every);
}

static int __init loop_init(void)
{
	int rc = loop_irq_init();

	if (rc)
		return rc;
	rc = loop_port_init();
	if (rc)
		goto no_ports;
	loop_debugfs = debugfs_create_dir("vbus_loop", NULL);
	debugfs_create_file("signals", 0444, loop_debugfs, NULL, &signals_fops);
	debugfs_create_file("drivers", 0444, loop_debugfs, NULL, &drivers_fops);
	rc = loop_south_init();
	if (rc)
		goto no_south;
	return 0;
no_south:
	debugfs_remove(loop_debugfs);
	loop_port_exit();
no_ports:
	loop_irq_exit();
	return rc;
}
module_init(loop_init);

static void __exit loop_exit(void)
{
	loop_south_exit();
	debugfs_remove(loop_debugfs);
	loop_port_exit();
	loop_irq_exit();
}
module_exit(loop_exit);

MODULE_DESCRIPTION("Loopback connector: both ends of vbus in one kernel");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
