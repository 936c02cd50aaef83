# SPDX-License-Identifier: GPL-2.0-only
# Device models work in kernel threads: of a queue, of a device, of the guest. These have names, are pinned
# where the administrator says, belong to the cgroup of who made the guest, poll a dry ring when they may, and
# are gone with the guest. What they do is right in all cases.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 19
requests=$(cmdline_value mb.requests 3000)
last=$(($(nproc) - 1))
dev=/sys/kernel/config/vbus/devices/echo

worker()	# worker NAME: its process number
{
	grep -lx -- "$1" /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3
}

echo_run()	# echo_run DEVICE...: all of them at once, then their results
{
	guest_sh 41 "for d in $*; do echo $requests >/sys/bus/vbus/devices/\$d/run & done; wait
for d in $*; do cat /sys/bus/vbus/devices/\$d/run; done"
}

right()		# right OUTPUT: "done errors" over all devices
{
	awk '/^requests/ { n += $2 } /^errors/ { e += $2 } END { print n + 0, e + 0 }'
}

counter()	# counter DEVICE NAME
{
	awk -v n="$2" '$1 == n { print $2 }' "$mb_debug/guests/w1/dev-$1"
}

mkdir -p /tmp/cg
mount -t cgroup2 none /tmp/cg
mkdir /tmp/cg/mine
guest_conf w1 41 'echo = 3;' >/tmp/w1.conf
(
	sh -c 'echo $PPID' >/tmp/cg/mine/cgroup.procs
	minibus create -p /tmp/w1.conf
)
ok "a guest made in a cgroup, paused" test -d /sys/kernel/config/vbus/guests/w1
ok "the guest's thread is in that cgroup" grep -qx "$(worker vb-w1)" /tmp/cg/mine/cgroup.procs
is "workers of a device are per queue at first" "$(cat $dev/w1-echo0/workers)" queue
echo device >$dev/w1-echo1/workers
echo bus >$dev/w1-echo2/workers
ok "no other word" sh -c "! echo several >$dev/w1-echo2/workers"
echo $last >$dev/w1-echo1/cpus
is "CPUs are told" "$(cat $dev/w1-echo1/cpus)" $last
ok "no CPU that is not there" sh -c "! echo 77 >$dev/w1-echo1/cpus"
minibus unpause w1
ok "the guest is ready" guest_ready w1 41
queue=$(worker vb-w1-w1-echo0.queue)
device=$(worker vb-w1-w1-echo1)
ok "threads of a queue, of a device, of the guest" \
	test -d "/proc/${queue:-none}" -a -d "/proc/${device:-none}" -a -d "/proc/$(worker vb-w1)"
ok "those of devices are in the cgroup too" \
	sh -c "grep -qx $queue /tmp/cg/mine/cgroup.procs && grep -qx $device /tmp/cg/mine/cgroup.procs"
is "pinned" "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$device/status")" $last
ok "open devices keep their kind" sh -c "! echo bus >$dev/w1-echo0/workers"
is "all three at once do their work" "$(echo_run w1-echo0 w1-echo1 w1-echo2 | right)" "$((3 * requests)) 0"
echo 0 >$dev/w1-echo1/cpus
is "pinned anew" "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$device/status")" 0

echo 0 >$dev/w1-echo0/poll_us
is "without polling" "$(echo_run w1-echo0 | right)" "$requests 0"
polls=$(counter w1-echo0 queue.poll_hits)/$(counter w1-echo0 queue.poll_misses)
bells=$(counter w1-echo0 queue.sleeps)
is "again" "$(echo_run w1-echo0 | right)" "$requests 0"
is "it polled nothing" "$(counter w1-echo0 queue.poll_hits)/$(counter w1-echo0 queue.poll_misses)" "$polls"
note "sleeps for $requests requests without polling: $(($(counter w1-echo0 queue.sleeps) - bells))"
echo 1000000 >$dev/w1-echo0/poll_us
bells=$(counter w1-echo0 queue.sleeps)
is "with up to a second of it" "$(echo_run w1-echo0 | right)" "$requests 0"
note "sleeps for $requests requests with polling: $(($(counter w1-echo0 queue.sleeps) - bells))" \
	"$(grep poll "$mb_debug/guests/w1/dev-w1-echo0")"
if [ "$(nproc)" -gt 1 ]; then
	ok "it polls" test "$(counter w1-echo0 queue.poll_hits)" -gt 0
else
	skip "it polls" "one CPU"
fi
minibus destroy w1
is "no thread is left" "$(grep -l '^vb-' /proc/[0-9]*/comm 2>/dev/null)" ''
tap_end
