# SPDX-License-Identifier: GPL-2.0-only
# Shell functions of dom0 for the demonstration and the tests: guests, commands in a guest, transfers.
mb_debug=/sys/kernel/debug/minibus
mb_sys=/sys/kernel/minibus

# guest_conf NAME N [LINE...]: a configuration on stdout; the guest gets 10.99.0.N. Lines are added last.
guest_conf()
{
	cat <<-END
	name = "$1";
	memory = ${GUEST_MEM:-256};
	vcpus = ${GUEST_VCPUS:-1};
	kernel = "/var/lib/minibus/vmlinuz";
	ramdisk = "/var/lib/minibus/initrd";
	cmdline = "console=ttyS0 quiet loglevel=4 panic=-1 mb.name=$1 mb.ip=10.99.0.$2/24 ${GUEST_CMDLINE:-}";
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
	timeout "$3" grep -aEq -- "$2" "/dev/minibus/$1.console"
}

# guest_console NAME: what the console has shown so far.
guest_console()
{
	timeout 1 cat "/dev/minibus/$1.console" | tr -d '\r'
}

# guest_sh N COMMAND: runs a command in the guest with address 10.99.0.N and prints its output.
guest_sh()
{
	printf '%s\nexit\n' "$2" | timeout "${GUEST_SH_LIMIT:-120}" \
		socat -t "${GUEST_SH_LIMIT:-120}" - "TCP:10.99.0.$1:2323,connect-timeout=10"
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

# send_to_guest N MIB, get_from_guest N MIB: a TCP transfer; prints the receiver's checksum.
send_to_guest()
{
	guest_sh "$1" 'nc -l -p 5001 | /bin/md5sum' >/tmp/sum.$1 &
	receiver=$!
	i=0
	until pattern "$2" | socat -u - "TCP:10.99.0.$1:5001" 2>/dev/null || [ $i -ge 50 ]; do
		i=$((i + 1))
		sleep 0.1
	done
	wait $receiver
	cut -d' ' -f1 /tmp/sum.$1
}

get_from_guest()	# the guest sends back a file of 4 MiB again and again, made by the dom0 side
{
	guest_sh "$1" '[ -s /tmp/pattern ] && echo have' | grep -q have || {
		guest_sh "$1" 'nc -l -p 5002 >/tmp/pattern' &
		receiver=$!
		i=0
		until pattern 4 | socat -u - "TCP:10.99.0.$1:5002" 2>/dev/null || [ $i -ge 50 ]; do
			i=$((i + 1))
			sleep 0.1
		done
		wait $receiver
	}
	socat -u TCP-LISTEN:5003,reuseaddr - | md5sum | cut -d' ' -f1 &
	receiver=$!
	sleep 0.3
	guest_sh "$1" "i=0; while [ \$i -lt $2 ]; do cat /tmp/pattern; i=\$((i + 4)); done | nc 10.99.0.1 5003"
	wait $receiver
}
