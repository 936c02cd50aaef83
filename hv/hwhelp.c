// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of hardware help and its two options. The machine's quirks come from probe(), the user's
 * wishes from the command line, which is read before: so a wish is kept apart and wins.
 */
#include "hv/hwhelp.h"

#include "arch/x86/errno.h"
#include "hv/cmdline_options.h"
#include "hv/printk.h"
#include "hv/string.h"

#define LINE_MAX 200

#define NAME(id, name) name,
static const char *const names[] = {HW_HELP_LIST(NAME)};
#undef NAME
STATIC_ASSERT(HW_HELP_COUNT <= 64); /* one bit each */

static u64 forbidden, demanded; /* by the command line; never both */
static u64 quirks;
static u64 used, off, unused;

/* One name of the list at s, up to a comma or the end; 0: there is no such help. */
static u64 find(const char *s, size_t len)
{
	if (len == 3 && strncmp(s, "all", len) == 0)
		return ~0ul;
	for (u32 i = 0; i < HW_HELP_COUNT; i++)
		if (strlen(names[i]) == len && strncmp(s, names[i], len) == 0)
			return BIT(i);
	return 0;
}

/* A list with one bad word is refused whole: half of it would be a surprise. */
static int parse_list(const char *s, u64 *mask)
{
	*mask = 0;
	for (;;) {
		const char *comma = strchr(s, ',');
		u64 bit = find(s, comma ? (size_t)(comma - s) : strlen(s));

		if (!bit)
			return -EINVAL;
		*mask |= bit;
		if (!comma)
			return 0;
		s = comma + 1;
	}
}

/* Of two options that name the same help the later one counts. */
static int parse_nohelp(const char *value)
{
	u64 mask;

	if (parse_list(value, &mask))
		return -EINVAL;
	forbidden |= mask;
	demanded &= ~mask;
	return 0;
}

static int parse_help(const char *value)
{
	u64 mask;

	if (parse_list(value, &mask))
		return -EINVAL;
	demanded |= mask;
	forbidden &= ~mask;
	return 0;
}

#define COMMA_NAME(id, name) name ","
#define EVERY_NAME HW_HELP_LIST(COMMA_NAME) "all"

const struct cmdline_option option_nohelp = {
	.name = "nohelp",
	.type = CMDLINE_CUSTOM,
	.parse = parse_nohelp,
	.help = "LIST of hardware help not to use: " EVERY_NAME,
};

const struct cmdline_option option_help = {
	.name = "help",
	.type = CMDLINE_CUSTOM,
	.parse = parse_help,
	.help = "LIST of hardware help to use though it is off for this machine: " EVERY_NAME,
};

bool hw_help(enum hw_help what, bool present)
{
	u64 bit = BIT(what);

	if (!present)
		return false;
	if (forbidden & bit || (quirks & bit && !(demanded & bit))) {
		off |= bit;
		return false;
	}
	used |= bit;
	return true;
}

void hw_help_quirk(enum hw_help what)
{
	quirks |= BIT(what);
}

void hw_help_unused(enum hw_help what, bool present)
{
	if (present)
		unused |= BIT(what);
}

struct hw_help_masks hw_help_masks(void)
{
	return (struct hw_help_masks){used, off, unused};
}

static int add(char *line, int len, const char *text)
{
	return len + snprintf(line + len, LINE_MAX - (size_t)len, "%s", text);
}

/* Adds the title, unless it is empty, and the names of the mask. */
static int add_names(char *line, int len, const char *title, u64 mask)
{
	if (!mask)
		return len;
	len = add(line, len, title);
	for (u32 i = 0; i < HW_HELP_COUNT; i++) {
		if (mask & BIT(i)) {
			len = add(line, len, " ");
			len = add(line, len, names[i]);
		}
	}
	return len;
}

void hw_help_print(void)
{
	char line[LINE_MAX] = "";
	int len = used ? 0 : add(line, 0, " none");

	len = add_names(line, len, "", used);
	len = add_names(line, len, "; off:", off & forbidden);
	if (off & forbidden)
		len = add(line, len, " (nohelp=)");
	len = add_names(line, len, "; off here:", off & ~forbidden);
	if (off & ~forbidden)
		len = add(line, len, " (help=)");
	add_names(line, len, "; no use for:", unused);
	pr_info("hardware help:%s\n", line);
}
