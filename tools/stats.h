/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  the counters in debugfs: lines "name value" in one file per vCPU, bus and device.
 * Callers:  cmd_list.c (run time), cmd_stats.c.    Context: user space, one thread.
 * Locking:  none.    Lifetime: no state.    Errors: a file that is not there counts nothing.
 */
#ifndef MINIBUS_TOOLS_STATS_H
#define MINIBUS_TOOLS_STATS_H

#include "tools/lib_tree.h"

typedef void stats_line(void *context, const char *name, uint64_t value);

/* The directory of a domain's files; name is a guest or "dom0". */
void stats_dir(char path[TREE_PATH], const struct tree *tree, const char *name);
/* Calls line() for each line of one file; 0 or -errno. */
int stats_read(const char *path, stats_line *line, void *context);
/* run_ns of all vCPUs. */
uint64_t stats_run_ns(const struct tree *tree, const char *name);

#endif
