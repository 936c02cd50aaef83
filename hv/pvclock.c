// SPDX-License-Identifier: GPL-2.0-only
/*
 * The KVM paravirtual clock. System time is (host TSC - boot TSC) scaled by a pair (mul, shift); a
 * domain with a TSC of its own rate has its own pair.
 *
 * A record says: at guest TSC t the time was s; guests scale the rest. The TSC is stable, its rate
 * and offset constant, so one fixed point, the hypervisor's boot (s = 0), serves for ever: a record
 * is written once and the same on all vCPUs of a domain; no refresh, and no step between vCPUs.
 *
 * Record layouts: Linux Documentation/virt/kvm/x86/msr.rst (MSR_KVM_SYSTEM_TIME_NEW and
 * MSR_KVM_WALL_CLOCK_NEW).
 */
#include "hv/pvclock.h"

#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/guest_tsc.h"
#include "hv/vcpu.h"

#include "arch/x86/barrier.h"
#include "arch/x86/tsc.h"

#define NS_PER_SEC 1000000000ul
#define KHZ_OF_NS 1000000ul /* a clock that ticks in ns, in kHz */

#define SYSTEM_ENABLE 1u
#define FLAG_TSC_STABLE 1u

struct pvclock_record {
	u32 version; /* odd while it changes */
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
};
STATIC_SIZE(struct pvclock_record, 32);
STATIC_OFFSET(struct pvclock_record, tsc_timestamp, 8);
STATIC_OFFSET(struct pvclock_record, system_time, 16);
STATIC_OFFSET(struct pvclock_record, tsc_to_system_mul, 24);
STATIC_OFFSET(struct pvclock_record, tsc_shift, 28);
STATIC_OFFSET(struct pvclock_record, flags, 29);

struct pvclock_wall {
	u32 version;
	u32 sec;
	u32 nsec;
};
STATIC_SIZE(struct pvclock_wall, 12);
STATIC_OFFSET(struct pvclock_wall, sec, 4);
STATIC_OFFSET(struct pvclock_wall, nsec, 8);

/* ns = ticks shifted (left if positive) * mul / 2^32. */
struct scale {
	u32 mul;
	s8 shift;
};

/* Constant after pvclock_init(). */
static u64 wall_at_boot; /* UTC, ns, when system time was 0 */
static struct scale host_scale;

/* Of a TSC that runs at ratio times the machine's. mul in [2^31, 2^32): as exact as 32 bits can
 * be. */
static struct scale scale_make(u64 ratio)
{
	u64 num = KHZ_OF_NS << TSC_RATIO_FRACTION, den = tsc_khz * ratio;
	struct scale s = {0};

	/* num is below 2^52, den may use all bits: neither loop overflows. */
	for (; num >= den; s.shift++)
		den <<= 1;
	for (; num * 2 < den; s.shift--)
		num <<= 1;
	s.mul = (u32)div_128(num >> 32, num << 32, den, false);
	return s;
}

/* What a guest computes from a record. */
static u64 scale(u64 ticks)
{
	const struct scale *s = &host_scale;

	return mul_shift(s->shift < 0 ? ticks >> -s->shift : ticks << s->shift, s->mul, 32);
}

u64 pvclock_now(void)
{
	return scale(tsc_now() - tsc_boot);
}

u64 pvclock_wallclock(void)
{
	return wall_at_boot + pvclock_now();
}

void pvclock_init(u64 wallclock_ns)
{
	host_scale = scale_make(TSC_RATIO_ONE);
	wall_at_boot = wallclock_ns - pvclock_now();
}

/* UTC at system time 0, as this domain was told. */
static u64 wall_base(const struct domain *d)
{
	if (!d->wallclock_ns)
		return wall_at_boot;
	return d->wallclock_ns - scale(d->wallclock_tsc - tsc_boot);
}

/*
 * Write a record that begins with a version word: odd version, contents, even version; the guest
 * reads in the other order and again until it saw the same even version twice.
 */
static bool write_record(struct vcpu *v, u64 gpa, void *record, u32 size)
{
	u32 *version = record;
	u32 old;

	if (guest_read(v->dom, GPA(gpa), &old, sizeof(old)))
		return false;
	*version = (old + 1) | 1;
	if (guest_write(v->dom, GPA(gpa), version, sizeof(*version)))
		return false;
	/* Pairs with the guest's barrier between its first look at the version and the contents. */
	smp_wmb();
	if (guest_write(v->dom, GPA(gpa + sizeof(*version)), version + 1,
			size - (u32)sizeof(*version)))
		return false;
	/* Pairs with the guest's barrier before its second look at the version. */
	smp_wmb();
	++*version;
	return !guest_write(v->dom, GPA(gpa), version, sizeof(*version));
}

bool pvclock_set_wall(struct vcpu *v, u64 gpa)
{
	u64 ns = wall_base(v->dom);
	struct pvclock_wall wall = {
		.sec = (u32)(ns / NS_PER_SEC),
		.nsec = (u32)(ns % NS_PER_SEC),
	};

	return !(gpa & 3) && write_record(v, gpa, &wall, sizeof(wall));
}

bool pvclock_set_system(struct vcpu *v, u64 value)
{
	struct scale s = scale_make(guest_tsc_ratio(v->dom));
	struct pvclock_record record = {
		.tsc_timestamp = guest_tsc_at(v, tsc_boot),
		.tsc_to_system_mul = s.mul,
		.tsc_shift = s.shift,
		.flags = FLAG_TSC_STABLE,
	};
	u64 gpa = value & ~(u64)SYSTEM_ENABLE;

	if (value & SYSTEM_ENABLE &&
	    (gpa & 3 || !write_record(v, gpa, &record, sizeof(record))))
		return false;
	v->pvclock_msr = value;
	return true;
}
