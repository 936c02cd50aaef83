# SPDX-License-Identifier: GPL-2.0-only
# Shell functions of dom0 for the demonstration and the tests: guests, commands in a guest, transfers.
mb_debug=/sys/kernel/debug/minibus
mb_sys=/sys/kernel/minibus

# cmdline_value NAME DEFAULT: the value of NAME= on dom0's kernel command line.
cmdline_value()
{
	value=$(tr ' ' '\n' </proc/cmdline | sed -n "s/^$1=//p" | tail -n 1)
	printf '%s\n' "${value:-$2}"
}

# limit SECONDS: that many on a usual machine, more on a slow one.
mb_slow=$(cmdline_value mb.slow 1)
limit()
{
	echo $(($1 * mb_slow))
}

# What a slow machine's image adds to every guest's kernel command line.
mb_guest_cmdline=$(cat /etc/minibus/guest-cmdline 2>/dev/null)

# guest_conf NAME N [LINE...]: a configuration on stdout; the guest gets 10.99.0.N. Lines are added last.
guest_conf()
{
	cat <<-END
	name = "$1";
	memory = ${GUEST_MEM:-256};
	vcpus = ${GUEST_VCPUS:-1};
	kernel = "/var/lib/minibus/vmlinuz";
	ramdisk = "/var/lib/minibus/initrd";
	cmdline = "console=ttyS0 pci=off quiet loglevel=4 panic=-1 mb.name=$1 mb.ip=10.99.0.$2/24 $mb_guest_cmdline ${GUEST_CMDLINE:-}";
	net = [ "bridge=br0,mac=52:54:00:99:00:$(printf %02x "$2")" ];
	END
	shift 2
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

# guest_start NAME N [LINE...]: creates the guest.
guest_start()
{
	guest_conf "$@" >"/tmp/$1.conf"
	minibus create "/tmp/$1.conf"
}

# guest_says NAME REGEX SECONDS: waits until the guest's console has shown a line that matches.
guest_says()
{
	timeout "$(limit "$3")" grep -aEq -- "$2" "/dev/minibus/$1.console"
}

# guest_ready NAME N: waits for the guest's shell and for its first answer over the network. dom0 may
# take a second to notice the carrier of a new device.
guest_ready()
{
	guest_says "$1" 'minibus-guest: ready' "${GUEST_READY_LIMIT:-180}" || return 1
	i=0
	until ping -c 1 -w "$(limit 1)" "10.99.0.$2" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 15 ] || return 1
	done
}

# guest_console NAME: what the console has shown so far.
guest_console()
{
	timeout "$(limit 1)" cat "/dev/minibus/$1.console" | tr -d '\r'
}

# guest_sh N COMMAND: runs a command in the guest with address 10.99.0.N and prints its output.
guest_sh()
{
	sh_limit=${GUEST_SH_LIMIT:-$(limit 120)}
	printf '%s\nexit\n' "$2" | timeout "$sh_limit" \
		socat -t "$sh_limit" - "TCP:10.99.0.$1:2323,connect-timeout=$(limit 10)"
}

# pattern MIB: that many MiB of test data, the same at every call.
pattern()
{
	if [ ! -e /tmp/pattern ]; then
		dd if=/dev/urandom of=/tmp/pattern bs=1M count=4 2>/dev/null
	fi
	n=0
	while [ $n -lt "$1" ]; do
		cat /tmp/pattern
		n=$((n + 4))
	done
}

pattern_sum()	# pattern_sum MIB
{
	pattern "$1" | md5sum | cut -d' ' -f1
}

now_ms()
{
	awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime
}

# send_to_guest N MIB, get_from_guest N MIB: a TCP transfer; prints what the sender and what the receiver
# counted and summed, and fails when they differ.
send_to_guest()
{
	guest_sh "$1" 'transfer listen 5001' >/tmp/received &
	receiver=$!
	sent=$(/tests/transfer send "10.99.0.$1" 5001 "$2")
	wait $receiver
	echo "sent $sent, received $(cat /tmp/received)"
	[ "$sent" = "$(cat /tmp/received)" ]
}

get_from_guest()
{
	/tests/transfer listen 5002 >/tmp/received &
	receiver=$!
	sent=$(guest_sh "$1" "transfer send 10.99.0.1 5002 $2")
	wait $receiver
	echo "sent $sent, received $(cat /tmp/received)"
	[ "$sent" = "$(cat /tmp/received)" ]
}
