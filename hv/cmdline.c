/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words separated by blanks, name or name=value, each looked up in the table. The image's file
 * name, which some loaders put in front, was removed by boot/multiboot.c.
 */
#include "hv/cmdline.h"

#include "arch/x86/errno.h"
#include "hv/cmdline_options.h"
#include "hv/printk.h"
#include "hv/string.h"

#define WORD_MAX 128

#define CMDLINE_POINTER(option) &option,
static const struct cmdline_option *const options[] = {CMDLINE_OPTIONS(CMDLINE_POINTER)};

static int set_bool(bool *out, const char *value)
{
	static const char *const yes[] = {"", "1", "on", "yes", "true"};
	static const char *const no[] = {"0", "off", "no", "false"};

	for (unsigned int i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(value, yes[i]) == 0) {
			*out = true;
			return 0;
		}
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(no); i++) {
		if (strcmp(value, no[i]) == 0) {
			*out = false;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_uint(unsigned int *out, const char *value)
{
	u64 v;

	if (string_to_u64(value, &v) || v > 0xffffffffu)
		return -EINVAL;
	*out = (unsigned int)v;
	return 0;
}

static int set_option(const struct cmdline_option *option, const char *value)
{
	switch (option->type) {
	case CMDLINE_SIZE:
		return string_to_size(value, option->value);
	case CMDLINE_UINT:
		return set_uint(option->value, value);
	case CMDLINE_BOOL:
		return set_bool(option->value, value);
	case CMDLINE_STRING:
		if (strlen(value) >= CMDLINE_STRING_MAX)
			return -EINVAL;
		string_copy(option->value, value, CMDLINE_STRING_MAX);
		return 0;
	case CMDLINE_CUSTOM:
		return option->parse(value);
	}
	return -EINVAL;
}

/* word is changed: '=' becomes the end of the name. */
static int parse_word(char *word, const struct cmdline_option *const *table, unsigned int count)
{
	char *equals = strchr(word, '=');
	const char *value = "";

	if (equals) {
		*equals = '\0';
		value = equals + 1;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (strcmp(word, table[i]->name) != 0)
			continue;
		if (set_option(table[i], value) == 0)
			return 0;
		pr_warn("option %s: bad value \"%s\"; expected %s\n", word, value, table[i]->help);
		return -EINVAL;
	}
	pr_warn("unknown option \"%s\" on the command line is ignored\n", word);
	return -ENOENT;
}

unsigned int cmdline_parse_table(const char *line, const struct cmdline_option *const *table,
				 unsigned int count)
{
	unsigned int bad = 0;

	for (;;) {
		char word[WORD_MAX];
		size_t len = 0;

		while (*line == ' ' || *line == '\t')
			line++;
		if (!*line)
			return bad;
		while (line[len] && line[len] != ' ' && line[len] != '\t')
			len++;
		string_copy(word, line, MIN(len + 1, sizeof(word)));
		line += len;
		if (len >= sizeof(word)) {
			pr_warn("option \"%.20s...\" on the command line is too long\n", word);
			bad++;
		} else if (parse_word(word, table, count)) {
			bad++;
		}
	}
}

void cmdline_parse(const char *line)
{
	cmdline_parse_table(line, options, ARRAY_SIZE(options));
}

void cmdline_print_help(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
		pr_info("option %s: %s\n", options[i]->name, options[i]->help);
}
