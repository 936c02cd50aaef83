/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Purpose:  the hypercalls of Minibus: numbers, arguments, results, structures.
 * Callers:  hv/exit_hypercall.c answers; vbus/south, guest-linux/north and bare guests call.
 * Context:  from CPL 0 only; user mode gets -MB_EPERM. Interrupts may be on or off unless said.
 * Locking:  none needed by the caller.    Lifetime: ABI 1, see MB_ABI_VERSION.
 * Errors:   rax is the result; negative MB_E* numbers (types.h).
 *
 * Convention: VMMCALL (AMD) or VMCALL (Intel), rax = MB_HC_*, arguments rdi, rsi, rdx, r10, r8;
 * rax = result, all other registers are kept. Addresses are guest-physical addresses of the
 * caller; a structure may cross pages. Structures start with struct_size, set by the caller; the
 * hypervisor fills or reads at most that much, so they can grow.
 *
 * "any" may be called by each domain for itself, "dom0" only by the privileged one.
 */
#ifndef MINIBUS_ABI_HYPERCALL_H
#define MINIBUS_ABI_HYPERCALL_H

#include "types.h"

#define MB_HC_BASE 0x4d420000u /* "MB" << 16: apart from the KVM hypercall numbers */

/* ---- any ---- */
/* () -> MB_ABI_VERSION */
#define MB_HC_VERSION (MB_HC_BASE + 0)
/*
 * (vcpu, prio, gpa, vector): the event queue (tunnel.h) of one vCPU and priority. gpa is page
 * aligned; vector 0x20..0xff is injected when the queue wakes; vector 0 keeps collecting but does
 * not inject (CPU offline). gpa ~0 removes the queue. If events are pending, they are announced.
 */
#define MB_HC_EVENTQ_SET (MB_HC_BASE + 1)
/*
 * (port, vcpu, prio): route a port's events to that queue. Atomic and idempotent; callable with
 * interrupts off. An event pending in the old queue moves along; nothing is lost.
 */
#define MB_HC_PORT_ROUTE (MB_HC_BASE + 2)
/* (port): raise an event on the peer of this port. */
#define MB_HC_PORT_SEND (MB_HC_BASE + 3)
/*
 * (gpa, count): array of call slots, exactly one per vCPU of the caller, 256-byte aligned, see
 * tunnel.h. (~0, 0) takes them back.
 */
#define MB_HC_CALL_SETUP (MB_HC_BASE + 4)
/*
 * (): run the bus call in the calling vCPU's own slot. Returns when the other side has answered;
 * interrupts of the caller are served meanwhile (the instruction restarts). -MB_ENODEV: nobody
 * serves this domain; -MB_ETIMEDOUT: no answer within MB_CALL_TIMEOUT_MS.
 */
#define MB_HC_CALL (MB_HC_BASE + 5)
/* (): give the rest of this time slice away. */
#define MB_HC_YIELD (MB_HC_BASE + 6)
/* (reason): end this domain, MB_REASON_POWEROFF, _REBOOT or _CRASH. Does not return. */
#define MB_HC_SHUTDOWN (MB_HC_BASE + 7)

/* ---- dom0 ---- */
/* (gpa of struct mb_hv_info) */
#define MB_HC_HV_INFO (MB_HC_BASE + 16)
/* (gpa of struct mb_stream_io): copy out the hypervisor's log; result = bytes, 0 at the end. */
#define MB_HC_LOG_READ (MB_HC_BASE + 17)
/* (gpa of struct mb_dom_create) -> domain id >= 1. No memory yet, not started. */
#define MB_HC_DOM_CREATE (MB_HC_BASE + 18)
/*
 * (domid, gpa in the guest, bytes) -> bytes added, at least 2 MiB, perhaps fewer than asked: call
 * again for the rest. 2 MiB aligned. The memory is cleared; with MB_DOM_SHARE_ALL dom0 sees it at
 * its machine address.
 */
#define MB_HC_DOM_MEM_ADD (MB_HC_BASE + 19)
/* (domid, index, gpa of struct mb_mem_range) -> 0; -MB_ENOENT past the last one. */
#define MB_HC_DOM_MEMMAP (MB_HC_BASE + 20)
/* (domid, vcpu, gpa of struct mb_vcpu_state): where vCPU 0 starts. Before start only. */
#define MB_HC_VCPU_STATE (MB_HC_BASE + 21)
/* (domid, MB_CTL_*) */
#define MB_HC_DOM_CTL (MB_HC_BASE + 22)
/*
 * (domid): stop it and give everything back, from any state. -MB_EAGAIN after each bounded step
 * until 0. dom0 must have unmapped the guest's memory before the first call.
 */
