// SPDX-License-Identifier: GPL-2.0-only
/*
 * hypercall: hv/abi/hypercall.h, section "any", from where it must not work and with what it must
 * not take. APM Vol 2, "VMMCALL": the instruction is not privileged, so user mode reaches the
 * hypervisor, which has to look at the privilege level itself. What may go wrong: user mode gets
 * through, a register that is not the result changes, indices are cut to 32 bits, a number without
 * a handler is called.
 */
#include "guest.h"

#define FUZZ_CALLS 30000u

static volatile int64_t user_result[4];

static void from_user(void)
{
	user_result[0] = hypercall(MB_HC_VERSION, 0, 0, 0);
	user_result[1] = hypercall(MB_HC_SHUTDOWN, MB_REASON_POWEROFF, 0, 0);
	user_result[2] = hypercall(0x123456789, 0, 0, 0);
	user_result[3] = hypercall(5, 0, 0, 0); /* a number of KVM's */
}

static void user_mode(void)
{
	static const char *const names[] = {"VERSION", "SHUTDOWN", "an unknown one", "a KVM one"};

	guest_user(from_user);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		report(user_result[i] == -MB_EPERM, "%s from user mode: -EPERM (%ld)", names[i],
		       user_result[i]);
}

static void numbers(void)
{
	bool good = true;

	report(hypercall(MB_HC_VERSION, 0, 0, 0) == MB_ABI_VERSION, "VERSION");
	for (uint64_t nr = MB_HC_SHUTDOWN + 1; nr < MB_HC_HV_INFO; nr++)
		good &= hypercall(nr, 0, 0, 0) == -MB_ENOSYS;
	for (uint64_t nr = MB_HC_VCPU_CR3 + 1; nr < MB_HC_CPUID_NATIVE + 1000; nr++)
		good &= hypercall(nr, 0, 0, 0) == -MB_ENOSYS;
	good &= hypercall(~0ull, 0, 0, 0) == -MB_ENOSYS;
	good &= hypercall(MB_HC_VERSION | 1ull << 63, 0, 0, 0) == -MB_ENOSYS;
	report(good, "unknown numbers: -ENOSYS");
	good = true;
	for (uint64_t nr = 0; nr < 20; nr++)
		good &= hypercall(nr, 0, 0, 0) == -1000;
	report(good, "KVM's numbers: -KVM_ENOSYS");
	good = true;
	for (uint64_t nr = MB_HC_HV_INFO; nr <= MB_HC_VCPU_CR3; nr++)
		good &= hypercall(nr, 0, 0x100000, 0x100000) == -MB_EPERM;
	report(good, "dom0's: -EPERM");
	report(hypercall(MB_HC_YIELD, 0, 0, 0) == 0, "YIELD");
}

static void arguments(void)
{
	static const struct {
		uint64_t nr, a, b, c, d;
		int64_t want;
		const char *what;
	} bad[] = {
		{MB_HC_EVENTQ_SET, 1, 0, 0x200000, 0x40, -MB_EINVAL, "queue of no vCPU"},
		{MB_HC_EVENTQ_SET, 1ull << 32, 0, 0x200000, 0x40, -MB_EINVAL, "vCPU 2^32"},
		{MB_HC_EVENTQ_SET, 0, 4, 0x200000, 0x40, -MB_EINVAL, "queue of no priority"},
		{MB_HC_EVENTQ_SET, 0, 0, 0x200008, 0x40, -MB_EINVAL, "queue not aligned"},
		{MB_HC_EVENTQ_SET, 0, 0, 0x200000, 0x1f, -MB_EINVAL, "vector of an exception"},
		{MB_HC_EVENTQ_SET, 0, 0, 0x200000, 0x100, -MB_EINVAL, "vector 0x100"},
		{MB_HC_EVENTQ_SET, 0, 0, 0xfee00000, 0x40, -MB_EFAULT, "queue on the APIC"},
		{MB_HC_EVENTQ_SET, 0, 0, 1ull << 51, 0x40, -MB_EFAULT, "queue outside memory"},
		{MB_HC_EVENTQ_SET, 0, 0, 0xfffffffffffff000 - 0x1000, 0x40, -MB_EFAULT,
	         "queue at the end of addresses"},
		{MB_HC_PORT_ROUTE, 256, 0, 0, 0, -MB_EINVAL, "route of no port"},
		{MB_HC_PORT_ROUTE, 0, 1, 0, 0, -MB_EINVAL, "route to no vCPU"},
		{MB_HC_PORT_ROUTE, 0, 0, 4, 0, -MB_EINVAL, "route to no priority"},
		{MB_HC_PORT_ROUTE, 1ull << 32, 0, 0, 0, -MB_EINVAL, "port 2^32"},
		{MB_HC_PORT_SEND, 256, 0, 0, 0, -MB_EINVAL, "send on no port"},
		{MB_HC_PORT_SEND, 200, 0, 0, 0, -MB_ENOENT, "send on a free port"},
		{MB_HC_CALL_SETUP, 0x200080, 1, 0, 0, -MB_EINVAL, "slots not aligned"},
		{MB_HC_CALL_SETUP, 0x200000, 0, 0, 0, -MB_EINVAL, "no slots"},
		{MB_HC_CALL_SETUP, 0x200000, 2, 0, 0, -MB_EINVAL, "more slots than vCPUs"},
		{MB_HC_CALL_SETUP, 1ull << 40, 1, 0, 0, -MB_EFAULT, "slots outside memory"},
		{MB_HC_CALL, 0, 0, 0, 0, -MB_EINVAL, "call without slots"},
		{MB_HC_SHUTDOWN, 0, 0, 0, 0, -MB_EINVAL, "shutdown without a reason"},
		{MB_HC_SHUTDOWN, MB_REASON_KILLED, 0, 0, 0, -MB_EINVAL, "shutdown: killed"},
		{MB_HC_SHUTDOWN, 1ull << 32 | 1, 0, 0, 0, -MB_EINVAL, "shutdown 2^32 + 1"},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		int64_t ret = guest_hypercall4(bad[i].nr, bad[i].a, bad[i].b, bad[i].c, bad[i].d);

		report(ret == bad[i].want, "%s: %ld", bad[i].what, ret);
	}
}

