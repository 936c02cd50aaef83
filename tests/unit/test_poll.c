// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit test of vbus/proto/poll.h: how long a side looks again before it sleeps, that it stops
 * trying where that never helps, and that it starts again once it does.
 */
#include "tap.h"
#include "vbus/proto/poll.h"

#define WINDOW 100u

static void test_window(void)
{
	struct vb_poll p = { 0 };

	ok(!vb_poll_again(&p, false, 0, WINDOW), "nothing there at first: sleep");
	ok(vb_poll_again(&p, true, 1000, WINDOW), "after work: look again");
	ok(vb_poll_again(&p, false, 1050, WINDOW), "nothing, within the window: again");
	ok(vb_poll_again(&p, false, 1099, WINDOW), "to its end");
	ok(!vb_poll_again(&p, false, 1100, WINDOW) && p.misses == 1, "then sleep: a miss");
	p = (struct vb_poll){ 0 };
	vb_poll_again(&p, true, 1000, WINDOW);
	ok(vb_poll_again(&p, true, 1090, WINDOW) && !p.hits, "work upon work is no hit");
	vb_poll_again(&p, false, 1150, WINDOW);
	ok(vb_poll_again(&p, true, 1180, WINDOW) && p.hits == 1, "work after nothing is one");
	ok(vb_poll_again(&p, false, 1279, WINDOW), "the window starts again with each work");
	ok(!vb_poll_again(&p, true, 2000, 0), "no window: never");
	p = (struct vb_poll){ 0 };
	vb_poll_again(&p, true, ~0ull - 10, WINDOW);
	ok(vb_poll_again(&p, false, 50, WINDOW), "the clock may wrap");
}

/* Work, then a window without any: is it tried at all? */
static bool fails(struct vb_poll *p, uint64_t now)
{
	bool tried = vb_poll_again(p, true, now, WINDOW);

	while (vb_poll_again(p, false, now, WINDOW))
		now += WINDOW / 2;
	return tried;
}

static void test_backoff(void)
{
	struct vb_poll p = { 0 };
	uint32_t tried = 0, sleeps = 0, last = 0, widest = 0;

	for (uint64_t now = 0; sleeps < 2000; now += 10 * WINDOW, sleeps++) {
		if (!fails(&p, now))
			continue;
		tried++;
		if (sleeps - last > widest)
			widest = sleeps - last;
		last = sleeps;
	}
	printf("# tried %u times in %u sleeps\n", tried, sleeps);
	ok(widest == VB_POLL_MAX_SKIP + 1, "where it never helps, tries get rare, up to a bound");
	ok(tried < sleeps / 40, "and cost next to nothing");
	while (p.skip)
		vb_poll_again(&p, true, 0, WINDOW);
	vb_poll_again(&p, true, 0, WINDOW);
	vb_poll_again(&p, false, 10, WINDOW);
	vb_poll_again(&p, true, 20, WINDOW);
	ok(!p.backoff, "one that helps makes it eager again");
	ok(fails(&p, 1000) && p.skip == 1, "and the next miss costs one sleep only");
}

int main(void)
{
	test_window();
	test_backoff();
	return tap_done();
}
