# SPDX-License-Identifier: GPL-2.0-only
# vbus without a hypervisor: device models and drivers in this one kernel, joined by vbus_loop. Traffic with every
# byte checked, devices and modules that come and go under load, CPUs off and on, interrupts moved, faults of the
# machine (late, doubled, needless events; calls that take long or fail). At the end every event is accounted for,
# no object of ours is left (slub_debug tells who allocated what), and the kernel has not complained.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 32
vbus=/sys/kernel/config/vbus
loop=$vbus/loopback/l0
devs=/sys/bus/vbus/devices
stats=/sys/kernel/debug/vbus_loop
param=/sys/module/vbus_loop/parameters
part=$(($(cmdline_value mb.seconds 16) / 4))	# there are four parts that go by time
modules="vbus_loop vbus_echo vbus_net vecho venet"

# until SECONDS COMMAND...: tries it until it succeeds.
until_ok()
{
	n=$(($1 * 50))
	shift
	until "$@" 2>/dev/null; do
		n=$((n - 1))
		[ $n -gt 0 ] || return 1
		usleep 20000
	done
}

bound()		# bound NAME: its driver has taken it
{
	[ -e "$devs/$1/run" ] || [ -e "$devs/$1/net" ]
}

gone()		# gone NAME
{
	[ ! -e "$devs/$1" ]
}

plug()		# plug CLASS NAME
{
	mkdir "$vbus/devices/$1/$2" && ln -s "$vbus/devices/$1/$2" "$loop/bus/$2"
}

unplug()	# unplug CLASS NAME
{
	rm "$loop/bus/$2" && rmdir "$vbus/devices/$1/$2"
}

netdev()	# netdev NAME: the driver's
{
	ls "$devs/$1/net"
}

value()		# value FILE NAME
{
	sed -n "s/^$2 //p" "$1"
}

echo_run()	# echo_run NAME REQUESTS: all answered, all right
{
	echo "$2" >"$devs/$1/run" && [ "$(value "$devs/$1/run" requests)" = "$2" ] &&
		[ "$(value "$devs/$1/run" errors)" = 0 ] && return 0
	echo "$1:" $(cat "$devs/$1/run" "/sys/kernel/debug/vbus/dev-$1")
	return 1
}

echo_parallel()	# echo_parallel REQUESTS NAME...
{
	requests=$1 pids='' failed=0
	shift
	for d in "$@"; do
		echo_run "$d" "$requests" &
		pids="$pids $!"
	done
	for p in $pids; do
		wait "$p" || failed=1
	done
	return $failed
}

# The net device "n0" gets addresses at both ends: the driver's netdev lives in a network namespace.
net_up()
{
	until_ok 10 bound n0 || return 1
	dev=$(netdev n0)
	ip link set "$dev" netns guest && ip netns exec guest ip link set "$dev" name eth0 &&
		ip netns exec guest ip addr add 10.98.0.2/24 dev eth0 &&
		ip netns exec guest ip link set eth0 up &&
		until_ok 10 ping -c 1 -w 1 10.98.0.2 >/dev/null
}

net_parts()
{
	ip link set lb0 up && ip addr add 10.98.0.1/24 dev lb0
}

# move MIB: that much TCP each way at once; both ends' counts and sums are equal.
move()
{
	ip netns exec guest /tests/transfer listen 5001 >/tmp/r1 &
	p1=$!
	/tests/transfer listen 5002 >/tmp/r2 &
	p2=$!
	ip netns exec guest /tests/transfer send 10.98.0.1 5002 "$1" >/tmp/s2 &
	p3=$!
	/tests/transfer send 10.98.0.2 5001 "$1" >/tmp/s1
	wait $p1 $p2 $p3
	echo "$1 MiB: $(cat /tmp/s1) / $(cat /tmp/r1), $(cat /tmp/s2) / $(cat /tmp/r2)"
	[ -s /tmp/s1 ] && [ -s /tmp/s2 ] && cmp /tmp/s1 /tmp/r1 && cmp /tmp/s2 /tmp/r2
}

