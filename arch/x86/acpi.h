/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the static ACPI tables the hypervisor needs; no AML.
 * Callers:  hv/main.c, smp, tsc; hv/priv_build.c asks for the RSDP.
 * Context:  acpi_init() once on the boot CPU, after paging_init(). Locking: constant afterwards.
 * Lifetime: forever (the tables stay mapped). Errors: a table that is absent, too short or has a
 *           wrong checksum is skipped and noted; acpi_init() is -ENOENT without an RSDP or root.
 */
#ifndef MINIBUS_ARCH_ACPI_H
#define MINIBUS_ARCH_ACPI_H

#include "arch/x86/cpu_local.h"
#include "arch/x86/types.h"

#define ACPI_TABLES_MAX 48
#define ACPI_IOAPICS_MAX 16
#define ACPI_OVERRIDES_MAX 24

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} PACKED;

STATIC_SIZE(struct acpi_header, 36);
STATIC_OFFSET(struct acpi_header, oem_revision, 24);

struct acpi_table {
	hpa_t pa;
	const struct acpi_header *table; /* mapped for its whole length, checksum right */
};

struct acpi_ioapic {
	u32 id;
	u32 address;
	u32 gsi_base;
};

struct acpi_override {
	u8 source; /* ISA interrupt */
	u16 flags;
	u32 gsi;
};

struct acpi_info {
	hpa_t rsdp;
	u8 revision;
	unsigned int table_count;
	unsigned int bad_count; /* tables skipped for length or checksum */
	struct acpi_table tables[ACPI_TABLES_MAX];

	/* MADT; enabled CPUs only, in table order */
	u64 lapic_address;
	unsigned int cpu_count;
	unsigned int cpu_skipped; /* enabled, but more than CPUS_MAX */
	u32 apic_ids[CPUS_MAX];
	unsigned int ioapic_count;
	struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
	unsigned int override_count;
	struct acpi_override overrides[ACPI_OVERRIDES_MAX];
	bool has_8259;

	/* FADT; ports, 0 if absent */
	u16 pm_timer_port;
	bool pm_timer_32bit;
	u16 pm1a_control_port;
	u16 pm1b_control_port;
	u16 sci_gsi;
	u8 reset_space; /* 0 memory, 1 I/O; 0xff: no reset register */
	u8 reset_value;
	u64 reset_address;

	u64 hpet_address; /* 0 if absent */
};

extern struct acpi_info acpi_info;

/* map(pa, size) makes firmware memory readable; NULL if it cannot. */
int acpi_init(hpa_t rsdp, const void *(*map)(hpa_t pa, u64 size));

/* nth table (from 0) with this signature ("APIC", "MCFG", "IVRS", "DMAR", ...), or NULL. */
const struct acpi_header *acpi_find(const char *signature, unsigned int nth);

#endif
