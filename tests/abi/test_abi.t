#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every ABI header must compile alone and keep its layout at -m64, -m32, freestanding and as C++.
# The size and offset asserts in the headers hold it; -Wpadded finds holes nobody wrote down.
# Prints TAP; needs gcc and g++ only.
# usage: tests/abi/test_abi.t        (CC, CXX: other compilers)

cd "$(dirname "$0")/../.." || exit 1
CC=${CC:-gcc}
CXX=${CXX:-g++}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

# check NAME COMMAND...: one TAP line; the compiler's messages become comments.
check() {
	name=$1
	shift
	count=$((count + 1))
	if "$@" >"$tmp/log" 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' "$tmp/log"
		failed=1
	fi
}

warn="-Wall -Wextra -Wpadded -Werror -fsyntax-only"
headers=$(ls hv/abi/*.h vbus/abi/*.h)
for h in $headers; do
	# Included twice: the guard must hold, and nothing may be needed before it.
	printf '#include "%s"\n#include "%s"\n' "$h" "$h" >"$tmp/t.c"
	cp "$tmp/t.c" "$tmp/t.cc"
	check "$h -m64" $CC -std=c11 -m64 $warn -I. "$tmp/t.c"
	check "$h -m32 -ffreestanding" $CC -std=c11 -m32 -ffreestanding $warn -I. "$tmp/t.c"
	check "$h C++" $CXX -std=c++17 $warn -I. "$tmp/t.cc"
	check "$h C++ -m32" $CXX -std=c++17 -m32 -ffreestanding $warn -I. "$tmp/t.cc"
done

# All together, as a module sees them.
for h in $headers; do
	printf '#include "%s"\n' "$h"
done >"$tmp/all.c"
check "all headers together" $CC -std=gnu11 $warn -I. "$tmp/all.c"

echo "1..$count"
exit $failed
