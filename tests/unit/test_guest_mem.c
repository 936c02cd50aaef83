// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to guest memory: who owns the frame decides, pages are looked up one by one, structures of
 * other sizes; and the walk of a guest's own tables in every paging mode (SDM Vol 3 "Paging").
 *
 * SOURCES: hv/guest_mem.c hv/guest_walk.c hv/gpm.c hv/locks.c tests/fake_arch/fake_cpu.c
 * SOURCES: tests/fake_arch/fake_mem.c tests/fake_arch/fake_vcpu.c tests/fake_arch/fake_vendor.c
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/cr.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "fake.h"
#include "hv/abi/types.h"
#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/page_alloc.h"
#include "hv/vcpu.h"
#include "tap.h"

#define RAM 8 /* extents of the guest, at gpa 0 */

static struct domain guest = {.id = 5};
static struct domain privileged = {.id = 0, .privileged = true};
static struct vcpu vcpu = {.dom = &guest};
static u8 *ram; /* guest's, as the host sees it */
static struct vcpu_sys sys;
static struct vcpu_ops ops;

static void read_sys(struct vcpu *v, struct vcpu_sys *out)
{
	(void)v;
	*out = sys;
}

static void set_up(void)
{
	hpa_t pa;

	fake_cpu_set(0);
	fake_ram_init(32, 8);
	gpm_init(&guest.gpm, 64);
	gpm_init(&privileged.gpm, 64);
	if (extent_alloc(guest.id, RAM, &pa))
		abort();
	ram = phys_to_virt(pa);
	memset(ram, 0, RAM * EXTENT_SIZE);
	gpm_map(&guest.gpm, GPA(0), pa, RAM * EXTENT_SIZE, GPM_RWX, MEM_WB);
	gpm_map(&privileged.gpm, GPA(FAKE_RAM), HPA(FAKE_RAM), 8 * EXTENT_SIZE, GPM_RWX, MEM_WB);
	gpm_map(&privileged.gpm, GPA(pa.v), pa, EXTENT_SIZE, GPM_RWX, MEM_WB);
	ops = *vops;
	ops.read_sys = read_sys;
	vops = &ops;
}

static void test_copy(void)
{
	u8 in[3 * PAGE_SIZE], out[3 * PAGE_SIZE];
	hpa_t other;

	for (u32 i = 0; i < sizeof(in); i++)
		in[i] = (u8)(i * 7);
	ok(!guest_write(&guest, GPA(EXTENT_SIZE - 5000), in, sizeof(in)) &&
	   !memcmp(ram + EXTENT_SIZE - 5000, in, sizeof(in)) &&
	   !guest_read(&guest, GPA(EXTENT_SIZE - 5000), out, sizeof(out)) &&
	   !memcmp(in, out, sizeof(in)), "write and read across pages and leaves");
	ok(guest_read(&guest, GPA(RAM * EXTENT_SIZE - 4), out, 8) == -MB_EFAULT &&
	   guest_read(&guest, GPA(~0ul - 3), out, 8) == -MB_EFAULT &&
	   guest_write(&guest, GPA(BIT(60)), in, 1) == -MB_EFAULT, "beyond its memory");
	ok(!guest_read(&guest, GPA(BIT(60)), out, 0), "nothing is read from anywhere");

	gpm_map(&guest.gpm, GPA(GIB), HPA(FAKE_RAM), EXTENT_SIZE, GPM_RWX, MEM_WB);
	ok(guest_read(&guest, GPA(GIB), out, 1) == -MB_EFAULT,
	   "mapped, but the frame is dom0's: not its memory");
	gpm_map(&guest.gpm, GPA(2 * GIB), virt_to_phys(ram), EXTENT_SIZE, GPM_R, MEM_WB);
	ok(!guest_read(&guest, GPA(2 * GIB), out, 1) &&
	   guest_write(&guest, GPA(2 * GIB), in, 1) == -MB_EFAULT &&
	   !guest_page(&guest, GPA(2 * GIB), 8), "read only is not writable");
	if (extent_alloc(9, 1, &other))
		abort();
	gpm_map(&guest.gpm, GPA(3 * GIB), other, EXTENT_SIZE, GPM_RWX, MEM_WB);
	ok(guest_write(&guest, GPA(3 * GIB), in, 1) == -MB_EFAULT, "another guest's frame");
}

