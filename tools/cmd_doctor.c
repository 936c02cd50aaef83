// SPDX-License-Identifier: GPL-2.0-only
/*
 * minibus doctor: is everything there that guests need? One line per check: "ok", or "FAIL" (create
 * will not work), or "note" (something is missing that not every guest needs), with what to do.
 */
#include "tools/commands.h"

#include "hv/abi/cpuid.h"

#include <cpuid.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#define MEMORY_LOW (64ull << 20)

enum verdict { OK, NOTE, FAIL };

static bool failed;

static void say(enum verdict verdict, const char *what, const char *advice)
{
	static const char *const words[] = { "ok  ", "note", "FAIL" };

	printf("%s  %s%s%s\n", words[verdict], what, verdict == OK ? "" : ": ",
	       verdict == OK ? "" : advice);
	if (verdict == FAIL)
		failed = true;
}

/* 0 and the leaf if CPUID shows Minibus here. */
static int cpuid_version(unsigned int *abi, bool *privileged)
{
	unsigned int a, b, c, d;

	__cpuid(MB_CPUID_BASE, a, b, c, d);
	if (a < MB_CPUID_VERSION || b != MB_CPUID_SIG_EBX || c != MB_CPUID_SIG_ECX ||
	    d != MB_CPUID_SIG_EDX)
		return -1;
	__cpuid(MB_CPUID_VERSION, a, b, c, d);
	*abi = a;
	*privileged = b & MB_FEATURE_PRIVILEGED;
	return 0;
}

/* dom0's CPUID is the machine's own once minibus.ko is loaded: then the module's word counts. */
static bool check_hypervisor(const struct tree *tree)
{
	char path[TREE_PATH], text[64];
	unsigned int abi = MB_ABI_VERSION;
	bool privileged = true;
	uint64_t domid = 0;

	tree_path(path, tree->sysfs, "domid");
	if (!tree_try_read_u64(path, &domid)) {
		privileged = domid == 0;
	} else if (cpuid_version(&abi, &privileged)) {
		say(FAIL, "not under Minibus", "boot this system by the Minibus entry of the menu");
		return false;
	}
	say(OK, "under Minibus", "");
	snprintf(text, sizeof(text), "ABI %u.%u", abi >> 16, abi & 0xffff);
	say(abi >> 16 == MB_ABI_VERSION >> 16 ? OK : FAIL, text,
	    "this tool speaks ABI 1; install tool and hypervisor of the same release");
	say(privileged ? OK : FAIL, "privileged domain",
	    "this is a guest; guests are made in dom0");
	return true;
}

static void check_module(const struct tree *tree, const char *name, enum verdict missing)
{
	char path[TREE_PATH], text[64], advice[96];
	bool there;

	tree_path(path, tree->sys, "module/%s", name);
	there = tree_exists(path);
	snprintf(text, sizeof(text), "module %s%s", name, there ? "" : " is not loaded");
	snprintf(advice, sizeof(advice), "modprobe %s", name);
	say(there ? OK : missing, text, advice);
}

static void check_memory(const struct tree *tree)
{
	char path[TREE_PATH], text[64];
	uint64_t bytes = 0;
	int err;

	tree_path(path, tree->sysfs, "memory_free");
	err = tree_try_read_u64(path, &bytes);
	snprintf(text, sizeof(text), "%llu MiB free for guests", (unsigned long long)bytes >> 20);
	say(err ? FAIL : bytes < MEMORY_LOW ? NOTE : OK, err ? "free memory is unknown" : text,
	    err ? "modprobe minibus" : "give dom0 less (dom0_mem= on the hypervisor's line) or "
				       "destroy a guest");
}

static void check_bridge(const struct tree *tree)
{
	static struct tree_names names;
	char path[TREE_PATH], text[TREE_NAME + 16];

	tree_path(path, tree->sys, "class/net");
	tree_list(path, &names);
	for (unsigned int i = 0; i < names.count; i++) {
		tree_path(path, tree->sys, "class/net/%s/bridge", names.name[i]);
		if (!tree_exists(path))
			continue;
		snprintf(text, sizeof(text), "bridge %s", names.name[i]);
		say(OK, text, "");
		return;
	}
	say(NOTE, "no bridge", "for net=[\"bridge=br0\"]: ip link add br0 type bridge; "
			       "ip link set br0 up");
}

int cmd_doctor(const struct tree *tree, int argc, char **argv)
{
	char path[TREE_PATH];

	if (getopt(argc, argv, "") != -1 || optind != argc)
		return commands_usage("doctor");
	failed = false;
	say(geteuid() ? NOTE : OK, geteuid() ? "not root" : "root",
	    "most commands need root, or rights on the files under guests/");
	/* Without the hypervisor the rest would only repeat that. */
	if (!check_hypervisor(tree))
		return COMMAND_FAILED;
	check_module(tree, "vbus", FAIL);
	check_module(tree, "minibus", FAIL);
	check_module(tree, "vbus_net", NOTE);
	check_module(tree, "vbus_blk", NOTE);
	check_module(tree, "vbus_echo", NOTE);
	tree_path(path, tree->configfs, "guests");
	say(tree_exists(path) ? OK : FAIL, path,
	    "mount -t configfs config /sys/kernel/config; modprobe minibus");
	tree_path(path, tree->dev, "log");
	say(tree_exists(path) ? OK : FAIL, path, "mount -t devtmpfs dev /dev");
	say(tree_exists(tree->debugfs) ? OK : NOTE, tree->debugfs,
	    "for stats: mount -t debugfs debug /sys/kernel/debug");
	check_memory(tree);
	check_bridge(tree);
	return failed ? COMMAND_FAILED : COMMAND_OK;
}
