// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest is a directory under guests/. Creating one takes steps that each may fail: directory,
 * attributes, build (the hypervisor's part), loading through NAME.memory, entry, devices, start.
 * Whatever was made is unmade in the reverse order.
 */
#include "tools/guest.h"

#include "tools/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dsdt.hex"

#define WAIT_STEP_MS 50
#define WAIT_NODE_MS 3000
#define WAIT_RMDIR_MS 30000
#define ENTRY_TEXT 512

static void sleep_ms(unsigned int ms)
{
	struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

void guest_release(struct guest_image *image)
{
	free(image->kernel);
	free(image->ramdisk);
	*image = (struct guest_image){ .kernel = NULL };
}

static uint64_t memory_bytes(const struct config *config)
{
	return (uint64_t)config->memory << 20;
}

int guest_read(const struct config *config, struct guest_image *image, struct fault *fault)
{
	struct loader_input *in = &image->input;
	size_t max = memory_bytes(config);
	int err;

	*image = (struct guest_image){ .kernel = NULL };
	err = tree_load(config->kernel, max, &image->kernel, &in->kernel.len, fault);
	if (!err && *config->ramdisk)
		err = tree_load(config->ramdisk, max, &image->ramdisk, &in->ramdisk.len, fault);
	if (err) {
		guest_release(image);
		return err;
	}
	in->kernel.path = config->kernel;
	in->kernel.data = image->kernel;
	in->ramdisk.path = config->ramdisk;
	in->ramdisk.data = image->ramdisk;
	in->type = config->type;
	in->cmdline = config->cmdline;
	in->vcpus = config->vcpus;
	in->dsdt = dsdt_aml_code;
	in->dsdt_len = sizeof(dsdt_aml_code);
	return 0;
}

int guest_plan(const struct config *config, const struct guest_image *image,
	       struct loader_plan *plan, struct fault *fault)
{
	struct guest_mem mem;

	mem_init_check(&mem, memory_bytes(config));
	return loader_load(&mem, &image->input, plan, fault);
}

bool guest_exists(const struct tree *tree, const char *name)
{
	char path[TREE_PATH];

	/* Guests made by hand may have names that create would not give; a path is none. */
	if (!*name || *name == '.' || strchr(name, '/'))
		return false;
	tree_path(path, tree->configfs, "guests/%s", name);
	return tree_exists(path);
}

void guest_ask(const struct tree *tree, const char *name, struct guest_status *status)
{
	char path[TREE_PATH];

	tree_path(path, tree->configfs, "guests/%s/state", name);
	if (tree_try_read(path, status->state, sizeof(status->state)))
		strcpy(status->state, "gone");
	tree_path(path, tree->configfs, "guests/%s/reason", name);
	if (tree_try_read(path, status->reason, sizeof(status->reason)) || !*status->reason)
		strcpy(status->reason, "-");
}

bool guest_ended(const struct guest_status *status)
{
	return !strcmp(status->state, "shutdown") || !strcmp(status->state, "dying") ||
	       !strcmp(status->state, "gone");
}

int guest_check_free(const struct tree *tree, const char *name, struct fault *fault)
{
	struct guest_status status;
	char path[TREE_PATH];

	tree_path(path, tree->configfs, "guests");
	if (!tree_exists(path))
		return fault_set(fault, ENODEV, "%s: no Minibus here; run 'minibus doctor'", path);
	if (!guest_exists(tree, name))
		return 0;
	guest_ask(tree, name, &status);
	return fault_set(fault, EEXIST, "a guest of this name exists (state %s); "
			 "take another name= or 'minibus destroy %s'", status.state, name);
}

int guest_control(const struct tree *tree, const char *name, const char *word,
		  struct fault *fault)
{
	char path[TREE_PATH];
	struct guest_status status;
	int err;

	if (!guest_exists(tree, name))
		return fault_set(fault, ENOENT, "no such guest; see 'minibus list'");
	tree_path(path, tree->configfs, "guests/%s/control", name);
	err = tree_try_write(path, word);
	if (!err)
		return 0;
	guest_ask(tree, name, &status);
	return fault_set(fault, -err, "%s: %s (state %s, reason %s); see 'minibus dmesg'", word,
			 strerror(-err), status.state, status.reason);
}

static int set_number(const struct tree *tree, const struct config *config, const char *attribute,
		      unsigned int value, struct fault *fault)
{
	char path[TREE_PATH], text[16];

	tree_path(path, tree->configfs, "guests/%s/%s", config->name, attribute);
	snprintf(text, sizeof(text), "%u", value);
	return tree_write(path, text, fault);
}

static int build(const struct tree *tree, const struct config *config, struct fault *fault)
{
	char path[TREE_PATH];
	uint64_t free_bytes = 0;
	int err = set_number(tree, config, "memory", config->memory, fault);

	if (!err)
		err = set_number(tree, config, "vcpus", config->vcpus, fault);
	if (!err && config->cr3_trace)
		err = set_number(tree, config, "cr3_trace", config->cr3_trace, fault);
	if (!err && config->tsc_khz)
		err = set_number(tree, config, "tsc_khz", config->tsc_khz, fault);
	if (err)
		return err;
	tree_path(path, tree->configfs, "guests/%s/control", config->name);
	err = tree_try_write(path, "build");
	if (err != -ENOMEM)
		return err ? fault_set(fault, -err, "build: %s; see 'minibus dmesg'",
				       strerror(-err)) : 0;
	tree_path(path, tree->sysfs, "memory_free");
	tree_try_read_u64(path, &free_bytes);
	return fault_set(fault, ENOMEM, "build: not enough memory for %u MiB, %llu MiB are free; "
			 "lower memory= or destroy a guest", config->memory,
			 (unsigned long long)free_bytes >> 20);
}

static int open_memory(const struct tree *tree, const char *name, struct fault *fault)
{
	char path[TREE_PATH];
	int fd;

	tree_path(path, tree->dev, "%s.memory", name);
	/* The kernel thread behind devtmpfs may need a moment. */
	for (unsigned int waited = 0; ; waited += WAIT_STEP_MS) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT || waited >= WAIT_NODE_MS)
			break;
		sleep_ms(WAIT_STEP_MS);
	}
	if (fd < 0)
		return fault_set(fault, errno, "%s: %s; is devtmpfs mounted on /dev?", path,
				 strerror(errno));
	return fd;
}

