// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control plane of guests: /sys/kernel/config/vbus/guests/NAME/.
 *
 * mkdir makes a guest that the hypervisor does not know yet; attributes describe it; writing
 * "build" and "start" to control makes it real. bus/ takes links to devices. rmdir destroys.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/string.h>

#include "south.h"

static struct config_group guests_group;

static struct south_guest *to_guest(struct config_item *item)
{
	return container_of(to_config_group(item), struct south_guest, group);
}

const char *south_reason_name(u32 reason)
{
	static const char *const names[] = {
		[MB_REASON_NONE] = "-",
		[MB_REASON_POWEROFF] = "poweroff",
		[MB_REASON_REBOOT] = "reboot",
		[MB_REASON_CRASH] = "crash",
		[MB_REASON_TRIPLE_FAULT] = "triple fault",
		[MB_REASON_KILLED] = "killed",
		[MB_REASON_DESTROYED] = "destroyed",
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : "unknown";
}

const char *south_state_name(const struct south_guest *g)
{
	static const char *const names[] = {
		[MB_STATE_NEW] = "built",
		[MB_STATE_RUNNING] = "running",
		[MB_STATE_PAUSED] = "paused",
		[MB_STATE_SHUTDOWN] = "shutdown",
		[MB_STATE_DYING] = "dying",
	};
	u32 state = READ_ONCE(g->state);

	if (!READ_ONCE(g->domid))
		return "new";
	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

/* ---- attributes ---- */

/* A number that may change until the guest is built. */
static ssize_t guest_set_u32(struct south_guest *g, u32 *to, const char *page, size_t n, u32 max,
			     u32 multiple)
{
	u32 value;
	int err = kstrtou32(page, 0, &value);

	if (err)
		return err;
	if (!value || value > max || value % multiple)
		return -EINVAL;
	mutex_lock(&g->lock);
	if (g->domid)
		err = -EBUSY;
	else
		*to = value;
	mutex_unlock(&g->lock);
	return err ? err : n;
}

static ssize_t guest_memory_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_guest(item)->memory_mib);
}

static ssize_t guest_memory_store(struct config_item *item, const char *page, size_t n)
{
	struct south_guest *g = to_guest(item);

	return guest_set_u32(g, &g->memory_mib, page, n, SOUTH_MAX_MEMORY_MIB, 2);
}
CONFIGFS_ATTR(guest_, memory);

static ssize_t guest_vcpus_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_guest(item)->vcpus);
}

static ssize_t guest_vcpus_store(struct config_item *item, const char *page, size_t n)
{
	struct south_guest *g = to_guest(item);

	return guest_set_u32(g, &g->vcpus, page, n, MB_MAX_VCPUS, 1);
}
CONFIGFS_ATTR(guest_, vcpus);

static ssize_t guest_tsc_khz_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_guest(item)->tsc_khz);
}

static ssize_t guest_tsc_khz_store(struct config_item *item, const char *page, size_t n)
{
	struct south_guest *g = to_guest(item);

	return guest_set_u32(g, &g->tsc_khz, page, n, U32_MAX, 1);
}
CONFIGFS_ATTR(guest_, tsc_khz);

static ssize_t guest_cr3_trace_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_guest(item)->cr3_trace);
}

static ssize_t guest_cr3_trace_store(struct config_item *item, const char *page, size_t n)
{
	struct south_guest *g = to_guest(item);
	bool value;
	int err = kstrtobool(page, &value);

	if (err)
		return err;
	mutex_lock(&g->lock);
	if (g->domid)
		err = -EBUSY;
	else
		g->cr3_trace = value;
	mutex_unlock(&g->lock);
	return err ? err : n;
}
CONFIGFS_ATTR(guest_, cr3_trace);

static ssize_t guest_share_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "all\n");
}

static ssize_t guest_share_store(struct config_item *item, const char *page, size_t n)
{
	if (sysfs_streq(page, "all"))
		return n;
	return sysfs_streq(page, "granted") ? -EOPNOTSUPP : -EINVAL;
}
CONFIGFS_ATTR(guest_, share);

