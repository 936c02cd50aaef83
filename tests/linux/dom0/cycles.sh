# SPDX-License-Identifier: GPL-2.0-only
# 200 guests are created and destroyed one after the other; then every count is back at its start value:
# frames and heap pages of the hypervisor, domains, vbus devices, and dom0's own memory.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 8
cycles=$(sed -n 's/^.*mb.cycles=\([0-9]*\).*$/\1/p' /proc/cmdline)
cycles=${cycles:-200}

counts()
{
	for f in memory_free memory_hv heap_free domains; do
		echo "$f=$(cat $mb_sys/$f)"
	done
	echo "netdevs=$(ls /sys/class/net | wc -l)"
	echo "devices=$(ls /sys/kernel/config/vbus/devices/* | wc -l)"
	echo "interrupts=$(ls /proc/irq | wc -l)"
}

# kB, after caches were dropped. Pages that wait in per-CPU lists (some 50 MB at times) are free too.
dom0_free()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	{
		awk '/^MemFree/ { print $2 }' /proc/meminfo
		awk '$1 == "count:" { print $2 * 4 }' /proc/zoneinfo
	} | awk '{ sum += $1 } END { print sum }'
}

one_cycle()	# every tenth guest runs until its shell, the others are destroyed while they boot
{
	guest_start c1 21 || return 1
	[ $(($1 % 10)) -ne 0 ] || guest_ready c1 21 || return 1
	minibus destroy c1
}

export GUEST_MEM=128
ok "the first cycle" one_cycle 1
before=$(counts)
mem_before=$(dom0_free)
note "$before" "free in dom0: $mem_before kB"
n=1
start=$(now_ms)
while [ $n -le "$cycles" ] && out=$(one_cycle $n 2>&1); do
	n=$((n + 1))
done
is "$cycles cycles" "$((n - 1))" "$cycles"
[ "$n" -gt "$cycles" ] || note "cycle $n: $out"
note "$(($(now_ms) - start)) ms for $((n - 1)) cycles"
after=$(counts)
mem_after=$(dom0_free)
note "free in dom0: $mem_after kB"
is "frames, heap pages, domains, devices are back" "$after" "$before"
ok "dom0 lost less than 4 MiB" [ $((mem_before - mem_after)) -lt 4096 ]
ok "a paused guest is created" minibus create -p /tmp/c1.conf
ok "and destroyed" minibus destroy c1
is "counts again" "$(counts)" "$before"
like "dom0's log has no warning" "$(dmesg | grep -E 'WARNING|BUG:|Oops' | head -n 3)none" '^none$'
tap_end