#define MB_HC_DOM_DESTROY (MB_HC_BASE + 23)
/* (domid, gpa of struct mb_dom_info): that domain, or the next existing one above it. */
#define MB_HC_DOM_INFO (MB_HC_BASE + 24)
/* (domid, vcpu, gpa of struct mb_vcpu_stats); domid 0 is dom0 itself. */
#define MB_HC_VCPU_STATS (MB_HC_BASE + 25)
/* (domid, guest port, dom0 port): join the two; each side's events reach the other. */
#define MB_HC_PORT_BIND (MB_HC_BASE + 26)
/* (dom0 port): separate again; events under way are dropped. */
#define MB_HC_PORT_UNBIND (MB_HC_BASE + 27)
/* (domid, vcpu): that vCPU's bus call is answered. -MB_ESTALE: it no longer waits. */
#define MB_HC_CALL_DONE (MB_HC_BASE + 28)
/* (domid, gpa of struct mb_stream_io): copy out what the guest wrote to its console. */
#define MB_HC_CONSOLE_READ (MB_HC_BASE + 29)
/* (domid, gpa of bytes, len) -> bytes taken (the guest's input ring may be full). */
#define MB_HC_CONSOLE_WRITE (MB_HC_BASE + 30)
/*
 * (on): let the calling vCPU's CPUID run unintercepted (where the hardware can), or not. dom0 does
 * it once a CPU is fully up; every INIT switches interception on again.
 */
#define MB_HC_CPUID_NATIVE (MB_HC_BASE + 31)

/*
 * Optional help of the hardware, bit by bit in this order. New ones are added at the end. The names
 * are those of the hypervisor's options nohelp= and help=.
 */
#define MB_HW_HELP_LIST(X) \
	X(NRIPS, "nrips") X(DECODE, "decode") X(FLUSH_ASID, "flush-asid") X(PAUSE, "pause") \
	X(VGIF, "vgif") X(AVIC, "avic") X(APICV, "apicv") X(POSTED, "posted") \
	X(TSC_SCALING, "tsc-scaling") X(VPID, "vpid") X(LEAF_1G, "1g") \
	X(CR3_TARGETS, "cr3-targets")

/* (domid, vcpu, gpa of struct mb_vcpu_cr3): of a domain made with MB_DOM_CR3_TRACE. */
#define MB_HC_VCPU_CR3 (MB_HC_BASE + 32)

#define MB_DOM_NAME_LEN 32
#define MB_REASON_TEXT_LEN 96
#define MB_MAX_VCPUS 64		/* of one domain */
#define MB_DOM0_PORTS 4096u
#define MB_GUEST_PORTS 256u
#define MB_CALL_TIMEOUT_MS 30000u

struct mb_stream_io {
	uint32_t struct_size;
	uint32_t len;	 /* bytes of the buffer */
	mb_u64 gpa;	 /* buffer */
	mb_u64 position; /* in: stream position wanted; out: position after the last byte copied. A
			  * position that was already overwritten moves up to the oldest byte
			  * kept. */
};
MB_ABI_SIZE(struct mb_stream_io, 24);
MB_ABI_OFF(struct mb_stream_io, gpa, 8);
MB_ABI_OFF(struct mb_stream_io, position, 16);

struct mb_hv_info {
	uint32_t struct_size;
	uint32_t abi_version;
	uint32_t cpus;
	uint32_t domains; /* dom0 included */
	mb_u64 mem_total; /* bytes of RAM */
	mb_u64 mem_free;  /* bytes free for guests */
	mb_u64 mem_dom0;
	mb_u64 mem_hv;	   /* image, heap and tables */
	mb_u64 heap_total; /* 4 KiB pages of the hypervisor's heap */
	mb_u64 heap_free;
	mb_u64 uptime_ns;
	mb_u64 tsc_khz;
	char vendor[16];  /* "svm" or "vmx" */
	char version[32]; /* release and build id */
	char cpu[48];	  /* brand string */
	/* bits of MB_HW_HELP_LIST; none is in two */
	mb_u64 help_used;
	mb_u64 help_off;    /* present, switched off */
	mb_u64 help_unused; /* present, but the hypervisor has no use for it */
};
MB_ABI_SIZE(struct mb_hv_info, 200);
MB_ABI_OFF(struct mb_hv_info, mem_total, 16);
MB_ABI_OFF(struct mb_hv_info, vendor, 80);
MB_ABI_OFF(struct mb_hv_info, cpu, 128);
MB_ABI_OFF(struct mb_hv_info, help_used, 176);
MB_ABI_OFF(struct mb_hv_info, help_unused, 192);

