# SPDX-License-Identifier: GPL-2.0-only
# Runs every bare test guest (/tests/*.elf) one after the other: relays the TAP that it writes to its
# console, and checks how it ended. NAME.cfg, made from the head of the guest's source, may say
# EXPECT (regex of the reason, "poweroff" if absent), VCPUS, MEMORY, ECHO, SECONDS, TSC_KHZ; or BY, the
# test that runs it instead. mb.only=NAME,... runs these alone.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
guests=/sys/kernel/config/vbus/guests

setting()	# setting NAME DEFAULT: from the guest's cfg
{
	value=$(sed -n "s/^$1: *//p" "$cfg" 2>/dev/null | head -n 1)
	printf '%s\n' "${value:-$2}"
}

run_one()
{
	cat >"/tmp/$g.conf" <<-END
	name = "$g"; type = "multiboot"; kernel = "/tests/$g.elf";
	memory = $(setting MEMORY 64); vcpus = $(setting VCPUS 1); echo = $(setting ECHO 0);
	$(setting TSC_KHZ '' | sed -n 's/.*[0-9].*/tsc_khz = &;/p')
	on_poweroff = "preserve"; on_reboot = "preserve"; on_crash = "preserve";
	END
	minibus create "/tmp/$g.conf" || return 1
	limit=$(($(setting SECONDS 30) * 10))
	while [ "$(cat "$guests/$g/state")" = running ] && [ "$limit" -gt 0 ]; do
		limit=$((limit - 1))
		sleep 0.1
	done
	guest_console "$g" >"/tmp/$g.out"
	cat "$guests/$g/reason" >"/tmp/$g.reason"
	minibus destroy "$g"
}

only=,$(cmdline_value mb.only ''),
total=0
for f in /tests/*.elf; do
	g=$(basename "$f" .elf)
	cfg=/tests/$g.cfg
	[ -z "$(setting BY)" ] || continue
	case $only in
	,, | *,$g,*) ;;
	*) continue ;;
	esac
	echo none >"/tmp/$g.reason"
	out=$(run_one 2>&1) || fail "$g: cannot be created" "$out"
	sed -nE "s/^(ok|not ok) [0-9]* *-? *(.*)$/\1 - $g: \2/p; s/^#/# $g:/p" "/tmp/$g.out" >"/tmp/$g.tap"
	sed "s/^/$TAP_PREFIX/" "/tmp/$g.tap"
	[ -s "/tmp/$g.reason" ] || note "$out"
	n=$(grep -Ec '^(not )?ok' "/tmp/$g.tap")
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*$/\1/p' "/tmp/$g.out" | tail -n 1)
	! grep '^not ok' "/tmp/$g.tap" | grep -qv '# TODO' || tap_failed=1
	is "$g: ran what it planned" "$n" "${planned:-0}"
	like "$g: ended as it should" "$(cat "/tmp/$g.reason")" "$(setting EXPECT '^poweroff')"
	total=$((total + n + 2))
done
ok "dom0 is well" test -e /sys/kernel/minibus
plan $((total + 1))
tap_end
