# SPDX-License-Identifier: GPL-2.0-only
# dom0 with a real disk and NIC: ext4 is made, mb.mib MiB are written, read back past the cache and
# compared; ping and TCP through the NIC; the interrupts of both are counted, by MSI and by level as the
# machine has them (mb.msi=1 and mb.level=1 on the command line say which must be there; mb.echo=1: the
# network has an echo service; mb.nonic=1: the kernel has no driver for the NIC).
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 10
mib=$(cmdline_value mb.mib 100)

irqs()		# irqs REGEX: sum of all CPUs' counts of the matching lines
{
	awk -v re="$1" '$0 ~ re { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) s += $i } END { print s + 0 }' \
		/proc/interrupts
}

ok "disk found" test -b /dev/sda
ok "mkfs.ext4" mkfs.ext4 -q -F /dev/sda
mkdir -p /mnt
ok "mount" mount -t ext4 /dev/sda /mnt
want=$(pattern_sum "$mib")
ok "$mib MiB written" sh -c '. /usr/lib/minibus/lib.sh; pattern '"$mib"' >/mnt/file && sync && umount /mnt'
echo 3 >/proc/sys/vm/drop_caches
mount -t ext4 /dev/sda /mnt
is "read back the same" "$(md5sum </mnt/file | cut -d' ' -f1)" "$want"
umount /mnt

if [ "$(cmdline_value mb.nonic 0)" = 1 ]; then
	skip "ping through the NIC" "the cloud kernel has no driver for Bochs's NICs (make check-full)"
else
	ip addr add 10.0.2.15/24 dev eth0
	ip link set eth0 up
	sleep 1
	ok "ping through the NIC" ping -c 5 -i 0.2 -W 10 10.0.2.2
fi
if [ "$(cmdline_value mb.echo 0)" = 1 ]; then
	dd if=/tmp/pattern of=/tmp/f bs=1M count=4 2>/dev/null
	back=$(socat -t 60 - TCP:10.0.2.100:7 </tmp/f | md5sum | cut -d' ' -f1)
	is "4 MiB of TCP through the NIC and back" "$back" "$(md5sum </tmp/f | cut -d' ' -f1)"
else
	skip "4 MiB of TCP through the NIC and back" "Bochs's user network has no echo service"
fi

cat /proc/interrupts
msi=$(irqs 'MSI')
level=$(irqs 'fasteoi')
note "MSI interrupts $msi, level interrupts $level, ERR $(irqs '^ERR'), MIS $(irqs '^MIS')"
if [ "$(cmdline_value mb.msi 0)" = 1 ]; then
	ok "MSI counted" [ "$msi" -gt 50 ]
else
	skip "MSI counted" "this machine has none"
fi
if [ "$(cmdline_value mb.level 0)" = 1 ]; then
	ok "level-triggered interrupts counted" [ "$level" -gt 50 ]
else
	skip "level-triggered interrupts counted" "this machine has none"
fi
like "no unhandled interrupt" "$(dmesg | grep -E 'nobody cared|No irq handler' | head -n 3)none" '^none$'
tap_end
