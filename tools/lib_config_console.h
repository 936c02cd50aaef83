/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  one string of console=[...]: "ports=4".
 * Callers:  lib_config.c, tests.    Context: any.    Locking: none.    Lifetime: no state.
 * Errors:   -EINVAL with a fault that names the word that is wrong.
 */
#ifndef MINIBUS_TOOLS_LIB_CONFIG_CONSOLE_H
#define MINIBUS_TOOLS_LIB_CONFIG_CONSOLE_H

#include "tools/lib_config.h"

int config_console_parse(struct config_console *console, const char *text, struct fault *fault);

#endif
