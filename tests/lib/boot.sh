# SPDX-License-Identifier: GPL-2.0-only
# Boots the test machine for a test and talks to its serial line. Read by tests/*/*.t (bash).
# $MACHINE is the machine; settings for scripts/machine.sh come from the environment of boot_start.
# The serial log is $boot_log (build/logs/NAME.MACHINE.log). The emulator is ended by its process id,
# also when the test is interrupted. How the machine ended is put into words in $boot_how; resets of CPUs
# (QEMU) or Bochs's own messages are in build/logs/NAME.MACHINE.cpus.
# Time limits are for QEMU on an idle machine with two cores; what is waited for is $boot_patience times
# that, because two lanes share those cores, and because Bochs is slow.
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top" || exit 1
export BUILD=${BUILD:-build} MACHINE=${MACHINE:-svm}
boot_patience=3
[ "$MACHINE" = svm ] || boot_patience=5
boot_pid=
boot_how=
boot_since=0
boot_dir=$(mktemp -d)
mkdir -p "$BUILD/logs"

boot_running()
{
	[ -n "$boot_pid" ] && kill -0 "$boot_pid" 2>/dev/null
}

# boot_look: sets $boot_how. An emulator that crashed, a machine that reset itself (with -no-reboot that
# ends QEMU with status 0) and one that hangs look alike in the serial log.
boot_look()
{
	local after=$((SECONDS - boot_since)) status=0
	[ -n "$boot_pid" ] || return 0
	boot_how="the machine still runs after $after s"
	! boot_running || return 0
	wait "$boot_pid" || status=$?
	boot_how="the machine ended by itself after $after s, exit status $status"
	[ "$status" -le 128 ] || boot_how="the emulator was ended by SIG$(kill -l "$status") after $after s"
	grep -q 'Triple fault' "$boot_cpus" 2>/dev/null && boot_how+=", triple fault"
	boot_pid=
}

boot_stop()
{
	boot_look
	[ -z "$boot_pid" ] || kill "$boot_pid" 2>/dev/null
	[ -z "$boot_pid" ] || wait "$boot_pid" 2>/dev/null
	boot_pid=
}
trap 'boot_stop; rm -rf "$boot_dir"' EXIT
trap 'exit 1' INT TERM

# reduced VARIABLE USUAL LESS WHY: what a test does less of on a slow machine; the table says so.
# `make check-full` does the usual everywhere.
reduced()
{
	if [ "$MACHINE" = svm ] || [ -n "${FULL:-}" ]; then
		printf -v "$1" %s "$2"
		return
	fi
	printf -v "$1" %s "$3"
	echo "# reduced: $1 $3 instead of $2: $4"
}

# boot_start NAME [QEMU ARGUMENT...]: the machine runs in the background.
boot_start()
{
	boot_stop
	boot_log=$BUILD/logs/$1.$MACHINE.log
	boot_cpus=$BUILD/logs/$1.$MACHINE.cpus
	shift
	rm -f "$boot_cpus"
	: >"$boot_log"	# now, not when the shell below gets to it: boot_wait must not see an old log
	rm -f "$boot_dir/in"
	mkfifo "$boot_dir/in"
	exec 7<>"$boot_dir/in"
	[ "$MACHINE" != svm ] || set -- -d cpu_reset -D "$boot_cpus" "$@"
	BOCHS_LOG=$boot_cpus scripts/machine.sh "$@" <"$boot_dir/in" >"$boot_log" 2>&1 7>&- &
	boot_pid=$!
	boot_since=$SECONDS
}

# boot_wait REGEX SECONDS: until the log has it. Fails when the time is over or the machine has ended.
boot_wait()
{
	local until=$((SECONDS + $2 * boot_patience))
	while :; do
		grep -Eaq -- "$1" "$boot_log" && return 0
		if ! boot_running || [ "$SECONDS" -ge "$until" ]; then
			grep -Eaq -- "$1" "$boot_log"
			return
		fi
		sleep 0.2
	done
}

# boot_send TEXT: a line typed at the serial console.
boot_send()
{
	printf '%s\n' "$1" >&7
}

# boot_end SECONDS: waits for the machine to power off; ends it when it does not.
boot_end()
{
	local until=$((SECONDS + $1 * boot_patience))
	while boot_running && [ "$SECONDS" -lt "$until" ]; do
		sleep 0.2
	done
	if boot_running; then
		boot_stop
		return 1
	fi
	boot_stop
}

# boot_text: the log without carriage returns and escape sequences.
boot_text()
{
	sed -e 's/\r//g' -e 's/\x1b\[[0-9;?]*[A-Za-z]//g' "$boot_log"
}

# dom0_test NAME SECONDS [QEMU ARGUMENT...]: boots dom0 to run tests/linux/dom0/NAME.sh and passes its
# TAP lines on, so that they are this program's. LOG names the log if it is not NAME.
dom0_test()
{
	local name=$1 limit=$2
	shift 2
	DOM0ARGS="${DOM0ARGS:-} mb.test=$name" boot_start "${LOG:-$name}" "$@"
	if ! boot_wait "minibus-dom0: test $name done" "$limit"; then
		boot_look
		boot_text | sed -n 's/^.*TAP: //p'
		echo "not ok - ${LOG:-$name}: dom0 did not finish the test: $boot_how"
		boot_text | tail -n 40 | sed 's/^/# /'
		boot_stop
		return 1
	fi
	boot_text | sed -n 's/^.*TAP: //p'
	boot_end 60 || echo "# dom0 did not power off"
}
