// SPDX-License-Identifier: GPL-2.0-only
/*
 * outside: the guest writes to a guest-physical address where it has no memory. It cannot name
 * another guest's or the hypervisor's memory at all, so this is as far as it gets: it is ended with
 * a reason that names the address.
 *
 * EXPECT: ^killed: .*70000000
 * MEMORY: 64
 */
#include "guest.h"

void guest_main(void)
{
	report_plan(1);
	report(true, "about to write at 1.75 GiB");
	*(volatile uint32_t *)0x70000000ul = 0xbad;
	report(false, "the write was accepted");
}
