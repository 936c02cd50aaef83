// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options nohelp= and help= against what the machine has and its quirks: what is used, what the
 * boot line and the masks say, and that a list with a wrong word changes nothing. Each case starts
 * from the beginning in a process of its own, as the hypervisor does.
 *
 * SOURCES: hv/hwhelp.c tests/fake_arch/fake_cpu.c
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake.h"
#include "hv/cmdline_options.h"
#include "hv/hwhelp.h"
#include "tap.h"

/* The help kinds the test's machine has, and which of them is a quirk or without a use. */
#define HAS (BIT(HW_HELP_NRIPS) | BIT(HW_HELP_PAUSE) | BIT(HW_HELP_AVIC))
#define QUIRK BIT(HW_HELP_AVIC)
#define UNUSED_HERE HW_HELP_VGIF

struct boot_case {
	const char *nohelp, *help; /* NULL: not given */
	bool help_first;
	u64 used, off;
	const char *line;
};

static const struct boot_case cases[] = {
	{NULL, NULL, false, HAS & ~QUIRK, QUIRK,
	 "hardware help: nrips pause; off here: avic (help=); no use for: vgif\n"},
	{"nrips", NULL, false, BIT(HW_HELP_PAUSE), QUIRK | BIT(HW_HELP_NRIPS),
	 "hardware help: pause; off: nrips (nohelp=); off here: avic (help=); no use for: vgif\n"},
	{"all", NULL, false, 0, HAS,
	 "hardware help: none; off: nrips pause avic (nohelp=); no use for: vgif\n"},
	{NULL, "avic", false, HAS, 0, "hardware help: nrips pause avic; no use for: vgif\n"},
	{"all", "avic,pause", false, BIT(HW_HELP_AVIC) | BIT(HW_HELP_PAUSE), BIT(HW_HELP_NRIPS),
	 "hardware help: pause avic; off: nrips (nohelp=); no use for: vgif\n"},
	{"all", "pause", true, 0, HAS,
	 "hardware help: none; off: nrips pause avic (nohelp=); no use for: vgif\n"},
	{"posted,vpid", NULL, false, HAS & ~QUIRK, QUIRK,
	 "hardware help: nrips pause; off here: avic (help=); no use for: vgif\n"},
};

static const char *const bad_lists[] = {
	"",	  ",",		 "nrips,",	 ",nrips", "nrip",
	"nripsx", "nrips pause", "nrips,,pause", "NRIPS",  "all,no",
};

/* One boot: the options, then the probe. */
static bool boot(const struct boot_case *c)
{
	bool good = true;

	if (c->help_first)
		good = !option_help.parse(c->help);
	if (c->nohelp)
		good &= !option_nohelp.parse(c->nohelp);
	if (c->help && !c->help_first)
		good &= !option_help.parse(c->help);
	for (u32 i = 0; i < HW_HELP_COUNT; i++) {
		if (QUIRK & BIT(i))
			hw_help_quirk((enum hw_help)i);
		if (i == UNUSED_HERE)
			hw_help_unused(UNUSED_HERE, true);
		else
			good &= hw_help((enum hw_help)i, HAS & BIT(i)) == !!(c->used & BIT(i));
	}
	fake_printed = 0;
	hw_help_print();
	return good && fake_printed == 1 && !strcmp(fake_last_line, c->line) &&
	       hw_help_masks().used == c->used && hw_help_masks().off == c->off &&
	       hw_help_masks().unused == BIT(UNUSED_HERE);
}

static bool in_child(const struct boot_case *c)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(boot(c) ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
	bool refused = true;
	char what[80];

	fake_cpu_set(0);
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(what, sizeof(what), "nohelp=%s help=%s%s",
			 cases[i].nohelp ? cases[i].nohelp : "", cases[i].help ? cases[i].help : "",
			 cases[i].help_first ? " (first)" : "");
		ok(in_child(&cases[i]), what);
	}
	for (u32 i = 0; i < ARRAY_SIZE(bad_lists); i++)
		refused = refused && option_nohelp.parse(bad_lists[i]) &&
			  option_help.parse(bad_lists[i]);
	ok(refused, "lists with a wrong word are refused");
	ok(in_child(&cases[0]), "... and change nothing");
	hw_help_unused(HW_HELP_VGIF, false);
	ok(!hw_help_masks().unused, "what is not there is not named");
	ok(strstr(option_nohelp.help, "nrips,decode,") && strstr(option_nohelp.help, ",all"),
	   "the options' help names every kind");
	return tap_done();
}
