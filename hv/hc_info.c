// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls of dom0 that only look, and the byte streams: log and guest consoles. What is copied
 * in one call is bounded; the caller goes on where it stopped.
 */
#include "hv/hypercall.h"

#include "hv/domain.h"
#include "hv/guest_mem.h"
#include "hv/hwhelp.h"
#include "hv/page_alloc.h"
#include "hv/percpu.h"
#include "hv/printk.h"
#include "hv/string.h"
#include "hv/vcpu.h"
#include "hv/vuart.h"

#include "hv/abi/cpuid.h"

#include "arch/x86/cpu.h"
#include "arch/x86/tsc.h"

#include "version.h"

#define STREAM_CHUNK 512u
#define STREAM_CHUNKS_MAX 16u

static u64 owned_bytes(u16 owner)
{
	return extent_count(owner) * EXTENT_SIZE;
}

/* Bytes that guests have, and how many domains there are. */
static u64 guests_bytes(u32 *domains)
{
	u64 bytes = 0;
	u32 id = 0;

	*domains = 0;
	while (id <= DOMID_MAX) {
		struct domain *d = domain_next(id);

		if (!d)
			break;
		id = d->id + 1u;
		(*domains)++;
		if (!d->privileged)
			bytes += owned_bytes(d->id);
		domain_put(d);
	}
	return bytes;
}

s64 hc_hv_info(struct vcpu *v, const u64 *arg)
{
	struct mb_hv_info info = {.struct_size = sizeof(info), .abi_version = MB_ABI_VERSION};
	struct hw_help_masks help = hw_help_masks();
	struct page_alloc_stats heap;

	page_alloc_get_stats(&heap);
	info.cpus = cpu_count;
	info.mem_free = owned_bytes(OWNER_FREE) + owned_bytes(OWNER_BOOT);
	info.mem_dom0 = owned_bytes(OWNER_DOM0);
	info.mem_hv = owned_bytes(OWNER_HV);
	info.mem_total = info.mem_free + info.mem_dom0 + info.mem_hv + guests_bytes(&info.domains);
	info.heap_total = heap.total;
	info.heap_free = heap.total - heap.used;
	info.uptime_ns = tsc_uptime_ns();
	info.tsc_khz = tsc_khz;
	info.help_used = help.used;
	info.help_off = help.off;
	info.help_unused = help.unused;
	string_copy(info.vendor, vops->name, sizeof(info.vendor));
	snprintf(info.version, sizeof(info.version), "%s (%s)", MINIBUS_VERSION, MINIBUS_BUILD);
	string_copy(info.cpu, cpu_info.brand, sizeof(info.cpu));
	return guest_write_struct(v->dom, GPA(arg[0]), &info, sizeof(info));
}

typedef u32 (*stream_read_fn)(struct domain *d, u64 *pos, char *buf, u32 len);

static u32 read_log(struct domain *d, u64 *pos, char *buf, u32 len)
{
	u32 n;

	(void)d;
	n = (u32)log_read(pos, buf, len);
	*pos += n;
	return n;
}

static u32 read_console(struct domain *d, u64 *pos, char *buf, u32 len)
{
	return vuart_read_output(d->vuart, pos, buf, len);
}

/* Copies to the caller's buffer, then tells it the new position. A fault on the way leaves the
 * position where it was, so nothing is lost. */
static s64 stream_copy(struct domain *caller, u64 io_gpa, stream_read_fn read, struct domain *d)
{
	struct mb_stream_io io;
	char buf[STREAM_CHUNK];
	u32 done = 0;
	int ret = guest_read_struct(caller, GPA(io_gpa), &io, sizeof(io));

	if (ret)
		return ret;
	if (io.struct_size < sizeof(io))
		return -MB_EINVAL;
	for (u32 i = 0; i < STREAM_CHUNKS_MAX && done < io.len; i++) {
		u32 n = read(d, &io.position, buf, MIN(io.len - done, STREAM_CHUNK));

		if (!n)
			break;
		ret = guest_write(caller, GPA(io.gpa + done), buf, n);
		if (ret)
			return ret;
		done += n;
	}
	ret = guest_write_struct(caller, GPA(io_gpa), &io, sizeof(io));
	return ret ? ret : (s64)done;
}

s64 hc_log_read(struct vcpu *v, const u64 *arg)
{
	return stream_copy(v->dom, arg[0], read_log, NULL);
}

