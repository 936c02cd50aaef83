// SPDX-License-Identifier: GPL-2.0-only
/*
 * reset: the ACPI reset register ends the guest as a reboot.
 *
 * EXPECT: ^reboot
 */
#include "guest.h"

void guest_main(void)
{
	report_plan(1);
	report(true, "about to reset");
	outb(MB_GUEST_RESET, MB_GUEST_RESET_VALUE);
	report(false, "the reset register did nothing");
}
