# SPDX-License-Identifier: GPL-2.0-only
# TAP for shell tests, on the host and in dom0. Results carry TAP_PREFIX, so that they can be told from
# other text on a serial line. Use: plan N; ok WHAT COMMAND...; is WHAT GOT WANTED; like WHAT TEXT REGEX;
# pass/fail WHAT; skip WHAT WHY; note TEXT; tap_end (exit status).
tap_n=0
tap_failed=0

plan()
{
	echo "${TAP_PREFIX:-}1..$1"
}

note()
{
	printf '%s\n' "$*" | sed "s/^/${TAP_PREFIX:-}# /"
}

pass()
{
	tap_n=$((tap_n + 1))
	echo "${TAP_PREFIX:-}ok $tap_n - $1"
}

fail()		# fail WHAT [WHY]
{
	tap_n=$((tap_n + 1))
	tap_failed=$((tap_failed + 1))
	echo "${TAP_PREFIX:-}not ok $tap_n - $1"
	[ -z "${2:-}" ] || note "$2"
}

skip()
{
	tap_n=$((tap_n + 1))
	echo "${TAP_PREFIX:-}ok $tap_n - $1 # SKIP $2"
}

ok()		# ok WHAT COMMAND...: passes when the command succeeds; its output is shown when not
{
	tap_what=$1
	shift
	if tap_out=$("$@" 2>&1); then
		pass "$tap_what"
	else
		fail "$tap_what" "$(printf '%s\n' "$tap_out" | tail -n 20)"
	fi
}

is()		# is WHAT GOT WANTED
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got '$2', wanted '$3'"
	fi
}

like()		# like WHAT TEXT REGEX
{
	if printf '%s\n' "$2" | grep -Eq -- "$3"; then
		pass "$1"
	else
		fail "$1" "no match for /$3/ in:
$(printf '%s\n' "$2" | tail -n 20)"
	fi
}

tap_end()
{
	[ "$tap_failed" -eq 0 ]
}