# Load that goes on until it is stopped: requests and transfers. What fails while devices are pulled is no matter.
load_start()
{
	rm -f /tmp/load.stop
	for d in e0 e1; do
		while [ ! -e /tmp/load.stop ]; do
			echo 500 >"$devs/$d/run" || usleep 20000
		done 2>/dev/null &
	done
	while [ ! -e /tmp/load.stop ]; do
		ping -q -i 0.002 -w 2 10.98.0.2 || usleep 20000
	done >/dev/null 2>&1 &
	(while [ ! -e /tmp/load.stop ]; do
		timeout 5 ip netns exec guest /tests/transfer listen 5003 &
		timeout 5 /tests/transfer send 10.98.0.2 5003 4 || usleep 100000
	done) >/dev/null 2>&1 &
}

load_stop()
{
	touch /tmp/load.stop
	wait
}

# for_time SECONDS FUNCTION: calls it with 1, 2, ... until the time is over; fails when it does.
for_time()
{
	end=$(($(now_ms) + $1 * 1000)) turns=0
	while [ "$(now_ms)" -lt $end ]; do
		turns=$((turns + 1))
		"$2" $turns || return 1
	done
	echo "$2: $turns times in $1 s" >>/tmp/turns
}

# ---- the parts that go by time ----

irqs()		# the signals' numbers
{
	awk '/vbus-loop / { sub(":", "", $1); print $1 }' /proc/interrupts
}

# CPUs go off and on, signals move about.
shuffle()
{
	cpu=$((1 + $1 % 3))
	for irq in $(irqs); do
		echo $((1 << ($1 + irq) % 4)) >"/proc/irq/$irq/smp_affinity" 2>/dev/null
	done
	echo 0 >/sys/devices/system/cpu/cpu$cpu/online || return 1
	usleep 20000
	echo 1 >/sys/devices/system/cpu/cpu$cpu/online
}

# Drivers are unloaded with their devices in use, the device model of echo without any.
reload()
{
	rmmod vecho && modprobe vecho && until_ok 20 bound e0 || return 1
	rmmod venet && modprobe venet && net_up || return 1
	rmmod vbus_echo 2>/dev/null && return 1	# in use
	for d in e0 e1 e2 e3; do
		unplug echo $d || return 1
	done
	rmmod vbus_echo && modprobe vbus_echo || return 1
	for d in e0 e1 e2 e3; do
		until_ok 20 gone $d && plug echo $d && until_ok 20 bound $d || return 1
	done
}

# A device of each class comes, works and goes, again and again.
hotplug()	# hotplug SECONDS [may-fail]
{
	/tests/plugcycle $loop x "$@" >/tmp/cycles
	cycles=$?
	tee -a /tmp/turns </tmp/cycles
	return $cycles
}

faults()	# faults SPURIOUS DELAY_US CALL_US CALL_FAIL PORT_FAIL
{
	echo "$1" >$param/fault_spurious
	echo "$2" >$param/fault_delay_us
	echo "$3" >$param/fault_call_us
	echo "$4" >$param/fault_call_fail
	echo "$5" >$param/fault_port_fail
}

# ---- what must be so when nothing moves ----

# Objects that functions of our modules have allocated and not freed: "COUNT FUNCTION".
objects()
{
	cat /sys/kernel/debug/slab/*/alloc_traces | awk '
		/^ *[0-9]+ .*\[(vbus_loop|vbus|vbus_guest|vbus_echo|vbus_net|vecho|venet|vbus_proto)\]/ {
			f = $2; sub(/\+.*/, "", f); n[f] += $1
		}
		END { for (f in n) print n[f], f }' | sort -k2
}

memory_free()	# KiB, with nothing that could be given back
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemFree/ { print $2 }' /proc/meminfo
}

# Every event that was sent was merged, taken or dropped with its end.
balanced()
{
	awk '{ v[$1] = $2 }
		END {
			in_ = v["to_south"] + v["to_north"] + v["made_up"]
			out = v["merged"] + v["taken"] + v["dropped"] + v["pending"]
			late = v["late_merged"] + v["late_dropped"]
			print "in", in_, "out", out, "late", late, "raised", v["raised"]
			# What a flooded drain puts back may meet a new event of the same signal unseen.
			lost = v["raised"] - out
			exit !(in_ == v["raised"] + late && lost >= 0 && lost <= 64 * v["flooded"] && v["raised"] > 0)
		}' $stats/signals
}

# Both sides have counted what passed between them.
agreed()
{
	sent=$(($(value $stats/l0/bus inject) + $(value $stats/drivers inject)))
	passed=$(($(value $stats/signals to_south) + $(value $stats/signals to_north) +
		$(value $stats/signals to_nobody)))
	echo "sent $sent, passed on $passed"
	[ $sent = $passed ]
}

