/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two multiboot headers, nothing else. Multiboot 1 is what QEMU's -kernel and any GRUB load;
 * multiboot 2 also hands over the ACPI root pointer and the EFI tables, which UEFI machines need.
 * Both loaders enter boot/start.S in 32-bit mode; the ELF program headers say where things go.
 */
#define MB1_MAGIC 0x1badb002
#define MB1_ALIGN_MODULES (1 << 0)
#define MB1_MEMORY_INFO (1 << 1)
#define MB1_FLAGS (MB1_ALIGN_MODULES | MB1_MEMORY_INFO)

#define MB2_MAGIC 0xe85250d6
#define MB2_ARCH_I386 0
#define MB2_TAG_END 0
#define MB2_TAG_FRAMEBUFFER 5
#define MB2_TAG_MODULE_ALIGN 6
#define MB2_OPTIONAL 1

	.section .boot.header, "a"
	.balign 8
mb1_header:
	.long MB1_MAGIC
	.long MB1_FLAGS
	.long -(MB1_MAGIC + MB1_FLAGS)

	.balign 8
mb2_header:
	.long MB2_MAGIC
	.long MB2_ARCH_I386
	.long mb2_header_end - mb2_header
	.long -(MB2_MAGIC + MB2_ARCH_I386 + (mb2_header_end - mb2_header))

	.short MB2_TAG_MODULE_ALIGN
	.short 0
	.long 8

	/* any size, 32 bits: UEFI has no text mode, and dom0 wants a screen */
	.balign 8
	.short MB2_TAG_FRAMEBUFFER
	.short MB2_OPTIONAL
	.long 20
	.long 0
	.long 0
	.long 32

	.balign 8
	.short MB2_TAG_END
	.short 0
	.long 8
mb2_header_end:

	.section .note.GNU-stack, "", @progbits
