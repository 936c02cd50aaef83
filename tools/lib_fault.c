// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors as sentences. The first one wins: what follows while undoing is only a consequence.
 */
#include "tools/lib_fault.h"

#include <stdarg.h>
#include <stdio.h>

int fault_set(struct fault *fault, int err, const char *format, ...)
{
	va_list args;

	if (!fault->err) {
		fault->err = err;
		va_start(args, format);
		vsnprintf(fault->text, sizeof(fault->text), format, args);
		va_end(args);
	}
	return -err;
}