static void test_dom0(void)
{
	static u8 low[PAGE_SIZE] __attribute__((aligned(4096)));
	u8 byte = 1;

	ok(!guest_write(&privileged, GPA(FAKE_RAM + 9), &byte, 1), "dom0's own memory");
	ok(guest_read(&privileged, GPA((u64)ram), &byte, 1) == -MB_EFAULT,
	   "a guest's RAM that dom0 sees is not its own");
	gpm_map(&privileged.gpm, GPA(0x1000), virt_to_phys(low), PAGE_SIZE, GPM_RWX, MEM_WB);
	byte = 0x5a;
	ok(!guest_write(&privileged, GPA(0x1010), &byte, 1) && low[0x10] == 0x5a,
	   "RAM in an extent that is not whole RAM counts as dom0's");
	gpm_map(&guest.gpm, GPA(4 * GIB), virt_to_phys(low), PAGE_SIZE, GPM_RWX, MEM_WB);
	ok(guest_write(&guest, GPA(4 * GIB), &byte, 1) == -MB_EFAULT, "but never as a guest's");
}

static void test_page(void)
{
	ok(guest_page(&guest, GPA(0x2ff8), 8) == ram + 0x2ff8 &&
	   !guest_page(&guest, GPA(0x2ff9), 8) &&
	   guest_page(&guest, GPA(0x3000), PAGE_SIZE) == ram + 0x3000 &&
	   !guest_page(&guest, GPA(0), 0) && !guest_page(&guest, GPA(0), PAGE_SIZE + 1) &&
	   !guest_page(&guest, GPA(RAM * EXTENT_SIZE), 8), "guest_page: one page, all of it");
}

struct sized {
	u32 struct_size;
	u32 a, b, c;
};

static void test_struct(void)
{
	struct sized in = {.struct_size = 12, .a = 1, .b = 2, .c = 3}, out;
	u8 *at = ram + 0x4ffc; /* crosses a page */

	memcpy(at, &in, sizeof(in));
	ok(!guest_read_struct(&guest, GPA(0x4ffc), &out, sizeof(out)) && out.struct_size == 12 &&
	   out.a == 1 && out.b == 2 && out.c == 0, "an older, smaller structure: the rest is zero");
	in.struct_size = 4096;
	memcpy(at, &in, sizeof(in));
	ok(!guest_read_struct(&guest, GPA(0x4ffc), &out, sizeof(out)) && out.struct_size == 16 &&
	   out.c == 3, "a newer, larger one: what we know of it");
	in.struct_size = 7;
	memcpy(at, &in, sizeof(in));
	ok(guest_read_struct(&guest, GPA(0x4ffc), &out, sizeof(out)) == -MB_EINVAL &&
	   guest_write_struct(&guest, GPA(0x4ffc), &out, sizeof(out)) == -MB_EINVAL,
	   "struct_size below 8");
	ok(guest_read_struct(&guest, GPA(BIT(50)), &out, sizeof(out)) == -MB_EFAULT, "not there");

	in.struct_size = 12;
	memcpy(at, &in, sizeof(in));
	out = (struct sized){99, 11, 12, 13};
	ok(!guest_write_struct(&guest, GPA(0x4ffc), &out, sizeof(out)) &&
	   !memcmp(at, &(struct sized){12, 11, 12, 3}, sizeof(out)),
	   "written: as much as the caller knows, its size kept");
}

static void entry64(u64 table, u32 index, u64 value)
{
	memcpy(ram + table + index * 8, &value, 8);
}

static void entry32(u64 table, u32 index, u32 value)
{
	memcpy(ram + table + index * 4, &value, 4);
}

static bool leads_to(u64 gva, u64 want)
{
	gpa_t gpa;

	return !guest_translate(&vcpu, GVA(gva), &gpa) && gpa.v == want;
}

static bool not_mapped(u64 gva)
{
	gpa_t gpa;

	return guest_translate(&vcpu, GVA(gva), &gpa) == -MB_EFAULT;
}

