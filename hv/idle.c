// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long an idle CPU polls (idle.h). With one CPU nobody else could bring work but an interrupt,
 * and that ends HLT as well: then it is off, whatever the command line says.
 */
#include "hv/idle.h"

#include "arch/x86/tsc.h"
#include "hv/cmdline_options.h"
#include "hv/percpu.h"

#define FIRST_SHARE 8 /* a window starts at this part of the longest, and ends below it */

static unsigned int idle_poll_us = 20;
const struct cmdline_option option_idle_poll_us = {
	.name = "idle_poll_us",
	.type = CMDLINE_UINT,
	.value = &idle_poll_us,
	.help = "N: an idle CPU looks for work up to N us before it halts (default 20, 0: off)",
};

u64 idle_window_max(void)
{
	return cpu_count > 1 ? tsc_from_ns(idle_poll_us * 1000ull) : 0;
}

u64 idle_window_next(u64 window, u64 halted, u64 max)
{
	u64 first = max / FIRST_SHARE;

	if (halted > max)
		return window / 2 < first ? 0 : window / 2;
	window = window * 2 > first ? window * 2 : first;
	return window < max ? window : max;
}
