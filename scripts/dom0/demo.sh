# SPDX-License-Identifier: GPL-2.0-only
# The demonstration of `make run AUTO=1`: shows dom0's devices, the guest, its network by ping and by
# TCP each way with checksums (mb.mib= MiB, 256), the counters. Ends in "minibus-demo: PASS" or "... FAIL: WHY".
. /usr/lib/minibus/lib.sh
mib=$(cmdline_value mb.mib 256)

head_line()
{
	printf '\n== %s\n' "$*"
}

fail()
{
	echo "minibus-demo: FAIL: $*"
	minibus dmesg | tail -n 20
	exit 1
}

# transfer DIRECTION FUNCTION: one timed transfer, its checksum compared.
transfer()
{
	start=$(now_ms)
	sums=$($2 2 $mib) || fail "$1: the checksums differ: $sums"
	ms=$(($(now_ms) - start))
	echo "$1: $mib MiB in $ms ms ($((mib * 1000 / ms)) MiB/s): $sums: equal"
}

head_line "dom0: stock kernel $(uname -r), all devices are its own"
lspci
cat /proc/interrupts
head_line "the hypervisor"
minibus info
head_line "minibus list"
minibus list
head_line "the guest's console"
guest_ready demo 2 || fail "the guest did not come up"
guest_console demo
head_line "ping"
ping -c 5 -i 0.2 10.99.0.2 || fail "ping"
head_line "TCP, checksums compared"
guest_sh 2 'uname -a; cat /proc/interrupts' || fail "no shell service in the guest"
transfer "dom0 -> guest" send_to_guest
transfer "guest -> dom0" get_from_guest
head_line "exit and event counters"
minibus stats demo
minibus stats dom0
cat "$mb_debug/guests/demo/bus" 2>/dev/null
head_line "the guest powers off"
GUEST_SH_LIMIT=$(limit 3) guest_sh 2 'poweroff -f' >/dev/null 2>&1
n=0
while minibus list | grep -q '^demo.*running' && [ $n -lt 50 ]; do
	n=$((n + 1))
	sleep 0.2
done
minibus list
minibus dmesg | tail -n 5
echo "minibus-demo: PASS"
