# SPDX-License-Identifier: GPL-2.0-only
# What dom0 may ask for and not get, and what a process must not be able to do. Each refusal is one line
# that says what and why, leaves nothing behind, and the next guest works.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 23

counts()
{
	cat $mb_sys/memory_free $mb_sys/memory_hv $mb_sys/heap_free $mb_sys/domains | tr '\n' ' '
	ls /sys/kernel/config/vbus/guests /sys/kernel/config/vbus/devices/* | tr '\n' ' '
}

# refused WHAT REGEX: /tmp/bad.conf cannot be created; the message is one line and matches.
refused()
{
	out=$(minibus create /tmp/bad.conf 2>&1)
	status=$?
	note "$out"
	is "$1: exit status" "$status" 1
	like "$1: says so" "$out" "$2"
	is "$1: nothing is left" "$(counts)" "$before"
}

before=$(counts)
GUEST_MEM=999999 guest_conf bad 31 >/tmp/bad.conf
refused "an odd number of MiB" 'pieces of 2 MiB; write 1000000'
GUEST_MEM=999998 guest_conf bad 31 >/tmp/bad.conf
refused "more memory than any machine has" 'not enough memory for 999998 MiB'
# All that is free and a little more: everything is taken, and must be given back.
GUEST_MEM=$(($(cat $mb_sys/memory_free) / 2097152 * 2 + 2)) guest_conf bad 31 >/tmp/bad.conf
refused "2 MiB more memory than there is" 'not enough memory'
head -c 100000 /dev/urandom >/tmp/noise
guest_conf bad 31 | sed 's,/var/lib/minibus/vmlinuz,/tmp/noise,' >/tmp/bad.conf
refused "a kernel that is noise" 'kernel|image'
head -c 3000000 /var/lib/minibus/vmlinuz >/tmp/cut
guest_conf bad 31 | sed 's,/var/lib/minibus/vmlinuz,/tmp/cut,' >/tmp/bad.conf
refused "a kernel cut short" 'kernel|image|short|truncated'
guest_conf bad 31 | sed 's,/var/lib/minibus/vmlinuz,/tmp/none,' >/tmp/bad.conf
refused "a kernel that does not exist" 'No such file'

ok "a hypercall by a process in dom0 is refused" /tests/usercall
ok "a guest after all that" guest_start g1 11
ok "is ready" guest_ready g1 11
like "a hypercall by a process in the guest is refused" "$(guest_sh 11 'usercall && echo refused')" refused
is "and the guest still runs" "$(cat /sys/kernel/config/vbus/guests/g1/state)" running
tap_end
