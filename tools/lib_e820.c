// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's memory map. The 64 KiB or so below 1 MiB that the tables occupy are reserved rather
 * than "ACPI reclaimable": no guest wins anything from them, and an old one cannot overwrite them.
 */
#include "tools/lib_e820.h"

#include "hv/abi/guest.h"
#include "tools/lib_mem.h"

unsigned int e820_build(uint64_t size, struct e820_entry map[E820_MAX])
{
	unsigned int count = 0;

	map[count++] = (struct e820_entry){ 0, E820_LOW_END, E820_RAM };
	map[count++] = (struct e820_entry){ E820_LOW_END, E820_IMAGE_START - E820_LOW_END,
					    E820_RESERVED };
	map[count++] = (struct e820_entry){ E820_IMAGE_START,
					    mem_low_end(size) - E820_IMAGE_START, E820_RAM };
	map[count++] = (struct e820_entry){ MB_GUEST_LAPIC_BASE, 0x1000, E820_RESERVED };
	if (mem_high_size(size))
		map[count++] = (struct e820_entry){ MB_GUEST_RAM_HIGH_START, mem_high_size(size),
						    E820_RAM };
	return count;
}
