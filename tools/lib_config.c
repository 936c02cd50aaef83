// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of a guest: libconfig reads the syntax, a table says what each key takes. A
 * key=value argument is turned into one line of the same syntax, so both roads meet in apply().
 */
#include "tools/lib_config.h"

#include "tools/lib_config_console.h"
#include "tools/lib_config_disk.h"
#include "tools/lib_config_net.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MAX (1u << 24) /* MiB: 16 TiB */
#define TSC_KHZ_MIN 1000
#define RNG_RATE_MIN 16u /* as the device class takes it */
#define RNG_RATE_MAX (64u << 20)
#define LINE (CONFIG_CMDLINE * 2 + 64)

const char *const config_action_names[CONFIG_ACTIONS] = { "destroy", "restart", "preserve" };

struct key {
	const char *name;
	enum {
		KEY_TEXT, KEY_NUMBER, KEY_BOOL, KEY_WORD, KEY_NET, KEY_DISK, KEY_CONSOLE, KEY_SHARE
	} kind;
	size_t offset;
	unsigned int min, max; /* TEXT: max = bytes; NUMBER: bounds; WORD: max = words */
	const char *const *words;
};

#define FIELD(name) offsetof(struct config, name)
#define TEXT(name) { #name, KEY_TEXT, FIELD(name), 0, sizeof(((struct config *)0)->name), NULL }
#define ACTION(name) { #name, KEY_WORD, FIELD(name), 0, CONFIG_ACTIONS, config_action_names }

static const struct key keys[] = {
	TEXT(name), TEXT(kernel), TEXT(ramdisk), TEXT(cmdline),
	{ "memory", KEY_NUMBER, FIELD(memory), 4, MEMORY_MAX, NULL },
	{ "vcpus", KEY_NUMBER, FIELD(vcpus), 1, MB_MAX_VCPUS, NULL },
	{ "cr3_trace", KEY_NUMBER, FIELD(cr3_trace), 0, 1, NULL },
	{ "tsc_khz", KEY_NUMBER, FIELD(tsc_khz), TSC_KHZ_MIN, UINT_MAX, NULL },
	{ "echo", KEY_NUMBER, FIELD(echos), 0, CONFIG_ECHOS, NULL },
	{ "rng", KEY_BOOL, FIELD(rng), 0, 1, NULL },
	{ "rng_rate", KEY_NUMBER, FIELD(rng_rate), RNG_RATE_MIN, RNG_RATE_MAX, NULL },
	{ "balloon", KEY_BOOL, FIELD(balloon), 0, 1, NULL },
	{ "type", KEY_WORD, FIELD(type), 0, LOADER_TYPES, loader_type_names },
	{ "net", KEY_NET, 0, 0, CONFIG_NETS, NULL },
	{ "disk", KEY_DISK, 0, 0, CONFIG_DISKS, NULL },
	{ "console", KEY_CONSOLE, 0, 0, CONFIG_CONSOLES, NULL },
	{ "share", KEY_SHARE, 0, 0, 0, NULL },
	ACTION(on_poweroff), ACTION(on_reboot), ACTION(on_crash),
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* Keys of xl.cfg that people have in their files, and what to write here. */
static const struct { const char *name, *hint; } hints[] = {
	{ "vif", "write net=[\"bridge=...\"]" },
	{ "extra", "put it into cmdline" },
	{ "root", "put root=... into cmdline" },
	{ "initrd", "write ramdisk" },
	{ "maxmem", "memory is fixed; write memory" },
};

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static void warn_unknown(const char *name, config_warn *warn)
{
	char text[256];
	const char *hint = "ignored";

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (!strcmp(hints[i].name, name))
			hint = hints[i].hint;
	snprintf(text, sizeof(text), "unknown key '%s': %s", name, hint);
	warn(text);
}

static int apply_text(struct config *config, const struct key *key, const config_setting_t *s,
		      struct fault *fault)
{
	const char *value = config_setting_get_string(s);

	if (!value)
		return fault_set(fault, EINVAL, "%s: not a string; write %s=\"...\"", key->name,
				 key->name);
	if (strlen(value) >= key->max)
		return fault_set(fault, EINVAL, "%s: longer than %u characters", key->name,
				 key->max - 1);
	strcpy((char *)config + key->offset, value);
	return 0;
}

static int apply_number(struct config *config, const struct key *key, const config_setting_t *s,
			struct fault *fault)
{
	long long value;
	int type = config_setting_type(s);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return fault_set(fault, EINVAL, "%s: not a number; write %s=%u", key->name,
				 key->name, key->min ? key->min : 1);
	value = config_setting_get_int64(s);
	if (type == CONFIG_TYPE_INT)
		value = config_setting_get_int(s);
	if (value < key->min || value > key->max)
		return fault_set(fault, EINVAL, "%s=%lld: out of range; %u to %u are possible",
				 key->name, value, key->min, key->max);
	*(unsigned int *)((char *)config + key->offset) = (unsigned int)value;
	return 0;
}

static int apply_word(struct config *config, const struct key *key, const config_setting_t *s,
		      struct fault *fault)
{
	const char *value = config_setting_get_string(s);
	char list[128] = "";

	for (unsigned int i = 0; i < key->max; i++) {
		if (value && !strcmp(value, key->words[i])) {
			/* enums of the config are ints */
			*(unsigned int *)((char *)config + key->offset) = i;
			return 0;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"%s\"",
			 i ? ", " : "", key->words[i]);
	}
	return fault_set(fault, EINVAL, "%s: '%s' is none of %s", key->name, value ? value : "?",
			 list);
}

static int apply_bool(struct config *config, const struct key *key, const config_setting_t *s,
		      struct fault *fault)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return apply_number(config, key, s, fault);
	*(unsigned int *)((char *)config + key->offset) = config_setting_get_bool(s) != 0;
	return 0;
}

