// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine of a bare test guest: IDT, exceptions with continuation, interrupt handlers, the
 * local APIC in x2APIC mode, other vCPUs. start.S calls guest_begin() and guest_ap_begin().
 */
#include "guest.h"

#define AP_PAGE 0x8000ul
#define APIC_BASE_MSR 0x1b
#define CLOCK_MSR 0x4b564d01
#define ICR_INIT 0x4500ull
#define ICR_SIPI 0x4600ull
#define AP_STACK_BYTES 8192

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "APM Vol 2, \"IDT\": 64-bit gates");

struct extable_entry {
	uint64_t insn, fixup;
};

extern struct gate idt[256];
extern const char trap_stubs[], ap_start[], ap_start_end[];
extern const struct extable_entry extable_start[], extable_end[];
extern uint32_t ap_stack;

void guest_begin(void) __attribute__((noreturn));
void guest_ap_begin(void) __attribute__((noreturn));
void guest_trap(struct trap_frame *f);

static void (*handlers[256])(struct trap_frame *f);
static void (*volatile ap_function)(void);
static volatile unsigned int ap_up;
static bool crashing;
struct guest_fault guest_fault;
static char ap_stacks[8][AP_STACK_BYTES] __attribute__((aligned(16)));

static void idt_fill(void)
{
	for (unsigned int i = 0; i < 256; i++) {
		uint64_t a = (uint64_t)(trap_stubs + 16 * i);

		idt[i] = (struct gate){ .offset_low = (uint16_t)a, .selector = 8, .type = 0x8e,
					.offset_mid = (uint16_t)(a >> 16),
					.offset_high = (uint32_t)(a >> 32) };
	}
}

void guest_irq_handler(unsigned int vector, void (*fn)(struct trap_frame *f))
{
	handlers[vector] = fn;
}

void guest_trap(struct trap_frame *f)
{
	const struct extable_entry *e;
	uint64_t cr2;

	if (handlers[f->vector]) {
		handlers[f->vector](f);
		return;
	}
	for (e = extable_start; e < extable_end; e++) {
		if (e->insn == f->rip) {
			__asm__ volatile("mov %%cr2, %0" : "=r"(guest_fault.cr2));
			guest_fault.error = f->error;
			guest_fault.rip = f->rip;
			f->rsi = f->vector;
			f->rip = e->fixup;
			return;
		}
	}
	if (crashing)
		guest_poweroff();
	crashing = true;
	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	guest_printf("# unexpected vector %lu error %lx rip %lx cr2 %lx\n", f->vector, f->error,
		     f->rip, cr2);
	report(false, "no unexpected exception");
	hypercall(MB_HC_SHUTDOWN, MB_REASON_CRASH, 0, 0);
	guest_poweroff();
}

void guest_apic_on(void)
{
	wrmsr(APIC_BASE_MSR, rdmsr(APIC_BASE_MSR) | 0xc00);	/* enabled, x2APIC */
	apic_write(APIC_SVR, 0x1ff);
}

/* Linux, Documentation/virt/kvm/x86/msr.rst: ns = ticks shifted * mul / 2^32. */
uint64_t guest_tsc_khz(void)
{
	static volatile struct {
		uint32_t version, pad;
		uint64_t tsc, ns;
		uint32_t mul;
		int8_t shift;
		uint8_t flags, pad2[2];
	} clock __attribute__((aligned(32)));
	static uint64_t khz;

	if (!khz) {
		uint64_t before = rdmsr(CLOCK_MSR);

		wrmsr(CLOCK_MSR, (uint64_t)&clock | 1);
		wrmsr(CLOCK_MSR, before); /* the record stays as it was written */
		khz = (1000000ull << 32) / clock.mul;
		khz = clock.shift < 0 ? khz << -clock.shift : khz >> clock.shift;
	}
	return khz;
}

void guest_wait_us(uint64_t us)
{
	uint64_t end = rdtsc() + us * guest_tsc_khz() / 1000;

	while (rdtsc() < end)
		__asm__ volatile("pause");
}

bool guest_until(volatile unsigned int *what, unsigned int n, unsigned int ms)
{
	uint64_t end = rdtsc() + ms * guest_tsc_khz();

	guest_irq_on();
	while (*what < n && rdtsc() < end)
		__asm__ volatile("pause");
	guest_irq_off();
	return *what >= n;
}

int64_t guest_hypercall4(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	int64_t ret;

	if (cpuid(MB_CPUID_VERSION, 0).ebx & MB_FEATURE_VMCALL)
		__asm__ volatile("vmcall" : "=a"(ret)
				 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "memory");
	else
		__asm__ volatile("vmmcall" : "=a"(ret)
				 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "memory");
	return ret;
}

bool guest_start_cpu(unsigned int vcpu, void (*fn)(void))
{
	uint64_t dest = (uint64_t)vcpu << 32;
	unsigned int before = ap_up;

	for (long i = 0; i < ap_start_end - ap_start; i++)
		((volatile char *)AP_PAGE)[i] = ap_start[i];
	ap_function = fn;
	ap_stack = (uint32_t)(uint64_t)(ap_stacks[vcpu % 8] + AP_STACK_BYTES);
	apic_write(APIC_ICR, dest | ICR_INIT);
	guest_wait_us(10000);
	apic_write(APIC_ICR, dest | ICR_SIPI | AP_PAGE >> 12);
	for (int i = 0; i < 1000 && ap_up == before; i++)
		guest_wait_us(1000);
	return ap_up != before;
}

void guest_ap_begin(void)
{
	guest_apic_on();
	ap_up++;
	ap_function();
	for (;;)
		__asm__ volatile("cli; hlt");
}

void guest_begin(void)
{
	idt_fill();
	guest_main();
	guest_poweroff();
}
