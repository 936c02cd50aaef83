# SPDX-License-Identifier: GPL-2.0-only
# tests/guest/cr3 among 2, 4, 5 and 8 address spaces. Without cr3_trace no write of CR3 may exit. With it
# each exits, except where the CPU's CR3-target list lets known values through: then exactly as many as
# the guest computed by the rule of hv/cr3_trace.c. Then the same counts for a Linux guest, as figures.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
guests=/sys/kernel/config/vbus/guests
loads=1000
total=0

run_guest()	# run_guest NAME SPACES TRACE WORDS
{
	cat >"/tmp/$1.conf" <<-END
	name = "$1"; type = "multiboot"; kernel = "/tests/cr3.elf"; memory = 64; cr3_trace = $3;
	cmdline = "spaces=$2 loads=$loads $4 $([ "$3" = 0 ] || echo trace)";
	on_poweroff = "preserve"; on_reboot = "preserve"; on_crash = "preserve";
	END
	minibus create "/tmp/$1.conf" || return 1
	limit=$(limit 600)
	while [ "$(cat "$guests/$1/state")" = running ] && [ $limit -gt 0 ]; do
		limit=$((limit - 1))
		sleep 0.1
	done
	guest_console "$1" >"/tmp/$1.out"
	cat "$guests/$1/reason" >"/tmp/$1.reason"
	cat "$mb_debug/guests/$1/vcpu0" >"/tmp/$1.stats"
	minibus trace "$1" >"/tmp/$1.trace" 2>&1
	minibus destroy "$1"
}

relay()		# relay NAME: the guest's own TAP
{
	sed -nE "s/^(ok|not ok) [0-9]* *-? *(.*)$/\1 - $1: \2/p; s/^#/# $1:/p" "/tmp/$1.out" >"/tmp/$1.tap"
	sed "s/^/$TAP_PREFIX/" "/tmp/$1.tap"
	n=$(grep -Ec '^(not )?ok' "/tmp/$1.tap")
	is "$1: ran what it planned" "$n" "$(sed -n 's/^1\.\.//p' "/tmp/$1.out" | tail -n 1)"
	like "$1: ended as it should" "$(cat "/tmp/$1.reason")" '^poweroff'
	total=$((total + n))
}

stat_of()	# stat_of NAME COUNTER
{
	sed -n "s/^$2 //p" "/tmp/$1.stats"
}

expected()	# expected NAME: exits for writes of CR3, with this machine's list or without
{
	if grep -qw cr3-targets $mb_sys/hw_help; then
		sed -n 's/^# writes .* with-targets //p' "/tmp/$1.out"
	else
		sed -n 's/^# writes \([0-9]*\) .*/\1/p' "/tmp/$1.out"
	fi
}

one()		# one NAME SPACES TRACE WORDS
{
	ok "$1: runs" run_guest "$@"
	relay "$1"
	exits=$(stat_of "$1" exit.cr)
	if [ "$3" = 0 ]; then
		is "$1: no write of CR3 exits" "$exits" 0
		like "$1: nothing to trace" "$(cat "/tmp/$1.trace")" 'cr3_trace=1'
		return
	fi
	seen=$(sed -n 's/^ *\([0-9]*\) switches seen$/\1/p' "/tmp/$1.trace")
	note "CR3 $2 spaces, $loads switches: $seen exits${4:+ ($4)}"
	is "$1: exits for writes of CR3, as by the rule" "$seen" "$(expected "$1")"
	# The refused writes of the guest's last test exit too and are no switches.
	is "$1: and two that were refused" "$exits" $((seen + 2))
	is "$1: the last ones are shown" "$(grep -Ec '^ +[0-9.]+ 0x[0-9a-f]{16}$' "/tmp/$1.trace")" \
		"$([ "$seen" -lt 32 ] && echo "$seen" || echo 32)"
}

linux()		# linux TRACE: exits of a Linux guest while processes take turns
{
	ok "Linux, cr3_trace=$1" guest_start g1 11 "cr3_trace = $1;"
	ok "is ready" guest_ready g1 11
	guest_sh 11 'cat /proc/stat' >/tmp/stat.0
	cat $mb_debug/guests/g1/vcpu0 >/tmp/g1.stats
	before=$(stat_of g1 exit.cr)
	all=$(awk '/^exit\./ { s += $2 } END { print s }' /tmp/g1.stats)
	guest_sh 11 'i=0; while [ $i -lt 200 ]; do echo $i | cat | cat >/dev/null; i=$((i + 1)); done' >/dev/null
	cat $mb_debug/guests/g1/vcpu0 >/tmp/g1.stats
	guest_sh 11 'cat /proc/stat' >/tmp/stat.1
	switches=$(($(sed -n 's/^ctxt //p' /tmp/stat.1) - $(sed -n 's/^ctxt //p' /tmp/stat.0)))
	exits=$(($(stat_of g1 exit.cr) - before))
	all=$(($(awk '/^exit\./ { s += $2 } END { print s }' /tmp/g1.stats) - all))
	note "CR3 Linux, cr3_trace=$1: $switches context switches, $exits CR exits, $all exits in all"
	if [ "$1" = 0 ]; then
		is "no CR exit" "$exits" 0
	else
		ok "CR exits" [ "$exits" -gt 0 ]
	fi
	ok "is destroyed" minibus destroy g1
}

note "hardware help: $(cat $mb_sys/hw_help)"
for spaces in 2 4 5 8; do
	one "off$spaces" $spaces 0
	one "on$spaces" $spaces 1
done
one pcid4 4 1 pcid
if [ "$(cmdline_value mb.linux 2)" -gt 0 ]; then
	linux 0
	linux 1
fi
plan $((total + tap_n))
tap_end
