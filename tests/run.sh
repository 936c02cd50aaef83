#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests and prints their results as one TAP 13 stream, a table test x machine with the reason of
# everything that was skipped or made smaller, and as last line "N passed, N failed" (", N skipped" when
# there are some). Exit status 0 only when none failed.
# Usage: run.sh [quick | all | FILE...]     quick: style, ABI and unit tests, which need no machine
# Environment: MACHINES (default "svm vmx svm-bochs"), FULL=1 (`make check-full`: nothing made smaller).
# Logs: build/logs/TEST.MACHINE.tap and those of the machines.
#
# Two lanes run side by side: QEMU's tests in one, Bochs's in the other; the first helps with Bochs's
# when it is done. Each test's output is printed in one piece. A test that boots a machine runs on every
# machine unless its head says otherwise:
#   # NOT ON: MACHINE...: REASON          # FULL: MACHINE...: REASON     (there only with FULL=1)
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build} LC_ALL=C FULL=${FULL:-}
mkdir -p "$BUILD/logs"
machines=${MACHINES:-svm vmx svm-bochs}
passed=0 failed=0 skipped=0 number=0
host_table=
remarks=
declare -A cell=()
rows=()
dir=$(mktemp -d)
lanes=

tests()
{
	case ${1:-all} in
	quick) ls tests/style.sh tests/abi/*.t tests/unit/*.t "$BUILD"/unit/test_*[!.]? 2>/dev/null ;;
	all)
		tests quick
		ls tests/build/*.t tests/guest/*.t tests/linux/*.t 2>/dev/null
		;;
	*) printf '%s\n' "$@" ;;
	esac
}

# head_line FILE KEY MACHINE: the reason after "# KEY: ... MACHINE ...:" in the test's head, or nothing.
head_line()
{
	sed -n "1,20s/^# $2: *//p" "$1" 2>/dev/null | while IFS=: read -r list reason; do
		case " $list " in
		*" $3 "*) echo "${reason# }" ;;
		esac
	done
}

result()	# result ok|not\ ok TEXT
{
	number=$((number + 1))
	echo "$1 $number - $2"
}

# judge NAME MACHINE LOG STATUS SECONDS CPU-SECONDS: counts one program's TAP, prints it renumbered.
judge()
{
	local name=$1 machine=$2 log=$3 status=$4 planned='' seen=0 bad=0 good=0 skips=0 line why
	local label=$name where=
	[ "$machine" = host ] || { label="$name [$machine]"; where=" on $machine"; }
	while IFS= read -r line; do
		case $line in
		1..*) planned=${line#1..}; planned=${planned%% *} ;;
		'not ok'*'# TODO'* | ok*'# SKIP'* | ok*'# skip'*)
			seen=$((seen + 1)) skips=$((skips + 1))
			line=$(sed -E 's/^(not )?ok *[0-9]* *-? *//; s/# TODO/# SKIP known:/' <<<"$line")
			result ok "$label: $line"
			remarks+="$name$where: skipped: ${line#*\# SKIP }"$'\n'
			;;
		'not ok'*)
			seen=$((seen + 1)) bad=$((bad + 1))
			result 'not ok' "$label: $(sed -E 's/^not ok *[0-9]* *-? *//' <<<"$line")"
			;;
		'ok '* | ok)
			seen=$((seen + 1)) good=$((good + 1))
			result ok "$label: $(sed -E 's/^ok *[0-9]* *-? *//' <<<"$line")"
			;;
		'# reduced: '*) remarks+="$name$where: ${line#\# }"$'\n' ;;
		'#'*) echo "$line" ;;
		esac
	done < <(tr -d '\r' <"$log")
	if [ "$planned" = 0 ] && [ "$seen" -eq 0 ] && [ "$status" -eq 0 ]; then
		why=$(grep -m1 '^1\.\.0' "$log" | sed 's/^1..0 *#* *//; s/^SKIP *//')
		result ok "$label # SKIP $why"
		remarks+="$name$where: skipped: $why"$'\n'
		skips=1
	elif [ -z "$planned" ] || [ "$planned" != "$seen" ]; then
		result 'not ok' "$label: planned ${planned:-nothing}, ran $seen (exit status $status)"
		bad=$((bad + 1))
	elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		result 'not ok' "$label: exit status $status"
		bad=$((bad + 1))
	fi
	if [ "$bad" -ne 0 ]; then
		echo "# last lines of $log:"
		tail -n 40 "$log" | sed 's/^/# | /'
	fi
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
	if [ "$machine" = host ]; then
		host_table+=$(printf '# %-28s %5d %5d %5d %6d s' "$name" "$good" "$bad" "$skips" "$5")$'\n'
	else
		[ -n "${cell[$name]:-}" ] || rows+=("$name")
		cell[$name]=y
		cell[$name,$machine]=$(printf '%4d %3d %4d %5d %5d' "$good" "$bad" "$skips" "$5" "$6")
	fi
}