#define MB_DOM_SHARE_ALL (1u << 0) /* dom0 may map all of its memory */
#define MB_DOM_CR3_TRACE (1u << 1) /* its writes of CR3 exit and are kept, see mb_vcpu_cr3 */

struct mb_dom_create {
	uint32_t struct_size;
	uint32_t flags; /* MB_DOM_* */
	uint32_t vcpus; /* 1..MB_MAX_VCPUS */
	/* dom0 ports on which the hypervisor announces: a bus call waits; console output; a new
	 * domain state. */
	uint32_t call_port;
	uint32_t console_port;
	uint32_t state_port;
	mb_u64 wallclock_ns;	    /* UTC at creation, for the guest's PV clock */
	char name[MB_DOM_NAME_LEN]; /* NUL terminated, for messages */
	uint32_t tsc_khz; /* rate of the guest's TSC; 0, or a structure that ends before: the
			   * machine's */
	uint32_t reserved; /* 0 */
};
MB_ABI_SIZE(struct mb_dom_create, 72);
MB_ABI_OFF(struct mb_dom_create, wallclock_ns, 24);
MB_ABI_OFF(struct mb_dom_create, name, 32);
MB_ABI_OFF(struct mb_dom_create, tsc_khz, 64);

struct mb_mem_range {
	uint32_t struct_size;
	uint32_t flags; /* 0 */
	mb_u64 gpa;	/* in the guest */
	mb_u64 mpa;	/* machine address, where dom0 sees it */
	mb_u64 size;
};
MB_ABI_SIZE(struct mb_mem_range, 32);
MB_ABI_OFF(struct mb_mem_range, gpa, 8);
MB_ABI_OFF(struct mb_mem_range, size, 24);

#define MB_MODE_FLAT32 0u /* protected mode, flat 4 GiB segments, paging off */
#define MB_MODE_LONG64 1u /* long mode, cr3 given */

struct mb_vcpu_state {
	uint32_t struct_size;
	uint32_t mode; /* MB_MODE_* */
	mb_u64 rip, rsp;
	mb_u64 rax, rbx, rcx, rdx, rsi, rdi;
	mb_u64 cr3;
};
MB_ABI_SIZE(struct mb_vcpu_state, 80);
MB_ABI_OFF(struct mb_vcpu_state, rip, 8);
MB_ABI_OFF(struct mb_vcpu_state, cr3, 72);

#define MB_CTL_START 1u
#define MB_CTL_PAUSE 2u
#define MB_CTL_UNPAUSE 3u
#define MB_CTL_STOP 4u /* shut it down now, memory kept; reason = MB_REASON_DESTROYED */

#define MB_STATE_NEW 0u	    /* created, not started */
#define MB_STATE_RUNNING 1u
#define MB_STATE_PAUSED 2u
#define MB_STATE_SHUTDOWN 3u /* ended by itself, see reason; still holds its memory */
#define MB_STATE_DYING 4u    /* being destroyed */

#define MB_REASON_NONE 0u
#define MB_REASON_POWEROFF 1u
#define MB_REASON_REBOOT 2u
#define MB_REASON_CRASH 3u	 /* the guest said so */
#define MB_REASON_TRIPLE_FAULT 4u
#define MB_REASON_KILLED 5u	 /* it broke a rule; reason_text names the values */
#define MB_REASON_DESTROYED 6u	 /* dom0 stopped it */

struct mb_dom_info {
	uint32_t struct_size;
	uint32_t domid;
	uint32_t state;	 /* MB_STATE_* */
	uint32_t reason; /* MB_REASON_*, when SHUTDOWN */
	uint32_t vcpus;
	uint32_t flags; /* MB_DOM_* */
	mb_u64 mem_bytes;
	mb_u64 cpu_ns;	     /* run time of all vCPUs */
	mb_u64 exits;	     /* of all vCPUs */
	mb_u64 call_slots;   /* gpa given by MB_HC_CALL_SETUP, or ~0 */
	mb_u64 console_end;  /* stream position after the last console byte */
	char name[MB_DOM_NAME_LEN];
	char reason_text[MB_REASON_TEXT_LEN];
};
MB_ABI_SIZE(struct mb_dom_info, 192);
MB_ABI_OFF(struct mb_dom_info, mem_bytes, 24);
MB_ABI_OFF(struct mb_dom_info, name, 64);
MB_ABI_OFF(struct mb_dom_info, reason_text, 96);

#define MB_CR3_LAST 32
#define MB_CR3_TARGETS 4

