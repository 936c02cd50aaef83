/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linux bzImage: header checks and the zero page. Every length is checked against the module's size
 * before use: the image comes from a disk somebody else filled.
 */
#include "hv/bzimage.h"

#include "hv/string.h"

#define HDR_SETUP_SECTS 0x1f1
#define HDR_SYSSIZE 0x1f4 /* of what lies behind the setup sectors, in 16 bytes */
#define HDR_BOOT_FLAG 0x1fe
#define HDR_JUMP_LEN 0x201
#define HDR_MAGIC 0x202
#define HDR_VERSION 0x206
#define HDR_LOADFLAGS 0x211
#define HDR_INITRD_MAX 0x22c
#define HDR_ALIGNMENT 0x230
#define HDR_RELOCATABLE 0x234
#define HDR_XLOADFLAGS 0x236
#define HDR_CMDLINE_SIZE 0x238
#define HDR_PREF_ADDRESS 0x258
#define HDR_INIT_SIZE 0x260
#define HDR_END 0x268

#define MAGIC_HDRS 0x53726448u /* "HdrS" */
#define VERSION_MIN 0x020cu    /* 2.12: xloadflags */
#define XLF_KERNEL_64 1u
#define LOADED_HIGH 1u
#define INIT_SIZE_MAX (1ul << 30)
#define LOADER_UNDEFINED 0xff

static u64 get(const u8 *p, u32 off, u32 bytes)
{
	u64 v = 0;

	memcpy(&v, p + off, bytes); /* little endian, unaligned */
	return v;
}

static void put(u8 *p, u32 off, u64 v, u32 bytes)
{
	memcpy(p + off, &v, bytes);
}

const char *bzimage_parse(const void *image, u64 size, struct bzimage *out)
{
	const u8 *p = image;
	u64 setup_bytes;
	u32 sects;

	if (size < HDR_END)
		return "too short to be a Linux kernel";
	if (get(p, HDR_BOOT_FLAG, 2) != 0xaa55 || get(p, HDR_MAGIC, 4) != MAGIC_HDRS)
		return "not a Linux bzImage (no HdrS)";
	if (get(p, HDR_VERSION, 2) < VERSION_MIN)
		return "boot protocol older than 2.12";
	if (!(get(p, HDR_XLOADFLAGS, 2) & XLF_KERNEL_64) || !(p[HDR_LOADFLAGS] & LOADED_HIGH))
		return "no 64-bit entry point";
	sects = p[HDR_SETUP_SECTS] ? p[HDR_SETUP_SECTS] : 4;
	setup_bytes = (sects + 1) * 512ul;
	if (size <= setup_bytes + BZIMAGE_ENTRY64)
		return "truncated: nothing behind its setup sectors";
	if (size - setup_bytes < get(p, HDR_SYSSIZE, 4) * 16)
		return "truncated: shorter than its header says";
	out->setup = p;
	out->setup_header_end = HDR_JUMP_LEN + 1u + p[HDR_JUMP_LEN];
	if (out->setup_header_end < HDR_END || out->setup_header_end > ZP_E820_TABLE)
		return "setup header has an impossible length";
	out->kernel = p + setup_bytes;
	out->kernel_size = size - setup_bytes;
	out->pref_address = get(p, HDR_PREF_ADDRESS, 8);
	out->init_size = get(p, HDR_INIT_SIZE, 4);
	out->alignment = (u32)get(p, HDR_ALIGNMENT, 4);
	out->initrd_max = get(p, HDR_INITRD_MAX, 4);
	out->cmdline_max = (u32)get(p, HDR_CMDLINE_SIZE, 4);
	if (!p[HDR_RELOCATABLE] || !out->alignment || (out->alignment & (out->alignment - 1)))
		return "not relocatable";
	if (out->init_size > INIT_SIZE_MAX || out->init_size < out->kernel_size)
		return "init_size is smaller than the image, or absurd: truncated or corrupt";
	return NULL;
}

void bzimage_fill_zero_page(const struct bzimage *b, u8 *zp, u64 cmdline, u64 initrd,
			    u64 initrd_size)
{
	memcpy(zp + ZP_HEADER, b->setup + ZP_HEADER, b->setup_header_end - ZP_HEADER);
	zp[ZP_LOADER_TYPE] = LOADER_UNDEFINED;
	put(zp, ZP_VID_MODE, 0xffff, 2); /* normal */
	put(zp, ZP_CMDLINE, (u32)cmdline, 4);
	put(zp, ZP_EXT_CMDLINE, cmdline >> 32, 4);
	put(zp, ZP_RAMDISK, (u32)initrd, 4);
	put(zp, ZP_EXT_RAMDISK, initrd >> 32, 4);
	put(zp, ZP_RAMDISK_SIZE, (u32)initrd_size, 4);
	put(zp, ZP_EXT_RAMDISK_SIZE, initrd_size >> 32, 4);
}
