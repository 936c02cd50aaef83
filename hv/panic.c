/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end. Order: claim the panic (first CPU wins), consoles on without lock, registers and call
 * chain, the hook's extra text, stop the others by NMI, then halt or reset. The call chain comes
 * before the stopping so that a broken APIC does not cost the message.
 */
#include "hv/panic.h"

#include "arch/x86/apic.h"
#include "arch/x86/atomic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/errno.h"
#include "arch/x86/layout.h"
#include "arch/x86/paging.h"
#include "arch/x86/trap.h"
#include "arch/x86/tsc.h"
#include "hv/cmdline_options.h"
#include "hv/irq.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"
#include "hv/vcpu_ops.h"

#define BACKTRACE_MAX 24
#define STOP_WAIT_MS 200
#define NO_CPU 0xffffffffu

/* Made by boot/gen_symbols.sh, sorted by offset. */
struct symbol {
	u32 offset; /* from IMAGE_BASE */
	u32 name;   /* offset in _symbol_names */
};

extern const struct symbol _symbols_start[], _symbols_end[];
extern const char _symbol_names[];

static u32 panic_cpu = NO_CPU; /* who panics; set once, atomically */
static void (*dump_hook)(void);
static bool reboot_after = false;
static unsigned int reboot_delay_s = 10;

/* halt | reboot | seconds | reboot,seconds */
static int parse_panic(const char *value)
{
	u64 seconds;

	if (strcmp(value, "halt") == 0) {
		reboot_after = false;
		return 0;
	}
	if (strcmp(value, "reboot") == 0) {
		reboot_after = true;
		return 0;
	}
	if (strncmp(value, "reboot,", 7) == 0)
		value += 7;
	if (string_to_u64(value, &seconds) || seconds > 3600)
		return -EINVAL;
	reboot_after = true;
	reboot_delay_s = (unsigned int)seconds;
	return 0;
}

const struct cmdline_option option_panic = {
	.name = "panic",
	.type = CMDLINE_CUSTOM,
	.parse = parse_panic,
	.help = "halt|reboot|SECONDS: after a panic stay halted, or reboot (after 10 s or SECONDS)",
};

const char *panic_symbol(u64 addr, u64 *offset)
{
	const struct symbol *low = _symbols_start, *high = _symbols_end;

	if (addr < IMAGE_BASE || low == high || addr - IMAGE_BASE < low->offset)
		return NULL;
	while (high - low > 1) {
		const struct symbol *mid = low + (high - low) / 2;

		if (mid->offset <= addr - IMAGE_BASE)
			low = mid;
		else
			high = mid;
	}
	*offset = addr - IMAGE_BASE - low->offset;
	return _symbol_names + low->name;
}

static void print_address(u64 addr)
{
	u64 offset = 0;
	const char *name = panic_symbol(addr, &offset);

	if (name)
		pr_error("  %016lx %s+0x%lx\n", addr, name, offset);
	else
		pr_error("  %016lx\n", addr);
}

