// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dom0 loader's view of a bzImage (Linux boot protocol): every field that is used is checked
 * first, and no file, however mangled, makes the parser look outside it (ASan watches).
 *
 * SOURCES: hv/bzimage.c
 */
#include <stdlib.h>
#include <string.h>

#include "hv/bzimage.h"
#include "tap.h"

#define SETUP_SECTS 4u
#define IMAGE_BYTES 8192u
#define KERNEL_OFFSET ((SETUP_SECTS + 1) * 512)
#define MUTATIONS 50000

static void put(u8 *p, u32 off, u64 value, u32 bytes)
{
	memcpy(p + off, &value, bytes);
}

/* A sound image of `size` bytes on the heap, so that a read past its end is seen. */
static u8 *sound(u32 size)
{
	u8 *p = calloc(1, size);

	p[0x1f1] = SETUP_SECTS;
	put(p, 0x1fe, 0xaa55, 2);
	p[0x201] = 0x66;
	put(p, 0x202, 0x53726448, 4);
	put(p, 0x206, 0x020f, 2);
	p[0x211] = 1;
	put(p, 0x22c, 0x7fffffff, 4);
	put(p, 0x230, 0x200000, 4);
	p[0x234] = 1;
	put(p, 0x236, 1, 2);
	put(p, 0x238, 2047, 4);
	put(p, 0x258, 0x1000000, 8);
	put(p, 0x260, 0x100000, 4);
	return p;
}

static const char *parse_with(u32 off, u64 value, u32 bytes)
{
	struct bzimage b;
	u8 *p = sound(IMAGE_BYTES);
	const char *error;

	put(p, off, value, bytes);
	error = bzimage_parse(p, IMAGE_BYTES, &b);
	free(p);
	return error;
}

static void test_sound(void)
{
	struct bzimage b;
	u8 *p = sound(IMAGE_BYTES);
	u8 zp[ZP_SIZE] = {0};

	ok(!bzimage_parse(p, IMAGE_BYTES, &b), "a sound image is taken");
	ok(b.kernel == p + KERNEL_OFFSET && b.kernel_size == IMAGE_BYTES - KERNEL_OFFSET,
	   "the protected-mode part starts behind the setup sectors");
	ok(b.pref_address == 0x1000000 && b.init_size == 0x100000 && b.alignment == 0x200000,
	   "address, size, alignment");
	bzimage_fill_zero_page(&b, zp, 0x123456789, 0x2abcdef000, 0x1fffff000);
	ok(!memcmp(zp + 0x202, p + 0x202, 0xe), "the setup header is copied");
	ok(*(u32 *)(zp + ZP_CMDLINE) == 0x23456789 && *(u32 *)(zp + ZP_EXT_CMDLINE) == 1,
	   "command line, both halves");
	ok(*(u32 *)(zp + ZP_RAMDISK) == 0xbcdef000 && *(u32 *)(zp + ZP_EXT_RAMDISK) == 0x2a &&
		   *(u32 *)(zp + ZP_RAMDISK_SIZE) == 0xfffff000 &&
		   *(u32 *)(zp + ZP_EXT_RAMDISK_SIZE) == 1,
	   "initrd address and size, both halves");
	ok(zp[ZP_LOADER_TYPE] == 0xff, "loader type undefined");
	free(p);
}

static void test_refusals(void)
{
	struct bzimage b;
	u8 *p = sound(IMAGE_BYTES);

	ok(bzimage_parse(p, 0, &b) && bzimage_parse(p, 0x267, &b), "too short for a header");
	ok(bzimage_parse(p, KERNEL_OFFSET + 0x200, &b) != NULL, "cut off at the entry point");
	free(p);
	ok(parse_with(0x202, 0, 4) != NULL, "no HdrS");
	ok(parse_with(0x1fe, 0, 2) != NULL, "no boot flag");
	ok(parse_with(0x206, 0x020b, 2) != NULL, "old protocol");
	ok(parse_with(0x236, 0, 2) != NULL, "no 64-bit entry");
	ok(parse_with(0x211, 0, 1) != NULL, "not loaded high");
	ok(parse_with(0x1f1, 255, 1) != NULL, "setup sectors beyond the file");
	ok(parse_with(0x201, 0, 1) && parse_with(0x201, 0xff, 1), "impossible header length");
	ok(parse_with(0x234, 0, 1) != NULL, "not relocatable");
	ok(parse_with(0x230, 0x300000, 4) && parse_with(0x230, 0, 4), "odd alignment");
	ok(parse_with(0x260, 16, 4) && parse_with(0x260, 0xffffffff, 4), "absurd init_size");
	ok(!parse_with(0x1f1, 0, 1), "0 setup sectors mean 4");
}

static void test_mutations(void)
{
	u32 taken = 0, refused = 0, wild = 0;

	srand(1);
	for (u32 i = 0; i < MUTATIONS; i++) {
		u32 size = 1 + (u32)rand() % IMAGE_BYTES;
		u8 *whole = sound(IMAGE_BYTES), *p = malloc(size);
		u8 zp[ZP_SIZE] = {0};
		struct bzimage b;

		for (u32 n = (u32)rand() % 8; n > 0; n--)
			whole[0x1f0 + rand() % 0x80] = (u8)rand();
		memcpy(p, whole, size);
		free(whole);
		if (bzimage_parse(p, size, &b)) {
			refused++;
		} else {
			taken++;
			wild += b.kernel < p || b.kernel + b.kernel_size != p + size ||
				b.init_size < b.kernel_size;
			bzimage_fill_zero_page(&b, zp, 1, 2, 3);
		}
		free(p);
	}
	ok(taken && refused, "of mangled images some are taken, some refused");
	ok(!wild, "what is taken lies inside the file");
}

int main(void)
{
	test_sound();
	test_refusals();
	test_mutations();
	return tap_done();
}
