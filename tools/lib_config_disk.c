// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks in a configuration file. The path is not looked at here: it is opened when the guest is
 * made.
 */
#include "tools/lib_config_disk.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib_words.h"

#define QUEUES_MAX 16 /* VB_BLK_MAX_QUEUES */

static int set_path(struct config_disk *disk, const char *value)
{
	if (*value != '/' || strlen(value) >= sizeof(disk->path))
		return -1;
	strcpy(disk->path, value);
	return 0;
}

static int set_name(struct config_disk *disk, const char *value)
{
	size_t len = strlen(value);

	if (!len || len >= sizeof(disk->name))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)value[i]))
			return -1;
	memcpy(disk->name, value, len + 1);
	return 0;
}

static int set_number(unsigned int *to, const char *value, unsigned int min, unsigned int max)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || number < min || number > max)
		return -1;
	*to = (unsigned int)number;
	return 0;
}

static int set_word(void *to, const char *word, const char *value, struct fault *fault)
{
	struct config_disk *disk = to;

	if (!strncmp(word, "path=", 5))
		return set_path(disk, value) ?
			words_refuse("disk", word, "not a path that begins with / (511 characters)",
				     fault) : 0;
	if (!strncmp(word, "name=", 5))
		return set_name(disk, value) ?
			words_refuse("disk", word, "not 1 to 20 printable characters", fault) : 0;
	if (!strncmp(word, "readonly=", 9))
		return set_number(&disk->readonly, value, 0, 1) ?
			words_refuse("disk", word, "not 0 or 1", fault) : 0;
	if (!strncmp(word, "queues=", 7))
		return set_number(&disk->queues, value, 1, QUEUES_MAX) ?
			words_refuse("disk", word, "not a number from 1 to 16", fault) : 0;
	return words_refuse("disk", word, "unknown; it takes path=, name=, readonly=, queues=",
			    fault);
}

int config_disk_parse(struct config_disk *disk, const char *text, struct fault *fault)
{
	int err;

	*disk = (struct config_disk){ .readonly = 0 };
	err = words_parse("disk", text, set_word, disk, fault);
	if (!err && !*disk->path)
		err = words_refuse("disk", text, "no path; write path=/dev/...", fault);
	return err;
}
