// SPDX-License-Identifier: GPL-2.0-only
/*
 * ownram: all of the guest's memory is its own and was cleared: addresses where the machine keeps
 * the hypervisor (2 MiB up) and low memory hold zeros and what this guest writes, nothing else's
 * data.
 *
 * MEMORY: 64
 */
#include "guest.h"

#define FROM 0x400000ul
#define TO (60ul << 20)

static unsigned long count_not(uint64_t want)
{
	unsigned long bad = 0;

	for (volatile uint64_t *p = (uint64_t *)FROM; p < (uint64_t *)TO; p += 8)
		bad += *p != (want ? want ^ (uint64_t)p : 0);
	return bad;
}

void guest_main(void)
{
	report_plan(2);
	/* The last 4 MiB may hold what the loader put there. */
	report(count_not(0) == 0, "memory is clear at the start (%lu words are not)", count_not(0));
	for (volatile uint64_t *p = (uint64_t *)FROM; p < (uint64_t *)TO; p += 8)
		*p = 0x5a5a1234ull ^ (uint64_t)p;
	report(count_not(0x5a5a1234) == 0, "what was written is read back");
}