/* dom0 has no console of ours. */
static struct domain *find_console(u64 id)
{
	return id && id <= DOMID_MAX ? domain_find((u32)id) : NULL;
}

s64 hc_console_read(struct vcpu *v, const u64 *arg)
{
	struct domain *d = find_console(arg[0]);
	s64 ret;

	if (!d)
		return -MB_ENOENT;
	ret = stream_copy(v->dom, arg[1], read_console, d);
	domain_put(d);
	return ret;
}

s64 hc_console_write(struct vcpu *v, const u64 *arg)
{
	char buf[STREAM_CHUNK];
	u32 len = (u32)MIN(arg[2], (u64)STREAM_CHUNK);
	int ret = guest_read(v->dom, GPA(arg[1]), buf, len);
	struct domain *d;
	u32 taken;

	if (ret)
		return ret;
	d = find_console(arg[0]);
	if (!d)
		return -MB_ENOENT;
	taken = vuart_write_input(d->vuart, buf, len);
	domain_put(d);
	return taken;
}

static void fill_dom_info(struct domain *d, struct mb_dom_info *out)
{
	u64 ticks = 0;

	memset(out, 0, sizeof(*out));
	out->struct_size = sizeof(*out);
	out->domid = d->id;
	out->vcpus = d->nr_vcpus;
	out->flags = d->flags;
	for (u32 i = 0; i < d->nr_vcpus; i++) {
		const struct vcpu *v = d->vcpu[i];

		ticks += READ_ONCE(v->run_tsc);
		for (u32 e = 0; e < MB_STATS_EXITS; e++)
			out->exits += READ_ONCE(v->exits[e]);
	}
	out->cpu_ns = tsc_to_ns(ticks);
	out->call_slots = d->tunnel.call_slots.v;
	out->console_end = d->vuart ? vuart_output_end(d->vuart) : 0;
	spin_lock(&d->lock);
	out->state = d->state;
	out->reason = d->reason;
	out->mem_bytes = d->mem_bytes;
	memcpy(out->name, d->name, sizeof(out->name));
	memcpy(out->reason_text, d->reason_text, sizeof(out->reason_text));
	spin_unlock(&d->lock);
}

s64 hc_dom_info(struct vcpu *v, const u64 *arg)
{
	struct domain *d = arg[0] <= DOMID_MAX ? domain_next((u32)arg[0]) : NULL;
	struct mb_dom_info info;

	if (!d)
		return -MB_ENOENT;
	fill_dom_info(d, &info);
	domain_put(d);
	return guest_write_struct(v->dom, GPA(arg[1]), &info, sizeof(info));
}

static void fill_vcpu_stats(const struct vcpu *v, struct mb_vcpu_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->struct_size = sizeof(*out);
	out->cpu = v->cpu;
	out->exit_kinds = MB_EXIT_COUNT;
	out->counter_kinds = MB_CNT_COUNT;
	out->run_ns = tsc_to_ns(READ_ONCE(v->run_tsc));
	for (u32 i = 0; i < MB_STATS_EXITS; i++)
		out->exits[i] = READ_ONCE(v->exits[i]);
	for (u32 i = 0; i < MB_STATS_COUNTERS; i++)
		out->counters[i] = READ_ONCE(v->counters[i]);
}

s64 hc_vcpu_stats(struct vcpu *v, const u64 *arg)
{
	struct domain *d = arg[0] <= DOMID_MAX ? domain_find((u32)arg[0]) : NULL;
	struct mb_vcpu_stats stats;

	if (!d)
		return -MB_ENOENT;
	if (arg[1] >= d->nr_vcpus) {
		domain_put(d);
		return -MB_ENOENT;
	}
	fill_vcpu_stats(d->vcpu[arg[1]], &stats);
	domain_put(d);
	return guest_write_struct(v->dom, GPA(arg[2]), &stats, sizeof(stats));
}

s64 hc_vcpu_cr3(struct vcpu *v, const u64 *arg)
{
	struct domain *d = arg[0] <= DOMID_MAX ? domain_find((u32)arg[0]) : NULL;
	struct mb_vcpu_cr3 out;

	if (!d)
		return -MB_ENOENT;
	if (arg[1] >= d->nr_vcpus || !(d->flags & MB_DOM_CR3_TRACE)) {
		domain_put(d);
		return -MB_ENOENT;
	}
	cr3_trace_read(d->vcpu[arg[1]], &out);
	domain_put(d);
	return guest_write_struct(v->dom, GPA(arg[2]), &out, sizeof(out));
}
