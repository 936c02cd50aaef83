// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI tables of the machine: RSDP, RSDT, XSDT, MADT, FADT, HPET as firmware has them, and as
 * broken firmware has them: short, with lengths that lie, wrong sums, loops of length 0, too many
 * CPUs. Tables lie in separate allocations of their exact size, so ASan sees each byte read too
 * much.
 *
 * SOURCES: arch/x86/acpi.c
 */
#include "tests/unit/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/acpi.h"

#define REGIONS_MAX 64
#define FADT_SIZE 276
#define MADT_HEAD 44

/* Pretended physical memory: map() finds the region; asks beyond its end are refused. */
static struct region {
	u64 pa, size;
	u8 *data;
} regions[REGIONS_MAX];
static unsigned int region_count;

static u8 *new_region(u64 pa, u64 size)
{
	regions[region_count] = (struct region){pa, size, calloc(1, size)};
	return regions[region_count++].data;
}

static void free_regions(void)
{
	while (region_count > 0)
		free(regions[--region_count].data);
}

static const void *map(hpa_t pa, u64 size)
{
	for (unsigned int i = 0; i < region_count; i++) {
		if (regions[i].pa == pa.v)
			return size <= regions[i].size ? regions[i].data : NULL;
	}
	return NULL;
}

static void put(u8 *p, u64 val, unsigned int bytes)
{
	memcpy(p, &val, bytes);
}

static void set_sum(u8 *p, u64 size, unsigned int at)
{
	u8 sum = 0;

	p[at] = 0;
	for (u64 i = 0; i < size; i++)
		sum = (u8)(sum + p[i]);
	p[at] = (u8)-sum;
}

/* A table of the given size whose body the caller fills, then calls finish(). */
static u8 *new_table(u64 pa, const char *signature, u32 size)
{
	u8 *t = new_region(pa, size);

	memcpy(t, signature, 4);
	put(t + 4, size, 4);
	return t;
}

static void finish(u8 *table)
{
	u32 size;

	memcpy(&size, table + 4, 4);
	set_sum(table, size, 9);
}

static void new_rsdp(u64 pa, u8 revision, u64 rsdt, u64 xsdt)
{
	u8 *r = new_region(pa, revision >= 2 ? 36 : 20);

	memcpy(r, "RSD PTR ", 8);
	r[15] = revision;
	put(r + 16, rsdt, 4);
	if (revision >= 2) {
		put(r + 20, 36, 4);
		put(r + 24, xsdt, 8);
	}
	set_sum(r, 20, 8);
	if (revision >= 2)
		set_sum(r, 36, 32);
}

static void new_root(u64 pa, const char *signature, unsigned int pointer, const u64 *tables,
		     unsigned int count)
{
	u8 *t = new_table(pa, signature, 36 + count * pointer);

	for (unsigned int i = 0; i < count; i++)
		put(t + 36 + i * pointer, tables[i], pointer);
	finish(t);
}

/* A MADT with the given raw entries. */
static void new_madt(u64 pa, const void *entries, u32 size)
{
	u8 *t = new_table(pa, "APIC", MADT_HEAD + size);

	put(t + 36, 0xfee00000, 4);
	put(t + 40, 1, 4);
	memcpy(t + MADT_HEAD, entries, size);
	finish(t);
}

/* RSDP at 0x1000, RSDT at 0x2000 with one table at 0x3000. */
static int init_one(void)
{
	static const u64 tables[] = {0x3000};
	int err;

	new_rsdp(0x1000, 0, 0x2000, 0);
	new_root(0x2000, "RSDT", 4, tables, 1);
	err = acpi_init(HPA(0x1000), map);
	free_regions();
	return err;
}

