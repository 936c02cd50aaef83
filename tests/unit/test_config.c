// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of a guest: defaults, overrides, what is refused and how, warnings of unknown keys.
 * lib_config.c needs the names of the loader types; they are given here, without the loaders.
 *
 * SOURCES: tools/lib_config.c tools/lib_config_net.c tools/lib_config_disk.c
 * SOURCES: tools/lib_config_console.c tools/lib_words.c tools/lib_fault.c
 * LIBS: -lconfig
 */
#include "tests/unit/tap.h"

#include "tools/lib_config.h"
#include "tools/lib_config_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const loader_type_names[LOADER_TYPES] = { "detect", "linux", "pvh", "multiboot" };

static struct config c;
static struct fault fault;
static char warnings[1024];

static void warn(const char *text)
{
	strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 1);
}

static int load(const char *text, char *const overrides[], unsigned int count)
{
	char path[] = "/tmp/minibus-config-XXXXXX";
	int fd = mkstemp(path), err;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
	fault = (struct fault){ 0 };
	*warnings = 0;
	err = config_load(&c, path, overrides, count, warn, &fault);
	unlink(path);
	return err;
}

static int refused(const char *text, const char *why)
{
	if (load(text, NULL, 0) < 0 && strstr(fault.text, why))
		return 1;
	printf("# said: %s\n", fault.text);
	return 0;
}

#define MIN "name=\"a\"; kernel=\"/k\";\n"

static void test_good(void)
{
	char *over[] = { "memory=512", "cmdline=root=/dev/x \"quoted\" \\",
			 "net=bridge=br1,mtu=9000",
			 "vcpus=4", "type=pvh", "on_crash=destroy" };
	char *lists[] = { "net=[\"bridge=br2\",\"\"]", "cmdline=", "echo=0" };
	char *small[] = { "console=ports=3", "rng=false", "balloon=0" };
	char mac[18];

	ok(!load(MIN, NULL, 0) && c.memory == 256 && c.vcpus == 1 && c.type == LOADER_DETECT &&
	   !c.cr3_trace && !c.nets && c.on_poweroff == CONFIG_DESTROY &&
	   c.on_reboot == CONFIG_RESTART && c.on_crash == CONFIG_PRESERVE, "defaults");
	ok(!load("# comment\nname = \"demo\"\nmemory = 128\nkernel = \"/k\"; ramdisk=\"/r\";"
		 "cmdline = \"a b\";"
		 "net = [ \"bridge=br0 , mac=52:54:00:12:34:56,mtu=1400\", \"\" ];"
		 "echo = 2; share=\"all\"; type=\"linux\"; on_reboot=\"preserve\";"
		 "cr3_trace=1;tsc_khz=4000000000L;", NULL, 0) &&
	   c.tsc_khz == 4000000000u &&
	   c.memory == 128 && c.cr3_trace == 1 && c.nets == 2 && !strcmp(c.net[0].bridge, "br0") &&
	   c.net[0].mtu == 1400 &&
	   !strcmp(c.net[0].mac, "52:54:00:12:34:56") && c.echos == 2 && c.type == LOADER_LINUX &&
	   c.on_reboot == CONFIG_PRESERVE, "all keys");
	ok(!strncmp(c.net[1].mac, "02:4d:42:", 9), "a MAC address is made up");
	strcpy(mac, c.net[1].mac);
	config_net_make_mac(&c.net[1], "demo", 1);
	ok(!strcmp(mac, c.net[1].mac), "... the same each time");
	ok(!load(MIN, over, 6) && c.memory == 512 && c.vcpus == 4 && c.type == LOADER_PVH &&
	   !strcmp(c.cmdline, "root=/dev/x \"quoted\" \\") && c.nets == 1 && c.net[0].mtu == 9000 &&
	   c.on_crash == CONFIG_DESTROY, "key=value overrides");
	ok(!load(MIN "cmdline=\"x\";echo=3;", lists, 3) && c.nets == 2 && !*c.cmdline && !c.echos,
	   "overrides with a list, with nothing, with 0");
	ok(!load(MIN, NULL, 0) && !c.consoles && !c.rng && !c.rng_rate && !c.balloon,
	   "no console, rng or balloon unless wished for");
	ok(!load(MIN "console=[\"ports=16\",\"\"]; rng=true; rng_rate=4096; balloon=true;", NULL,
		 0) && c.consoles == 2 && c.console[0].ports == 16 && !c.console[1].ports &&
	   c.rng == 1 && c.rng_rate == 4096 && c.balloon == 1, "console, rng, balloon");
	ok(!load(MIN "rng=1; balloon=true;", small, 3) && c.consoles == 1 && !c.rng &&
	   c.console[0].ports == 3 && !c.balloon, "... as numbers and overrides");
	ok(!load(MIN "vif=[\"x\"]; foo=1;", NULL, 0) && strstr(warnings, "'vif': write net=") &&
	   strstr(warnings, "'foo': ignored"), "unknown keys warn, with a hint for xl's");
}

