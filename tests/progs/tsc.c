// SPDX-License-Identifier: GPL-2.0-only
/*
 * tsc: prints the time stamp counter. Under QEMU's -icount it counts instructions since power-on
 * (and the time jumped over while all CPUs were idle), so two boots can be compared exactly.
 */
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
	printf("tsc %llu\n", (unsigned long long)__rdtsc());
	return 0;
}
