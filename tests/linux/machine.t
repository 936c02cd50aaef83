#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The three boot roads (QEMU's -kernel, GRUB on BIOS, GRUB on UEFI) and 1, 2 and 4 CPUs: each reaches
# dom0 on all CPUs and a running guest.
. "$(dirname "$0")/../lib/boot.sh"
tests=7
plan $((tests * 6))

run()		# one boot; its results carry the name of its log
{
	dom0_test machine 300 | grep -v '^1\.\.' | sed -E "s/^((not )?ok) [0-9]+ - /\1 - $LOG: /" |
		tee "$boot_dir/out"
	# A run that broke off has fewer results than planned; name it once, so that the plan still holds.
	n=$(grep -Ec '^(not )?ok' "$boot_dir/out")
	while [ "$n" -lt "$tests" ]; do
		n=$((n + 1))
		echo "not ok - $LOG: result $n is missing"
	done
	! grep -q '^not ok' "$boot_dir/out" || tap_failed=1
}

for cpus in 1 2 4; do
	LOG=cpus-$cpus SMP=$cpus DOM0ARGS=mb.cpus=$cpus run
done
LOG=road-kernel ROAD=kernel DOM0ARGS=mb.cpus=2 run
DOM0ARGS="mb.test=machine mb.cpus=2" TIMEOUT=0 scripts/mkiso.sh "$boot_dir/test.iso"
export ISO=$boot_dir/test.iso
LOG=road-bios ROAD=bios run
LOG=road-uefi ROAD=uefi run
tap_end
