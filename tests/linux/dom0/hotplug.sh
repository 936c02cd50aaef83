# SPDX-License-Identifier: GPL-2.0-only
# No event is lost while smp_affinity of every signal is flipped, in the guest and in dom0, and while CPU 1 of
# either goes off and comes back: echo requests (a lost event ends a run with an error) and a TCP stream run
# all the time, and all that was sent arrives.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 17
mib=$(cmdline_value mb.mib 32)
requests=$(cmdline_value mb.requests 4000)

# For both shells. The name of the irqchip of ports is "vbus" in a guest, "minibus" in dom0.
functions=$(cat <<'END'
irqs()
{
	awk -v chip=" $1 " 'index($0, chip) { sub(":", "", $1); print $1 }' /proc/interrupts
}
flip()
{
	n=0
	while [ ! -e /tmp/stop ]; do
		n=$((n + 1))
		for i in $(irqs $1); do
			echo $((1 + n % 2)) >/proc/irq/$i/smp_affinity
		done
	done 2>/dev/null
	echo flips $n
}
hotplug()
{
	n=0
	while [ ! -e /tmp/stop ]; do
		n=$((n + 1))
		echo 0 >/sys/devices/system/cpu/cpu1/online
		sleep 0.2
		echo 1 >/sys/devices/system/cpu/cpu1/online
		sleep 0.2
	done
	echo cycles $n
}
rm -f /tmp/stop
END
)
eval "$functions"

load()	# echo requests and a stream each way, until all is done; prints what came of it
{
	guest_sh 61 "for d in h1-echo0 h1-echo1; do echo $requests >/sys/bus/vbus/devices/\$d/run & done; wait
for d in h1-echo0 h1-echo1; do cat /sys/bus/vbus/devices/\$d/run; done" >/tmp/echos &
	echos=$!
	send_to_guest 61 "$mib" >/tmp/stream || echo "stream to the guest differs"
	get_from_guest 61 "$mib" >/tmp/stream || echo "stream from the guest differs"
	wait $echos
	awk '/^requests/ { n += $2 } /^errors/ { e += $2 } END { print n + 0, e + 0 }' /tmp/echos
}

in_guest()	# in_guest COMMAND: until the load is done
{
	guest_sh 61 "$functions
$1" >/tmp/did &
	did=$!
	load
	guest_sh 61 'touch /tmp/stop'
	wait $did
}

in_dom0()
{
	rm -f /tmp/stop
	"$@" >/tmp/did &
	did=$!
	load
	touch /tmp/stop
	wait $did
}

did()	# did WORD: how often it was done, at least once
{
	note "$(cat /tmp/did)"
	like "at least once" "$(cat /tmp/did)" "$1 [1-9]"
}

export GUEST_VCPUS=2
ok "a guest with two vCPUs" guest_start h1 61 'echo = 2;'
ok "is ready" guest_ready h1 61
ports=$(guest_sh 61 "$functions
irqs vbus" | wc -l)
ok "each port of it has an irq of its own" [ "$ports" -ge 5 ]
is "a port goes where it is told" "$(guest_sh 61 "$functions
for i in \$(irqs vbus); do echo 2 >/proc/irq/\$i/smp_affinity; cat /proc/irq/\$i/effective_affinity; done" |
	tr -d '0,' | sort -u | xargs)" 2
is "nothing is lost while the guest's ports are flipped" "$(in_guest 'flip vbus')" "$((2 * requests)) 0"
did flips
is "nor while its CPU 1 goes and comes" "$(in_guest hotplug)" "$((2 * requests)) 0"
did cycles
is "nor while dom0's ports are flipped" "$(in_dom0 flip minibus)" "$((2 * requests)) 0"
did flips
if [ -w /sys/devices/system/cpu/cpu1/online ]; then
	is "nor while dom0's CPU 1 goes and comes" "$(in_dom0 hotplug)" "$((2 * requests)) 0"
	did cycles
else
	skip "nor while dom0's CPU 1 goes and comes" "one CPU"
	skip "at least once" "one CPU"
fi
affinities()
{
	for i in $(irqs minibus); do
		echo "$i=$(cat "/proc/irq/$i/smp_affinity")"
	done
}

balanced()	# irqbalance runs while its caller waits
{
	mkdir -p /run
	for i in $(irqs minibus); do
		echo 1 >"/proc/irq/$i/smp_affinity"
	done
	affinities >/tmp/affinity0
	irqbalance --foreground --interval=1 >/tmp/irqbalance.log 2>&1 &
	balancer=$!
	while [ ! -e /tmp/stop ]; do
		sleep 0.5
	done
	kill $balancer && echo "irqbalance ran"
	affinities | grep -vxFf /tmp/affinity0 | wc -l | sed 's/^/ports moved: /'
}

if command -v irqbalance >/dev/null; then
	is "nor while irqbalance works in dom0" "$(in_dom0 balanced)" "$((2 * requests)) 0"
	note "$(cat /tmp/did)"
	like "which runs to the end" "$(cat /tmp/did /tmp/irqbalance.log)" '^irqbalance ran'
else
	skip "nor while irqbalance works in dom0" "not in the small image"
	skip "which runs to the end" "same"
fi
like "the guest's log has no warning" \
	"$(guest_sh 61 'dmesg | grep -E "WARNING|BUG:|Oops|No irq handler" | head -n 3')none" '^none$'
like "nor dom0's" "$(dmesg | grep -E 'WARNING|BUG:|Oops|No irq handler' | head -n 3)none" '^none$'
ok "destroyed" minibus destroy h1
tap_end