struct mb_cr3_switch {
	mb_u64 cr3; /* root of the page tables, cache bits or PCID */
	mb_u64 ns;  /* uptime of the hypervisor */
};
MB_ABI_SIZE(struct mb_cr3_switch, 16);
MB_ABI_OFF(struct mb_cr3_switch, ns, 8);

/*
 * Address spaces that a vCPU switched to. With CR3 targets (VMX) the values in target[] are loaded
 * without the hypervisor seeing it: then a switch is told only when it is to another one.
 */
struct mb_vcpu_cr3 {
	uint32_t struct_size;
	uint32_t count;	 /* of last[] */
	mb_u64 switches; /* seen since the domain was made */
	uint32_t targets; /* of target[] */
	uint32_t reserved;
	mb_u64 target[MB_CR3_TARGETS]; /* operands of MOV; with PCIDs bit 63: TLB kept */
	struct mb_cr3_switch last[MB_CR3_LAST]; /* oldest first */
};
MB_ABI_SIZE(struct mb_vcpu_cr3, 568);
MB_ABI_OFF(struct mb_vcpu_cr3, switches, 8);
MB_ABI_OFF(struct mb_vcpu_cr3, target, 24);
MB_ABI_OFF(struct mb_vcpu_cr3, last, 56);

/*
 * Exit reasons and counters of one vCPU, by name, in the order of the arrays below. New ones are
 * added at the end; the hypervisor says how many it knows.
 */
#define MB_EXIT_LIST(X) \
	X(INTR, "intr") X(NMI, "nmi") X(INIT, "init") X(SHUTDOWN, "shutdown") \
	X(CPUID, "cpuid") X(HLT, "hlt") X(RDMSR, "rdmsr") X(WRMSR, "wrmsr") \
	X(IO, "io") X(NPF, "npf") X(HYPERCALL, "hypercall") X(CR, "cr") \
	X(DR, "dr") X(EXCEPTION, "exception") X(WINDOW, "window") X(XSETBV, "xsetbv") \
	X(INVD, "invd") X(PAUSE, "pause") X(VMINSN, "vminsn") X(MONITOR, "monitor") \
	X(PREEMPT, "preempt") X(APIC, "apic") X(INVALID, "invalid") X(OTHER, "other") \
	X(RDTSC, "rdtsc")

#define MB_COUNTER_LIST(X) \
	X(INJECT_INTR, "inject_intr") X(INJECT_NMI, "inject_nmi") X(INJECT_EXC, "inject_exc") \
	X(EOI, "eoi") X(EOI_LEVEL, "eoi_level") X(PV_EOI, "pv_eoi") X(TIMER, "timer") \
	X(IPI_SENT, "ipi_sent") X(KICK, "kick") X(EV_POST, "ev_post") X(EV_INJECT, "ev_inject") \
	X(EV_MERGED, "ev_merged") X(PORT_SEND, "port_send") X(CALL, "call") X(SWITCH, "switch") \
	X(TLB_FLUSH, "tlb_flush") X(MMIO, "mmio") X(HLT_BLOCK, "hlt_block") \
	X(NOTIFY, "notify") X(IDLE_HIT, "idle_hit")

#define MB_ENUM_EXIT(id, name) MB_EXIT_##id,
#define MB_ENUM_COUNTER(id, name) MB_CNT_##id,
enum mb_exit { MB_EXIT_LIST(MB_ENUM_EXIT) MB_EXIT_COUNT };
enum mb_counter { MB_COUNTER_LIST(MB_ENUM_COUNTER) MB_CNT_COUNT };

#define MB_STATS_EXITS 32
#define MB_STATS_COUNTERS 32

struct mb_vcpu_stats {
	uint32_t struct_size;
	uint32_t cpu; /* where it runs or last ran */
	uint32_t exit_kinds;	/* MB_EXIT_COUNT of the hypervisor */
	uint32_t counter_kinds; /* MB_CNT_COUNT of the hypervisor */
	mb_u64 run_ns;
	mb_u64 exits[MB_STATS_EXITS];
	mb_u64 counters[MB_STATS_COUNTERS];
};
MB_ABI_SIZE(struct mb_vcpu_stats, 536);
MB_ABI_OFF(struct mb_vcpu_stats, run_ns, 16);
MB_ABI_OFF(struct mb_vcpu_stats, exits, 24);
MB_ABI_OFF(struct mb_vcpu_stats, counters, 280);
MB_STATIC_ASSERT((int)MB_EXIT_COUNT <= MB_STATS_EXITS, "ABI: exit reasons");
MB_STATIC_ASSERT((int)MB_CNT_COUNT <= MB_STATS_COUNTERS, "ABI: counters");

#endif
