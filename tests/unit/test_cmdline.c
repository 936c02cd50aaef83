// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's command line: every type of option, bad values leave the default and are named,
 * an unknown option is one warning, words of any length and spacing.
 *
 * SOURCES: hv/cmdline.c hv/string_util.c
 */
#include "tests/unit/tap.h"

#include <errno.h>
#include <string.h>

#include "hv/cmdline_options.h"
#include "hv/printk.h"

static char last_message[300];
static unsigned int message_count;

void printk(enum log_level level, const char *fmt, ...)
{
	va_list args;

	(void)level;
	va_start(args, fmt);
	vsnprintf(last_message, sizeof(last_message), fmt, args);
	va_end(args);
	message_count++;
}

/* The product's table is linked in; here its options are names only. */
#define NAME_ONLY(option) const struct cmdline_option option = {.name = #option, .help = "none"};
CMDLINE_OPTIONS(NAME_ONLY)

static u64 size_value;
static unsigned int uint_value;
static bool bool_value;
static char string_value[CMDLINE_STRING_MAX];
static char custom_value[CMDLINE_STRING_MAX];

static int parse_custom(const char *value)
{
	if (strcmp(value, "bad") == 0)
		return -EINVAL;
	snprintf(custom_value, sizeof(custom_value), "%s", value);
	return 0;
}

static const struct cmdline_option size_option = {"mem", CMDLINE_SIZE, &size_value, NULL, "SIZE"};
static const struct cmdline_option uint_option = {"cpus", CMDLINE_UINT, &uint_value, NULL, "N"};
static const struct cmdline_option bool_option = {"flag", CMDLINE_BOOL, &bool_value, NULL, "y"};
static const struct cmdline_option string_option = {
	"name", CMDLINE_STRING, string_value, NULL, "TEXT",
};
static const struct cmdline_option custom_option = {
	"custom", CMDLINE_CUSTOM, NULL, parse_custom, "good",
};

static const struct cmdline_option *const table[] = {
	&size_option, &uint_option, &bool_option, &string_option, &custom_option,
};

/* Number of words refused. */
static unsigned int parse(const char *line)
{
	message_count = 0;
	last_message[0] = '\0';
	return cmdline_parse_table(line, table, ARRAY_SIZE(table));
}

static void test_sizes(void)
{
	static const struct {
		const char *line;
		u64 value;
	} good[] = {
		{"mem=0", 0},
		{"mem=17", 17},
		{"mem=4K", 4096},
		{"mem=1024M", 1 * GIB},
		{"mem=2g", 2 * GIB},
		{"mem=0x10K", 16384},
		{"mem=1T", 1024 * GIB},
		{"mem=18446744073709551615", ~0ul},
	};
	static const char *const bad[] = {
		"mem",	    "mem=",	 "mem=K",
		"mem=1Q",   "mem=1KB",	 "mem=-1",
		"mem=1.5G", "mem=0x",	 "mem=18446744073709551616",
		"mem=16777216T", "mem=99999999999999999999999",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
		ok(parse(good[i].line) == 0 && size_value == good[i].value, good[i].line);
	size_value = 5;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		ok(parse(bad[i]) == 1 && size_value == 5 && message_count == 1 &&
			   strstr(last_message, "option mem: bad value"),
		   bad[i]);
}

static void test_numbers_and_flags(void)
{
	ok(parse("cpus=4294967295") == 0 && uint_value == 4294967295u, "largest number");
	ok(parse("cpus=4294967296") == 1 && uint_value == 4294967295u, "number too large");
	ok(parse("cpus=4x") == 1, "number with a tail");
	ok(parse("flag") == 0 && bool_value, "flag alone is yes");
	ok(parse("flag=off") == 0 && !bool_value, "flag=off");
	ok(parse("flag=on") == 0 && bool_value, "flag=on");
	ok(parse("flag=0") == 0 && !bool_value, "flag=0");
	ok(parse("flag=maybe") == 1 && !bool_value, "flag=maybe");
}

static void test_strings(void)
{
	char line[2 * CMDLINE_STRING_MAX] = "name=";

	ok(parse("name=a=b") == 0 && strcmp(string_value, "a=b") == 0, "value with an equals sign");
	ok(parse("custom=x,y") == 0 && strcmp(custom_value, "x,y") == 0, "custom parser");
	ok(parse("custom=bad") == 1 && strstr(last_message, "expected good"), "custom says what");
	memset(line + 5, 'n', CMDLINE_STRING_MAX - 1);
	ok(parse(line) == 0 && strlen(string_value) == CMDLINE_STRING_MAX - 1, "longest text");
	memset(line + 5, 'n', CMDLINE_STRING_MAX);
	ok(parse(line) == 1, "text too long");
}

static void test_lines(void)
{
	char line[1024];

	ok(parse("") == 0 && parse("   \t ") == 0, "empty lines");
	ok(parse(" mem=1M\t\tcpus=2  flag=no ") == 0 && size_value == MIB && uint_value == 2 &&
		   !bool_value,
	   "blanks and tabs");
	ok(parse("mem=1 mem=2") == 0 && size_value == 2, "the last one wins");
	ok(parse("nonsense mem=3 =x flags") == 3 && size_value == 3 && message_count == 3,
	   "unknown words are counted and warned about, the rest is used");
	ok(parse("me=1") == 1 && strstr(last_message, "unknown option \"me\""),
	   "a part of a name is unknown");
	memset(line, 'w', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	ok(parse(line) == 1 && strstr(last_message, "too long"), "a word of 1023 characters");
	memcpy(line + 900, " mem=9 ", 7);
	ok(parse(line) == 2 && size_value == 9, "and what follows it is used");
}

int main(void)
{
	test_sizes();
	test_numbers_and_flags();
	test_strings();
	test_lines();
	return tap_done();
}
