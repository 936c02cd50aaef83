// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI tables of a guest. Hardware-reduced ACPI (ACPI 6.x, "Hardware-Reduced ACPI", section 4.1) is
 * what fits a machine without PM timer, SCI and legacy devices: one sleep control, one sleep status
 * and one reset register, see hv/abi/guest.h. Offsets below are those of the tables in chapter 5.2.
 *
 * Processors are in the MADT (that is what a kernel counts) and as ACPI0007 devices in an SSDT
 * written here, because their number is the guest's and the DSDT is the same for all.
 */
#include "tools/lib_acpi.h"

#include "hv/abi/guest.h"
#include "hv/abi/hypercall.h"
#include "tools/lib_bytes.h"

#include <errno.h>
#include <string.h>

#define HEADER 36u
#define RSDP_LEN 36u
#define XSDT_ENTRIES 3u
#define FADT_LEN 276u /* revision 6 */
#define MADT_LAPIC_LEN 8u
#define MADT_IOAPIC_LEN 12u
#define CPU_DEVICE_LEN 29u /* one Device () of the SSDT */

/* FADT, "Fixed Feature Flags" and "IA-PC Boot Architecture Flags" */
#define FADT_WBINVD (1u << 0)
#define FADT_NO_PWR_BUTTON (1u << 4)
#define FADT_NO_SLP_BUTTON (1u << 5)
#define FADT_RESET_REG_SUP (1u << 10)
#define FADT_HW_REDUCED (1u << 20)
#define BOOT_NO_VGA (1u << 2)
#define BOOT_NO_CMOS_RTC (1u << 5)

static void put_checksum(uint8_t *at, size_t len, size_t field)
{
	uint8_t sum = 0;

	at[field] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + at[i]);
	at[field] = (uint8_t)-sum;
}

static void put_header(uint8_t *at, const char *signature, uint32_t len, uint8_t revision)
{
	memcpy(at, signature, 4);
	bytes_put(at + 4, 4, len);
	at[8] = revision;
	memcpy(at + 10, "MINIBS", 6);
	memcpy(at + 16, "MBGUEST ", 8);
	bytes_put(at + 24, 4, 1);
	memcpy(at + 28, "MBUS", 4);
	bytes_put(at + 32, 4, 1);
}

/* Generic Address Structure: one byte in I/O space. */
static void put_gas(uint8_t *at, uint64_t port)
{
	at[0] = 1; /* system I/O */
	at[1] = 8; /* bits */
	at[2] = 0;
	at[3] = 1; /* byte access */
	bytes_put(at + 4, 8, port);
}

static void put_fadt(uint8_t *at, uint64_t dsdt)
{
	put_header(at, "FACP", FADT_LEN, 6);
	bytes_put(at + 40, 4, dsdt);
	bytes_put(at + 109, 2, BOOT_NO_VGA | BOOT_NO_CMOS_RTC);
	bytes_put(at + 112, 4, FADT_WBINVD | FADT_NO_PWR_BUTTON | FADT_NO_SLP_BUTTON |
			       FADT_RESET_REG_SUP | FADT_HW_REDUCED);
	put_gas(at + 116, MB_GUEST_RESET);
	at[128] = MB_GUEST_RESET_VALUE;
	at[131] = 3; /* minor version: ACPI 6.3 */
	bytes_put(at + 140, 8, dsdt);
	put_gas(at + 244, MB_GUEST_SLEEP_CONTROL);
	put_gas(at + 256, MB_GUEST_SLEEP_STATUS);
	memcpy(at + 268, "Minibus", 8); /* hypervisor vendor identity */
	put_checksum(at, FADT_LEN, 9);
}

static void put_madt_ioapic(uint8_t *entry)
{
	entry[0] = 1; /* I/O APIC */
	entry[1] = MADT_IOAPIC_LEN;
	entry[2] = MB_GUEST_IOAPIC_ID;
	bytes_put(entry + 4, 4, MB_GUEST_IOAPIC_BASE);
	bytes_put(entry + 8, 4, 0); /* its first GSI */
}

static void put_madt(uint8_t *at, uint32_t len, unsigned int vcpus)
{
	put_header(at, "APIC", len, 5);
	bytes_put(at + 36, 4, MB_GUEST_LAPIC_BASE);
	bytes_put(at + 40, 4, 0); /* no 8259 */
	for (unsigned int i = 0; i < vcpus; i++) {
		uint8_t *entry = at + 44 + i * MADT_LAPIC_LEN;

		entry[0] = 0; /* processor local APIC */
		entry[1] = MADT_LAPIC_LEN;
		entry[2] = (uint8_t)i; /* processor UID */
		entry[3] = (uint8_t)i; /* APIC id */
		bytes_put(entry + 4, 4, 1); /* enabled */
	}
	put_madt_ioapic(at + 44 + vcpus * MADT_LAPIC_LEN);
	put_checksum(at, len, 9);
}

