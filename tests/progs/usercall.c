// SPDX-License-Identifier: GPL-2.0-only
/*
 * usercall: a user process tries a hypercall, in dom0 or in a guest. The hypervisor must refuse it:
 * either the instruction faults (#UD reaches the process as SIGILL) or the result is a negative
 * error. Prints what happened; exit status 0 = refused, 1 = the call was served.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static sigjmp_buf back;

static void fault(int sig)
{
	siglongjmp(back, sig);
}

int main(int argc, char **argv)
{
	unsigned long nr = argc > 1 ? strtoul(argv[1], NULL, 0) : 0x4d420000; /* MB_HC_VERSION */
	int served = 0;
	long ret;
	int sig;

	signal(SIGILL, fault);
	signal(SIGSEGV, fault);
	sig = sigsetjmp(back, 1);
	if (sig) {
		printf("hypercall %lu from user mode: signal %d\n", nr, sig);
		return 0;
	}
	__asm__ volatile("vmmcall" : "=a"(ret) : "a"(nr), "D"(0), "S"(0), "d"(0) : "memory", "rcx");
	served = ret >= 0;
	printf("hypercall %lu from user mode: result %ld\n", nr, ret);
	return served;
}
