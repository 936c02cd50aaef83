// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine of threads for unit tests of hv/: per-CPU state, clock, messages, panic.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "arch/x86/cpu.h"
#include "arch/x86/tsc.h"
#include "hv/panic.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"

static __thread struct percpu this_percpu;

unsigned int cpu_count = 4;
struct percpu *percpu_table[CPUS_MAX];
struct cpu_info cpu_info = {
	.brand = "unit test",
	.phys_bits = 48,
	.phys_mask = (1ul << 48) - 1,
	.features = BIT(CPU_FEAT_PAGE1GB),
};
u64 tsc_khz = 1000000;
u64 tsc_boot;
jmp_buf *fake_stop;
u32 fake_printed;
char fake_last_line[256];

struct cpu_local *cpu_local(void)
{
	return &this_percpu.arch;
}

void fake_cpu_set(u32 id)
{
	this_percpu.arch.self = &this_percpu.arch;
	this_percpu.arch.id = id;
	percpu_table[id] = &this_percpu;
}

u64 tsc_to_ns(u64 ticks)
{
	return ticks;
}

u64 tsc_from_ns(u64 ns)
{
	return ns;
}

u64 tsc_uptime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000ul + (u64)t.tv_nsec;
}

void printk(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	vsnprintf(fake_last_line, sizeof(fake_last_line), fmt, args);
	va_end(args);
	fake_printed++;
}

bool printk_ratelimit(struct ratelimit *rl)
{
	rl->passed++;
	return true;
}

size_t log_read(u64 *offset, char *buf, size_t len)
{
	static const char text[] = "a log of a few words\n";
	size_t n = 0;

	for (; *offset + n < sizeof(text) - 1 && n < len; n++)
		buf[n] = text[*offset + n];
	return n;
}

size_t string_copy(char *dst, const char *src, size_t size)
{
	return (size_t)snprintf(dst, size, "%s", src);
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("# panic: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

void panic_stop_machine(const char *reason, bool reboot)
{
	if (fake_stop)
		longjmp(*fake_stop, reboot ? 2 : 1);
	panic("machine stopped: %s", reason);
}
