// SPDX-License-Identifier: GPL-2.0-only
/*
 * From files to a guest that can be started: finds out the format, lets it place its parts, adds
 * the ACPI tables. The order of detection matters only for files that are several things: a PVH
 * note says more than a multiboot header.
 */
#include "tools/lib_loader.h"

#include "hv/abi/guest.h"
#include "tools/lib_acpi.h"
#include "tools/lib_e820.h"
#include "tools/lib_image.h"

#include <errno.h>
#include <string.h>

#define GUEST_MIN_SIZE (4ull << 20)

const char *const loader_type_names[LOADER_TYPES] = { "detect", "linux", "pvh", "multiboot" };

static enum loader_type detect(const struct loader_blob *kernel)
{
	uint64_t entry;
	uint32_t flags;

	if (image_is_bzimage(kernel))
		return LOADER_LINUX;
	if (image_find_pvh(kernel, &entry))
		return LOADER_PVH;
	if (image_find_multiboot(kernel, &flags))
		return LOADER_MULTIBOOT;
	return LOADER_DETECT;
}

static int put_acpi(struct guest_mem *mem, const struct loader_input *in, struct loader_plan *plan,
		    struct fault *fault)
{
	static uint8_t buf[E820_ACPI_SIZE];
	struct acpi_tables tables;
	int err = acpi_build(buf, sizeof(buf), E820_ACPI, in->vcpus, in->dsdt, in->dsdt_len,
			     &tables);

	if (err)
		return fault_set(fault, -err, "ACPI tables for %u vCPUs: %s; report this as a bug",
				 in->vcpus, strerror(-err));
	plan->acpi_start = E820_ACPI;
	plan->acpi_end = E820_ACPI + tables.len;
	return mem_write(mem, E820_ACPI, buf, tables.len, fault);
}

/*
 * Linux with hardware-reduced ACPI and no EFI reboots by the BIOS entry point, in real mode. The
 * code there writes the reset register: mov dx, port; mov al, value; out dx, al; hlt; jmp back.
 */
static int put_reset_entry(struct guest_mem *mem, struct fault *fault)
{
	static const uint8_t code[] = {
		0xba, MB_GUEST_RESET & 0xff, MB_GUEST_RESET >> 8,
		0xb0, MB_GUEST_RESET_VALUE, 0xee, 0xf4, 0xeb, 0xfd,
	};

	return mem_write(mem, E820_BIOS_ENTRY, code, sizeof(code), fault);
}

int loader_load(struct guest_mem *mem, const struct loader_input *in, struct loader_plan *plan,
		struct fault *fault)
{
	int err;

	*plan = (struct loader_plan){ .type = in->type };
	if (mem->size < GUEST_MIN_SIZE)
		return image_too_small(mem, GUEST_MIN_SIZE, "guest", fault);
	if (!in->kernel.data || !in->kernel.len)
		return fault_set(fault, EINVAL, "%s: the file is empty", in->kernel.path);
	if (plan->type == LOADER_DETECT)
		plan->type = detect(&in->kernel);
	switch (plan->type) {
	case LOADER_LINUX:
		err = image_load_bzimage(mem, in, plan, fault);
		break;
	case LOADER_PVH:
		err = image_load_pvh(mem, in, plan, fault);
		break;
	case LOADER_MULTIBOOT:
		err = image_load_multiboot(mem, in, plan, fault);
		break;
	default:
		return fault_set(fault, ENOEXEC, "%s: neither bzImage nor PVH ELF nor multiboot 1 "
				 "ELF; is it a kernel, and complete?", in->kernel.path);
	}
	if (err)
		return err;
	plan->entry.struct_size = sizeof(plan->entry);
	err = put_acpi(mem, in, plan, fault);
	return err ? err : put_reset_entry(mem, fault);
}
