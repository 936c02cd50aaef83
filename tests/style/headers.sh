#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every header opens with its contract and compiles alone: hypervisor and test headers freestanding or
# hosted, Linux headers as part of a module that is built but not kept.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
rc=0
headers=$(git ls-files --cached --others --exclude-standard -- '*.h')

contract()	# contract FILE: the six words within the first 60 lines
{
	local word head
	head=$(head -n 60 "$1")
	for word in purpose callers context locking lifetime errors; do
		grep -qi "\b$word\b" <<<"$head" || {
			echo "$1: the contract on top does not name: $word" >&2
			rc=1
		}
	done
}

alone()		# alone FILE FLAG...
{
	local f=$1
	shift
	gcc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror "$@" -x c - <<<"#include \"$f\"" 2>"$tmp/err" || {
		echo "$f: does not compile alone:" >&2
		head -n 4 "$tmp/err" >&2
		rc=1
	}
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
kernel=
for h in $headers; do
	[ -f "$h" ] || continue
	contract "$h"
	case $h in
	hv/abi/* | vbus/abi/*) alone "$h" -I. ;;
	vbus/* | guest-linux/* | loopback/*) kernel="$kernel $h" ;;
	tools/*) alone "$h" -I. -I"$build/gen" -D_GNU_SOURCE ;;
	tests/fake_arch/* | tests/unit/*) alone "$h" -Itests/fake_arch -Itests/unit -I. -D_GNU_SOURCE ;;
	*) alone "$h" -I. -I"$build/gen" -Itests/guestlib -ffreestanding -mgeneral-regs-only ;;
	esac
done

if [ -n "$kernel" ] && [ -e "${KDIR:-$build/debian/headers}" ]; then
	n=0
	: >"$tmp/objs"
	for h in $kernel; do
		n=$((n + 1))
		echo "#include \"$h\"" >"$tmp/h$n.c"
		echo "h$n.o" >>"$tmp/objs"
	done
	{
		echo "ccflags-y := -I$PWD"
		echo "obj-m := headers.o"
		echo "headers-y := main.o $(tr '\n' ' ' <"$tmp/objs")"
	} >"$tmp/Kbuild"
	printf '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n' >"$tmp/main.c"
	make -s -C "${KDIR:-$build/debian/headers}" M="$tmp" KCFLAGS=-Werror modules >"$tmp/log" 2>&1 || {
		grep -E 'error|warning|included from' "$tmp/log" | head -n 20 >&2
		rc=1
	}
fi
exit $rc
