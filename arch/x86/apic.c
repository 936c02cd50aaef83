/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The physical local APIC. Both modes behind one pair of accessors; a register's x2APIC MSR is
 * 0x800 + offset / 16.
 */
#include "arch/x86/apic.h"

#include "arch/x86/barrier.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cr.h"
#include "arch/x86/errno.h"
#include "arch/x86/io.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/tsc.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA 0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA 0xa1
#define PIC_ALL 0xff
#define PIC_ICW1 0x11	   /* edge triggered, cascaded, ICW4 follows */
#define PIC1_ICW2 0x20	   /* first vector */
#define PIC2_ICW2 0x28
#define PIC1_ICW3 0x04	   /* the second one is at input 2 */
#define PIC2_ICW3 0x02
#define PIC_ICW4 0x01	   /* 8086 mode, EOI by command */
#define ICR_POLLS_MAX 100000
#define TIMER_TICKS_MAX 0xffffffffu

static volatile u8 *registers; /* xAPIC window; NULL in x2APIC mode */
static bool x2apic;
static bool ready; /* apic_read() may be used */
static bool deadline_mode;

u32 apic_read(u32 offset)
{
	if (x2apic)
		return (u32)rdmsr(MSR_X2APIC_FIRST + offset / 16);
	return mmio_read32(registers + offset);
}

void apic_write(u32 offset, u32 val)
{
	if (x2apic)
		wrmsr(MSR_X2APIC_FIRST + offset / 16, val);
	else
		mmio_write32(registers + offset, val);
}

bool apic_is_x2apic(void)
{
	return x2apic;
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/*
 * The 8259s first: see apic.h. They get vectors above the exceptions as well, since a request that
 * was latched before, or between two bytes of dom0's own initialisation (ICW1 clears the mask), can
 * still come: at the BIOS's vectors it would be taken for a double fault.
 */
static void silence_8259(void)
{
	outb(PIC1_DATA, PIC_ALL);
	outb(PIC2_DATA, PIC_ALL);
	outb(PIC1_COMMAND, PIC_ICW1);
	outb(PIC1_DATA, PIC1_ICW2);
	outb(PIC1_DATA, PIC1_ICW3);
	outb(PIC1_DATA, PIC_ICW4);
	outb(PIC2_COMMAND, PIC_ICW1);
	outb(PIC2_DATA, PIC2_ICW2);
	outb(PIC2_DATA, PIC2_ICW3);
	outb(PIC2_DATA, PIC_ICW4);
	outb(PIC1_DATA, PIC_ALL);
	outb(PIC2_DATA, PIC_ALL);
}

/*
 * LVTs masked, nothing in service, accept all priorities. Only LVTs that this APIC has: the version
 * register counts them.
 */
static void setup_registers(void)
{
	static const u16 lvts[] = {APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1,
				   APIC_LVT_ERROR, APIC_LVT_PERF,  APIC_LVT_THERMAL};
	unsigned int count = (apic_read(APIC_VERSION) >> APIC_VERSION_MAXLVT_SHIFT & 0xff) + 1;

	apic_write(APIC_SVR, APIC_SVR_ENABLE | APIC_VECTOR_SPURIOUS);
	for (unsigned int i = 0; i < ARRAY_SIZE(lvts) && i < count; i++)
		apic_write(lvts[i], APIC_LVT_MASKED | APIC_VECTOR_ERROR);
	apic_write(APIC_TPR, 0);
	/* A previous owner (firmware, a crashed system) may have left vectors in service. */
	for (unsigned int i = 0; i < 256 && apic_highest_in_service() >= 0; i++)
		apic_eoi();
	apic_write(APIC_ESR, 0);
}

static int enable(bool extended)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (extended)
		base |= APIC_BASE_EXTD;
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	return (rdmsr(MSR_APIC_BASE) & APIC_BASE_ENABLE) ? 0 : -ENODEV;
}

int apic_init(bool allow_x2apic)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	silence_8259();
	x2apic = base & APIC_BASE_EXTD || (allow_x2apic && cpu_has(CPU_FEAT_X2APIC));
	if (enable(x2apic))
		return -ENODEV;
	if (!x2apic) {
		registers = paging_map_mmio(HPA(base & cpu_info.phys_mask & ~PAGE_MASK), PAGE_SIZE);
		if (!registers)
			return -ENOMEM;
	}
	ready = true;
	setup_registers();
	return 0;
}

