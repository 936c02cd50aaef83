# SPDX-License-Identifier: GPL-2.0-only
# The network device between two guests and dom0: data both ways and of all sizes, VLAN, jumbo frames,
# filter, address, link, several queues, and what dom0's stack does with its end. Parts that need programs
# of the large images are left out without them.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
mib=$(cmdline_value mb.mib 32)
vbus=/sys/kernel/config/vbus
large=
! command -v ethtool >/dev/null || large=y

ifname()	# ifname DEVICE: dom0's end
{
	cat "$vbus/devices/net/$1/ifname"
}

counter()	# counter GUEST DEVICE NAME: of all queues of the device, as dom0 counts them
{
	awk -v name="$3" '{ sub("^[a-z]*[0-9]*[.]", "", $1) } $1 == name { n += $2 } END { print n + 0 }' \
		"$mb_debug/guests/$1/dev-$2"
}

guest_cat()	# guest_cat N FILE: without line ends
{
	guest_sh "$1" "cat $2" | tr -d '\r\n'
}

pings()		# pings WHAT N ADDRESS SIZE: guest N pings with frames of that payload
{
	like "$1" "$(guest_sh "$2" "ping -c 3 -i 0.2 -W 10 -s $4 $3")" ' 0% packet loss'
}

between()	# between FROM TO ADDRESS MIB: from guest FROM to ADDRESS of guest TO; both sums must be the same
{
	guest_sh "$2" 'transfer listen 5003' >/tmp/received &
	receiver=$!
	sent=$(guest_sh "$1" "transfer send $3 5003 $4")
	wait $receiver
	echo "sent $sent, received $(cat /tmp/received)"
	[ -n "$sent" ] && [ "$sent" = "$(cat /tmp/received)" ]
}

# until_is WANTED COMMAND...: repeats for up to 10 s; prints the last output.
until_is()
{
	wanted=$1
	shift
	for i in $(seq 50); do
		got=$("$@")
		[ "$got" != "$wanted" ] || break
		sleep 0.2
	done
	echo "$got"
}

until_more()	# until_more N COMMAND...
{
	least=$1
	shift
	for i in $(seq 100); do
		got=$("$@")
		[ "$got" -le "$least" ] || break
		sleep 0.2
	done
	echo "$got"
}

reaches()	# reaches ADDRESS [OPTION...]: an answer within 15 s; a new link takes a moment
{
	to=$1
	shift
	for i in $(seq 15); do
		! ping -c 1 -W 1 "$@" "$to" >/dev/null 2>&1 || return 0
	done
	return 1
}

sizes()
{
	pings "frames of 1 byte" 11 10.99.0.12 1
	pings "frames as long as the MTU" 11 10.99.0.12 1472
	ok "guest to guest: $mib MiB arrive whole" between 11 12 10.99.0.12 "$mib"
	ok "dom0 to guest: $mib MiB" send_to_guest 11 "$mib"
	ok "guest to dom0: $mib MiB" get_from_guest 11 "$mib"
	is "no checksum was wrong" "$(guest_sh 12 'cat /proc/net/snmp' | awk '/^Tcp: [0-9]/ { print $16 }')" 0
}

vlan()
{
	for n in 11 12; do
		guest_sh $n "ip link add link eth0 name v5 type vlan id 5
			ip addr add 10.98.0.$n/24 dev v5; ip link set v5 up" >/dev/null
	done
	pings "VLAN: full MTU and four bytes" 11 10.98.0.12 1472
	ok "VLAN: a transfer arrives whole" between 11 12 10.98.0.12 1
}

jumbo()
{
	for i in br0 "$(ifname g1-eth0)" "$(ifname g2-eth0)"; do
		ip link set "$i" mtu 9000
	done
	# The guests take a new MTU over a new connection, on which this answer still has to come.
	for n in 11 12; do
		guest_sh $n '(sleep 1; ip link set eth0 mtu 9000; ip link set v5 mtu 9000) >/dev/null 2>&1 &'
	done >/dev/null
	sleep 2
	for n in 11 12; do
		is "guest $n has MTU 9000" "$(until_is 9000 guest_cat $n /sys/class/net/v5/mtu)" 9000
	done
	pings "jumbo frames" 11 10.99.0.12 8972
	pings "jumbo frames with a VLAN tag" 11 10.98.0.12 8972
	is "none was cut up" "$(guest_sh 11 'cat /proc/net/snmp' | awk '/^Ip: [0-9]/ { print $20 }')" 0
	ok "a transfer in jumbo frames" between 11 12 10.99.0.12 "$mib"
}