/* Device (CPnn) { Name (_HID, "ACPI0007") Name (_UID, nn) } in AML. */
static void put_cpu_device(uint8_t *at, unsigned int nr)
{
	static const char hex[] = "0123456789ABCDEF";
	static const uint8_t hid[] = { 0x08, '_', 'H', 'I', 'D', 0x0d };

	at[0] = 0x5b; /* ExtOpPrefix DeviceOp */
	at[1] = 0x82;
	at[2] = CPU_DEVICE_LEN - 2; /* PkgLength, one byte, counts itself */
	at[3] = 'C';
	at[4] = 'P';
	at[5] = (uint8_t)hex[nr >> 4 & 15];
	at[6] = (uint8_t)hex[nr & 15];
	memcpy(at + 7, hid, sizeof(hid));
	memcpy(at + 13, "ACPI0007", 9);
	at[22] = 0x08; /* NameOp */
	memcpy(at + 23, "_UID", 4);
	at[27] = 0x0a; /* BytePrefix */
	at[28] = (uint8_t)nr;
}

/* Scope (\_SB) { devices } */
static void put_ssdt(uint8_t *at, uint32_t len, unsigned int vcpus)
{
	uint8_t *aml = at + HEADER;
	uint32_t scope = len - HEADER - 1; /* PkgLength does not count the opcode */

	put_header(at, "SSDT", len, 2);
	aml[0] = 0x10;
	aml[1] = (uint8_t)(0x80 | (scope & 15)); /* three bytes of PkgLength */
	aml[2] = (uint8_t)(scope >> 4);
	aml[3] = (uint8_t)(scope >> 12);
	memcpy(aml + 4, "\\_SB_", 5);
	for (unsigned int i = 0; i < vcpus; i++)
		put_cpu_device(aml + 9 + i * CPU_DEVICE_LEN, i);
	put_checksum(at, len, 9);
}

static void put_root(uint8_t *buf, uint32_t base, const struct acpi_tables *t)
{
	uint8_t *xsdt = buf + t->xsdt;
	uint32_t xsdt_len = HEADER + 8 * XSDT_ENTRIES;

	put_header(xsdt, "XSDT", xsdt_len, 1);
	bytes_put(xsdt + HEADER, 8, base + t->fadt);
	bytes_put(xsdt + HEADER + 8, 8, base + t->madt);
	bytes_put(xsdt + HEADER + 16, 8, base + t->ssdt);
	put_checksum(xsdt, xsdt_len, 9);

	memcpy(buf, "RSD PTR ", 8);
	memcpy(buf + 9, "MINIBS", 6);
	buf[15] = 2; /* revision: has an XSDT */
	bytes_put(buf + 20, 4, RSDP_LEN);
	bytes_put(buf + 24, 8, base + t->xsdt);
	put_checksum(buf, 20, 8);
	put_checksum(buf, RSDP_LEN, 32);
}

int acpi_build(uint8_t *buf, size_t size, uint32_t base, unsigned int vcpus, const uint8_t *dsdt,
	       size_t dsdt_len, struct acpi_tables *tables)
{
	uint32_t madt_len = 44 + vcpus * MADT_LAPIC_LEN + MADT_IOAPIC_LEN;
	uint32_t ssdt_len = HEADER + 9 + vcpus * CPU_DEVICE_LEN;
	struct acpi_tables t;

	if (!vcpus || vcpus > MB_MAX_VCPUS || dsdt_len < HEADER || memcmp(dsdt, "DSDT", 4) ||
	    bytes_get(dsdt + 4, 4) != dsdt_len)
		return -EINVAL;
	t.xsdt = 64;
	t.fadt = 128;
	t.madt = t.fadt + bytes_align_up(FADT_LEN, 16);
	t.ssdt = t.madt + bytes_align_up(madt_len, 16);
	t.dsdt = t.ssdt + bytes_align_up(ssdt_len, 16);
	t.len = t.dsdt + dsdt_len;
	if (t.len > size || t.len < dsdt_len)
		return -ENOSPC;
	memset(buf, 0, t.len);
	memcpy(buf + t.dsdt, dsdt, dsdt_len);
	put_fadt(buf + t.fadt, base + t.dsdt);
	put_madt(buf + t.madt, madt_len, vcpus);
	put_ssdt(buf + t.ssdt, ssdt_len, vcpus);
	put_root(buf, base, &t);
	*tables = t;
	return 0;
}