static ssize_t guest_domid_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_guest(item)->domid));
}
CONFIGFS_ATTR_RO(guest_, domid);

static ssize_t guest_state_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", south_state_name(to_guest(item)));
}
CONFIGFS_ATTR_RO(guest_, state);

static ssize_t guest_reason_show(struct config_item *item, char *page)
{
	struct south_guest *g = to_guest(item);
	ssize_t n;

	mutex_lock(&g->info_lock);
	if (g->reason == MB_REASON_KILLED)
		n = sysfs_emit(page, "killed: %s\n", g->reason_text);
	else
		n = sysfs_emit(page, "%s\n", south_reason_name(g->reason));
	mutex_unlock(&g->info_lock);
	return n;
}
CONFIGFS_ATTR_RO(guest_, reason);

/* The registers `entry` may name, and where they go. */
static const struct entry_field {
	const char *name;
	size_t offset;
} entry_fields[] = {
	{ "rip", offsetof(struct mb_vcpu_state, rip) },
	{ "rsp", offsetof(struct mb_vcpu_state, rsp) },
	{ "rax", offsetof(struct mb_vcpu_state, rax) },
	{ "rbx", offsetof(struct mb_vcpu_state, rbx) },
	{ "rcx", offsetof(struct mb_vcpu_state, rcx) },
	{ "rdx", offsetof(struct mb_vcpu_state, rdx) },
	{ "rsi", offsetof(struct mb_vcpu_state, rsi) },
	{ "rdi", offsetof(struct mb_vcpu_state, rdi) },
	{ "cr3", offsetof(struct mb_vcpu_state, cr3) },
};

static int entry_set(struct mb_vcpu_state *state, const char *name, const char *value)
{
	size_t i;

	if (!strcmp(name, "mode")) {
		if (!strcmp(value, "flat32"))
			state->mode = MB_MODE_FLAT32;
		else if (!strcmp(value, "long64"))
			state->mode = MB_MODE_LONG64;
		else
			return -EINVAL;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(entry_fields); i++)
		if (!strcmp(name, entry_fields[i].name))
			return kstrtou64(value, 0, (void *)state + entry_fields[i].offset);
	return -EINVAL;
}