static void test_disks(void)
{
	char *over[] = { "disk=path=/x,queues=4" };

	ok(!load(MIN "disk=[\"path=/dev/vg/x , name=root,readonly=0\", "
		 "\"readonly=1,path=/f,queues=16\"];", NULL, 0) && c.disks == 2 && !c.nets &&
	   !strcmp(c.disk[0].path, "/dev/vg/x") && !strcmp(c.disk[0].name, "root") &&
	   !c.disk[0].readonly && !c.disk[0].queues && !strcmp(c.disk[1].path, "/f") &&
	   !*c.disk[1].name && c.disk[1].readonly && c.disk[1].queues == 16, "disks");
	ok(!load(MIN, over, 1) && c.disks == 1 && c.disk[0].queues == 4, "a disk as an override");
	ok(!load(MIN "disk=[];", NULL, 0) && !c.disks, "no disks");
	ok(refused(MIN "disk=[\"name=x\"];", "no path"), "a disk without a path");
	ok(refused(MIN "disk=[\"path=x\"];", "begins with /"), "a relative path");
	ok(refused(MIN "disk=[\"path=/x,name=\"];", "20 printable"), "an empty name");
	ok(refused(MIN "disk=[\"path=/x,name=aaaaaaaaaaaaaaaaaaaaa\"];", "20 printable"),
	   "a long name");
	ok(refused(MIN "disk=[\"path=/x,readonly=yes\"];", "0 or 1"), "readonly=yes");
	ok(refused(MIN "disk=[\"path=/x,queues=17\"];", "1 to 16"), "too many queues");
	ok(refused(MIN "disk=[\"phy:/dev/x,xvda,w\"];", "word=value"), "a disk as xl writes it");
	ok(refused(MIN "disk=[\"file=/x\"];", "unknown; it takes path="), "an unknown word");
	ok(refused(MIN "disk=7;", "write disk=[\"path="), "a number for disk");
}

static void test_bad(void)
{
	char *noequals[] = { "memory" }, *notnumber[] = { "memory=12x" };
	char long_name[] = "name=\"aaaaaaaaaaaaaaaaaaaaaaaaa\"; kernel=\"/k\";";

	ok(refused("kernel=\"/k\";", "name: missing"), "no name");
	ok(refused("name=\"a\";", "kernel: missing"), "no kernel");
	ok(refused("name=\"../x\"; kernel=\"/k\";", "not possible"), "a name that is a path");
	ok(refused("name=\"dom0\"; kernel=\"/k\";", "not possible"), "dom0 as a name");
	ok(refused(long_name, "longer than 24"), "a long name");
	ok(refused("name=5; kernel=\"/k\";", "not a string"), "a number for a name");
	ok(refused(MIN "memory=\"256\";", "not a number"), "a string for a number");
	ok(refused(MIN "memory=-2;", "out of range"), "negative memory");
	ok(refused(MIN "memory=99999999999;", "out of range"), "memory beyond 32 bits");
	ok(refused(MIN "memory=255;", "write 256"), "odd memory");
	ok(refused(MIN "vcpus=65;", "1 to 64"), "too many vCPUs");
	ok(refused(MIN "cr3_trace=2;", "0 to 1"), "cr3_trace=2");
	ok(refused(MIN "tsc_khz=999;", "1000 to"), "a TSC slower than 1 MHz");
	ok(refused(MIN "type=\"hvm\";", "none of \"detect\""), "unknown type");
	ok(refused(MIN "on_crash=\"explode\";", "\"preserve\""), "unknown action");
	ok(refused(MIN "share=\"granted\";", "not possible"), "share=granted");
	ok(refused(MIN "net=[\"mac=53:54:00:12:34:56\"];", "unicast"), "a group MAC address");
	ok(refused(MIN "net=[\"mac=52:54:00:12:34\"];", "unicast"), "half a MAC address");
	ok(refused(MIN "net=[\"mtu=12\"];", "68 to 65535"), "a small MTU");
	ok(refused(MIN "net=[\"model=e1000\"];", "unknown; it takes"), "a word of xl's");
	ok(refused(MIN "net=[\"bridge\"];", "word=value"), "a word without value");
	ok(refused(MIN "net=[\"bridge=abcdefghijklmnop\"];", "interface name"),
	   "a long bridge name");
	ok(refused(MIN "net=[\"bridge=a/b\"];", "interface name"), "a bridge that is a path");
	ok(refused(MIN "net=[1];", "not a string"), "a number in net");
	ok(refused(MIN "net=5;", "not a list"), "a number for net");
	ok(refused(MIN "net=[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"];", "9 devices"),
	   "nine nets");
	ok(refused(MIN "console=[\"ports=0\"];", "1 to 16"), "a console without ports");
	ok(refused(MIN "console=[\"ports=17\"];", "1 to 16"), "a console of 17 ports");
	ok(refused(MIN "console=[\"ports=2x\"];", "1 to 16"), "ports that are no number");
	ok(refused(MIN "console=[\"speed=9600\"];", "it takes ports="), "a console's unknown word");
	ok(refused(MIN "console=[1];", "not a string"), "a number in console");
	ok(refused(MIN "console=true;", "not a list"), "a console that is only true");
	ok(refused(MIN "console=[\"\",\"\",\"\",\"\",\"\"];", "5 devices"), "five consoles");
	ok(refused(MIN "rng=\"yes\";", "not a number"), "rng in words");
	ok(refused(MIN "rng=2;", "0 to 1"), "two rngs");
	ok(refused(MIN "rng_rate=8;", "16 to"), "a rate of 8 bytes a second");
	ok(refused("name=\"a;\n", "syntax error"), "a syntax error");
	ok(strstr(fault.text, ":1:") || strstr(fault.text, ":2:"), "... names its line");
	ok(load(MIN, noequals, 1) < 0 && strstr(fault.text, "key=value"), "an override without =");
	ok(load(MIN, notnumber, 1) < 0, "an override that is no number");
	fault = (struct fault){ 0 };
	ok(config_load(&c, "/nonexistent", NULL, 0, warn, &fault) == -ENOENT &&
	   strstr(fault.text, "/nonexistent: No such file"), "no file");
}

int main(void)
{
	test_good();
	test_disks();
	test_bad();
	return tap_done();
}