static void test_good(void)
{
	static const u8 entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,			     /* CPU, APIC id 0 */
		0, 8, 1, 2, 1, 0, 0, 0,			     /* CPU, APIC id 2 */
		0, 8, 2, 4, 0, 0, 0, 0,			     /* not enabled */
		0, 8, 3, 0xff, 1, 0, 0, 0,		     /* no id */
		1, 12, 7, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0,  /* IOAPIC 7, GSI 24 */
		2, 10, 0, 0, 2, 0, 0, 0, 5, 0,		     /* ISA 0 is GSI 2 */
		9, 16, 0, 0, 0x2c, 1, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, /* x2APIC id 300 */
		9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,    /* id 2 again */
		5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0,   /* APICs at 0x1fee00000 */
		0x7f, 3, 0,				     /* unknown kind */
	};
	static const u64 tables[] = {0x3000, 0x4000, 0x5000, 0x6000};
	u8 *t;

	new_rsdp(0x1000, 2, 0, 0x100002000);
	new_root(0x100002000, "XSDT", 8, tables, 4);
	new_madt(0x3000, entries, sizeof(entries));
	t = new_table(0x4000, "FACP", FADT_SIZE);
	put(t + 46, 9, 2);
	put(t + 64, 0x604, 4);
	put(t + 76, 0x608, 4);
	put(t + 112, 1u << 10 | 1u << 8, 4);
	t[116] = 1;
	put(t + 120, 0xcf9, 8);
	t[128] = 6;
	finish(t);
	t = new_table(0x5000, "HPET", 56);
	put(t + 44, 0xfed00000, 8);
	finish(t);
	finish(new_table(0x6000, "HPET", 36)); /* the second one is not looked at */

	ok(acpi_init(HPA(0x1000), map) == 0 && acpi_info.table_count == 4 &&
		   acpi_info.bad_count == 0 && acpi_info.revision == 2,
	   "XSDT above 4 GiB with four tables");
	ok(acpi_info.cpu_count == 3 && acpi_info.apic_ids[0] == 0 && acpi_info.apic_ids[1] == 2 &&
		   acpi_info.apic_ids[2] == 300,
	   "CPUs: enabled ones, each once, in order");
	ok(acpi_info.ioapic_count == 1 && acpi_info.ioapics[0].id == 7 &&
		   acpi_info.ioapics[0].address == 0xfec00000 &&
		   acpi_info.ioapics[0].gsi_base == 24,
	   "IOAPIC");
	ok(acpi_info.override_count == 1 && acpi_info.overrides[0].source == 0 &&
		   acpi_info.overrides[0].gsi == 2 && acpi_info.overrides[0].flags == 5,
	   "interrupt override");
	ok(acpi_info.lapic_address == 0x1fee00000 && acpi_info.has_8259, "local APIC address");
	ok(acpi_info.pm_timer_port == 0x608 && acpi_info.pm_timer_32bit &&
		   acpi_info.pm1a_control_port == 0x604 && acpi_info.sci_gsi == 9,
	   "FADT ports");
	ok(acpi_info.reset_space == 1 && acpi_info.reset_address == 0xcf9 &&
		   acpi_info.reset_value == 6,
	   "FADT reset register");
	ok(acpi_info.hpet_address == 0xfed00000, "HPET");
	ok(acpi_find("HPET", 1) && !acpi_find("HPET", 2) && !acpi_find("DMAR", 0), "acpi_find()");
	free_regions();
}

static void test_roots(void)
{
	static const u64 tables[] = {0x3000};

	ok(acpi_init(HPA(0), map) == -ENOENT, "no RSDP");
	ok(acpi_init(HPA(0x9000), map) == -ENOENT, "RSDP that cannot be mapped");
	new_rsdp(0x1000, 0, 0x2000, 0);
	regions[0].data[10] ^= 1;
	ok(acpi_init(HPA(0x1000), map) == -ENOENT, "RSDP with a wrong sum");
	free_regions();

	new_rsdp(0x1000, 0, 0x2000, 0);
	new_root(0x2000, "XSDT", 4, tables, 1);
	ok(acpi_init(HPA(0x1000), map) == -ENOENT, "root with the wrong name");
	free_regions();

	new_rsdp(0x1000, 2, 0x2000, 0x7000);
	new_root(0x2000, "RSDT", 4, tables, 1);
	new_root(0x7000, "XSDT", 8, tables, 1);
	regions[2].data[40] ^= 1;
	finish(new_table(0x3000, "SSDT", 36));
	ok(acpi_init(HPA(0x1000), map) == 0 && acpi_info.table_count == 1,
	   "damaged XSDT: the RSDT is used");
	free_regions();
}