# A lane ----------------------------------------------------------------------------------------------

# take LIST...: the first job of the first list that has one.
take()
{
	local list
	(
		flock 8
		for list in "$@"; do
			[ -s "$dir/$list" ] || continue
			head -n 1 "$dir/$list"
			sed -i 1d "$dir/$list"
			exit 0
		done
		exit 1
	) 8>"$dir/lock"
}

# attempt FILE LOG: in the background, so that the lane can be interrupted.
attempt()
{
	timeout -k 10 "${TEST_LIMIT:-2400}" "$(realpath "$1")" </dev/null >>"$2" 2>&1 &
	child=$!
	wait "$child"
}

cpu_time()	# cpu_time PID: seconds of its children, which have ended
{
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($16 + $17) / hz) }' "/proc/$1/stat"
}

# lane LIST...: runs jobs until the lists are empty; tells the parent by a line for each.
lane()
{
	local job file name machine log start before status child= me=$BASHPID
	trap '[ -z "$child" ] || kill "$child"; wait; exit 1' INT TERM
	while job=$(take "$@"); do
		read -r machine file <<<"$job"
		name=$(basename "$file")
		name=${name%.*}
		log=$BUILD/logs/$name.$machine.tap
		start=$SECONDS
		before=$(cpu_time "$me")
		: >"$log"
		export MACHINE=$machine
		attempt "$file" "$log"
		status=$?
		echo "$name $machine $log $status $((SECONDS - start)) $(($(cpu_time "$me") - before))" >&9
	done
}

cleanup()
{
	for l in $lanes; do
		kill "$l" 2>/dev/null
	done
	wait
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# The lists -------------------------------------------------------------------------------------------
echo "TAP version 13"
: >"$dir/qemu"
: >"$dir/bochs"
jobs=0
for t in $(tests "$@"); do
	case $t in
	*/style.sh | */abi/* | */unit/* | */build/*)
		echo "host $t" >>"$dir/qemu"
		jobs=$((jobs + 1))
		continue
		;;
	esac
	for m in $machines; do
		why=$(head_line "$t" 'NOT ON' "$m")
		[ -n "$why" ] || [ -n "$FULL" ] || why=$(head_line "$t" FULL "$m" | sed 's/$/ (make check-full)/')
		case $m in
		svm) list=qemu ;;
		*) list=bochs ;;
		esac
		if [ -n "$why" ]; then
			printf '1..0 # SKIP %s\n' "$why" >"$BUILD/logs/$(basename "$t" .t).$m.tap"
			echo "$(basename "$t" .t) $m $BUILD/logs/$(basename "$t" .t).$m.tap 0 0 0" >>"$dir/skipped"
		else
			echo "$m $t" >>"$dir/$list"
			jobs=$((jobs + 1))
		fi
	done
done
# Bochs's lane takes all of one machine's tests first.
sort -s -k1,1r -o "$dir/bochs" "$dir/bochs"

mkfifo "$dir/done"
exec 9<>"$dir/done"
lane qemu bochs &
lanes=$!
if [ -s "$dir/bochs" ]; then
	lane bochs &
	lanes="$lanes $!"
fi
[ ! -e "$dir/skipped" ] || while read -r name machine log status seconds cpu; do
	judge "$name" "$machine" "$log" "$status" "$seconds" "$cpu"
done <"$dir/skipped"
while [ "$jobs" -gt 0 ] && read -r name machine log status seconds cpu <&9; do
	judge "$name" "$machine" "$log" "$status" "$seconds" "$cpu"
	jobs=$((jobs - 1))
done
wait
lanes=

echo "1..$number"
printf '# %-28s %5s %5s %5s\n' test ok bad skip
printf '%s' "$host_table"
if [ "${#rows[@]}" -ne 0 ]; then
	printf '#\n# %-16s' 'on a machine:'
	printf ' | %-25s' $machines
	printf '\n# %-16s' ''
	for m in $machines; do
		printf ' | %4s %3s %4s %5s %5s' ok bad skip wall cpu
	done
	echo
	for r in $(printf '%s\n' "${rows[@]}" | sort); do
		printf '# %-16s' "$r"
		for m in $machines; do
			printf ' | %25s' "${cell[$r,$m]:--}"
		done
		echo
	done
fi
if [ -n "$remarks" ]; then
	printf '#\n# skipped or made smaller, how often, and why:\n'
	sort <<<"${remarks%$'\n'}" | uniq -c | sed 's/^ */#   /; s/^#   1 /#   /'
fi
echo "# $SECONDS s in all"
if [ "$skipped" -ne 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
