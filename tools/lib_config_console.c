// SPDX-License-Identifier: GPL-2.0-only
/*
 * Console devices in a configuration file.
 */
#include "tools/lib_config_console.h"

#include "vbus/abi/console.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int config_console_parse(struct config_console *console, const char *text, struct fault *fault)
{
	unsigned long ports;
	char *end;

	*console = (struct config_console){ .ports = 0 };
	if (!*text)
		return 0;
	if (strncmp(text, "ports=", 6))
		return fault_set(fault, EINVAL, "console: '%s': unknown; it takes ports=", text);
	ports = strtoul(text + 6, &end, 10);
	if (!isdigit((unsigned char)text[6]) || *end || !ports || ports > VB_CONSOLE_MAX_PORTS)
		return fault_set(fault, EINVAL, "console: '%s': not a number from 1 to %u", text,
				 VB_CONSOLE_MAX_PORTS);
	console->ports = (unsigned int)ports;
	return 0;
}
