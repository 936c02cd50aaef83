// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ACPI tables of a guest: checksums, links, the registers of hv/abi/guest.h, and that the
 * DSDT's constants agree with them. With --write DIR it leaves the tables as files for
 * test_acpi_iasl.t. Run from the top of the source tree; the DSDT is compiled here when iasl is
 * there.
 *
 * SOURCES: tools/lib_acpi.c
 */
#include "tests/unit/tap.h"

#include "hv/abi/guest.h"
#include "hv/abi/hypercall.h"
#include "tools/lib_acpi.h"
#include "tools/lib_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASE 0xe0000u

static uint8_t buf[0x20000], dsdt[65536];
static size_t dsdt_len;

static int sum(const uint8_t *at, size_t len)
{
	uint8_t s = 0;

	while (len--)
		s = (uint8_t)(s + *at++);
	return s;
}

static int table_ok(size_t at, const char *signature)
{
	return !memcmp(buf + at, signature, 4) && !sum(buf + at, bytes_get(buf + at + 4, 4));
}

static void read_dsdt(void)
{
	char dir[] = "/tmp/minibus-acpi-XXXXXX", command[256], path[64];
	FILE *file;

	memcpy(dsdt, "DSDT", 4);
	bytes_put(dsdt + 4, 4, 36);
	dsdt_len = 36;
	if (!mkdtemp(dir))
		return;
	snprintf(command, sizeof(command), "iasl -p %s/dsdt tools/acpi/dsdt.asl >/dev/null 2>&1",
		 dir);
	snprintf(path, sizeof(path), "%s/dsdt.aml", dir);
	if (!system(command) && (file = fopen(path, "rb"))) {
		dsdt_len = fread(dsdt, 1, sizeof(dsdt), file);
		fclose(file);
		unlink(path);
	}
	rmdir(dir);
}

static void test_dsdt(void)
{
	static const uint8_t s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0a,
				      MB_GUEST_SLP_TYP_S5 };
	static const uint8_t io[] = { 0x47, 0x01, MB_GUEST_UART_PORT & 255, MB_GUEST_UART_PORT >> 8,
				      MB_GUEST_UART_PORT & 255, MB_GUEST_UART_PORT >> 8, 0x01,
				      MB_GUEST_UART_PORTS };

	static const uint8_t irq[] = { 0x23, 1 << MB_GUEST_UART_PIN, 0x00, 0x01 };

	if (dsdt_len == 36) {
		ok(1, "DSDT # SKIP iasl is not installed");
		return;
	}
	ok(memmem(dsdt, dsdt_len, s5, sizeof(s5)) != NULL, "DSDT: _S5 is MB_GUEST_SLP_TYP_S5");
	ok(memmem(dsdt, dsdt_len, io, sizeof(io)) != NULL,
	   "DSDT: COM1's ports are the guest ABI's");
	ok(memmem(dsdt, dsdt_len, irq, sizeof(irq)) != NULL,
	   "DSDT: so is its interrupt, edge, active high, not shared");
}

static void test_tables(unsigned int vcpus)
{
	struct acpi_tables t;
	const uint8_t *fadt, *madt;
	char name[64];

	snprintf(name, sizeof(name), "%u vCPUs: tables are built", vcpus);
	if (!ok(!acpi_build(buf, sizeof(buf), BASE, vcpus, dsdt, dsdt_len, &t), name))
		return;
	ok(!memcmp(buf, "RSD PTR ", 8) && !sum(buf, 20) && !sum(buf, 36) && buf[15] == 2 &&
	   bytes_get(buf + 24, 8) == BASE + t.xsdt, "RSDP: checksums, XSDT address");
	ok(table_ok(t.xsdt, "XSDT") && table_ok(t.fadt, "FACP") && table_ok(t.madt, "APIC") &&
	   table_ok(t.ssdt, "SSDT"), "signatures and checksums");
	ok(bytes_get(buf + t.xsdt + 36, 8) == BASE + t.fadt &&
	   bytes_get(buf + t.xsdt + 44, 8) == BASE + t.madt &&
	   bytes_get(buf + t.xsdt + 52, 8) == BASE + t.ssdt, "XSDT entries");
	fadt = buf + t.fadt;
	ok(fadt[8] == 6 && bytes_get(fadt + 140, 8) == BASE + t.dsdt &&
	   bytes_get(fadt + 40, 4) == BASE + t.dsdt && !memcmp(buf + t.dsdt, dsdt, dsdt_len),
	   "FADT 6: both DSDT addresses");
	ok(bytes_get(fadt + 112, 4) & 1u << 20 && bytes_get(fadt + 112, 4) & 1u << 10 &&
	   bytes_get(fadt + 109, 2) == 0x24, "hardware reduced, reset register, no VGA, no RTC");
	ok(fadt[116] == 1 && bytes_get(fadt + 120, 8) == MB_GUEST_RESET &&
	   fadt[128] == MB_GUEST_RESET_VALUE &&
	   bytes_get(fadt + 248, 8) == MB_GUEST_SLEEP_CONTROL &&
	   bytes_get(fadt + 260, 8) == MB_GUEST_SLEEP_STATUS, "reset and sleep registers");
	madt = buf + t.madt;
	ok(bytes_get(madt + 36, 4) == MB_GUEST_LAPIC_BASE &&
	   bytes_get(madt + 4, 4) == 44 + 8 * vcpus + 12 &&
	   madt[44 + 8 * (vcpus - 1) + 3] == vcpus - 1,
	   "MADT: one local APIC per vCPU, id = vCPU");
	madt += 44 + 8 * vcpus;
	ok(madt[0] == 1 && madt[1] == 12 && madt[2] == MB_GUEST_IOAPIC_ID &&
	   bytes_get(madt + 4, 4) == MB_GUEST_IOAPIC_BASE && !bytes_get(madt + 8, 4),
	   "MADT: the IOAPIC, its pins from GSI 0 on");
}

static int write_table(const char *dir, const char *name, size_t at)
{
	char path[512];
	FILE *file;
	size_t len = bytes_get(buf + at + 4, 4);

	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	file = fopen(path, "wb");
	if (!file || fwrite(buf + at, 1, len, file) != len || fclose(file))
		return 1;
	return 0;
}

static int write_all(const char *dir)
{
	struct acpi_tables t;

	if (acpi_build(buf, sizeof(buf), BASE, MB_MAX_VCPUS, dsdt, dsdt_len, &t))
		return 1;
	return write_table(dir, "xsdt", t.xsdt) || write_table(dir, "facp", t.fadt) ||
	       write_table(dir, "apic", t.madt) || write_table(dir, "ssdt", t.ssdt) ||
	       write_table(dir, "dsdt", t.dsdt);
}

int main(int argc, char **argv)
{
	struct acpi_tables t;

	read_dsdt();
	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_all(argv[2]);
	test_dsdt();
	test_tables(1);
	test_tables(2);
	test_tables(MB_MAX_VCPUS);
	ok(acpi_build(buf, sizeof(buf), BASE, 0, dsdt, dsdt_len, &t) == -EINVAL &&
	   acpi_build(buf, sizeof(buf), BASE, MB_MAX_VCPUS + 1, dsdt, dsdt_len, &t) == -EINVAL,
	   "no vCPUs and too many are refused");
	ok(acpi_build(buf, 512, BASE, 1, dsdt, dsdt_len, &t) == -ENOSPC,
	   "a small buffer is refused");
	ok(acpi_build(buf, sizeof(buf), BASE, 1, dsdt, dsdt_len - 1, &t) == -EINVAL,
	   "a cut DSDT is refused");
	return tap_done();
}
