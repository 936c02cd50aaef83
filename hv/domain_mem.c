// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's memory: whole 2 MiB extents, cleared, mapped into the guest and, if it was created so,
 * into dom0 at their machine address.
 *
 * The first request reserves one machine-contiguous run as long as it can get, so that dom0 sees
 * few large ranges; each call then clears and maps a bounded piece of it. What is reserved belongs
 * to the domain and goes when it is destroyed, whatever happened in between.
 */
#include "hv/domain.h"

#include "hv/page_alloc.h"
#include "hv/string.h"
#include "hv/vcpu_ops.h"

#include "hv/abi/guest.h"

#include "arch/x86/paging.h"

#define GUEST_GPA_LIMIT (1ull << 46)
#define EXTENTS_PER_GIB ((u32)(GIB / EXTENT_SIZE))

static bool overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static int check_area(struct domain *d, u64 gpa, u64 bytes)
{
	if (!bytes || !IS_ALIGNED(gpa, EXTENT_SIZE) || !IS_ALIGNED(bytes, EXTENT_SIZE))
		return -MB_EINVAL;
	if (gpa >= GUEST_GPA_LIMIT || bytes > GUEST_GPA_LIMIT - gpa)
		return -MB_EINVAL;
	if (overlaps(gpa, bytes, MB_GUEST_RAM_HOLE_START,
		     MB_GUEST_RAM_HIGH_START - MB_GUEST_RAM_HOLE_START))
		return -MB_EINVAL;
	for (u32 i = 0; i < d->nr_ranges; i++) {
		if (overlaps(gpa, bytes, d->range[i].gpa, d->range[i].size))
			return -MB_EEXIST;
	}
	return 0;
}

/* The longest run to be had, up to want extents, from 1 GiB aligned if it is that long. */
static int pool_fill(struct domain *d, u64 want)
{
	if (want > extent_count(OWNER_FREE))
		return -MB_ENOMEM;
	for (u32 n = (u32)want; n; n /= 2) {
		int ret = -MB_ENOMEM;

		if (n >= EXTENTS_PER_GIB)
			ret = extent_alloc_aligned(d->id, n, EXTENTS_PER_GIB, &d->pool);
		if (ret)
			ret = extent_alloc(d->id, n, &d->pool);
		if (!ret) {
			d->pool_left = n;
			return 0;
		}
	}
	return -MB_ENOMEM;
}

/* Remembers the piece; continues the last range where it can. */
static void range_add(struct domain *d, u64 gpa, u64 mpa, u64 size)
{
	struct domain_range *last = d->nr_ranges ? &d->range[d->nr_ranges - 1] : NULL;

	if (last && last->gpa + last->size == gpa && last->mpa + last->size == mpa)
		last->size += size;
	else
		d->range[d->nr_ranges++] = (struct domain_range){gpa, mpa, size};
}

static bool dom0_sees(const struct domain *d)
{
	return d->flags & MB_DOM_SHARE_ALL;
}

static int map_piece(struct domain *d, gpa_t gpa, hpa_t mpa, u64 size)
{
	int ret;

	memset(phys_to_virt(mpa), 0, size);
	ret = gpm_map(&d->gpm, gpa, mpa, size, GPM_RWX, MEM_WB);
	if (ret)
		goto unmap_guest;
	if (!dom0_sees(d))
		return 0;
	ret = gpm_map(&dom0->gpm, GPA(mpa.v), mpa, size, GPM_R | GPM_W, MEM_WB);
	if (!ret)
		return 0;
	/* The frames stay in the pool, so nobody else gets what an old TLB entry still shows. */
	gpm_unmap(&dom0->gpm, GPA(mpa.v), size);
unmap_guest:
	gpm_unmap(&d->gpm, gpa, size);
	return ret;
}

static s64 mem_add(struct domain *d, gpa_t gpa, u64 bytes)
{
	u64 size;
	int ret = check_area(d, gpa.v, bytes);

	if (ret)
		return ret;
	if (d->nr_ranges == DOMAIN_RANGES_MAX)
		return -MB_ENOMEM;
	if (!d->pool_left)
		ret = pool_fill(d, bytes / EXTENT_SIZE);
	if (ret)
		return ret;
	size = MIN(bytes, MIN(d->pool_left, DOMAIN_STEP_EXTENTS) * EXTENT_SIZE);
	ret = map_piece(d, gpa, d->pool, size);
	if (ret)
		return ret;
	range_add(d, gpa.v, d->pool.v, size);
	d->pool.v += size;
	d->pool_left -= (u32)(size / EXTENT_SIZE);
	spin_lock(&d->lock);
	d->mem_bytes += size;
	if (gpa.v < MB_GUEST_RAM_HOLE_START)
		d->ram_top = MAX(d->ram_top, gpa.v + size);
	spin_unlock(&d->lock);
	return (s64)size;
}

s64 domain_mem_add(struct domain *d, gpa_t gpa, u64 bytes)
{
	s64 ret;

	if (d->privileged)
		return -MB_EPERM;
	ret = domain_begin(d, MB_STATE_NEW);
	if (ret)
		return ret;
	ret = mem_add(d, gpa, bytes);
	domain_finish(d);
	return ret;
}

int domain_mem_range(struct domain *d, u32 index, struct domain_range *out)
{
	int ret;

	if (d->privileged)
		return -MB_EPERM;
	ret = domain_begin(d, DOMAIN_ANY_STATE);
	if (ret)
		return ret;
	if (index < d->nr_ranges)
		*out = d->range[index];
	else
		ret = -MB_ENOENT;
	domain_finish(d);
	return ret;
}

int domain_mem_hide(struct domain *d, u32 index)
{
	if (index >= d->nr_ranges)
		return -MB_ENOENT;
	if (!dom0_sees(d))
		return 0;
	return gpm_unmap(&dom0->gpm, GPA(d->range[index].mpa), d->range[index].size);
}

/* From the end of the last range, so that what is left is always a valid list. */
bool domain_mem_release(struct domain *d)
{
	struct domain_range *r;
	u64 size;

	if (d->pool_left) {
		extent_free(d->pool, d->pool_left);
		d->pool_left = 0;
		return true;
	}
	if (!d->nr_ranges)
		return false;
	r = &d->range[d->nr_ranges - 1];
	size = MIN(r->size, DOMAIN_STEP_EXTENTS * EXTENT_SIZE);
	r->size -= size;
	memset(phys_to_virt(HPA(r->mpa + r->size)), 0, size);
	extent_free(HPA(r->mpa + r->size), (unsigned int)(size / EXTENT_SIZE));
	if (!r->size)
		d->nr_ranges--;
	spin_lock(&d->lock);
	d->mem_bytes -= size;
	spin_unlock(&d->lock);
	return true;
}
