// SPDX-License-Identifier: GPL-2.0-only
/*
 * memctx: guest-physical ranges as a device model sees them.
 *
 * Every access names its whole range, and all of it is checked, before the first byte is touched:
 * checking only the first address lets a long copy run into memory behind the guest's. All sums are
 * written so that they cannot wrap: off <= size && len <= size - off.
 */
#include <linux/export.h>
#include <linux/string.h>

#include "bus.h"

static const struct vbus_mem_range *mem_find(const struct vbus_mem *mem, u64 gpa)
{
	u32 low = 0, high = mem->count;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct vbus_mem_range *r = &mem->range[mid];

		if (gpa < r->gpa)
			high = mid;
		else if (gpa - r->gpa >= r->size)
			low = mid + 1;
		else
			return r;
	}
	return NULL;
}

void *vbus_mem_piece(const struct vbus_mem *mem, u64 gpa, u64 *len)
{
	const struct vbus_mem_range *r = mem_find(mem, gpa);
	u64 off;

	if (!r)
		return NULL;
	off = gpa - r->gpa;
	*len = min(*len, r->size - off);
	return r->va + off;
}
EXPORT_SYMBOL_GPL(vbus_mem_piece);

void *vbus_mem_at(const struct vbus_mem *mem, u64 gpa, u64 len)
{
	u64 piece = len;
	void *va = vbus_mem_piece(mem, gpa, &piece);

	return piece == len ? va : NULL;
}
EXPORT_SYMBOL_GPL(vbus_mem_at);

bool vbus_mem_ok(const struct vbus_mem *mem, u64 gpa, u64 len)
{
	while (len) {
		u64 piece = len;

		/* The ranges are finite and do not wrap, so gpa cannot either. */
		if (!vbus_mem_piece(mem, gpa, &piece))
			return false;
		gpa += piece;
		len -= piece;
	}
	return true;
}
EXPORT_SYMBOL_GPL(vbus_mem_ok);

int vbus_mem_read(const struct vbus_mem *mem, void *to, u64 gpa, u64 len)
{
	if (!vbus_mem_ok(mem, gpa, len))
		return -EFAULT;
	while (len) {
		u64 piece = len;
		const void *va = vbus_mem_piece(mem, gpa, &piece);

		memcpy(to, va, piece);
		to += piece;
		gpa += piece;
		len -= piece;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vbus_mem_read);

int vbus_mem_write(const struct vbus_mem *mem, u64 gpa, const void *from, u64 len)
{
	if (!vbus_mem_ok(mem, gpa, len))
		return -EFAULT;
	while (len) {
		u64 piece = len;
		void *va = vbus_mem_piece(mem, gpa, &piece);

		memcpy(va, from, piece);
		from += piece;
		gpa += piece;
		len -= piece;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vbus_mem_write);

int vbus_mem_copy(const struct vbus_mem *mem, u64 to, u64 from, u64 len)
{
	if (!vbus_mem_ok(mem, from, len) || !vbus_mem_ok(mem, to, len))
		return -EFAULT;
	while (len) {
		u64 piece = len;
		const void *in = vbus_mem_piece(mem, from, &piece);
		void *out = vbus_mem_piece(mem, to, &piece);

		memmove(out, in, piece);
		from += piece;
		to += piece;
		len -= piece;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(vbus_mem_copy);
