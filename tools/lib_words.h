/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  "word=value,word=value": how one device is written in a configuration file.
 * Callers:  lib_config_net.c, lib_config_disk.c.    Context: any.    Locking: none.
 * Lifetime: no state.
 * Errors:   -EINVAL with a fault that names the word that is wrong; what set() returns ends it too.
 */
#ifndef MINIBUS_TOOLS_LIB_WORDS_H
#define MINIBUS_TOOLS_LIB_WORDS_H

#include "tools/lib_fault.h"

/* One word, white space around it removed; value points behind its first '='. */
typedef int words_set(void *to, const char *word, const char *value, struct fault *fault);

/* key begins the text of a fault: "net". Empty words are passed over. */
int words_parse(const char *key, const char *text, words_set *set, void *to, struct fault *fault);
/* Always -EINVAL, with "key: 'word': why". */
int words_refuse(const char *key, const char *word, const char *why, struct fault *fault);

#endif
