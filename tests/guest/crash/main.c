// SPDX-License-Identifier: GPL-2.0-only
/*
 * crash: a guest that says that it crashed is reported so; a reason that does not exist is refused
 * first.
 *
 * EXPECT: ^crash
 */
#include "guest.h"

void guest_main(void)
{
	report_plan(1);
	report(hypercall(MB_HC_SHUTDOWN, 99, 0, 0) == -MB_EINVAL, "an unknown reason is refused");
	hypercall(MB_HC_SHUTDOWN, MB_REASON_CRASH, 0, 0);
	report(false, "the shutdown returned");
}
