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

left_out()	# left_out WHY
{
	for i in $(seq $tests); do
		skip "$LOG: result $i" "$1"
	done
}

for cpus in 1 2 4; do
	export LOG=cpus-$cpus
	if [ "$cpus" -gt 2 ] && [ "$MACHINE" != svm ] && [ -z "${FULL:-}" ]; then
		left_out "Bochs runs $cpus CPUs in turn: minutes (make check-full)"
	elif [ "$cpus" -eq 1 ] && [ "$MACHINE" = svm-bochs ] && [ -z "${FULL:-}" ]; then
		left_out "all other tests of this machine boot on one CPU (make check-full)"
	else
		SMP=$cpus DOM0ARGS=mb.cpus=$cpus run
	fi
done
export LOG=road-kernel
if [ "$MACHINE" = svm ]; then
	ROAD=kernel DOM0ARGS=mb.cpus=2 run
	export SMP=2
	DOM0ARGS="mb.test=machine mb.cpus=2" TIMEOUT=0 scripts/mkiso.sh "$boot_dir/test.iso"
else
	left_out "Bochs cannot load a kernel by itself"
	# By the menu's multiboot 1 entry: by multiboot 2 GRUB's BIOS road hangs on Bochs before our first line.
	IMAGES=$BUILD/cloud HVARGS="console=e9 dom0_mem=512M" TIMEOUT=0 ENTRY=2 \
		DOM0ARGS="$(cat scripts/slow-cmdline) mb.slow=5 mb.test=machine mb.cpus=1" \
		scripts/mkiso.sh "$boot_dir/test.iso"
fi
export ISO=$boot_dir/test.iso
export LOG=road-bios
if [ "$MACHINE" = svm-bochs ] && [ -z "${FULL:-}" ]; then
	left_out "vmx takes this road on Bochs, before the vendor matters (make check-full)"
else
	ROAD=bios run
fi
export LOG=road-uefi
if [ "$MACHINE" != svm ]; then
	left_out "UEFI firmware was not made to work on Bochs; QEMU has this road"
else
	ROAD=uefi run
fi
tap_end
