#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dom0's initial RAM disk: busybox, chosen Debian programs, the stock kernel's drivers that a test
# machine or a plain PC needs, our modules and the minibus command, and a guest ready to be started.
# Usage: mkdom0.sh OUT      SMALL=y: without what only QEMU's machines have, or what only `make run` offers
set -eu
umask 022
. "$(dirname "$0")/initrd-lib.sh"
initrd_begin "$kbuild/dom0/root"
initrd_bin bash lspci ip mkfs.ext4 socat md5sum
# Debian's busybox prefers its applets to programs of the same name; bash does not.
ln -sf bash "$root/bin/sh"
initrd_modules ata_piix sd_mod ext4 loop bridge configfs
if [ -z "$small" ]; then
	initrd_bin iperf3 ethtool bridge tc irqbalance
	mkdir -p "$root/usr/share/misc"
	cp /usr/share/misc/pci.ids "$root/usr/share/misc/"
	initrd_modules ahci sr_mod nvme vfat isofs virtio_blk virtio_pci virtio_net e1000 e1000e igb r8169 \
		tun veth macvlan vxlan sch_tbf null_blk brd usbhid xhci_pci ehci_pci
fi
initrd_own_modules "$kbuild/kmod/dom0"
# Both ends in one kernel (tests/linux/loop.t): the guest's modules, never loaded otherwise.
[ -n "$small" ] || initrd_own_modules "$kbuild/kmod/guest"
[ -n "$small" ] || initrd_own_modules "$kbuild/kmod/loop"
[ ! -x "$build/minibus-cli" ] || initrd_own_bin "$build/minibus-cli" minibus
mkdir -p "$root/etc/minibus" "$root/var/lib/minibus" "$root/usr/lib/minibus" "$root/tests"
cp scripts/dom0/*.conf "$root/etc/minibus/"
cp scripts/dom0/*.sh "$root/usr/lib/minibus/"
if [ -n "$small" ]; then
	cp scripts/slow-cmdline "$root/etc/minibus/guest-cmdline"
	sed -i "s|panic=-1|& $(cat scripts/slow-cmdline)|" "$root/etc/minibus/demo.conf"
fi
cp "$debian/vmlinuz" "$root/var/lib/minibus/vmlinuz"
cp "$kbuild/guest/initrd" "$root/var/lib/minibus/initrd"
for f in "$build"/guests/*.elf "$build"/guests/*.cfg "$build"/progs/* tests/linux/dom0/*; do
	[ ! -f "$f" ] || cp "$f" "$root/tests/"
done
cp tests/lib/tap.sh "$root/tests/"
chmod -R a+rX "$root/usr/lib/minibus" "$root/tests"
cp scripts/dom0/init "$root/init"
chmod 755 "$root/init"
initrd_pack "$1"
