#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The bare test guests that hardware help serves, with other help than bare.t uses: none at all, and on VMX
# the APIC's, which is off on Bochs by default. Results must be the same. See tests/linux/dom0/bare.sh.
. "$(dirname "$0")/../lib/boot.sh"
only=apic,cpu,crs,faults,fpuload,ipi,memory,msr,outside,pveoi,timer,tsc,tunnel
total=0

# with OPTION: its results are added to this test's.
with()
{
	HVARGS="dom0_mem=512M $1" DOM0ARGS="mb.only=$only" LOG="help-$2" dom0_test bare 250 >"$boot_dir/tap"
	grep -v '^1\.\.' "$boot_dir/tap" | sed -E "s/^((not )?ok)[ 0-9-]*/\1 - $1: /"
	total=$((total + $(sed -n 's/^1\.\.//p' "$boot_dir/tap" | tail -n 1)))
	boot_text | grep -m1 -o 'hardware help: .*' | sed 's/^/# /'
}

with nohelp=all none
[ "$MACHINE" != vmx ] || with help=apicv apicv
echo "1..$total"
