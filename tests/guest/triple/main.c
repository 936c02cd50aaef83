// SPDX-License-Identifier: GPL-2.0-only
/*
 * triple: an exception without a usable IDT ends in a triple fault (shutdown of the CPU), which is
 * reported as that. APM Vol 2, "#DF, Double-Fault Exception".
 *
 * EXPECT: ^triple fault
 */
#include "guest.h"

void guest_main(void)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) empty = {0, 0};

	report_plan(1);
	report(true, "about to fault without an IDT");
	__asm__ volatile("lidt %0; ud2" : : "m"(empty));
}