/* All registers but the result come back as they went. */
static void registers(void)
{
	uint64_t in[8], out[8], flags_out, nr = MB_HC_VERSION;
	uint64_t flags_in = cpuid(MB_CPUID_VERSION, 0).ebx & MB_FEATURE_VMCALL;
	bool good = true;

	for (unsigned int i = 0; i < 8; i++)
		in[i] = 0x1111111111111111ull * (i + 1);
	__asm__ volatile("movq 0(%[in]), %%r8; movq 8(%[in]), %%r9; movq 16(%[in]), %%r10\n"
	                 "movq 24(%[in]), %%r11; movq 32(%[in]), %%r12; movq 40(%[in]), %%r13\n"
	                 "movq 48(%[in]), %%r14; movq 56(%[in]), %%r15\n"
	                 "testb %b[fi], %b[fi]; jnz 1f\n"
	                 "stc; pushfq; popq %[fi]; vmmcall; jmp 2f\n"
	                 "1: stc; pushfq; popq %[fi]; vmcall\n"
	                 "2: pushfq; popq %[fo]\n"
	                 "movq %%r8, 0(%[out]); movq %%r9, 8(%[out]); movq %%r10, 16(%[out])\n"
	                 "movq %%r11, 24(%[out]); movq %%r12, 32(%[out]); movq %%r13, 40(%[out])\n"
	                 "movq %%r14, 48(%[out]); movq %%r15, 56(%[out])\n"
	                 : [fi] "+&d"(flags_in), [fo] "=&c"(flags_out), "+a"(nr)
	                 : [in] "S"(in), [out] "D"(out)
	                 : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
	for (unsigned int i = 0; i < 8; i++)
		good &= in[i] == out[i];
	report(good && flags_in == flags_out, "registers and flags are kept");
}

static void fuzz(void)
{
	static const uint64_t special[] = {0,         1,         2,          4,          0x40,
	                                   255,       256,       4095,       4096,       0x200000,
	                                   0x3fff000, 0x4000000, 0xfee00000, 1ull << 32, ~0ull};
	uint64_t x = 88172645463325252ull, arg[4];

	for (unsigned int i = 0; i < FUZZ_CALLS; i++) {
		uint64_t nr;

		for (unsigned int j = 0; j < 4; j++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			arg[j] = x & 3 ? special[x / 4 % ARRAY_SIZE(special)] : x;
		}
		nr = MB_HC_BASE + x / 64 % 36;
		/* Not the one that works, and not one that waits for an answer. */
		if (nr == MB_HC_SHUTDOWN || nr == MB_HC_CALL)
			continue;
		guest_hypercall4(nr, arg[0], arg[1], arg[2], arg[3]);
	}
	report(true, "%u random calls", FUZZ_CALLS);
}

void guest_main(void)
{
	report_plan(4 + 5 + 23 + 1 + 1);
	user_mode();
	numbers();
	arguments();
	registers();
	fuzz();
}
