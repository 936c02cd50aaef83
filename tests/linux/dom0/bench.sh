# SPDX-License-Identifier: GPL-2.0-only
# Runs the network benchmarks of tests/bench in dom0 and guest b1 and prints, per test, how much every
# counter of the guest, of dom0 and of the bus moved: "BENCH: test counter amount". mb.div=N divides counts.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
div=$(sed -n 's/^.*mb.div=\([0-9]*\).*$/\1/p' /proc/cmdline)
div=${div:-8}
export GUEST_SH_LIMIT=600

snapshot()
{
	{
		for f in $mb_debug/guests/b1/vcpu*; do
			awk '{ print "guest." $1, $2 }' "$f"
		done
		for f in $mb_debug/dom0/vcpu*; do
			awk '{ print "dom0." $1, $2 }' "$f"
		done
		awk '$2 ~ /^[0-9]+$/ { print "bus." $1, $2 }' $mb_debug/guests/b1/bus
		for d in tx_packets rx_packets; do
			echo "packets $(cat "/sys/class/net/$ifname/statistics/$d")"
		done
	} 2>/dev/null | awk '{ v[$1] += $2 } END { for (k in v) print k, v[k] }' | sort
}

measure()	# measure TEST UNITS COMMAND: in the guest
{
	snapshot >/tmp/s0
	start=$(now_ms)
	out=$(guest_sh 31 "$3")
	ms=$(($(now_ms) - start))
	snapshot >/tmp/s1
	echo "BENCH: $1 units $2"
	echo "BENCH: $1 ms $ms"
	awk -v t="$1" 'NR == FNR { before[$1] = $2; next }
		$2 != before[$1] { printf "BENCH: %s %s %.0f\n", t, $1, $2 - before[$1] }' /tmp/s0 /tmp/s1
	echo "$out"
}

plan 1
guest_start b1 31 || exit 1
guest_ready b1 31
echo "BENCH: boot units 1"
awk '{ v["guest." $1] += $2 } END { for (k in v) printf "BENCH: boot %s %.0f\n", k, v[k] }' $mb_debug/guests/b1/vcpu*
ifname=$(cat /sys/kernel/config/vbus/devices/net/b1-eth0/ifname)
/tests/netbench serve &
sleep 2
measure null 1 true
measure idle 10 'sleep 10'
measure tcp-rr $((20000 / div)) "netbench tcp-rr 10.99.0.1 $((20000 / div))"
measure udp-rr $((20000 / div)) "netbench udp-rr 10.99.0.1 $((20000 / div))"
measure tcp-tx $((268 / div)) "netbench tcp-send 10.99.0.1 $((268000000 / div))"
measure tcp-rx $((268 / div)) "netbench tcp-recv 10.99.0.1 $((268000000 / div))"
measure udp-tx $((200000 / div)) "netbench udp-send 10.99.0.1 $((200000 / div))"
measure udp-rx $((200000 / div)) "netbench udp-recv 10.99.0.1 $((200000 / div))"
pass "measured"
minibus destroy b1
tap_end
