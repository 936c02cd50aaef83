// SPDX-License-Identifier: GPL-2.0-only
/*
 * bzImage by the Linux/x86 boot protocol (Documentation/arch/x86/boot.rst, field names from there):
 * the protected-mode part goes to pref_address, vCPU 0 starts at its 32-bit entry with
 * rsi = boot_params, flat segments, paging and interrupts off.
 *
 * Loading lower than pref_address would win nothing: the kernel unpacks itself there anyway and
 * needs init_size bytes from there on, so a guest smaller than that cannot run it.
 */
#include "tools/lib_image.h"

#include "hv/abi/guest.h"
#include "tools/lib_bytes.h"
#include "tools/lib_e820.h"

#include <errno.h>
#include <string.h>

/* Offsets, equal in the file and in struct boot_params ("The Real-Mode Kernel Header"). */
#define SETUP_SECTS 0x1f1u
#define SYSSIZE 0x1f4u
#define BOOT_FLAG 0x1feu
#define JUMP_LEN 0x201u /* second byte of a short jump over the header: header end = 0x202 + it */
#define MAGIC 0x202u
#define VERSION 0x206u
#define TYPE_OF_LOADER 0x210u
#define LOADFLAGS 0x211u
#define CODE32_START 0x214u
#define RAMDISK_IMAGE 0x218u
#define RAMDISK_SIZE 0x21cu
#define CMD_LINE_PTR 0x228u
#define INITRD_ADDR_MAX 0x22cu
#define CMDLINE_SIZE 0x238u
#define PREF_ADDRESS 0x258u
#define INIT_SIZE 0x260u
#define HEADER_START SETUP_SECTS
#define HEADER_MIN_END 0x264u /* up to init_size, protocol 2.10 */
#define HEADER_MAX_END 0x290u /* boot_params has something else from here on */

/* Offsets in struct boot_params only ("zero page"). */
#define ZP_ACPI_RSDP 0x070u
#define ZP_E820_COUNT 0x1e8u
#define ZP_E820_TABLE 0x2d0u
#define ZP_E820_ENTRY 20u
#define ZP_SIZE 4096u

#define PROTOCOL_MIN 0x020au /* 2.10, Linux 2.6.31: pref_address and init_size */
#define LOADED_HIGH 0x01u
#define LOADER_UNDEFINED 0xffu
#define SECTOR 512u

struct bzimage {
	uint32_t header_end;
	uint64_t pm_offset, pm_size; /* the protected-mode part in the file */
	uint64_t load; /* where it goes */
	uint64_t init_size;
	uint64_t initrd_limit, cmdline_max;
};

bool image_is_bzimage(const struct loader_blob *kernel)
{
	return kernel->len >= HEADER_MIN_END && bytes_get(kernel->data + BOOT_FLAG, 2) == 0xaa55 &&
	       !memcmp(kernel->data + MAGIC, "HdrS", 4);
}

static int refuse(const struct loader_blob *kernel, const char *why, struct fault *fault)
{
	return fault_set(fault, EINVAL, "%s: %s", kernel->path, why);
}

static int decode(const struct loader_blob *kernel, struct bzimage *bz, struct fault *fault)
{
	const uint8_t *h = kernel->data;
	uint64_t sects;

	if (!image_is_bzimage(kernel))
		return fault_set(fault, ENOEXEC, "%s: not a bzImage (too short or no 'HdrS'); "
				 "see type= in minibus.conf(5)", kernel->path);
	sects = h[SETUP_SECTS] ? h[SETUP_SECTS] : 4; /* 0 means 4, "Details of Header Fields" */
	if (bytes_get(h + VERSION, 2) < PROTOCOL_MIN)
		return refuse(kernel, "boot protocol older than 2.10; take a Linux from 2.6.31 on",
			      fault);
	if (!(h[LOADFLAGS] & LOADED_HIGH))
		return refuse(kernel, "a zImage, which loads below 1 MiB; build a bzImage", fault);
	bz->header_end = MAGIC + h[JUMP_LEN];
	if (bz->header_end < HEADER_MIN_END || bz->header_end > kernel->len)
		return refuse(kernel, "its setup header has an impossible length; the file is "
			      "damaged", fault);
	if (bz->header_end > HEADER_MAX_END)
		bz->header_end = HEADER_MAX_END;
	bz->pm_offset = (sects + 1) * SECTOR;
	if (bz->pm_offset >= kernel->len)
		return refuse(kernel, "it ends before the kernel proper starts; the file is "
			      "truncated", fault);
	bz->pm_size = kernel->len - bz->pm_offset;
	bz->load = bytes_get(h + PREF_ADDRESS, 8);
	bz->init_size = bytes_get(h + INIT_SIZE, 4);
	if (bz->init_size < bz->pm_size)
		bz->init_size = bz->pm_size;
	if (bz->load < E820_IMAGE_START || bz->load >= MB_GUEST_RAM_HOLE_START)
		return refuse(kernel, "its preferred address is below 1 MiB or above 3 GiB; the "
			      "file is damaged", fault);
	bz->initrd_limit = bytes_get(h + INITRD_ADDR_MAX, 4) + 1;
	bz->cmdline_max = bytes_get(h + CMDLINE_SIZE, 4);
	return 0;
}

