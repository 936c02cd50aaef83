/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loaders pass on what the firmware says: unsorted, overlapping, with gaps. Here it becomes a list
 * that the rest can simply walk.
 */
#include "boot/memory_map.h"

#include "arch/x86/paging.h"
#include "hv/string.h"

#define EBDA_SEGMENT 0x40e /* BIOS data area: segment of the EBDA */
#define EBDA_SEARCH 1024ul
#define LOW_RAM_END 0xa0000ul
#define BIOS_START 0xe0000ul
#define BIOS_END 0x100000ul
#define RSDP_ALIGN 16
#define RSDP_SIZE 20

/* Which type an address has that two ranges claim: the higher rank. Types are 1..5. */
static unsigned int rank(u32 type)
{
	static const u8 ranks[] = {
		[BOOT_RANGE_RAM] = 1,	   [BOOT_RANGE_ACPI] = 2, [BOOT_RANGE_NVS] = 3,
		[BOOT_RANGE_RESERVED] = 4, [BOOT_RANGE_BAD] = 5,
	};

	return ranks[type];
}

/* Type at an address, 0 if no range covers it; *next: where the answer may change, above addr. */
static u32 type_at(const struct boot_range *ranges, unsigned int count, u64 addr, u64 *next)
{
	u32 type = 0;

	*next = ~0ul;
	for (unsigned int i = 0; i < count; i++) {
		const struct boot_range *r = &ranges[i];

		if (r->start > addr) {
			*next = MIN(*next, r->start);
		} else if (r->end > addr) {
			*next = MIN(*next, r->end);
			if (type == 0 || rank(r->type) > rank(type))
				type = r->type;
		}
	}
	return type;
}

bool memory_map_normalize(struct boot_range *ranges, unsigned int *count, unsigned int max)
{
	static struct boot_range out[BOOT_RANGES_MAX];
	unsigned int n = 0;
	u64 next;

	if (max > BOOT_RANGES_MAX)
		return false;
	for (u64 addr = 0; addr != ~0ul; addr = next) {
		u32 type = type_at(ranges, *count, addr, &next);

		if (type == 0)
			continue;
		if (n > 0 && out[n - 1].type == type && out[n - 1].end == addr) {
			out[n - 1].end = next;
			continue;
		}
		if (n == max)
			return false;
		out[n++] = (struct boot_range){addr, next, type};
	}
	memcpy(ranges, out, n * sizeof(*out));
	*count = n;
	return true;
}

bool memory_map_is_ram(const struct boot_range *ranges, unsigned int count, u64 start, u64 end)
{
	for (unsigned int i = 0; i < count; i++) {
		if (ranges[i].type == BOOT_RANGE_RAM && ranges[i].start <= start &&
		    end <= ranges[i].end)
			return start < end;
	}
	return false;
}

static hpa_t search_rsdp(u64 start, u64 end)
{
	for (u64 pa = ALIGN_UP(start, (u64)RSDP_ALIGN); pa + RSDP_SIZE <= end; pa += RSDP_ALIGN) {
		const u8 *p = phys_to_virt(HPA(pa));
		u8 sum = 0;

		if (memcmp(p, "RSD PTR ", 8) != 0)
			continue;
		for (unsigned int i = 0; i < RSDP_SIZE; i++)
			sum = (u8)(sum + p[i]);
		if (sum == 0)
			return HPA(pa);
	}
	return HPA(0);
}

hpa_t memory_map_find_rsdp(void)
{
	u16 segment;
	u64 ebda;
	hpa_t found = HPA(0);

	memcpy(&segment, phys_to_virt(HPA(EBDA_SEGMENT)), sizeof(segment));
	ebda = (u64)segment << 4;
	if (ebda >= PAGE_SIZE && ebda + EBDA_SEARCH <= LOW_RAM_END)
		found = search_rsdp(ebda, ebda + EBDA_SEARCH);
	return found.v ? found : search_rsdp(BIOS_START, BIOS_END);
}
