// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit test of hv/idle.c: how the time that an idle CPU polls follows what happens.
 *
 * SOURCES: hv/idle.c tests/fake_arch/fake_cpu.c
 */
#include "fake.h"
#include "hv/idle.h"
#include "hv/percpu.h"
#include "tap.h"

#define LONGEST 8000u

int main(void)
{
	u64 w = 0;
	u32 steps = 0;

	ok(idle_window_next(0, LONGEST + 1, LONGEST) == 0, "work that comes late starts nothing");
	w = idle_window_next(0, LONGEST / 2, LONGEST);
	ok(w == LONGEST / 8, "work that comes soon starts polling");
	for (; w < LONGEST && steps < 10; steps++)
		w = idle_window_next(w, 10, LONGEST);
	ok(w == LONGEST && steps == 3, "it grows to the longest");
	ok(idle_window_next(LONGEST, LONGEST, LONGEST) == LONGEST, "and no further");
	w = idle_window_next(LONGEST, LONGEST + 1, LONGEST);
	ok(w == LONGEST / 2, "late work lets it shrink");
	w = LONGEST;
	for (steps = 0; w && steps < 10; steps++)
		w = idle_window_next(w, ~0ull, LONGEST);
	ok(!w && steps == 4, "to nothing");
	ok(idle_window_next(5 * LONGEST, 0, LONGEST) == LONGEST, "a window from before is cut");
	cpu_count = 1;
	ok(!idle_window_max(), "one CPU never polls");
	return tap_done();
}
