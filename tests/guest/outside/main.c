// SPDX-License-Identifier: GPL-2.0-only
/*
 * outside: the guest goes on executing at an address where it has no memory. Data accesses there
 * have a meaning (tests/guest/memory), a fetch has none, so the guest is ended, with a reason that
 * names the address. It cannot name another guest's or the hypervisor's memory at all.
 *
 * EXPECT: ^killed: .*fetch at 70000000
 * MEMORY: 64
 */
#include "guest.h"

void guest_main(void)
{
	report_plan(1);
	report(true, "about to execute at 1.75 GiB");
	__asm__ volatile("jmp *%0" : : "r"(0x70000000ul));
}
