// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words of a device in a configuration file, written as in xl's vif=[...] and disk=[...].
 */
#include "tools/lib_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORD 1100 /* a path and its name */

int words_refuse(const char *key, const char *word, const char *why, struct fault *fault)
{
	return fault_set(fault, EINVAL, "%s: '%s': %s", key, word, why);
}

int words_parse(const char *key, const char *text, words_set *set, void *to, struct fault *fault)
{
	while (*text) {
		size_t len = strcspn(text, ",");
		const char *start = text, *value;
		char word[WORD];
		int err;

		text += len + (text[len] == ',');
		while (len && isspace((unsigned char)*start))
			start++, len--;
		while (len && isspace((unsigned char)start[len - 1]))
			len--;
		if (!len)
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)len, start);
		value = strchr(word, '=');
		if (len >= sizeof(word) || !value)
			return words_refuse(key, word, "not of the form word=value", fault);
		err = set(to, word, value + 1, fault);
		if (err)
			return err;
	}
	return 0;
}