static void test_walk_long(void)
{
	const u64 high = 0xffff888000000000ul;

	entry64(0x10000, 0x111, 0x11000 | PTE_P | PTE_NX); /* 0x10000: level 4 */
	entry64(0x11000, 0, 0x12000 | PTE_P);
	entry64(0x11000, 1, (7 * GIB) | PTE_PS | PTE_P | BIT(12)); /* 1 GiB, PAT bit set */
	entry64(0x12000, 0, 0x13000 | PTE_P);
	entry64(0x12000, 1, 0x600000 | PTE_PS | PTE_P | BIT(12));
	entry64(0x13000, 3, 0x5000 | PTE_P | PTE_PS); /* bit 7 of a last entry is PAT */
	sys = (struct vcpu_sys){.cr0 = CR0_PG | CR0_PE, .cr3 = 0x10000 | 0x18, .efer = EFER_LMA,
				.cr4 = CR4_PAE, .cs_long = true};
	ok(leads_to(high + 0x3456, 0x5456), "4 levels, 4 KiB");
	ok(leads_to(high + EXTENT_SIZE + 0x1234, 0x601234), "2 MiB");
	ok(leads_to(high + GIB + 0x1234567, 7 * GIB + 0x1234567), "1 GiB");
	ok(not_mapped(high + 0x4000) && not_mapped(0), "not present, at the last and first level");
	ok(not_mapped(0x0000888000000000ul), "not canonical");
	entry64(0x12000, 2, BIT(45) | PTE_P);
	ok(not_mapped(high + 2 * EXTENT_SIZE), "a table outside its memory");

	entry64(0x20000, 0x1ff, 0x10000 | PTE_P); /* level 5 */
	sys.cr3 = 0x20000;
	sys.cr4 |= CR4_LA57;
	ok(leads_to(0xffff888000003456ul, 0x5456) && not_mapped(0xff00888000000000ul),
	   "5 levels");
}

static void test_walk_legacy(void)
{
	entry64(0x30020, 3, 0x31000 | PTE_P); /* PDPT, 32-byte aligned */
	entry64(0x31000, 0x1ff, 0x32000 | PTE_P);
	entry64(0x31000, 0, (5 * GIB) | PTE_PS | PTE_P);
	entry64(0x32000, 0x1ff, 0x7000 | PTE_P);
	sys = (struct vcpu_sys){.cr0 = CR0_PG | CR0_PE, .cr3 = 0x30020, .cr4 = CR4_PAE};
	ok(leads_to(0xfffff123, 0x7123) && leads_to(0xc0000123, 5 * GIB + 0x123) &&
	   not_mapped(0x1000), "PAE");
	ok(leads_to(0x5fffff123, 0x7123), "linear addresses are 32 bits outside long mode");

	entry32(0x40000, 0x3ff, 0x41000 | PTE_P);
	entry32(0x41000, 0x3ff, 0x8000 | PTE_P);
	entry32(0x40000, 1, 0x00c02000 | PTE_PS | PTE_P); /* PSE-36: address bit 32 */
	sys = (struct vcpu_sys){.cr0 = CR0_PG | CR0_PE, .cr3 = 0x40000, .cr4 = CR4_PSE};
	ok(leads_to(0xfffff123, 0x8123) && not_mapped(0x1000), "32-bit tables");
	ok(leads_to(0x00412345, 0x100c12345ul), "4 MiB page with 36-bit address");
	sys.cr4 = 0;
	ok(not_mapped(0x00412345), "without CR4.PSE it is a table");
	sys = (struct vcpu_sys){.cr0 = CR0_PE};
	ok(leads_to(0x12345, 0x12345), "no paging");
}

static void test_fetch(void)
{
	u8 buf[15];

	sys = (struct vcpu_sys){.cr0 = CR0_PG | CR0_PE, .cr3 = 0x10000, .efer = EFER_LMA,
				.cr4 = CR4_PAE, .cs_long = true, .cs_base = 0x123};
	memcpy(ram + 0x5ff8, "abcdefgh", 8);
	memcpy(ram + 0x9000, "ijklmno", 7);
	vcpu.rip = 0xffff888000003ff8ul;
	ok(guest_fetch(&vcpu, buf, 15) == 8 && !memcmp(buf, "abcdefgh", 8),
	   "instruction bytes up to a page that is absent");
	entry64(0x13000, 4, 0x9000 | PTE_P);
	ok(guest_fetch(&vcpu, buf, 15) == 15 && !memcmp(buf, "abcdefghijklmno", 15),
	   "and across two pages that are not neighbours");
	sys = (struct vcpu_sys){.cs_base = 0x5f00};
	vcpu.rip = 0xf8;
	ok(guest_fetch(&vcpu, buf, 4) == 4 && !memcmp(buf, "abcd", 4), "real mode: base and ip");
	vcpu.rip = 0x200000000000ul;
	sys.cs_long = true;
	sys.cr0 = CR0_PG;
	sys.efer = EFER_LMA;
	sys.cr3 = 0x10000;
	ok(guest_fetch(&vcpu, buf, 4) == 0, "nothing readable: 0");
}

int main(void)
{
	set_up();
	test_copy();
	test_dom0();
	test_page();
	test_struct();
	test_walk_long();
	test_walk_legacy();
	test_fetch();
	return tap_done();
}
