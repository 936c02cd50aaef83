/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loaded into QEMU (LD_PRELOAD) by scripts/qemu.sh: takes one function out of it.
 *
 * QEMU's TCG has a thread for each CPU, and the flags by which a thread knows whether its CPU is in
 * a guest, behind nested paging, deaf to interrupts (env->hflags2) are its own, with one exception:
 * FXRSTOR, XRSTOR, FLDENV and FRSTOR of every CPU call cpu_clear_ignne(), which clears a bit there,
 * always in CPU 0's flags and not atomically. When CPU 0 enters or leaves a guest in that moment,
 * the old flags are written back: the hypervisor runs behind nested paging or deaf, or a guest
 * beside it. QEMU 7.2 and its successors (10.0, 2025's sources) are the same. The bit, IGNNE#, is
 * part of how PCs reported FPU errors by interrupt 13; with CR0.NE set nobody looks at it. So the
 * function returns at once. QEMU exports it, for its modules; if not, or if this is no x86 host,
 * the program ends with status 99, and the machine must do with one thread. Programs that QEMU
 * starts (guestfwd) are not meant: the variable goes before any can start.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define INSN_RET 0xc3

static int take_out(const char *name)
{
#if defined(__x86_64__)
	uint8_t *function = dlsym(RTLD_DEFAULT, name);
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *page = (void *)((uintptr_t)function & ~(size - 1));

	if (!function || mprotect(page, size, PROT_READ | PROT_WRITE))
		return -1;
	*function = INSN_RET;
	return mprotect(page, size, PROT_READ | PROT_EXEC);
#else
	(void)name;
	return -1;
#endif
}

__attribute__((constructor)) static void begin(void)
{
	unsetenv("LD_PRELOAD");
	if (take_out("cpu_clear_ignne")) {
		fprintf(stderr, "qemu-ignne: cannot take cpu_clear_ignne() out of this program\n");
		_exit(99);
	}
}
