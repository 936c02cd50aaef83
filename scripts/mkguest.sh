#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The guest's initial RAM disk: busybox, iperf3, ext4, the guest's vbus modules, scripts/guest/init.
# Usage: mkguest.sh OUT      SMALL=y: without iperf3
set -eu
umask 022
. "$(dirname "$0")/initrd-lib.sh"
initrd_begin "$kbuild/guest/root"
[ -n "$small" ] || initrd_bin iperf3 md5sum ethtool
initrd_bin mkfs.ext4
initrd_modules ext4 8021q rng_core
initrd_own_modules "$kbuild/kmod/guest"
for f in "$build"/progs/*; do
	[ ! -x "$f" ] || cp "$f" "$root/bin/"
done
cp scripts/guest/init "$root/init"
chmod 755 "$root/init"
initrd_pack "$1"
