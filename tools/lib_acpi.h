/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the ACPI tables of a guest: RSDP, XSDT, FADT (hardware reduced), MADT, SSDT with the
 *           processors; the DSDT is compiled from tools/acpi/dsdt.asl.
 * Callers:  lib_loader.c, tests.    Context: any.    Locking: none.
 * Lifetime: the buffer belongs to the caller; it is copied to guest-physical address base.
 * Errors:   -ENOSPC if the buffer is too small, -EINVAL for a bad processor count or DSDT.
 */
#ifndef MINIBUS_TOOLS_LIB_ACPI_H
#define MINIBUS_TOOLS_LIB_ACPI_H

#include <stddef.h>
#include <stdint.h>

struct acpi_tables {
	size_t len;	 /* bytes of the buffer in use; the RSDP is at its start */
	size_t xsdt, fadt, madt, ssdt, dsdt; /* offsets */
};

int acpi_build(uint8_t *buf, size_t size, uint32_t base, unsigned int vcpus, const uint8_t *dsdt,
	       size_t dsdt_len, struct acpi_tables *tables);

#endif
