/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Static ACPI tables. Firmware is trusted not to be malicious, but it is known to be wrong: every
 * length is checked before it is used, every table's checksum too, and what fails is left out.
 */
#include "arch/x86/acpi.h"

#include "arch/x86/errno.h"

#define TABLE_LENGTH_MAX (1 * MIB)

#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_ADDRESS 5
#define MADT_X2APIC 9
#define MADT_ENTRIES 44 /* offset of the first entry */
#define MADT_FLAG_8259 1
#define LAPIC_ENABLED 1

#define FADT_SCI 46
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_PM_TIMER 76
#define FADT_FLAGS 112
#define FADT_RESET 116
#define FADT_RESET_VALUE 128
#define FADT_X_PM_TIMER 208
#define FADT_FLAG_TIMER_32BIT (1u << 8)
#define FADT_FLAG_RESET (1u << 10)
#define GAS_IO 1

#define HPET_ADDRESS 44

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved_0x21[3];
} PACKED;

STATIC_SIZE(struct rsdp, 36);
STATIC_OFFSET(struct rsdp, rsdt, 16);
STATIC_OFFSET(struct rsdp, xsdt, 24);

#define RSDP_V1_SIZE 20

struct acpi_info acpi_info;

/* Firmware structures are not aligned: read byte by byte. */
static u64 read_le(const void *p, unsigned int bytes)
{
	const u8 *b = p;
	u64 val = 0;

	while (bytes-- > 0)
		val = val << 8 | b[bytes];
	return val;
}

static bool sum_is_zero(const void *p, u64 size)
{
	const u8 *b = p;
	u8 sum = 0;

	while (size-- > 0)
		sum = (u8)(sum + b[size]);
	return sum == 0;
}