static int load(const struct tree *tree, const struct config *config,
		const struct guest_image *image, struct fault *fault)
{
	struct loader_plan plan;
	const struct mb_vcpu_state *e = &plan.entry;
	struct mem_file file;
	char path[TREE_PATH], text[ENTRY_TEXT];
	int err, fd = open_memory(tree, config->name, fault);

	if (fd < 0)
		return fd;
	mem_init_file(&file, memory_bytes(config), fd);
	err = loader_load(&file.mem, &image->input, &plan, fault);
	close(fd);
	if (err)
		return err;
	snprintf(text, sizeof(text), "mode=%s rip=0x%llx rsp=0x%llx rax=0x%llx rbx=0x%llx "
		 "rcx=0x%llx rdx=0x%llx rsi=0x%llx rdi=0x%llx cr3=0x%llx",
		 e->mode == MB_MODE_LONG64 ? "long64" : "flat32", (unsigned long long)e->rip,
		 (unsigned long long)e->rsp, (unsigned long long)e->rax,
		 (unsigned long long)e->rbx, (unsigned long long)e->rcx,
		 (unsigned long long)e->rdx, (unsigned long long)e->rsi,
		 (unsigned long long)e->rdi, (unsigned long long)e->cr3);
	tree_path(path, tree->configfs, "guests/%s/entry", config->name);
	return tree_write(path, text, fault);
}

/* rmdir waits for nobody: a link or an open file that is just going away answers EBUSY. */
static int remove_directory(const char *path)
{
	for (unsigned int waited = 0; rmdir(path); waited += WAIT_STEP_MS) {
		if (errno == ENOENT)
			return 0;
		if ((errno != EBUSY && errno != EAGAIN) || waited >= WAIT_RMDIR_MS)
			return -errno;
		sleep_ms(WAIT_STEP_MS);
	}
	return 0;
}

int guest_create(const struct tree *tree, const struct config *config,
		 const struct guest_image *image, bool paused, struct fault *fault)
{
	char dir[TREE_PATH];
	struct fault ignored = { 0 };
	unsigned int devices = 0;
	int err = guest_check_free(tree, config->name, fault);

	if (err)
		return err;
	tree_path(dir, tree->configfs, "guests/%s", config->name);
	if (mkdir(dir, 0755))
		return fault_set(fault, errno, "%s: %s; run 'minibus doctor'", dir,
				 strerror(errno));
	err = build(tree, config, fault);
	if (!err)
		err = load(tree, config, image, fault);
	if (!err)
		err = device_create_all(tree, config, &devices, fault);
	if (!err && !paused)
		err = guest_control(tree, config->name, "start", fault);
	if (err) {
		device_unlink_all(tree, config->name, &ignored);
		remove_directory(dir);
		device_undo(tree, config, devices);
	}
	return err;
}

int guest_destroy(const struct tree *tree, const char *name, struct fault *fault)
{
	char path[TREE_PATH];
	int err;

	if (!guest_exists(tree, name))
		return fault_set(fault, ENOENT, "no such guest; see 'minibus list'");
	/* A guest that stands still cannot delay the unplugging. It may have ended already. */
	tree_path(path, tree->configfs, "guests/%s/control", name);
	tree_try_write(path, "stop");
	err = device_unlink_all(tree, name, fault);
	if (err)
		return err;
	tree_path(path, tree->configfs, "guests/%s", name);
	err = remove_directory(path);
	if (err)
		return fault_set(fault, -err, "%s: %s; who has its memory or console open? "
				 "(fuser /dev/minibus/%s.*)", path, strerror(-err), name);
	return device_destroy_all(tree, name, fault);
}
