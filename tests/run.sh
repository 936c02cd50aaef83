#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests and prints their results as one TAP 13 stream, a table, and as last line
# "N passed, N failed" (", N skipped" when there are some). Exit status 0 only when none failed.
# Usage: run.sh [quick | all | FILE...]     quick: style, ABI and unit tests. Logs: build/logs/TEST.log
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build} LC_ALL=C
mkdir -p "$BUILD/logs"
passed=0 failed=0 skipped=0 number=0
table=

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

result()	# result ok|not\ ok TEXT
{
	number=$((number + 1))
	echo "$1 $number - $2"
}

# judge NAME LOG STATUS: counts one program's TAP, prints it renumbered.
judge()
{
	local name=$1 log=$2 status=$3 planned='' seen=0 bad=0 good=0 skips=0 line
	while IFS= read -r line; do
		case $line in
		1..*) planned=${line#1..}; planned=${planned%% *} ;;
		'not ok'*'# TODO'* | ok*'# SKIP'* | ok*'# skip'*)
			seen=$((seen + 1)) skips=$((skips + 1))
			result ok "$name: $(sed -E 's/^(not )?ok *[0-9]* *-? *//; s/# TODO/# SKIP known:/' <<<"$line")"
			;;
		'not ok'*)
			seen=$((seen + 1)) bad=$((bad + 1))
			result 'not ok' "$name: $(sed -E 's/^not ok *[0-9]* *-? *//' <<<"$line")"
			;;
		'ok '* | ok)
			seen=$((seen + 1)) good=$((good + 1))
			result ok "$name: $(sed -E 's/^ok *[0-9]* *-? *//' <<<"$line")"
			;;
		'#'*) echo "$line" ;;
		esac
	done < <(tr -d '\r' <"$log")
	if [ "$planned" = 0 ] && [ "$seen" -eq 0 ] && [ "$status" -eq 0 ]; then
		result ok "$name # SKIP $(grep -m1 '^1\.\.0' "$log" | sed 's/^1..0 *#* *//; s/^SKIP *//')"
		skips=1
	elif [ -z "$planned" ] || [ "$planned" != "$seen" ]; then
		result 'not ok' "$name: planned ${planned:-nothing}, ran $seen (exit status $status)"
		bad=$((bad + 1))
	elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		result 'not ok' "$name: exit status $status"
		bad=$((bad + 1))
	fi
	if [ "$bad" -ne 0 ]; then
		echo "# last lines of $log:"
		tail -n 40 "$log" | sed 's/^/# | /'
	fi
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
	table+=$(printf '# %-28s %5d %5d %5d %6d s' "$name" "$good" "$bad" "$skips" "$4")$'\n'
}

run()
{
	timeout -k 10 "${TEST_LIMIT:-1200}" "$(realpath "$1")" </dev/null >"$log" 2>&1
}

echo "TAP version 13"
for t in $(tests "$@"); do
	name=$(basename "$t")
	name=${name%.*}
	log=$BUILD/logs/$name.tap
	start=$SECONDS
	run "$t"
	status=$?
	judge "$name" "$log" "$status" $((SECONDS - start))
done
echo "1..$number"
printf '# %-28s %5s %5s %5s\n' test ok bad skip
printf '%s' "$table"
echo "# $SECONDS s in all"
if [ "$skipped" -ne 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