static void test_broken_tables(void)
{
	u8 *t;

	ok(init_one() == 0 && acpi_info.table_count == 0 && acpi_info.bad_count == 1,
	   "table that cannot be mapped");
	t = new_table(0x3000, "SSDT", 40);
	finish(t);
	t[39]++;
	ok(init_one() == 0 && acpi_info.bad_count == 1, "table with a wrong sum");
	t = new_table(0x3000, "SSDT", 40);
	put(t + 4, 35, 4);
	ok(init_one() == 0 && acpi_info.bad_count == 1, "table shorter than its head");
	t = new_table(0x3000, "SSDT", 40);
	put(t + 4, 0xffffffff, 4);
	ok(init_one() == 0 && acpi_info.bad_count == 1, "table of 4 GiB");
	t = new_table(0x3000, "FACP", 60);
	finish(t);
	ok(init_one() == 0 && acpi_info.pm_timer_port == 0 && acpi_info.reset_space == 0xff,
	   "FADT that ends before the timer");
	t = new_table(0x3000, "FACP", 129);
	put(t + 112, 1u << 10, 4);
	t[128] = 6;
	finish(t);
	ok(init_one() == 0 && acpi_info.reset_value == 6, "FADT that ends with the reset value");
	t = new_table(0x3000, "HPET", 50);
	memset(t + 44, 0xff, 6);
	finish(t);
	ok(init_one() == 0 && acpi_info.hpet_address == 0, "HPET cut in its address");
	finish(new_table(0x3000, "APIC", 36));
	ok(init_one() == 0 && acpi_info.cpu_count == 0, "MADT without a body");
}

static void test_madt_entries(void)
{
	static const u8 zero_length[] = {0, 8, 0, 1, 1, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0};
	static const u8 past_end[] = {0, 8, 0, 1, 1, 0, 0, 0, 0, 200, 0, 2};
	static const u8 too_short[] = {0, 4, 0, 1, 1, 5, 0, 0, 0, 0, 2, 3, 0, 9, 4, 0, 0};
	static const u8 half_head[] = {0, 8, 0, 1, 1, 0, 0, 0, 0};
	u8 many[8 * (CPUS_MAX + 5)];
	u8 ioapics[12 * (ACPI_IOAPICS_MAX + 2)];

	new_madt(0x3000, zero_length, sizeof(zero_length));
	ok(init_one() == 0 && acpi_info.cpu_count == 1, "entry of length 0 ends the list");
	new_madt(0x3000, past_end, sizeof(past_end));
	ok(init_one() == 0 && acpi_info.cpu_count == 1, "entry beyond the table ends the list");
	new_madt(0x3000, too_short, sizeof(too_short));
	ok(init_one() == 0 && acpi_info.cpu_count == 0, "entries too short for their kind");
	new_madt(0x3000, half_head, sizeof(half_head));
	ok(init_one() == 0 && acpi_info.cpu_count == 1, "one byte left over");

	for (unsigned int i = 0; i < CPUS_MAX + 5; i++)
		memcpy(&many[8 * i], (u8[]){0, 8, 0, (u8)i, 1, 0, 0, 0}, 8);
	new_madt(0x3000, many, sizeof(many));
	ok(init_one() == 0 && acpi_info.cpu_count == CPUS_MAX && acpi_info.cpu_skipped == 5,
	   "more CPUs than fit are counted");
	memset(ioapics, 0, sizeof(ioapics));
	for (unsigned int i = 0; i < sizeof(ioapics) / 12; i++)
		memcpy(&ioapics[12 * i], (u8[]){1, 12}, 2);
	new_madt(0x3000, ioapics, sizeof(ioapics));
	ok(init_one() == 0 && acpi_info.ioapic_count == ACPI_IOAPICS_MAX,
	   "more IOAPICs than fit");
}

static void test_many_tables(void)
{
	u64 tables[ACPI_TABLES_MAX + 3];

	for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++)
		tables[i] = 0x3000;
	new_rsdp(0x1000, 0, 0x2000, 0);
	new_root(0x2000, "RSDT", 4, tables, ARRAY_SIZE(tables));
	finish(new_table(0x3000, "SSDT", 36));
	ok(acpi_init(HPA(0x1000), map) == 0 && acpi_info.table_count == ACPI_TABLES_MAX &&
		   acpi_info.bad_count == 3,
	   "more tables than fit are counted");
	free_regions();
}

int main(void)
{
	test_good();
	test_roots();
	test_broken_tables();
	test_madt_entries();
	test_many_tables();
	return tap_done();
}
