#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# `make size`: lines per folder, the hypervisor's text and data, what it keeps resident.
set -eu
build=${BUILD:-build}
cd "$(dirname "$0")/.."
echo "lines (C, headers, assembly; all lines, comments included):"
for d in boot arch hv svm vmx vbus guest-linux loopback tools tests; do
	n=$(git ls-files --cached --others --exclude-standard -- "$d" | grep -E '\.(c|h|S|asl)$' |
		xargs -r cat | wc -l)
	[ "$n" -eq 0 ] || printf '  %-12s %6d\n' "$d" "$n"
done
[ -f "$build/hv.elf" ] || exit 0
echo "hypervisor image:"
size -A "$build/hv.elf" | awk '
	/^\.(boot|text|rodata|data|bss)/ { printf "  %-12s %8d bytes\n", $1, $2; v[$1] = $2 }
	END { printf "  %-12s %8d bytes\n", "text+rodata", v[".text"] + v[".rodata"] }'
echo "Linux modules:"
find "$build/kmod" -name '*.ko' 2>/dev/null | sort | xargs -r size | awk 'NR > 1 { n = split($6, p, "/"); printf "  %-16s %7d text %6d data\n", p[n], $1, $2 }'
