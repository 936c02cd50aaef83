#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The ABI headers give the same layout to every party: each compiles as C at -m64 and -m32 and as C++,
# and its own size and offset asserts hold in all three.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
headers=$(ls hv/abi/*.h vbus/abi/*.h)

# Compiles, and has no hidden padding between members (the tail of an open-ended ring is no member).
layout()
{
	local out
	out=$(gcc "$1" -ffreestanding -std=gnu11 -Wall -Wextra -Werror -Wpadded -Wno-error=padded \
		-fsyntax-only -I. "$2" 2>&1) || { echo "$out"; return 1; }
	! grep 'to align' <<<"$out"
}

plan $(($(wc -w <<<"$headers") * 3))
for h in $headers; do
	src=$(mktemp --suffix=.c)
	echo "#include \"$h\"" >"$src"
	for m in -m64 -m32; do
		ok "$h as C $m" layout $m "$src"
	done
	ok "$h as C++" g++ -x c++ -std=c++17 -ffreestanding -Wall -Wextra -Werror -fsyntax-only -I. "$src"
	rm -f "$src"
done
tap_end
