# SPDX-License-Identifier: GPL-2.0-only
# Guests that break the rules of calls, regions and rings (tests/guest/badring, badnet, badblk, badsmall): each broken queue
# is one line in dom0's log with guest and device, an honest guest's ping and echo go on meanwhile, and
# destroying the bad guest leaves nothing.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
guests=/sys/kernel/config/vbus/guests
total=0

counts()
{
	for f in memory_free memory_hv heap_free domains; do
		echo "$f=$(cat $mb_sys/$f)"
	done
	echo "netdevs=$(ls /sys/class/net | wc -l) devices=$(ls /sys/kernel/config/vbus/devices/* | wc -l)"
	echo "interrupts=$(grep -c minibus /proc/interrupts)"
}

bad_conf()	# bad_conf NAME LINE
{
	cat <<-END
	name = "$1"; type = "multiboot"; kernel = "/tests/$1.elf"; memory = 64; vcpus = 2; $2
	on_poweroff = "preserve"; on_reboot = "preserve"; on_crash = "preserve";
	END
}

# Runs the honest guest's echo device again and again until /tmp/stop is there.
honest_echo()
{
	GUEST_SH_LIMIT=900 guest_sh 11 'f=$(ls /sys/bus/vbus/devices/*/run); while [ ! -e /tmp/stop ]; do
		echo 200 >$f && cat $f; sleep 1; done; echo the end'
}

# run_bad NAME: the bad guest from creation to destruction.
run_bad()
{
	bad=$1
	minibus create "/tmp/$bad.conf" || return 1
	limit=3000
	while [ "$(cat "$guests/$bad/state")" = running ] && [ $limit -gt 0 ]; do
		limit=$((limit - 1))
		sleep 0.1
	done
	guest_console "$bad" >"/tmp/$bad.out"
	cat "$guests/$bad/reason" >"/tmp/$bad.reason"
	cat "$mb_debug/guests/$bad/bus" >"/tmp/$bad.bus"
	minibus destroy "$bad"
}

relay()		# relay NAME: the guest's own TAP
{
	sed -nE "s/^(ok|not ok) [0-9]* *-? *(.*)$/\1 - $1: \2/p; s/^#/# $1:/p" "/tmp/$1.out" \
		>"/tmp/$1.tap"
	sed "s/^/$TAP_PREFIX/" "/tmp/$1.tap"
	n=$(grep -Ec '^(not )?ok' "/tmp/$1.tap")
	is "$1: ran what it planned" "$n" "$(sed -n 's/^1\.\.//p' "/tmp/$1.out" | tail -n 1)"
	like "$1: ended as it should" "$(cat "/tmp/$1.reason")" '^poweroff'
	total=$((total + n))
}

# check_log NAME DEVICE: as many lines about it as queues of it broke, all of them clear.
check_log()
{
	dmesg | sed 's/^\[[^]]*\] //' | grep "guest $1:" >"/tmp/$1.log"
	head -n 60 "/tmp/$1.log" | sed "s/^/$TAP_PREFIX# /"
	broke=$(sed -n 's/^# broke //p' "/tmp/$1.out")
	is "$1: a line in dom0's log for each broken queue" \
		"$(grep -Ec "^vbus: guest $1: [a-z]* $1-$2: queue [a-z0-9]* broken: " "/tmp/$1.log")" "${broke:-?}"
}

ok "an honest guest" guest_start g1 11 'echo = 1;'
ok "is ready" guest_ready g1 11
bad_conf badring 'echo = 2;' >/tmp/badring.conf
bad_conf badnet 'net = [ "bridge=br0,mac=52:54:00:99:00:1f" ];' >/tmp/badnet.conf
mkdir -p /mnt/badblk
mount -t tmpfs -o size=4m badblk /mnt/badblk
truncate -s 1M /mnt/badblk/disk
bad_conf badblk 'disk = [ "path=/mnt/badblk/disk,queues=2" ];' >/tmp/badblk.conf
bad_conf badsmall 'rng = true; console = [ "ports=2" ]; balloon = true;' >/tmp/badsmall.conf
before=$(counts)
dmesg -c >/dev/null
ping -i 0.5 10.99.0.11 >/tmp/ping &
pinger=$!
honest_echo >/tmp/echo 2>&1 &
echoer=$!
for b in badring:echo0 badnet:eth0 badblk:disk0 'badsmall:(rng|con|bal)0'; do
	began=$(cut -d. -f1 /proc/uptime)
	ok "$b: runs and is destroyed" run_bad ${b%:*}
	[ $b != badring:echo0 ] || took=$(($(cut -d. -f1 /proc/uptime) - began))
	relay ${b%:*}
	check_log ${b%:*} ${b#*:}
done
kill -INT $pinger
wait $pinger
guest_sh 11 'touch /tmp/stop' >/dev/null
wait $echoer
note "$(tail -n 3 /tmp/ping)" "$(tail -n 3 /tmp/echo)"
like "the honest guest answered every ping meanwhile" "$(tail -n 3 /tmp/ping)" ' 0% packet loss'
like "and echoed" "$(tail -n 1 /tmp/echo)" 'the end'
ok "more than once" [ "$(grep -c 'requests 200' /tmp/echo)" -gt 3 ]
is "without an error" "$(grep errors /tmp/echo | grep -vc 'errors 0')" 0
is "frames, heap pages, domains, devices, interrupts are back" "$(counts)" "$before"
lines=$(grep -c 'badring-echo1: queue' /tmp/badring.log)
ok "a queue that breaks again and again is told ten times in 5 s at most ($lines lines in $took s)" \
	[ "$lines" -le $(((took / 5 + 2) * 10)) ]
like "dom0's log has no warning" "$(dmesg | grep -E 'WARNING|BUG:|Oops|Call Trace' | head -n 3)none" '^none$'
plan $((total + tap_n))
tap_end
