/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  machine-readable output: the dry run's description, and printing of any object.
 * Callers:  the commands.    Context: user space, one thread.    Locking: none.
 * Lifetime: json_print() takes the object over.    Errors: json-c aborts when memory runs out.
 */
#ifndef MINIBUS_TOOLS_LIB_JSON_H
#define MINIBUS_TOOLS_LIB_JSON_H

#include "tools/lib_config.h"
#include "tools/lib_loader.h"

#include <json-c/json.h>

struct json_object *json_from_config(const struct config *config);
struct json_object *json_from_plan(const struct loader_plan *plan);
void json_add_text(struct json_object *to, const char *key, const char *value);
void json_add_number(struct json_object *to, const char *key, uint64_t value);
/* To standard output, then frees it. */
void json_print(struct json_object *object);

#endif