# The guest tells what it wants a moment after it said so to its user: zero may take a second try.
# dom0 sends five frames, to a station nobody is or to a group nobody joined.
unasked()	# unasked ADDRESS: how many of them dom0's end did not pass on to guest 1
{
	before=$(counter g1 g1-eth0 filtered)
	ping -c 5 -i 0.2 -W 1 -I br0 "$1" >/dev/null
	echo $(($(counter g1 g1-eth0 filtered) - before))
}

filter()
{
	station=10.99.0.99
	group=224.1.2.3
	ip neigh replace $station lladdr 52:54:00:99:00:63 dev br0
	ip route replace 224.0.0.0/4 dev br0
	ok "frames for another station are dropped in dom0" [ "$(unasked $station)" -ge 5 ]
	ok "frames for a group are" [ "$(unasked $group)" -ge 5 ]
	guest_sh 11 'ifconfig eth0 allmulti' >/dev/null
	is "all groups asked for: none is" "$(until_is 0 unasked $group)" 0
	ok "those for another station are" [ "$(unasked $station)" -ge 5 ]
	guest_sh 11 'ifconfig eth0 promisc' >/dev/null
	is "promiscuous: none is" "$(until_is 0 unasked $station)" 0
	guest_sh 11 'ifconfig eth0 -promisc; ifconfig eth0 -allmulti' >/dev/null
	ok "no more: they are again" [ "$(until_more 4 unasked $station)" -ge 5 ]
	guest_sh 11 'ip link set v5 address 52:54:00:99:00:63' >/dev/null
	is "the guest's second address is not" "$(until_is 0 unasked $station)" 0
	guest_sh 11 'ip link set v5 address 52:54:00:99:00:0b' >/dev/null
}

address()
{
	guest_sh 11 '(sleep 1; ip link set eth0 address 52:54:00:99:00:2b) >/dev/null 2>&1 &' >/dev/null
	sleep 2
	ip neigh flush dev br0
	like "a new address: dom0 knows" "$(cat $mb_debug/guests/g1/dev-g1-eth0)" 'mac 52:54:00:99:00:2b'
	ok "and reaches the guest" reaches 10.99.0.11
	is "under that address" "$(ip neigh show 10.99.0.11 dev br0 | awk '{ print $3 }')" 52:54:00:99:00:2b
	mkdir $vbus/devices/net/x1
	echo vbx1 >$vbus/devices/net/x1/ifname
	echo 52:54:00:97:00:01 >$vbus/devices/net/x1/mac
	echo 0x3f >$vbus/devices/net/x1/features_allowed
	echo 1 >$vbus/devices/net/x1/pairs
	ip link set vbx1 up
	ip addr add 10.97.0.1/24 dev vbx1
	ln -s $vbus/devices/net/x1 $vbus/guests/g1/bus/eth1
	guest_sh 11 'for i in $(seq 50); do [ ! -e /sys/class/net/eth1 ] || break; usleep 100000; done
		ip addr add 10.97.0.11/24 dev eth1; ip link set eth1 up
		ip link set eth1 address 52:54:00:97:00:02' >/dev/null 2>&1
	is "without the feature it stays" "$(guest_cat 11 /sys/class/net/eth1/address)" 52:54:00:97:00:01
	ok "a second device, plugged in now, works" reaches 10.97.0.11
}

link_state()
{
	echo 0 >$vbus/devices/net/x1/link
	is "link down is seen" "$(until_is 0 guest_cat 11 /sys/class/net/eth1/carrier)" 0
	echo 1 >$vbus/devices/net/x1/link
	is "link up is seen" "$(until_is 1 guest_cat 11 /sys/class/net/eth1/carrier)" 1
	ok "and frames flow" reaches 10.97.0.11
}

