// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON. Keys are those of the configuration file, so that what a dry run prints can be read back;
 * addresses are strings in hexadecimal, because JSON readers lose bits of large numbers.
 */
#include "tools/lib_json.h"

#include <stdio.h>

void json_add_text(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, json_object_new_string(value));
}

void json_add_number(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

static void add_address(struct json_object *to, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_add_text(to, key, text);
}

static void add_range(struct json_object *to, const char *key, uint64_t start, uint64_t end)
{
	struct json_object *range;

	if (start == end)
		return;
	range = json_object_new_object();
	add_address(range, "start", start);
	add_address(range, "end", end);
	json_object_object_add(to, key, range);
}

static struct json_object *from_nets(const struct config *config)
{
	struct json_object *nets = json_object_new_array();

	for (unsigned int i = 0; i < config->nets; i++) {
		const struct config_net *net = &config->net[i];
		struct json_object *entry = json_object_new_object();

		json_add_text(entry, "mac", net->mac);
		if (*net->bridge)
			json_add_text(entry, "bridge", net->bridge);
		if (*net->ifname)
			json_add_text(entry, "ifname", net->ifname);
		if (net->mtu)
			json_add_number(entry, "mtu", net->mtu);
		json_object_array_add(nets, entry);
	}
	return nets;
}

static struct json_object *from_disks(const struct config *config)
{
	struct json_object *disks = json_object_new_array();

	for (unsigned int i = 0; i < config->disks; i++) {
		const struct config_disk *disk = &config->disk[i];
		struct json_object *entry = json_object_new_object();

		json_add_text(entry, "path", disk->path);
		if (*disk->name)
			json_add_text(entry, "name", disk->name);
		json_add_number(entry, "readonly", disk->readonly);
		if (disk->queues)
			json_add_number(entry, "queues", disk->queues);
		json_object_array_add(disks, entry);
	}
	return disks;
}

static struct json_object *from_consoles(const struct config *config)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < config->consoles; i++) {
		struct json_object *o = json_object_new_object();

		if (config->console[i].ports)
			json_add_number(o, "ports", config->console[i].ports);
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *json_from_config(const struct config *config)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "name", config->name);
	json_add_number(o, "memory", config->memory);
	json_add_number(o, "vcpus", config->vcpus);
	json_add_number(o, "cr3_trace", config->cr3_trace);
	if (config->tsc_khz)
		json_add_number(o, "tsc_khz", config->tsc_khz);
	json_add_text(o, "kernel", config->kernel);
	if (*config->ramdisk)
		json_add_text(o, "ramdisk", config->ramdisk);
	json_add_text(o, "cmdline", config->cmdline);
	json_add_text(o, "share", "all");
	json_object_object_add(o, "net", from_nets(config));
	json_object_object_add(o, "disk", from_disks(config));
	json_add_number(o, "echo", config->echos);
	json_object_object_add(o, "console", from_consoles(config));
	json_add_number(o, "rng", config->rng);
	if (config->rng_rate)
		json_add_number(o, "rng_rate", config->rng_rate);
	json_add_number(o, "balloon", config->balloon);
	json_add_text(o, "on_poweroff", config_action_names[config->on_poweroff]);
	json_add_text(o, "on_reboot", config_action_names[config->on_reboot]);
	json_add_text(o, "on_crash", config_action_names[config->on_crash]);
	return o;
}

struct json_object *json_from_plan(const struct loader_plan *plan)
{
	struct json_object *o = json_object_new_object();
	struct json_object *entry = json_object_new_object();
	const struct mb_vcpu_state *e = &plan->entry;

	json_add_text(o, "type", loader_type_names[plan->type]);
	add_range(o, "kernel", plan->kernel_start, plan->kernel_end);
	add_range(o, "ramdisk", plan->ramdisk_start, plan->ramdisk_end);
	add_range(o, "acpi", plan->acpi_start, plan->acpi_end);
	json_add_text(entry, "mode", e->mode == MB_MODE_LONG64 ? "long64" : "flat32");
	add_address(entry, "rip", e->rip);
	add_address(entry, "rax", e->rax);
	add_address(entry, "rbx", e->rbx);
	add_address(entry, "rsi", e->rsi);
	json_object_object_add(o, "entry", entry);
	return o;
}

void json_print(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
