# SPDX-License-Identifier: GPL-2.0-only
# A guest's power-off, reboot and crash are reported as what they were; a guest that was ended by dom0 too.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 8
state=/sys/kernel/config/vbus/guests/g1

# ends COMMAND REGEX: a preserved guest runs the command; its reason must match.
ends()
{
	guest_start g1 11 'on_poweroff = "preserve";' 'on_reboot = "preserve";' 'on_crash = "preserve";' || return
	guest_ready g1 11
	out=$(GUEST_SH_LIMIT=$(limit 10) guest_sh 11 "$1" 2>&1)
	i=0
	while [ "$(cat $state/state)" = running ] && [ $i -lt 300 ]; do
		sleep 0.1
		i=$((i + 1))
	done
	like "$1: state" "$(cat $state/state)" 'shutdown|dying'
	like "$1: reason" "$(cat $state/reason)" "$2"
	[ "$(cat $state/state)" != running ] || note "$out" "$(guest_console g1 | tail -n 5)"
	minibus destroy g1
}

ends 'poweroff -f' 'poweroff'
ends 'reboot -f' 'reboot'
ends 'echo c >/proc/sysrq-trigger' 'reboot|crash|triple'
guest_start g1 11
ok "destroyed while it boots" minibus destroy g1
is "and gone" "$(ls /sys/kernel/config/vbus/guests)" ''
tap_end