unplug()
{
	ping -i 0.01 -s 1400 10.97.0.11 >/dev/null &
	pinger=$!
	guest_sh 11 '(while [ ! -e /tmp/stop ]; do transfer send 10.97.0.1 5009 1; usleep 50000; done) \
		>/dev/null 2>&1 &' >/dev/null
	(while :; do /tests/transfer listen 5009; done) >/dev/null 2>&1 &
	listener=$!
	sleep 1
	for i in 1 2 3; do
		rm $vbus/guests/g1/bus/eth1
		until_is gone guest_sh 11 '[ -e /sys/class/net/eth1 ] || echo gone' >/dev/null
		ln -s $vbus/devices/net/x1 $vbus/guests/g1/bus/eth1
		guest_sh 11 'for i in $(seq 50); do [ ! -e /sys/class/net/eth1 ] || break; usleep 100000; done
			ip addr add 10.97.0.11/24 dev eth1; ip link set eth1 up' >/dev/null 2>&1
	done
	ok "unplugged and plugged three times under traffic" reaches 10.97.0.11
	kill $listener $pinger
	guest_sh 11 'touch /tmp/stop' >/dev/null
	rm $vbus/guests/g1/bus/eth1
	is "unplugged: the guest has lost it" \
		"$(until_is gone guest_sh 11 '[ -e /sys/class/net/eth1 ] || echo gone')" gone
	ok "its other device works on" reaches 10.99.0.11
	rmdir $vbus/devices/net/x1
}

queues()
{
	like "as many queues as vCPUs" "$(guest_sh 11 'ethtool -l eth0')" 'Combined:[[:space:]]+2'
	is "dom0's end has as many" "$(ls -d "/sys/class/net/$(ifname g1-eth0)/queues"/tx-* | wc -l)" 2
	guest_sh 11 'iperf3 -c 10.99.0.12 -t 8 -P 4 >/dev/null 2>&1 &' >/dev/null
	# One queue at a time is told off on its own: the shell's own connection runs over eth0.
	guest_sh 11 '(sleep 0.5; ethtool -L eth0 combined 1; sleep 1; ethtool -G eth0 rx 512 tx 128; sleep 1
		ethtool -C eth0 rx-usecs 100 rx-frames 8; ethtool -L eth0 combined 2
		echo changed >/tmp/changed) >/tmp/ethtool.log 2>&1 &' >/dev/null
	is "changed under traffic" "$(until_is changed guest_cat 11 /tmp/changed)" changed
	is "without a complaint" "$(guest_sh 11 'cat /tmp/ethtool.log')" ''
	like "rings" "$(guest_sh 11 'ethtool -g eth0' | tr -d '\t ')" '^TX:128'
	like "moderation" "$(guest_sh 11 'ethtool -c eth0')" 'rx-usecs:[[:space:]]+100'
	ok "a transfer with moderation" between 11 12 10.99.0.12 "$mib"
	like "moderation of one queue" "$(guest_sh 11 'ethtool -Q eth0 queue_mask 0x2 --coalesce rx-usecs 7
		ethtool -Q eth0 queue_mask 0x3 --show-coalesce' | tr -d '\t ' | grep rx-usecs: | tr '\n' ' ')" \
		'rx-usecs:100 .*rx-usecs:7 '
	guest_sh 11 'ethtool -C eth0 rx-usecs 0 rx-frames 1' >/dev/null
	like "statistics of each queue" "$(guest_sh 11 'ethtool -S eth0')" '1_tx_packets: [1-9]'
}

iperf()
{
	for args in '' '-R' '--bidir' '-P 8' '-u -b 50M' '-u -b 50M -R' '-P 8 -R'; do
		out=$(iperf3 -c 10.99.0.11 -t 1 $args 2>&1)
		like "iperf3 ${args:-tcp}" "$out" 'receiver'
	done
	for args in '' '--bidir -P 4' '-u -b 50M'; do
		out=$(guest_sh 12 "iperf3 -c 10.99.0.11 -t 1 $args 2>&1")
		like "iperf3 ${args:-tcp} between guests" "$out" 'receiver'
	done
	out=$(ping -f -q -c 2000 -w 60 10.99.0.11 2>&1 || ping -A -q -c 2000 -w 60 10.99.0.11)
	like "a flood of pings" "$out" ' 0% packet loss'
}

