// SPDX-License-Identifier: GPL-2.0-only
/*
 * dom0's port exits: it owns the hardware, so all is passed on but sleep states other than S5 (soft
 * off). Suspend would come back with neither the hypervisor's CPU state nor its guests.
 *
 * Which SLP_TYP value means S5 is said by an AML object, \_S5. There is no AML here; but the object
 * is a constant package in practice, so its bytes can be found: "_S5_", PackageOp, length, count,
 * first element (ACPI "System State Package", "AML Encoding").
 *
 * The reset register is watched for the log line only, so not where it would make each access to
 * PCI configuration space exit (port 0xcf9 lies inside the 32-bit register 0xcf8).
 */
#include "hv/exit_io_dom0.h"

#include "hv/domain.h"
#include "hv/printk.h"
#include "hv/string.h"
#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"

#include "arch/x86/acpi.h"
#include "arch/x86/io.h"
#include "arch/x86/paging.h"

#define PORTS 0x10000u
#define PCI_CONFIG_FIRST 0xcf8u
#define PCI_CONFIG_LAST 0xcffu

/* PM1 control register, second byte (ACPI "PM1 Control Grouping") */
#define PM1_HIGH_SLP_EN (1u << 5)
#define PM1_HIGH_SLP_TYP(byte) (((byte) >> 2) & 7u)

#define RESET_SPACE_IO 1u

#define FADT_DSDT 40u
#define FADT_X_DSDT 140u
#define DSDT_MAX MIB

#define AML_PACKAGE 0x12u
#define AML_BYTE 0x0au
#define AML_ONE 0x01u

/* First element of the package named _S5_ in len bytes of AML; -1: not found. */
static int s5_in_aml(const u8 *aml, u32 len)
{
	for (u32 i = 0; i + 10 < len; i++) {
		const u8 *p = aml + i + 4;

		if (memcmp(aml + i, "_S5_", 4) || *p != AML_PACKAGE)
			continue;
		p += 2 + (p[1] >> 6); /* package length: 1..4 bytes */
		p += 1;		      /* element count */
		if (p + 1 >= aml + len)
			return -1;
		return *p == AML_BYTE ? p[1] & 7 : *p <= AML_ONE ? *p : -1;
	}
	return -1;
}

static const struct acpi_header *find_dsdt(void)
{
	const struct acpi_header *fadt = acpi_find("FACP", 0), *dsdt;
	u32 low = 0;
	u64 pa = 0;

	if (!fadt || fadt->length < FADT_DSDT + sizeof(low))
		return NULL;
	memcpy(&low, (const u8 *)fadt + FADT_DSDT, sizeof(low));
	if (fadt->length >= FADT_X_DSDT + sizeof(pa))
		memcpy(&pa, (const u8 *)fadt + FADT_X_DSDT, sizeof(pa));
	if (!pa)
		pa = low;
	if (!pa || !paging_is_direct(HPA(pa), sizeof(*dsdt)))
		return NULL;
	dsdt = phys_to_virt(HPA(pa));
	if (memcmp(dsdt->signature, "DSDT", 4) || dsdt->length > DSDT_MAX ||
	    dsdt->length < sizeof(*dsdt) || !paging_is_direct(HPA(pa), dsdt->length))
		return NULL;
	return dsdt;
}

/* SLP_TYP of soft off, -1: cannot be told. */
static int s5_type(void)
{
	const struct acpi_header *t = find_dsdt();
	int type = t ? s5_in_aml((const u8 *)t, t->length) : -1;

	for (unsigned int n = 0; type < 0 && (t = acpi_find("SSDT", n)); n++)
		type = s5_in_aml((const u8 *)t, t->length);
	return type;
}

static void port_out(u16 port, u8 size, u32 value)
{
	if (size == 1)
		outb(port, (u8)value);
	else if (size == 2)
		outw(port, (u16)value);
	else
		outl(port, value);
}

static u32 port_in(u16 port, u8 size)
{
	return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
}

/* The byte that this access writes to port `at`; false: it does not reach it. */
static bool written_byte(const struct vmexit *e, u32 value, u16 at, u8 *byte)
{
	if (e->io.in || !at || at < e->io.port || at >= e->io.port + e->io.size)
		return false;
	*byte = (u8)(value >> (8 * (at - e->io.port)));
	return true;
}

/* False: do not pass the write on. */
static bool sleep_allowed(const struct vmexit *e, u32 value, u16 control)
{
	u8 byte;
	int s5;

	if (!control || !written_byte(e, value, control + 1, &byte) || !(byte & PM1_HIGH_SLP_EN))
		return true;
	s5 = s5_type();
	if (s5 >= 0 && PM1_HIGH_SLP_TYP(byte) != (u32)s5) {
		pr_warn("dom0 asked for sleep type %u: refused, only soft off (%d) is supported\n",
			PM1_HIGH_SLP_TYP(byte), s5);
		return false;
	}
	pr_info("dom0 powered off\n");
	return true;
}

static void note_reset(const struct vmexit *e, u32 value)
{
	u8 byte;

	if (acpi_info.reset_space == RESET_SPACE_IO &&
	    written_byte(e, value, (u16)acpi_info.reset_address, &byte) &&
	    byte == acpi_info.reset_value)
		pr_info("dom0 resets the machine\n");
}

enum exit_action exit_io_dom0(struct vcpu *v)
{
	const struct vmexit *e = &v->exit;
	u64 mask = e->io.size == 4 ? 0xffffffffu : BIT(8 * e->io.size) - 1;
	u32 value = (u32)(v->regs.rax & mask);

	if (e->io.string) {
		pr_warn("dom0: string I/O to port %x at rip %lx: #GP\n", e->io.port, v->rip);
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	if (e->io.in) {
		value = port_in(e->io.port, e->io.size);
		v->regs.rax = e->io.size == 4 ? value : (v->regs.rax & ~mask) | value;
		return EXIT_RESUME;
	}
	if (!sleep_allowed(e, value, acpi_info.pm1a_control_port) ||
	    !sleep_allowed(e, value, acpi_info.pm1b_control_port))
		return EXIT_RESUME;
	note_reset(e, value);
	/* Virtualisation stays on: power-off and platform reset end it on every CPU at once, and
	 * should they fail dom0 must be able to go on. */
	port_out(e->io.port, e->io.size, value);
	return EXIT_RESUME;
}

void exit_io_dom0_open(struct domain *d)
{
	u64 reset = acpi_info.reset_address;

	vops->io_intercept(d, 0, PORTS, false);
	if (acpi_info.pm1a_control_port)
		vops->io_intercept(d, acpi_info.pm1a_control_port, 2, true);
	if (acpi_info.pm1b_control_port)
		vops->io_intercept(d, acpi_info.pm1b_control_port, 2, true);
	if (acpi_info.reset_space == RESET_SPACE_IO && reset < PORTS &&
	    (reset < PCI_CONFIG_FIRST || reset > PCI_CONFIG_LAST))
		vops->io_intercept(d, (u16)reset, 1, true);
}
