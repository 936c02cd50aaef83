// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to a domain's memory: look the page up in its map, check who owns the frame, copy.
 *
 * The map says what the domain may reach; the owner table says whose memory that is. Both must
 * agree, since dom0's map also holds device memory and (share=all) the RAM of guests. dom0's own
 * RAM includes parts of extents that are not whole RAM (below 2 MiB, beside firmware tables): those
 * count as OWNER_RESERVED, and only what the direct map covers of them is memory.
 */
#include "hv/guest_mem.h"

#include "hv/domain.h"
#include "hv/gpm.h"
#include "hv/page_alloc.h"
#include "hv/string.h"
#include "hv/vcpu_ops.h"

#include "arch/x86/paging.h"

#include "hv/abi/types.h"

#define STRUCT_MIN 8u /* struct_size and at least one field */

static bool frame_is_own(const struct domain *d, hpa_t hpa, u64 len)
{
	u16 owner = extent_owner(hpa);

	if (!d->privileged)
		return owner == d->id;
	return (owner == OWNER_DOM0 || owner == OWNER_RESERVED) && paging_is_direct(hpa, len);
}

/* Pointer to gpa and in *left how many of len bytes follow it in the same 4 KiB page; NULL: not its
 * memory, or a right in `need` is missing. */
static void *page_part(struct domain *d, gpa_t gpa, u32 need, u64 len, u64 *left)
{
	hpa_t hpa;
	u32 prot;
	u64 leaf;

	if (!gpm_lookup(&d->gpm, gpa, &hpa, &prot, &leaf) || (prot & need) != need)
		return NULL;
	*left = MIN(len, PAGE_SIZE - (gpa.v & PAGE_MASK));
	return frame_is_own(d, hpa, *left) ? phys_to_virt(hpa) : NULL;
}

int guest_read(struct domain *d, gpa_t gpa, void *buf, u32 len)
{
	for (u64 done = 0, part; done < len; done += part) {
		const void *from = page_part(d, GPA(gpa.v + done), GPM_R, len - done, &part);

		if (!from)
			return -MB_EFAULT;
		memcpy((u8 *)buf + done, from, part);
	}
	return 0;
}

int guest_write(struct domain *d, gpa_t gpa, const void *buf, u32 len)
{
	for (u64 done = 0, part; done < len; done += part) {
		void *to = page_part(d, GPA(gpa.v + done), GPM_W, len - done, &part);

		if (!to)
			return -MB_EFAULT;
		memcpy(to, (const u8 *)buf + done, part);
	}
	return 0;
}

void *guest_page(struct domain *d, gpa_t gpa, u32 len)
{
	u64 part;
	void *p;

	if (!len || len > PAGE_SIZE)
		return NULL;
	p = page_part(d, gpa, GPM_R | GPM_W, len, &part);
	return p && part == len ? p : NULL;
}

/* The caller's struct_size, cut to size; 0 with *err set. */
static u32 struct_size(struct domain *d, gpa_t gpa, u32 size, int *err)
{
	u32 given;

	*err = guest_read(d, gpa, &given, sizeof(given));
	if (*err)
		return 0;
	if (given < STRUCT_MIN) {
		*err = -MB_EINVAL;
		return 0;
	}
	return MIN(given, size);
}

int guest_read_struct(struct domain *d, gpa_t gpa, void *buf, u32 size)
{
	int err;
	u32 n = struct_size(d, gpa, size, &err);

	if (err)
		return err;
	memset(buf, 0, size);
	err = guest_read(d, gpa, buf, n);
	/* The size may have changed between the two reads: the first one is what was checked. */
	memcpy(buf, &n, sizeof(n));
	return err;
}

int guest_write_struct(struct domain *d, gpa_t gpa, const void *buf, u32 size)
{
	int err;
	u32 n = struct_size(d, gpa, size, &err);

	if (err)
		return err;
	return guest_write(d, GPA(gpa.v + sizeof(u32)), (const u8 *)buf + sizeof(u32),
			   n - (u32)sizeof(u32));
}
