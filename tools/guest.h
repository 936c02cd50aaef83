/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Purpose:  life of a guest as file operations: made, started, asked, taken away.
 * Callers:  the commands.    Context: user space, one thread.
 * Locking:  none here; mkdir of the guest's directory decides between two creators of one name.
 * Lifetime: struct guest_image owns the files it read until guest_release().
 * Errors:   -errno with a fault. guest_create() leaves nothing behind when it fails.
 */
#ifndef MINIBUS_TOOLS_GUEST_H
#define MINIBUS_TOOLS_GUEST_H

#include "tools/lib_config.h"
#include "tools/lib_loader.h"
#include "tools/lib_tree.h"

#define GUEST_STATE 32
#define GUEST_REASON 160

struct guest_image {
	struct loader_input input;
	uint8_t *kernel, *ramdisk;
};

struct guest_status {
	char state[GUEST_STATE];   /* new built running paused shutdown dying, or gone */
	char reason[GUEST_REASON]; /* "-" unless state is shutdown */
};

/* Reads the kernel and the ramdisk. */
int guest_read(const struct config *config, struct guest_image *image, struct fault *fault);
void guest_release(struct guest_image *image);
/* Everything that can be checked without Minibus: would these files start in this memory? */
int guest_plan(const struct config *config, const struct guest_image *image,
	       struct loader_plan *plan, struct fault *fault);

bool guest_exists(const struct tree *tree, const char *name);
/* -EEXIST with advice if the name is taken, -ENODEV if Minibus is not there. */
int guest_check_free(const struct tree *tree, const char *name, struct fault *fault);
/* paused: built and loaded, but not started. */
int guest_create(const struct tree *tree, const struct config *config,
		 const struct guest_image *image, bool paused, struct fault *fault);
int guest_control(const struct tree *tree, const char *name, const char *word,
		  struct fault *fault);
/* Takes the guest, its links and the devices create made for it. */
int guest_destroy(const struct tree *tree, const char *name, struct fault *fault);
/* Never fails: a guest that is not there is "gone". */
void guest_ask(const struct tree *tree, const char *name, struct guest_status *status);
bool guest_ended(const struct guest_status *status);

#endif