void panic_backtrace(u64 rip, u64 rbp)
{
	pr_error("call chain, innermost first:\n");
	print_address(rip);
	for (unsigned int i = 0; i < BACKTRACE_MAX; i++) {
		const u64 *frame = (const u64 *)rbp;

		if (!rbp || rbp & 7 || !paging_is_mapped(rbp) || !paging_is_mapped(rbp + 8))
			break;
		if (!frame[1])
			break;
		print_address(frame[1] - 1);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

static void print_registers(const struct trap_frame *f)
{
	const struct guest_regs *r = &f->regs;

	pr_error("rip %016lx  rflags %08lx  cs %lx ss %lx  error %lx\n", f->rip, f->rflags, f->cs,
		 f->ss, f->error);
	pr_error("rax %016lx rbx %016lx rcx %016lx\n", r->rax, r->rbx, r->rcx);
	pr_error("rdx %016lx rsi %016lx rdi %016lx\n", r->rdx, r->rsi, r->rdi);
	pr_error("rbp %016lx rsp %016lx r8  %016lx\n", r->rbp, f->rsp, r->r8);
	pr_error("r9  %016lx r10 %016lx r11 %016lx\n", r->r9, r->r10, r->r11);
	pr_error("r12 %016lx r13 %016lx r14 %016lx\n", r->r12, r->r13, r->r14);
	pr_error("r15 %016lx cr2 %016lx cr3 %016lx\n", r->r15, read_cr2(), read_cr3());
}

/* A CPU in VMX operation holds back the INIT that some ways of resetting end in. */
static void virtualisation_off(void)
{
	if (!vops || !this_cpu()->vendor)
		return;
	vops->cpu_disable();
	this_cpu()->vendor = NULL;
}

NORETURN static void stop_this_cpu(void)
{
	virtualisation_off();
	WRITE_ONCE(this_cpu()->pub.stopped, 1);
	cpu_halt_forever();
}

static void stop_others(void)
{
	u32 me = smp_cpu_id();
	u64 deadline = tsc_now() + tsc_khz * STOP_WAIT_MS;

	for (unsigned int i = 0; i < cpu_count; i++) {
		if (i != me && percpu_table[i])
			apic_ipi_nmi(percpu_table[i]->arch.apic_id);
	}
	for (unsigned int i = 0; i < cpu_count; i++) {
		while (i != me && percpu_table[i] && !READ_ONCE(percpu_table[i]->pub.stopped)) {
			if (tsc_now() > deadline) {
				pr_error("CPU %u does not stop\n", i);
				break;
			}
			cpu_relax();
		}
	}
}

/* Exactly one CPU comes back from here, and only for its first panic. */
static void claim(void)
{
	u32 me = smp_cpu_id();

	irq_disable();
	if (!atomic_cmpxchg(&panic_cpu, NO_CPU, me)) {
		if (READ_ONCE(panic_cpu) != me)
			stop_this_cpu();
		printk_emergency();
		pr_error("another failure while handling the panic; stopped\n");
		cpu_halt_forever();
	}
	printk_emergency();
}

NORETURN static void finish(void)
{
	if (dump_hook)
		dump_hook();
	stop_others();
	if (!reboot_after) {
		pr_error("Minibus panic: the machine is halted (panic=reboot would restart it)\n");
		cpu_halt_forever();
	}
	pr_error("Minibus panic: rebooting in %u seconds\n", reboot_delay_s);
	tsc_delay_us((u64)reboot_delay_s * 1000000);
	virtualisation_off();
	cpu_reset();
}

NORETURN void panic(const char *fmt, ...)
{
	char text[200];
	va_list args;

	claim();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pr_error("Minibus panic on CPU %u: %s\n", smp_cpu_id(), text);
	panic_backtrace((u64)__builtin_return_address(0) - 1,
			*(const u64 *)__builtin_frame_address(0));
	finish();
}

NORETURN void panic_trap(const struct trap_frame *frame)
{
	claim();
	pr_error("Minibus panic on CPU %u: %s (vector %lu)\n", smp_cpu_id(),
		 trap_name((unsigned int)frame->vector), frame->vector);
	print_registers(frame);
	panic_backtrace(frame->rip, frame->regs.rbp);
	finish();
}

static void fatal_trap(const struct trap_frame *frame)
{
	panic_trap(frame);
}

/* NMIs are ours only in a panic; others (memory error, button) are dom0's, fatal without one. */
static bool handle_nmi(UNUSED struct trap_frame *frame)
{
	panic_stop_if_requested();
	return irq_nmi();
}

void panic_init(void)
{
	trap_set_fatal_handler(fatal_trap);
	trap_set_nmi_handler(handle_nmi);
}

bool panic_in_progress(void)
{
	return READ_ONCE(panic_cpu) != NO_CPU;
}

void panic_stop_if_requested(void)
{
	if (panic_in_progress() && READ_ONCE(panic_cpu) != smp_cpu_id())
		stop_this_cpu();
}

void panic_set_dump(void (*fn)(void))
{
	dump_hook = fn;
}

NORETURN void panic_stop_machine(const char *reason, bool reboot)
{
	claim();
	pr_error("Minibus: %s; %s\n", reason, reboot ? "rebooting" : "the machine is halted");
	stop_others();
	if (reboot) {
		virtualisation_off();
		cpu_reset();
	}
	cpu_halt_forever();
}
