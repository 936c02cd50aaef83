#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# iasl, the reference compiler, reads back the ACPI tables of a guest with the most vCPUs: no warning,
# no wrong checksum, every processor there.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
plan 7
unit=${BUILD:-build}/unit/test_acpi_tables
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ok "tables are written" "$unit" --write "$dir"
for t in xsdt facp apic ssdt dsdt; do
	out=$(iasl -d "$dir/$t.dat" 2>&1)
	if [ -s "$dir/$t.dsl" ] && ! grep -Eiq 'incorrect|warning|error|invalid' <<<"$out$(grep -i 'incorrect\|invalid\|\*\*\*\*' "$dir/$t.dsl")"; then
		pass "$t is read without complaint"
	else
		fail "$t is read without complaint" "$out"
	fi
done
is "64 processors in the SSDT" "$(grep -c 'Device (CP' "$dir/ssdt.dsl")" 64
tap_end