/* The file must hold all of it; syssize counts in 16-byte units and is exact since 2.04. */
static int check_complete(const struct loader_blob *kernel, const struct bzimage *bz,
			  struct fault *fault)
{
	uint64_t wanted = bytes_get(kernel->data + SYSSIZE, 4) * 16;

	if (bz->pm_size < wanted)
		return fault_set(fault, EINVAL, "%s: has %llu bytes, its header says %llu; "
				 "the file is truncated", kernel->path,
				 (unsigned long long)kernel->len,
				 (unsigned long long)(bz->pm_offset + wanted));
	return 0;
}

static void put_map(uint8_t *zp, uint64_t size)
{
	struct e820_entry map[E820_MAX];
	unsigned int count = e820_build(size, map);

	zp[ZP_E820_COUNT] = (uint8_t)count;
	for (unsigned int i = 0; i < count; i++) {
		uint8_t *entry = zp + ZP_E820_TABLE + i * ZP_E820_ENTRY;

		bytes_put(entry, 8, map[i].start);
		bytes_put(entry + 8, 8, map[i].size);
		bytes_put(entry + 16, 4, map[i].type);
	}
}

static int put_boot_params(struct guest_mem *mem, const struct loader_input *in,
			   const struct loader_plan *plan, const struct bzimage *bz,
			   struct fault *fault)
{
	uint8_t zp[ZP_SIZE] = { 0 };

	memcpy(zp + HEADER_START, in->kernel.data + HEADER_START, bz->header_end - HEADER_START);
	zp[TYPE_OF_LOADER] = LOADER_UNDEFINED;
	bytes_put(zp + CODE32_START, 4, bz->load);
	bytes_put(zp + CMD_LINE_PTR, 4, E820_CMDLINE);
	bytes_put(zp + RAMDISK_IMAGE, 4, plan->ramdisk_start);
	bytes_put(zp + RAMDISK_SIZE, 4, plan->ramdisk_end - plan->ramdisk_start);
	bytes_put(zp + ZP_ACPI_RSDP, 8, E820_ACPI);
	put_map(zp, mem->size);
	return mem_write(mem, E820_BOOT_PARAMS, zp, sizeof(zp), fault);
}

int image_load_bzimage(struct guest_mem *mem, const struct loader_input *in,
		       struct loader_plan *plan, struct fault *fault)
{
	struct bzimage bz;
	int err = decode(&in->kernel, &bz, fault);

	if (!err)
		err = check_complete(&in->kernel, &bz, fault);
	if (err)
		return err;
	plan->kernel_start = bz.load;
	plan->kernel_end = bz.load + bz.init_size;
	if (plan->kernel_end > mem_low_end(mem->size))
		return image_too_small(mem, plan->kernel_end, in->kernel.path, fault);
	err = image_put_ramdisk(mem, in, plan, bz.initrd_limit, fault);
	if (!err)
		err = image_put_cmdline(mem, in->cmdline, bz.cmdline_max, fault);
	if (!err)
		err = mem_write(mem, bz.load, in->kernel.data + bz.pm_offset, bz.pm_size, fault);
	if (!err)
		err = put_boot_params(mem, in, plan, &bz, fault);
	plan->entry = (struct mb_vcpu_state){ .mode = MB_MODE_FLAT32, .rip = bz.load,
					      .rsi = E820_BOOT_PARAMS };
	return err;
}