static int parse_device(struct config *config, const struct key *key, unsigned int i,
			const char *text, struct fault *fault)
{
	if (key->kind == KEY_NET)
		return config_net_parse(&config->net[i], text, fault);
	if (key->kind == KEY_DISK)
		return config_disk_parse(&config->disk[i], text, fault);
	return config_console_parse(&config->console[i], text, fault);
}

/* net=[...], disk=[...] and console=[...]: one string per device. */
static int apply_devices(struct config *config, const struct key *key, const config_setting_t *s,
			 struct fault *fault)
{
	const char *example = key->kind == KEY_NET ? "bridge=br0" :
			      key->kind == KEY_DISK ? "path=/dev/..." : "ports=1";
	bool one = config_setting_get_string(s) != NULL;
	unsigned int count = one ? 1 : (unsigned int)config_setting_length(s);

	if (!one && !config_setting_is_array(s) && !config_setting_is_list(s))
		return fault_set(fault, EINVAL, "%s: not a list; write %s=[\"%s\"]", key->name,
				 key->name, example);
	if (count > key->max)
		return fault_set(fault, EINVAL, "%s: %u devices, %u are possible", key->name, count,
				 key->max);
	for (unsigned int i = 0; i < count; i++) {
		const char *text = one ? config_setting_get_string(s) :
					 config_setting_get_string_elem(s, (int)i);
		int err;

		if (!text)
			return fault_set(fault, EINVAL, "%s: entry %u is not a string; write "
					 "%s=[\"%s\"]", key->name, i, key->name, example);
		err = parse_device(config, key, i, text, fault);
		if (err)
			return err;
	}
	*(key->kind == KEY_NET ? &config->nets : key->kind == KEY_DISK ? &config->disks :
	  &config->consoles) = count;
	return 0;
}

static int apply_share(const config_setting_t *s, struct fault *fault)
{
	const char *value = config_setting_get_string(s);

	if (value && !strcmp(value, "all"))
		return 0;
	return fault_set(fault, EOPNOTSUPP, "share: '%s' is not possible in this version; "
			 "write share=\"all\" or nothing", value ? value : "?");
}

static int apply(struct config *config, const config_t *parsed, config_warn *warn,
		 struct fault *fault)
{
	config_setting_t *root = config_root_setting(parsed);
	int count = config_setting_length(root), err = 0;

	for (int i = 0; i < count && !err; i++) {
		const config_setting_t *s = config_setting_get_elem(root, (unsigned int)i);
		const struct key *key = find_key(config_setting_name(s));

		if (!key)
			warn_unknown(config_setting_name(s), warn);
		else if (key->kind == KEY_TEXT)
			err = apply_text(config, key, s, fault);
		else if (key->kind == KEY_NUMBER)
			err = apply_number(config, key, s, fault);
		else if (key->kind == KEY_BOOL)
			err = apply_bool(config, key, s, fault);
		else if (key->kind == KEY_WORD)
			err = apply_word(config, key, s, fault);
		else if (key->kind == KEY_NET || key->kind == KEY_DISK ||
			 key->kind == KEY_CONSOLE)
			err = apply_devices(config, key, s, fault);
		else
			err = apply_share(s, fault);
	}
	return err;
}