static int entry_parse(struct mb_vcpu_state *state, char *text)
{
	char *word, *value;
	bool rip = false;
	int err = 0;

	while (!err && (word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		rip |= !strcmp(word, "rip");
		err = entry_set(state, word, value);
	}
	return err ? err : rip ? 0 : -EINVAL;
}

static ssize_t guest_entry_show(struct config_item *item, char *page)
{
	struct south_guest *g = to_guest(item);
	ssize_t n;
	size_t i;

	mutex_lock(&g->lock);
	n = sysfs_emit(page, "mode=%s", g->entry.mode == MB_MODE_LONG64 ? "long64" : "flat32");
	for (i = 0; i < ARRAY_SIZE(entry_fields); i++)
		n += sysfs_emit_at(page, n, " %s=0x%llx", entry_fields[i].name,
				   *(u64 *)((void *)&g->entry + entry_fields[i].offset));
	mutex_unlock(&g->lock);
	return n + sysfs_emit_at(page, n, "\n");
}

static ssize_t guest_entry_store(struct config_item *item, const char *page, size_t n)
{
	struct south_guest *g = to_guest(item);
	struct mb_vcpu_state state = { .mode = MB_MODE_FLAT32 };
	char *text = kstrndup(page, n, GFP_KERNEL);
	int err;

	if (!text)
		return -ENOMEM;
	err = entry_parse(&state, text);
	kfree(text);
	if (err)
		return err;
	mutex_lock(&g->lock);
	g->entry = state;
	g->entry_set = true;
	mutex_unlock(&g->lock);
	return n;
}
CONFIGFS_ATTR(guest_, entry);

static int guest_destroy(struct south_guest *g)
{
	if (!g->domid)
		return -ENXIO;
	south_dom_destroy(g);
	mutex_lock(&g->info_lock);
	g->reason = MB_REASON_DESTROYED;
	mutex_unlock(&g->info_lock);
	return 0;
}

static int guest_do(struct south_guest *g, const char *verb)
{
	static const char *const ctl[] = {
		[MB_CTL_PAUSE] = "pause", [MB_CTL_UNPAUSE] = "unpause", [MB_CTL_STOP] = "stop",
	};
	u32 i;

	if (sysfs_streq(verb, "build"))
		return south_dom_build(g);
	if (sysfs_streq(verb, "start"))
		return south_dom_start(g);
	if (sysfs_streq(verb, "destroy"))
		return guest_destroy(g);
	for (i = 0; i < ARRAY_SIZE(ctl); i++)
		if (ctl[i] && sysfs_streq(verb, ctl[i]))
			return south_dom_control(g, i);
	return -EINVAL;
}

static ssize_t guest_control_store(struct config_item *item, const char *page, size_t n)
{
	struct south_guest *g = to_guest(item);
	int err;

	mutex_lock(&g->lock);
	err = guest_do(g, page);
	mutex_unlock(&g->lock);
	return err ? err : n;
}
CONFIGFS_ATTR_WO(guest_, control);

static struct configfs_attribute *guest_attrs[] = {
	&guest_attr_memory, &guest_attr_vcpus, &guest_attr_share, &guest_attr_domid,
	&guest_attr_state,  &guest_attr_reason, &guest_attr_entry, &guest_attr_control,
	&guest_attr_cr3_trace, &guest_attr_tsc_khz,
	NULL,
};

/* ---- bus/: links ---- */

static struct vbus_bus *to_bus(struct config_item *item)
{
	return &container_of(to_config_group(item), struct south_guest, bus_group)->bus;
}

static int bus_allow_link(struct config_item *src, struct config_item *target)
{
	return vbus_bus_link(to_bus(src), target);
}

static void bus_drop_link(struct config_item *src, struct config_item *target)
{
	vbus_bus_unlink(to_bus(src), target);
}

static struct configfs_item_operations bus_item_ops = {
	.allow_link = bus_allow_link,
	.drop_link = bus_drop_link,
};
static const struct config_item_type bus_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &bus_item_ops,
};

/* ---- guests: mkdir and rmdir ---- */

static void guest_release(struct config_item *item)
{
	kfree(to_guest(item));
}

static struct configfs_item_operations guest_item_ops = { .release = guest_release };
static const struct config_item_type guest_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &guest_item_ops,
	.ct_attrs = guest_attrs,
};

static struct config_group *guests_make_group(struct config_group *group, const char *name)
{
	struct south_guest *g;
	int err;

	if (!vbus_name_ok(name, MB_DOM_NAME_LEN))
		return ERR_PTR(-EINVAL);
	g = kzalloc(sizeof(*g), GFP_KERNEL);
	if (!g)
		return ERR_PTR(-ENOMEM);
	strscpy(g->name, name, sizeof(g->name));
	g->vcpus = 1;
	err = south_dom_init(g);
	if (err) {
		kfree(g);
		return ERR_PTR(err);
	}
	config_group_init_type_name(&g->group, name, &guest_type);
	config_group_init_type_name(&g->bus_group, "bus", &bus_type);
	configfs_add_default_group(&g->bus_group, &g->group);
	return &g->group;
}

static void guests_drop_item(struct config_group *group, struct config_item *item)
{
	struct south_guest *g = to_guest(item);

	mutex_lock(&g->lock);
	south_dom_destroy(g);
	mutex_unlock(&g->lock);
	south_dom_exit(g);
	config_item_put(item);
}

static struct configfs_group_operations guests_group_ops = {
	.make_group = guests_make_group,
	.drop_item = guests_drop_item,
};
static const struct config_item_type guests_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &guests_group_ops,
};

int south_configfs_init(void)
{
	config_group_init_type_name(&guests_group, "guests", &guests_type);
	return configfs_register_group(vbus_configfs_root(), &guests_group);
}

void south_configfs_exit(void)
{
	configfs_unregister_group(&guests_group);
}
