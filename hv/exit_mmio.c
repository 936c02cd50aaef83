// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested page faults: an access to an address that the domain's map does not hold.
 *
 *  (a) the local APIC page of a vCPU in xAPIC mode, a guest's IOAPIC page: decode, one access;
 *  (b) present after all (another vCPU's hypercall has mapped it meanwhile): run again;
 *  (c) dom0 elsewhere: memory of the hypervisor or of guests. One line, #GP; nothing was touched;
 *  (d) a guest fetching code or keeping page tables there: no fault has a meaning, it is ended;
 *  (e) a guest's data access: as on a bus where nobody answers, ones on read, writes are lost.
 */
#include "hv/exit.h"

#include "hv/domain.h"
#include "hv/gpm.h"
#include "hv/guest_mem.h"
#include "hv/insn.h"
#include "hv/printk.h"
#include "hv/vcpu.h"
#include "hv/vcpu_ops.h"
#include "hv/vioapic.h"
#include "hv/vlapic.h"

#include "arch/x86/cr.h"
#include "arch/x86/msr.h"

#include "hv/abi/guest.h"

#define RFLAGS_PF BIT(2)
#define RFLAGS_SF BIT(7)
#define RFLAGS_OF BIT(11)

#define LAPIC_REG_SHIFT 4 /* one 32-bit register per 16 bytes */

static u64 size_mask(u8 size)
{
	return size >= 8 ? ~0ul : BIT(8 * size) - 1;
}

static u64 reg_get(const struct vcpu *v, const struct insn_mmio *in)
{
	u64 value = v->regs.gpr[in->reg] >> (in->high8 ? 8 : 0);

	return value & size_mask(in->dst_size);
}

/* Partial registers as hardware does: 8 and 16 bits keep the rest, 32 bits clear the upper half. */
static void reg_set(struct vcpu *v, const struct insn_mmio *in, u64 value)
{
	u64 *reg = &v->regs.gpr[in->reg];
	u64 mask = size_mask(in->dst_size);
	u32 shift = in->high8 ? 8 : 0;

	value &= mask;
	*reg = in->dst_size >= 4 ? value : (*reg & ~(mask << shift)) | value << shift;
}

static void set_logic_flags(struct vcpu *v, u64 result, u8 size)
{
	u64 flags = v->rflags & ~(RFLAGS_CF | RFLAGS_OF | RFLAGS_SF | RFLAGS_ZF | RFLAGS_PF);

	if (!(result & size_mask(size)))
		flags |= RFLAGS_ZF;
	if (result >> (8 * size - 1) & 1)
		flags |= RFLAGS_SF;
	if (!(__builtin_popcountl(result & 0xff) & 1))
		flags |= RFLAGS_PF;
	v->rflags = flags;
}

static u64 sign_extend(u64 value, u8 size)
{
	u32 shift = 64 - 8 * size;

	return size >= 8 ? value : (u64)((s64)(value << shift) >> shift);
}

/* What the memory side of an access does. */
struct mmio_target {
	u64 (*read)(struct vcpu *v, u32 offset, u8 size);
	void (*write)(struct vcpu *v, u32 offset, u8 size, u64 value);
};

static u64 absent_read(struct vcpu *v, u32 offset, u8 size)
{
	(void)v;
	(void)offset;
	return size_mask(size);
}

static void absent_write(struct vcpu *v, u32 offset, u8 size, u64 value)
{
	(void)v;
	(void)offset;
	(void)size;
	(void)value;
}

/* SDM "Local APIC Register Address Map": accesses are 32 bits wide and aligned. Others are
 * undefined; here a read gives the bytes that are there and a write does nothing. */
static u64 lapic_read(struct vcpu *v, u32 offset, u8 size)
{
	u32 byte = offset & 0xf;
	u64 value;

	if (byte >= 4)
		return 0;
	vlapic_read(v, offset >> LAPIC_REG_SHIFT, false, &value);
	return value >> (8 * byte) & size_mask(size);
}

static void lapic_write(struct vcpu *v, u32 offset, u8 size, u64 value)
{
	if (size == 4 && !(offset & 0xf))
		vlapic_write(v, offset >> LAPIC_REG_SHIFT, false, (u32)value);
}

static u64 ioapic_read(struct vcpu *v, u32 offset, u8 size)
{
	return vioapic_read(v->dom->vioapic, offset, size);
}

static void ioapic_write(struct vcpu *v, u32 offset, u8 size, u64 value)
{
	vioapic_write(v->dom->vioapic, offset, size, (u32)value);
}

static const struct mmio_target absent = {absent_read, absent_write};
static const struct mmio_target lapic = {lapic_read, lapic_write};
static const struct mmio_target ioapic = {ioapic_read, ioapic_write};

static void mmio_perform(struct vcpu *v, const struct insn_mmio *in, u32 offset,
			 const struct mmio_target *t)
{
	u64 mask = size_mask(in->size);
	u64 source = (in->imm ? in->value : reg_get(v, in)) & mask, memory;

	if (in->write && !in->xchg && !in->or_ && !in->and_) {
		t->write(v, offset, in->size, source);
		return;
	}
	memory = t->read(v, offset, in->size) & mask;
	if (in->or_ || in->and_) {
		source = in->or_ ? source | memory : source & memory;
		if (in->write)
			t->write(v, offset, in->size, source);
		else
			reg_set(v, in, source);
		set_logic_flags(v, source, in->size);
		return;
	}
	if (in->xchg)
		t->write(v, offset, in->size, source);
	reg_set(v, in, in->sx ? sign_extend(memory, in->size) : memory);
}

/* The hardware's bytes if they are an instruction, else fetches once, however many. false: not an
 * instruction we know. */
static bool mmio_decode(struct vcpu *v, struct insn_mmio *in)
{
	const struct vmexit *e = &v->exit;
	struct vcpu_sys sys;
	u8 bytes[INSN_MAX] = {0};
	u32 n;

	vops->read_sys(v, &sys);
	if (e->fetched && !insn_decode_mmio(e->bytes, e->fetched, sys.cs_long, sys.cs_db, in))
		return true;
	n = guest_fetch(v, bytes, sizeof(bytes));
	if (!insn_decode_mmio(bytes, n, sys.cs_long, sys.cs_db, in))
		return true;
	printk_limited(LOG_WARN,
		       "dom%u vcpu%u: cannot decode at rip %lx: %u bytes %02x %02x %02x %02x %02x "
		       "%02x %02x %02x\n",
		       v->dom->id, v->id, v->rip, n, bytes[0], bytes[1], bytes[2], bytes[3],
		       bytes[4], bytes[5], bytes[6], bytes[7]);
	return false;
}

static const char *access_name(const struct vmexit *e)
{
	return e->npf.walk ? "page walk" : e->npf.exec ? "fetch" : e->npf.write ? "write" : "read";
}

static enum exit_action refuse(struct vcpu *v)
{
	u64 gpa = v->exit.npf.gpa.v;

	if (v->dom->privileged) {
		printk_limited(LOG_WARN,
			       "dom0 vcpu%u: %s at %lx, which is not its memory, rip %lx: #GP\n",
			       v->id, access_name(&v->exit), gpa, v->rip);
		vcpu_inject_gp(v);
		return EXIT_RETRY;
	}
	domain_kill(v->dom, "vcpu%u: %s at %lx outside its memory, rip %lx", v->id,
		    access_name(&v->exit), gpa, v->rip);
	return EXIT_KILL;
}

static enum exit_action emulate(struct vcpu *v, const struct mmio_target *t)
{
	struct insn_mmio in;

	if (!mmio_decode(v, &in))
		return refuse(v);
	mmio_perform(v, &in, (u32)(v->exit.npf.gpa.v & PAGE_MASK), t);
	v->exit.insn_len = in.len;
	return EXIT_RESUME;
}

static bool is_lapic_page(const struct vcpu *v, gpa_t gpa)
{
	u64 base = v->lapic.base;

	return (base & APIC_BASE_ENABLE) && !vlapic_is_x2apic(v) &&
	       (gpa.v & ~PAGE_MASK) == (base & ~PAGE_MASK);
}

/* The device whose page this is for v, or NULL. */
static const struct mmio_target *find_target(const struct vcpu *v, gpa_t gpa)
{
	if (is_lapic_page(v, gpa))
		return &lapic;
	/* dom0 has the machine's, mapped like any device. */
	if (v->dom->vioapic && (gpa.v & ~PAGE_MASK) == MB_GUEST_IOAPIC_BASE)
		return &ioapic;
	return NULL;
}

static bool is_allowed_now(const struct vcpu *v)
{
	const struct vmexit *e = &v->exit;
	u32 need = e->npf.exec ? GPM_X : e->npf.write || e->npf.walk ? GPM_W : GPM_R;
	hpa_t hpa;
	u32 prot;
	u64 left;

	return gpm_lookup(&v->dom->gpm, e->npf.gpa, &hpa, &prot, &left) && (prot & need) == need;
}

enum exit_action exit_npf(struct vcpu *v)
{
	const struct vmexit *e = &v->exit;
	bool data = !e->npf.exec && !e->npf.walk;
	const struct mmio_target *target = data ? find_target(v, e->npf.gpa) : NULL;

	if (target) {
		vcpu_count(v, MMIO);
		return emulate(v, target);
	}
	if (is_allowed_now(v))
		return EXIT_RETRY;
	if (v->dom->privileged || !data)
		return refuse(v);
	printk_limited(LOG_INFO, "dom%u vcpu%u: %s at %lx, where nothing is, rip %lx\n",
		       v->dom->id, v->id, access_name(e), e->npf.gpa.v, v->rip);
	return emulate(v, &absent);
}