static int read_file(struct config *config, const char *path, config_warn *warn,
		     struct fault *fault)
{
	config_t parsed;
	FILE *file = fopen(path, "re");
	int err;

	if (!file)
		return fault_set(fault, errno, "%s: %s", path, strerror(errno));
	config_init(&parsed);
	if (config_read(&parsed, file))
		err = apply(config, &parsed, warn, fault);
	else
		err = fault_set(fault, EINVAL, "%s:%d: %s; see minibus.conf(5)", path,
				config_error_line(&parsed), config_error_text(&parsed));
	config_destroy(&parsed);
	fclose(file);
	return err;
}

/* One line of libconfig's syntax out of key=value: quotes where the key wants a string. */
static bool make_line(char line[LINE], const char *override, size_t name_len,
		      const struct key *key)
{
	const char *value = override + name_len + 1;
	bool bare = key && (key->kind == KEY_NUMBER || key->kind == KEY_BOOL);
	size_t at;

	if (*value && (strchr("\"[(", *value) || bare))
		return snprintf(line, LINE, "%s;", override) < LINE;
	at = (size_t)snprintf(line, LINE, "%.*s=\"", (int)name_len, override);
	for (; *value && at + 4 < LINE; value++) {
		if (strchr("\"\\", *value))
			line[at++] = '\\';
		line[at++] = *value;
	}
	if (*value)
		return false;
	strcpy(line + at, "\";");
	return true;
}

static int read_override(struct config *config, const char *override, config_warn *warn,
			 struct fault *fault)
{
	size_t name_len = strcspn(override, "=");
	char line[LINE], name[64];
	config_t parsed;
	int err;

	if (!name_len || !override[name_len] || name_len >= sizeof(name))
		return fault_set(fault, EINVAL, "'%s': not of the form key=value", override);
	memcpy(name, override, name_len);
	name[name_len] = 0;
	if (!make_line(line, override, name_len, find_key(name)))
		return fault_set(fault, EINVAL, "%s: the value is too long", name);
	config_init(&parsed);
	if (config_read_string(&parsed, line))
		err = apply(config, &parsed, warn, fault);
	else
		err = fault_set(fault, EINVAL, "'%s': %s; see minibus.conf(5)", override,
				config_error_text(&parsed));
	config_destroy(&parsed);
	return err;
}

bool config_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > CONFIG_NAME_MAX || !isalnum((unsigned char)*name))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i]))
			return false;
	return strcmp(name, "dom0");
}

static int check(struct config *config, struct fault *fault)
{
	if (!*config->name)
		return fault_set(fault, EINVAL, "name: missing; write name=\"...\"");
	if (!config_name_ok(config->name))
		return fault_set(fault, EINVAL, "name: '%s' is not possible; 1 to %d letters, "
				 "digits, '_', '.', '-', a letter or digit first, not dom0",
				 config->name, CONFIG_NAME_MAX);
	if (!*config->kernel)
		return fault_set(fault, EINVAL, "kernel: missing; write kernel=\"/path\"");
	if (config->memory % 2)
		return fault_set(fault, EINVAL, "memory=%u: memory comes in pieces of 2 MiB; "
				 "write %u", config->memory, config->memory + 1);
	for (unsigned int i = 0; i < config->nets; i++)
		if (!*config->net[i].mac)
			config_net_make_mac(&config->net[i], config->name, i);
	return 0;
}

int config_load(struct config *config, const char *path, char *const overrides[],
		unsigned int count, config_warn *warn, struct fault *fault)
{
	int err;

	*config = (struct config){ .memory = 256, .vcpus = 1, .on_poweroff = CONFIG_DESTROY,
				   .on_reboot = CONFIG_RESTART, .on_crash = CONFIG_PRESERVE };
	err = read_file(config, path, warn, fault);
	for (unsigned int i = 0; i < count && !err; i++)
		err = read_override(config, overrides[i], warn, fault);
	return err ? err : check(config, fault);
}