complaints()
{
	dmesg | grep -E 'WARNING:|\bBUG\b|Oops|Call Trace|corrupt|Poison|Redzone|nobody cared|broken|abandoned' | head -n 20
}

# ---- the test ----

mkdir -p /var/run
ip netns add guest
ok "no hypervisor" test ! -e /sys/kernel/minibus
ok "all modules of both sides in one kernel" modprobe -a $modules
ok "a loopback bus" mkdir $loop
for d in e0 e1 e2 e3; do
	plug echo $d
done
mkdir $vbus/devices/net/n0
echo lb0 >$vbus/devices/net/n0/ifname
ln -s $vbus/devices/net/n0 $loop/bus/n0
ok "echo devices have drivers" until_ok 20 bound e3
ok "the status tells" grep -q 'open l0' $vbus/devices/echo/e0/status
ok "one device, 100000 requests" echo_run e0 100000
ok "four devices at once, 25000 requests each" echo_parallel 25000 e0 e1 e2 e3
net_parts
ok "the net device has a driver, both ends have addresses" net_up
ok "64 MiB of TCP each way at once" move 64
ip link set lb0 mtu 9000
ip netns exec guest ip link set eth0 mtu 9000
until_ok 10 ping -c 1 -w 1 10.98.0.2 >/dev/null
ok "pings of 8000 bytes" ping -c 10 -i 0.1 -s 8000 10.98.0.2
ok "64 MiB of TCP each way with frames of 9000 bytes" move 64
ok "iperf3 with four streams" sh -c 'ip netns exec guest iperf3 -s -1 -D && sleep 1 && iperf3 -c 10.98.0.2 -P 4 -t 3'
like "each signal has its line in /proc/interrupts" "$(cat /proc/interrupts)" 'vbus-loop .*l0:e0.queue'
like "at both ends" "$(cat /proc/interrupts)" 'vbus-loop .*e0-queue'
like "rmmod of a device model in use" "$(rmmod vbus_net 2>&1)" 'in use|busy|unavailable'
like "rmmod of the connector in use" "$(rmmod vbus_loop 2>&1)" 'in use|busy|unavailable'

# Everything once, then the objects are counted.
hotplug 1
reload 1
echo_parallel 100 e0 e1 e2 e3 >/dev/null	# a driver keeps the result of its last run
usleep 500000
objects >/tmp/objects.before
free_before=$(memory_free)
load_start
ok "devices come and go under load" hotplug $part
ok "CPUs off and on, interrupts moved, under load" for_time $part shuffle
load_stop
faults 1 0 0 0 0
ok "every event comes twice, and one for nothing" echo_parallel 20000 e0 e1 e2 e3
faults 7 300 2000 0 0
load_start
ok "the same with late and needless events: devices" hotplug $((part / 2))
ok "drivers unloaded and loaded under load" for_time $((part / 2)) reload
load_stop
ok "requests are still answered" echo_parallel 2000 e0 e1 e2 e3
ok "and bytes moved" move 16
load_start
faults 13 100 500 7 5
ok "calls and ports that fail" hotplug $part may-fail
faults 0 0 0 0 0
load_stop
usleep 500000
ok "requests are answered after all that" echo_parallel 5000 e0 e1 e2 e3
ok "and bytes moved" move 64
usleep 500000
ok "every event is accounted for" balanced
ok "both sides agree" agreed
note "$(tr '\n' ' ' <$stats/signals)"
note "$(cat /tmp/turns)"
objects >/tmp/objects.after
ok "no object is left" diff /tmp/objects.before /tmp/objects.after
free_after=$(memory_free)
note "free memory: $free_before KiB before, $free_after KiB after"
for d in e0 e1 e2 e3; do
	unplug echo $d
done
unplug net n0
until_ok 20 gone n0
rmdir $loop
note "left of the whole: $(objects | tr '\n' ' ')"
ok "all modules unloaded" rmmod venet vecho vbus_loop vbus_net vbus_echo vbus_guest
ok "no word in /proc/interrupts is left" sh -c '! grep vbus-loop /proc/interrupts'
is "no complaint in the kernel's log" "$(complaints)" ""
tap_end
