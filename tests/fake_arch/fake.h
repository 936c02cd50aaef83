/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  what a unit test of hv/ steers and reads in the machine that the fake_*.c files play.
 * Callers:  tests/unit/test_*.c that link them.
 * Context:  user space; a thread plays a CPU after fake_cpu_set(). Locking: as each says.
 * Lifetime: the process. Errors: a wrong use aborts with a line on stderr.
 */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <setjmp.h>

#include "arch/x86/types.h"
#include "hv/exit.h"

struct domain;
struct vcpu;

/* fake_cpu.c: this thread is CPU id from now on. */
void fake_cpu_set(u32 id);
/* Set: panic_stop_machine() jumps there (value 1 power-off, 2 reboot) instead of aborting. */
extern jmp_buf *fake_stop;
/* Lines printed so far, and the last one. */
extern u32 fake_printed;
extern char fake_last_line[256];

/* fake_mem.c: RAM of count extents at FAKE_RAM; the first dom0_count are dom0's. Not reentrant. */
#define FAKE_RAM 0x200000000000ul
void fake_ram_init(unsigned int count, unsigned int dom0_count);
/* The n-th page or extent allocation from now on fails once; 0: none. */
extern u32 fake_fail_at;
/* Outstanding page allocations, in bytes, and how many calls were made. */
extern u64 fake_pages_bytes;
extern u32 fake_alloc_calls;

/* fake_vcpu.c: times sched_detach() still says -EAGAIN; vCPUs attached now. */
extern u32 fake_detach_again;
extern u32 fake_attached;
/* Vectors posted to any vCPU; called with each if set. */
extern void (*fake_post_hook)(struct vcpu *v, u8 vector);
extern u64 fake_vectors;

/* fake_vendor.c: privilege level and code segment of every vCPU. */
extern u8 fake_cpl;
extern bool fake_cs_long;

#endif
