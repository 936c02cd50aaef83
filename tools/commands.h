/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the commands of `minibus`, one function each, and how they report.
 * Callers:  main.c's table.    Context: user space, one thread.    Locking: none.
 * Lifetime: argv[0] is the command's full name; options are still to be parsed.
 * Errors:   the result is the exit status: COMMAND_*, or one of the CREATE_* of `create -w`.
 */
#ifndef MINIBUS_TOOLS_COMMANDS_H
#define MINIBUS_TOOLS_COMMANDS_H

#include "tools/lib_fault.h"
#include "tools/lib_tree.h"

#define COMMAND_OK 0
#define COMMAND_FAILED 1
#define COMMAND_USAGE 2

/* create -w and -c: how the guest ended (poweroff is 0). */
#define CREATE_REBOOT 10
#define CREATE_CRASH 11
#define CREATE_TRIPLE_FAULT 12
#define CREATE_KILLED 13
#define CREATE_DESTROYED 14
#define CREATE_SIGNAL 128 /* + the signal's number */

int cmd_create(const struct tree *tree, int argc, char **argv);
int cmd_list(const struct tree *tree, int argc, char **argv);
int cmd_console(const struct tree *tree, int argc, char **argv);
int cmd_destroy(const struct tree *tree, int argc, char **argv);
int cmd_pause(const struct tree *tree, int argc, char **argv);
int cmd_unpause(const struct tree *tree, int argc, char **argv);
int cmd_dmesg(const struct tree *tree, int argc, char **argv);
int cmd_info(const struct tree *tree, int argc, char **argv);
int cmd_stats(const struct tree *tree, int argc, char **argv);
int cmd_trace(const struct tree *tree, int argc, char **argv);
int cmd_doctor(const struct tree *tree, int argc, char **argv);

/* "minibus: COMMAND NAME: text" to standard error; name may be "". Returns COMMAND_FAILED. */
int commands_fail(const char *command, const char *name, const struct fault *fault);
/* The usage line of a command to standard error. Returns COMMAND_USAGE. */
int commands_usage(const char *command);

#endif
