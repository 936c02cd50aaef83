# SPDX-License-Identifier: GPL-2.0-only
# The mechanisms of vbus, each on and off alone: one echo device of high priority is probed, one request at a
# time, while seven others, which the administrator limits to the lowest priority, run as fast as they can. What
# is checked is which priority was granted and that all is answered; the table (round trip in ns of the guest's
# clock, which is the TSC; per 1000 requests exits, vectors and events) is for people.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 13
probes=$(cmdline_value mb.probes 1000)
dev=/sys/kernel/config/vbus/devices/echo
bulk="1 2 3 4 5 6 7"

rebind()	# devices are opened anew
{
	guest_sh 71 'cd /sys/bus/vbus/drivers/vecho; for d in l1-echo*; do echo $d >unbind; echo $d >bind; done'
}

prio_of()	# prio_of N
{
	sed -n 's/^queue.prio //p' "$mb_debug/guests/l1/dev-l1-echo$1"
}

counts()	# exits of the guest, vectors and events in dom0, requests answered
{
	awk '/^exit\./ { e += $2 } END { printf "%d ", e }' $mb_debug/guests/l1/vcpu*
	awk '{ e += $8; w += $10 } END { printf "%d %d ", w, e }' $mb_debug/queues
	cat $dev/l1-echo*/count | awk '{ n += $1 } END { print n }'
}

measure()	# measure WHAT: a line of the table
{
	before=$(counts)
	out=$(guest_sh 71 "cd /sys/bus/vbus/devices; for i in $bulk; do echo 100000000 >l1-echo\$i/run & p=\"\$p \$!\"; done
sleep 1; echo $probes >l1-echo0/probe; cat l1-echo0/probe; kill \$p; wait; cat l1-echo*/run" 2>&1)
	table=$(printf '%s %s %s\n' "$before" "$(counts)" "$(echo "$out" | awk '/^p50|^p99|^max/ { print $2 }' | xargs)" |
		awk '{ n = ($8 - $4) / 1000; if (n) printf "%9d %9d %9d %8.0f %8.0f %8.0f", $9, $10, $11,
			($5 - $1) / n, ($6 - $2) / n, ($7 - $3) / n }')
	note "$(printf '%-28s %s' "$1" "$table")"
	is "$1: all is answered" "$(echo "$out" | awk '/^probes/ { p = $2 } /^errors/ { e += $2 } END { print p + 0, e + 0 }')" \
		"$probes 0"
}

south_poll()	# south_poll MICROSECONDS
{
	for i in 0 $bulk; do
		echo "$1" >$dev/l1-echo$i/poll_us
	done
}

north_poll()
{
	guest_sh 71 "echo $1 >/sys/module/vecho/parameters/poll_us"
}

export GUEST_VCPUS=2
ok "a guest with eight echo devices" guest_start l1 71 'echo = 8;'
for i in $bulk; do
	echo 3 >$dev/l1-echo$i/prio
done
ok "is ready" guest_ready l1 71
rebind
is "what the administrator allows is granted" "$(prio_of 0) $(prio_of 1) $(prio_of 7)" "1 3 3"
note "$(printf '%-28s %9s %9s %9s %8s %8s %8s' 'ns, and per 1000 requests' p50 p99 max exits vectors events)"
measure "all mechanisms"
south_poll 0
measure "the device side does not poll"
north_poll 0
measure "neither side polls"
south_poll 50
measure "the guest does not poll"
north_poll 50
echo 0 >/sys/module/vbus/parameters/priorities
rebind
is "without priorities all have the lowest" "$(prio_of 0) $(prio_of 1) $(prio_of 7)" "3 3 3"
measure "no priorities"
south_poll 0
north_poll 0
measure "nothing at all"
echo 1 >/sys/module/vbus/parameters/priorities
rebind
is "and with them again" "$(prio_of 0) $(prio_of 1)" "1 3"
note "dom0's queues:" "$(cat $mb_debug/queues)"
like "events of both priorities came" "$(awk '$8 > 0 { print $4 }' $mb_debug/queues | sort -u | xargs)" '1 .*3'
ok "destroyed" minibus destroy l1
tap_end
