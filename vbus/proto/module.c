// SPDX-License-Identifier: GPL-2.0-only
/*
 * vbus_proto.ko: the code of both ends as a module of its own. Each side builds it from the same
 * sources; a kernel that has both ends (loopback/) loads it once, and either side is content with
 * it.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("vbus: the ring code of both ends");
MODULE_AUTHOR("Minibus");
MODULE_LICENSE("GPL");
