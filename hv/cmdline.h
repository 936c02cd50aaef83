/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the hypervisor's command line. Each option is a static variable of the file that uses
 *           it; that file exports a `const struct cmdline_option` and cmdline.c lists it.
 * Callers:  hv/main.c parses; option owners. Context: boot CPU, once, before options are used.
 * Locking:  none. Lifetime: values are constant afterwards.
 * Errors:   an unknown option or a bad value is one warning line naming it; the default stays.
 */
#ifndef MINIBUS_HV_CMDLINE_H
#define MINIBUS_HV_CMDLINE_H

#include "arch/x86/types.h"

enum cmdline_type {
	CMDLINE_SIZE,	/* u64; K, M, G, T suffixes */
	CMDLINE_UINT,	/* unsigned int */
	CMDLINE_BOOL,	/* bool; "x", x=1, x=on, x=yes, and 0/off/no */
	CMDLINE_STRING, /* char[CMDLINE_STRING_MAX] */
	CMDLINE_CUSTOM, /* parse(value) returns 0 or -errno */
};

#define CMDLINE_STRING_MAX 64

struct cmdline_option {
	const char *name;
	enum cmdline_type type;
	void *value;
	int (*parse)(const char *value);
	const char *help;
};

/*
 * To add an option: in its file `static u64 dom0_mem; const struct cmdline_option option_dom0_mem =
 * {.name = "dom0_mem", .type = CMDLINE_SIZE, .value = &dom0_mem, .help = "..."};` and one line in
 * cmdline_options.h.
 */
void cmdline_parse(const char *line);

/* Parses against a given table; returns the number of options that were unknown or bad. */
unsigned int cmdline_parse_table(const char *line, const struct cmdline_option *const *table,
				 unsigned int count);

/* Prints name and help of every option at info level. */
void cmdline_print_help(void);

#endif
