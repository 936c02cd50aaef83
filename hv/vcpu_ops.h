/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the only way from hv/ to a vendor: svm_ops and vmx_ops, chosen once at boot.
 * Callers:  hv/ through vops; svm/ and vmx/ define one const table each, at most 20 entries.
 * Context:  said per entry. "owner" = the CPU the vCPU is attached to, interrupts off.
 * Locking:  none inside.    Lifetime: probe once, cpu_enable per CPU, then the rest.
 * Errors:   0 or -MB_E*; guest input never reaches a BUG here.
 */
#ifndef HV_VCPU_OPS_H
#define HV_VCPU_OPS_H

#include "arch/x86/cpuid.h"
#include "arch/x86/mem_type.h"
#include "arch/x86/types.h"

struct domain;
struct vcpu;

/* Segment and control state needed to walk page tables and fetch instructions. */
struct vcpu_sys {
	u64 cr0, cr3, cr4, efer;
	u64 cs_base;
	u64 cs_limit;
	u8 cpl;
	bool cs_long; /* 64-bit code segment */
	bool cs_db;   /* default size 32 */
};

/* Where a vCPU starts (vcpu_reset). */
enum vcpu_mode { VCPU_INIT, VCPU_SIPI, VCPU_FLAT32, VCPU_LONG64 };

struct vcpu_start {
	enum vcpu_mode mode;
	u8 sipi_vector;
	u64 rip, rsp, cr3; /* FLAT32: rip, rsp; LONG64: also cr3. General registers: v->regs */
};

/*
 * EXITING_CR3: MOV to CR3 exits (values the vendor may let through by hardware do not).
 * EXITING_PAUSE: a guest that spins exits, if the hardware can count PAUSEs.
 * A new vCPU's HLT and PAUSE exit.
 */
enum vcpu_exiting { EXITING_CPUID, EXITING_HLT, EXITING_IRET, EXITING_CR3, EXITING_PAUSE };

/* What the chosen vendor can do on this machine; set by probe(). */
struct vendor_caps {
	bool tsc_scaling; /* a domain's own TSC rate without exits */
	bool leaf_1g; /* 1 GiB leaves in the guest-physical map */
	u32 cr3_targets; /* values that need not exit with EXITING_CR3; <= MB_CR3_TARGETS */
	/* CPUID bits of instructions that cannot be let through to domains. */
	struct cpuid_bits hidden[8];
	u32 hidden_count;
};
extern struct vendor_caps vcaps;

#define GPM_R (1u << 0)
#define GPM_W (1u << 1)
#define GPM_X (1u << 2)
#define GPM_RWX (GPM_R | GPM_W | GPM_X)

struct vcpu_ops {
	const char *name;
	/* Boot CPU, once: can this machine do it? 0, or -MB_ENODEV after printing one line that
	 * names what is missing. */
	int (*probe)(void);
	/* Each CPU once: switch virtualisation on. -MB_EIO after one line (locked by firmware). */
	int (*cpu_enable)(void);
	/* Each CPU, before a warm reset or panic reboot. */
	void (*cpu_disable)(void);
	/* Process-like context of dom0's hypercall or boot. Bitmaps start with everything
	 * intercepted. */
	int (*domain_create)(struct domain *d);
	void (*domain_destroy)(struct domain *d);
	int (*vcpu_create)(struct vcpu *v);
	void (*vcpu_destroy)(struct vcpu *v);
	/* Owner, or before the vCPU is attached. */
	void (*vcpu_reset)(struct vcpu *v, const struct vcpu_start *start);
	/* Owner: the CPU's hardware state belongs to v from load to put (not FPU: vcpu.c). */
	void (*vcpu_load)(struct vcpu *v);
	void (*vcpu_put)(struct vcpu *v);
	/* Owner: enter, and on return v->exit is filled, v->rip, v->rflags, v->regs are the
	 * guest's, v->inject tells what was not delivered; physical interrupts were served. */
	void (*run)(struct vcpu *v);
	/* Owner, or a vCPU that does not run. */
	void (*read_sys)(struct vcpu *v, struct vcpu_sys *sys);
	/* MSRs kept in the control block (EFER, PAT, FS/GS base, SYSENTER...). true if handled;
	 * write returns false also for values the hardware would refuse (then: #GP). */
	bool (*msr_read)(struct vcpu *v, u32 msr, u64 *value);
	bool (*msr_write)(struct vcpu *v, u32 msr, u64 value);
	/* Owner: the guest's MOV to CR0, CR3 or CR4 that exited. value is the whole operand (CR3:
	 * no reserved bits; perhaps CR3_NOFLUSH). Does all that the instruction does, but does not
	 * move rip. False: #GP. */
	bool (*cr_write)(struct vcpu *v, u32 cr, u64 value);
	/* Domain not yet started. */
	void (*msr_intercept)(struct domain *d, u32 msr, bool read, bool write);
	void (*io_intercept)(struct domain *d, u16 port, u32 count, bool on);
	/* Owner. No effect where the hardware always or never exits. */
	void (*set_exiting)(struct vcpu *v, enum vcpu_exiting what, bool on);
	/* Any: format one entry of the guest-physical map. leaf: maps hpa at that size, as memory
	 * of that type (ignored where the machine's MTRRs hold below the map anyway). */
	u64 (*gpm_entry)(hpa_t hpa, u32 prot, bool leaf, enum mem_type type);
	/* Any: one-screen dump of the control block to the log. */
	void (*dump)(struct vcpu *v);
};

extern const struct vcpu_ops svm_ops;
extern const struct vcpu_ops vmx_ops;

/* The chosen one; set by vendor_init() before any domain exists. */
extern const struct vcpu_ops *vops;

/* Boot CPU: choose by CPU vendor and probe. 0 or -MB_ENODEV after a line of text. */
int vendor_init(void);

#endif