void apic_init_ap(void)
{
	enable(x2apic);
	setup_registers();
}

/* In xAPIC mode the previous IPI may still be on its way; it never takes long. */
static void wait_icr(void)
{
	for (unsigned int i = 0; i < ICR_POLLS_MAX; i++) {
		if (!(apic_read(APIC_ICR) & APIC_ICR_BUSY))
			return;
		cpu_relax();
	}
}

static void send(u32 dest, u32 command)
{
	if (x2apic) {
		/* The MSR write is not serialising: earlier stores must be visible first. Pairs
		 * with the reads of the receiver's handler. */
		io_mb();
		wrmsr(MSR_X2APIC_FIRST + APIC_ICR / 16, (u64)dest << 32 | command);
		return;
	}
	wait_icr();
	apic_write(APIC_ICR2, dest << 24);
	apic_write(APIC_ICR, command);
}

void apic_ipi(u32 dest, u8 vector)
{
	send(dest, APIC_DM_FIXED | APIC_ICR_ASSERT | vector);
}

void apic_ipi_nmi(u32 dest)
{
	send(dest, APIC_DM_NMI | APIC_ICR_ASSERT);
}

void apic_ipi_init(u32 dest)
{
	send(dest, APIC_DM_INIT | APIC_ICR_ASSERT | APIC_ICR_LEVEL);
	if (!x2apic)
		wait_icr();
}

void apic_ipi_startup(u32 dest, u8 page)
{
	send(dest, APIC_DM_STARTUP | APIC_ICR_ASSERT | page);
	if (!x2apic)
		wait_icr();
}

void apic_ipi_self(u8 vector)
{
	if (x2apic) {
		apic_write(APIC_SELF_IPI, vector);
		return;
	}
	wait_icr(); /* ICR2 is not written: an NMI may have come between another IPI's two halves */
	apic_write(APIC_ICR, APIC_DM_FIXED | APIC_ICR_ASSERT | APIC_ICR_SELF | vector);
}

void apic_accept_nmi(void)
{
	apic_write(APIC_LVT_LINT1, APIC_DM_NMI);
}

u32 apic_isr_word(unsigned int word)
{
	return apic_read(APIC_ISR + 0x10 * word);
}

u32 apic_tmr_word(unsigned int word)
{
	return apic_read(APIC_TMR + 0x10 * word);
}

u32 apic_irr_word(unsigned int word)
{
	return apic_read(APIC_IRR + 0x10 * word);
}

bool apic_in_service(u8 vector)
{
	return ready && apic_isr_word(vector / 32) >> (vector % 32) & 1;
}

bool apic_is_level(u8 vector)
{
	return apic_tmr_word(vector / 32) >> (vector % 32) & 1;
}

int apic_highest_in_service(void)
{
	for (int word = 7; word >= 0; word--) {
		u32 bits = apic_isr_word((unsigned int)word);

		if (bits)
			return word * 32 + 31 - __builtin_clz(bits);
	}
	return -1;
}

void apic_timer_init(void)
{
	deadline_mode = cpu_has(CPU_FEAT_TSC_DEADLINE);
	if (deadline_mode) {
		apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_DEADLINE | APIC_VECTOR_TIMER);
		/* SDM "TSC-Deadline Mode": the LVT write (MMIO) must be seen before the MSR write.
		 * Pairs with nothing in software. */
		io_mb();
		return;
	}
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_1);
	apic_write(APIC_LVT_TIMER, APIC_VECTOR_TIMER);
}

void apic_timer_arm(u64 deadline_tsc)
{
	u64 now, ticks;

	if (deadline_mode) {
		wrmsr(MSR_TSC_DEADLINE, deadline_tsc ? deadline_tsc : 1);
		return;
	}
	now = tsc_now();
	ticks = deadline_tsc > now ? deadline_tsc - now : 0;
	/* tsc_apic_khz / tsc_khz as a fraction; saturate before the product can overflow */
	if (ticks > ~0ul / (tsc_apic_khz + 1))
		ticks = TIMER_TICKS_MAX;
	else
		ticks = MIN(ticks * tsc_apic_khz / tsc_khz, (u64)TIMER_TICKS_MAX);
	apic_write(APIC_TIMER_INITIAL, (u32)MAX(ticks, 1ul));
}

void apic_timer_stop(void)
{
	if (deadline_mode)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		apic_write(APIC_TIMER_INITIAL, 0);
}