static bool same(const char *a, const char *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

/* Field of a table if the table is long enough to have it, else 0. */
static u64 field(const struct acpi_header *table, unsigned int offset, unsigned int bytes)
{
	if (offset + bytes > table->length)
		return 0;
	return read_le((const u8 *)table + offset, bytes);
}

/* Maps a whole table and checks it; NULL if it is no table. */
static const struct acpi_header *map_table(u64 pa, const void *(*map)(hpa_t pa, u64 size))
{
	const struct acpi_header *head = pa ? map(HPA(pa), sizeof(*head)) : NULL;
	u32 length;

	if (!head)
		return NULL;
	length = head->length;
	if (length < sizeof(*head) || length > TABLE_LENGTH_MAX)
		return NULL;
	head = map(HPA(pa), length);
	return head && sum_is_zero(head, length) ? head : NULL;
}

static void parse_ioapic(const u8 *e)
{
	struct acpi_ioapic *io;

	if (acpi_info.ioapic_count == ACPI_IOAPICS_MAX)
		return;
	io = &acpi_info.ioapics[acpi_info.ioapic_count++];
	io->id = e[2];
	io->address = (u32)read_le(e + 4, 4);
	io->gsi_base = (u32)read_le(e + 8, 4);
}

static void parse_override(const u8 *e)
{
	struct acpi_override *o;

	if (acpi_info.override_count == ACPI_OVERRIDES_MAX)
		return;
	o = &acpi_info.overrides[acpi_info.override_count++];
	o->source = e[3];
	o->gsi = (u32)read_le(e + 4, 4);
	o->flags = (u16)read_le(e + 8, 2);
}

/* A CPU may be listed twice, as LAPIC and as X2APIC. */
static void add_cpu(u32 apic_id, u32 flags)
{
	if (!(flags & LAPIC_ENABLED))
		return;
	for (unsigned int i = 0; i < acpi_info.cpu_count; i++) {
		if (acpi_info.apic_ids[i] == apic_id)
			return;
	}
	if (acpi_info.cpu_count == CPUS_MAX)
		acpi_info.cpu_skipped++;
	else
		acpi_info.apic_ids[acpi_info.cpu_count++] = apic_id;
}

/* e: an entry whose stated length lies within the table. */
static void parse_madt_entry(const u8 *e, u8 length)
{
	if (e[0] == MADT_LAPIC && length >= 8 && e[3] != 0xff)
		add_cpu(e[3], (u32)read_le(e + 4, 4));
	else if (e[0] == MADT_X2APIC && length >= 16)
		add_cpu((u32)read_le(e + 4, 4), (u32)read_le(e + 8, 4));
	else if (e[0] == MADT_IOAPIC && length >= 12)
		parse_ioapic(e);
	else if (e[0] == MADT_OVERRIDE && length >= 10)
		parse_override(e);
	else if (e[0] == MADT_LAPIC_ADDRESS && length >= 12)
		acpi_info.lapic_address = read_le(e + 4, 8);
}

static void parse_madt(const struct acpi_header *madt)
{
	const u8 *start = (const u8 *)madt;

	acpi_info.lapic_address = field(madt, 36, 4);
	acpi_info.has_8259 = field(madt, 40, 4) & MADT_FLAG_8259;
	for (u32 at = MADT_ENTRIES; at + 2 <= madt->length;) {
		u8 length = start[at + 1];

		if (length < 2 || at + length > madt->length)
			break;
		parse_madt_entry(start + at, length);
		at += length;
	}
}

static void parse_fadt(const struct acpi_header *fadt)
{
	u64 flags = field(fadt, FADT_FLAGS, 4);

	acpi_info.sci_gsi = (u16)field(fadt, FADT_SCI, 2);
	acpi_info.pm1a_control_port = (u16)field(fadt, FADT_PM1A_CONTROL, 4);
	acpi_info.pm1b_control_port = (u16)field(fadt, FADT_PM1B_CONTROL, 4);
	acpi_info.pm_timer_port = (u16)field(fadt, FADT_PM_TIMER, 4);
	/* newer firmware may give the port only as a generic address: space, 3 bytes, address */
	if (!acpi_info.pm_timer_port && field(fadt, FADT_X_PM_TIMER, 1) == GAS_IO)
		acpi_info.pm_timer_port = (u16)field(fadt, FADT_X_PM_TIMER + 4, 8);
	acpi_info.pm_timer_32bit = flags & FADT_FLAG_TIMER_32BIT;
	acpi_info.reset_space = 0xff;
	if (flags & FADT_FLAG_RESET && FADT_RESET_VALUE < fadt->length) {
		acpi_info.reset_space = (u8)field(fadt, FADT_RESET, 1);
		acpi_info.reset_address = field(fadt, FADT_RESET + 4, 8);
		acpi_info.reset_value = (u8)field(fadt, FADT_RESET_VALUE, 1);
	}
}

static void add_table(u64 pa, const void *(*map)(hpa_t pa, u64 size))
{
	const struct acpi_header *table = map_table(pa, map);

	if (!table || acpi_info.table_count == ACPI_TABLES_MAX) {
		acpi_info.bad_count++;
		return;
	}
	acpi_info.tables[acpi_info.table_count++] = (struct acpi_table){HPA(pa), table};
}

/* RSDT has 4-byte pointers, XSDT 8-byte ones. */
static int walk_root(u64 pa, const char *signature, unsigned int pointer,
		     const void *(*map)(hpa_t pa, u64 size))
{
	const struct acpi_header *root = map_table(pa, map);

	if (!root || !same(root->signature, signature, 4))
		return -ENOENT;
	for (u32 at = sizeof(*root); at + pointer <= root->length; at += pointer)
		add_table(field(root, at, pointer), map);
	return 0;
}

static int walk_rsdp(hpa_t pa, const void *(*map)(hpa_t pa, u64 size))
{
	const struct rsdp *rsdp = map(pa, RSDP_V1_SIZE);
	u64 xsdt = 0;

	if (!rsdp || !same(rsdp->signature, "RSD PTR ", 8) || !sum_is_zero(rsdp, RSDP_V1_SIZE))
		return -ENOENT;
	acpi_info.rsdp = pa;
	acpi_info.revision = rsdp->revision;
	if (rsdp->revision >= 2) {
		rsdp = map(pa, sizeof(*rsdp));
		if (rsdp && rsdp->length >= sizeof(*rsdp) && sum_is_zero(rsdp, sizeof(*rsdp)))
			xsdt = rsdp->xsdt;
	}
	if (xsdt && walk_root(xsdt, "XSDT", 8, map) == 0)
		return 0;
	return walk_root(rsdp->rsdt, "RSDT", 4, map);
}

int acpi_init(hpa_t rsdp, const void *(*map)(hpa_t pa, u64 size))
{
	const struct acpi_header *table;
	int err;

	acpi_info = (struct acpi_info){.reset_space = 0xff};
	err = rsdp.v ? walk_rsdp(rsdp, map) : -ENOENT;
	if (err)
		return err;
	table = acpi_find("APIC", 0);
	if (table)
		parse_madt(table);
	table = acpi_find("FACP", 0);
	if (table)
		parse_fadt(table);
	table = acpi_find("HPET", 0);
	if (table)
		acpi_info.hpet_address = field(table, HPET_ADDRESS, 8);
	return 0;
}

const struct acpi_header *acpi_find(const char *signature, unsigned int nth)
{
	for (unsigned int i = 0; i < acpi_info.table_count; i++) {
		const struct acpi_header *table = acpi_info.tables[i].table;

		if (same(table->signature, signature, 4) && nth-- == 0)
			return table;
	}
	return NULL;
}
