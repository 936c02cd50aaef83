#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The ten checks that keep the tree small and straight, and the kernel's own two: licence and format
# of every line. Prints TAP; complaints go to stderr as FILE:LINE: WHAT.
set -u
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C
n=0
failed=0

check()		# check WHAT COMMAND...
{
	local what=$1 out
	shift
	n=$((n + 1))
	if out=$("$@"); then
		case $out in
		skip:*) echo "ok $n - $what # SKIP ${out#skip: }" ;;
		*) echo "ok $n - $what" ;;
		esac
	else
		echo "not ok $n - $what"
		failed=$((failed + 1))
	fi
}

echo "1..10"
check "files of 600 lines, functions of 80, lines of 100 columns, SPDX on top" perl tests/style/size.pl
check "every header compiles alone and opens with its contract" bash tests/style/headers.sh
check "layering: who may include whom" perl tests/style/layers.pl
check "vmx/ and svm/ hold the same files" perl tests/style/mirror.pl
check "ABI and hardware structures have size and offset asserts" perl tests/style/asserts.pl
check "every barrier names what it pairs with" perl tests/style/words.pl barriers
check "every lock level is in hv/locks.h" perl tests/style/words.pl locks
check "no static forward declarations" perl tests/style/words.pl forward
check "no function on both sides of the bus" perl tests/style/words.pl twice
check "every test has a page comment and reports by TAP" perl tests/style/pages.pl
[ "$failed" -eq 0 ]