# dom0's end as a lower device of macvlan, as a port beside VXLAN, under tc, without offloads.
dom0_stack()
{
	g1=$(ifname g1-eth0)
	g2=$(ifname g2-eth0)
	ethtool -K "$g2" tx off >/dev/null
	ok "checksums made by dom0's software" between 11 12 10.99.0.12 "$mib"
	is "are right" "$(guest_sh 12 'cat /proc/net/snmp' | awk '/^Tcp: [0-9]/ { print $16 }')" 0
	ethtool -K "$g2" tx on tso on >/dev/null
	like "large frames of a guest are read in place" "$(counter g1 g1-eth0 zerocopy)" '^[1-9]'

	tc qdisc add dev "$g2" root tbf rate 400mbit burst 128k latency 100ms
	ok "a transfer through tc tbf" between 11 12 10.99.0.12 "$mib"
	like "it all went through it" "$(tc -s qdisc show dev "$g2")" "Sent [0-9]{7,} bytes"
	tc qdisc del dev "$g2" root

	ip netns add far
	ip link add under type veth peer name under-far
	ip link set under-far netns far
	ip addr add 10.96.0.1/24 dev under
	ip link set under mtu 9100 up
	ip link add vx7 mtu 9000 type vxlan id 7 remote 10.96.0.2 local 10.96.0.1 dstport 4789
	ip link set vx7 master br0 up
	ip netns exec far ip addr add 10.96.0.2/24 dev under-far
	ip netns exec far ip link set under-far mtu 9100 up
	ip netns exec far ip link add vx7 mtu 9000 type vxlan id 7 remote 10.96.0.1 local 10.96.0.2 dstport 4789
	ip netns exec far ip addr add 10.99.0.77/24 dev vx7
	ip netns exec far ip link set vx7 up
	pings "through VXLAN" 11 10.99.0.77 1400
	ip netns exec far /tests/transfer listen 5004 >/tmp/received &
	receiver=$!
	sent=$(guest_sh 11 "transfer send 10.99.0.77 5004 $mib")
	wait $receiver
	is "a transfer through VXLAN arrives whole" "$(cat /tmp/received)" "$sent"
	ip link del vx7
	ip link del under
	ip netns del far

	mkdir $vbus/devices/net/x2
	echo vbx2 >$vbus/devices/net/x2/ifname
	ip link set vbx2 up
	ip link add mv0 link vbx2 type macvlan mode bridge
	ip addr add 10.97.0.9/24 dev mv0
	ip link set mv0 up
	ln -s $vbus/devices/net/x2 $vbus/guests/g2/bus/eth1
	guest_sh 12 'for i in $(seq 50); do [ ! -e /sys/class/net/eth1 ] || break; usleep 100000; done
		ip addr add 10.97.0.12/24 dev eth1; ip link set eth1 up' >/dev/null
	ok "macvlan on dom0's end" reaches 10.97.0.12 -I mv0
	ip link del mv0
	rm $vbus/guests/g2/bus/eth1
	rmdir $vbus/devices/net/x2
}

# A frame read in place waits in a queue of dom0 that is all but stopped. The guest that sent it goes all
# the same; its memory comes back when the queue is gone, and not before.
stuck()
{
	free=$(cat $mb_sys/memory_free)
	ok "a third guest" guest_start g3 13
	ok "is ready" guest_ready g3 13
	ip link set "$(ifname g3-eth0)" mtu 9000
	guest_sh 13 '(sleep 1; ip link set eth0 mtu 9000) >/dev/null 2>&1 &' >/dev/null
	is "has MTU 9000" "$(until_is 9000 guest_cat 13 /sys/class/net/eth0/mtu)" 9000
	pings "and reaches the second" 13 10.99.0.12 1
	tc qdisc add dev "$(ifname g2-eth0)" root tbf rate 80bit burst 10k limit 1m
	guest_sh 13 'ping -i 0.2 -s 8000 10.99.0.12 >/dev/null 2>&1 &' >/dev/null
	ok "a frame of it is read in place, and stuck" [ "$(until_more 0 counter g3 g3-eth0 in_place)" -gt 0 ]
	ok "it is destroyed" minibus destroy g3
	like "and said so" "$(dmesg | tail -n 20)" 'guest g3: dom0 still reads its memory'
	ok "its memory is not free yet" [ "$(cat $mb_sys/memory_free)" -lt "$free" ]
	tc qdisc del dev "$(ifname g2-eth0)" root
	is "the queue gone, it is" "$(until_is "$free" cat $mb_sys/memory_free)" "$free"
}

GUEST_VCPUS=2
ok "first guest" guest_start g1 11
GUEST_VCPUS=1
ok "second guest" guest_start g2 12
ok "first is ready" guest_ready g1 11
ok "second is ready" guest_ready g2 12
sizes
vlan
jumbo
filter
address
link_state
unplug
if [ -n "$large" ]; then
	queues
	iperf
	dom0_stack
	stuck
fi
for n in 11 12; do
	is "no warning in guest $n's log" "$(guest_sh $n 'dmesg | grep -E "WARNING|BUG:|Oops|resetting"')" ''
done
ok "both destroyed" minibus destroy -a
is "no warning in dom0's log" "$(dmesg | grep -E 'WARNING|BUG:|Oops|Call Trace|broken' | head -n 3)" ''
plan $tap_n
tap_end
