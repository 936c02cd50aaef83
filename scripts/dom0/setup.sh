# SPDX-License-Identifier: GPL-2.0-only
# dom0's setup, read by /init: file systems, drivers of the devices that exist, vbus, the bridge.
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t debugfs debug /sys/kernel/debug
modprobe configfs
mount -t configfs config /sys/kernel/config
find /sys/devices -name modalias -exec cat {} + | sort -u | while read -r alias; do
	modprobe "$alias" 2>/dev/null
done
modprobe sd_mod
modprobe bridge
for m in vbus minibus vbus_echo vbus_net vbus_blk vbus_rng vbus_console vbus_balloon; do
	[ ! -e "/lib/modules/$(uname -r)/minibus/$m.ko" ] || modprobe "$m"
done
hostname dom0
ip link set lo up
ip link add br0 type bridge
ip addr add 10.99.0.1/24 dev br0
ip link set br0 up
