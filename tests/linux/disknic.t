#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dom0's real devices on two machines: q35 with AHCI by MSI and an e1000 by a level-triggered line, i440fx
# with IDE by edge lines and an e1000 by a level-triggered one. See tests/linux/dom0/disknic.sh.
. "$(dirname "$0")/../lib/boot.sh"
nic=(-netdev "user,id=n,guestfwd=tcp:10.0.2.100:7-cmd:cat" -device e1000,netdev=n)
plan 20

run()		# run LABEL DOM0ARGS QEMU ARGUMENT...
{
	export LOG=disknic-$1 DOM0ARGS=$2
	shift 2
	truncate -s 512M "$boot_dir/disk"
	dom0_test disknic 400 -drive "file=$boot_dir/disk,format=raw,if=none,id=d" "$@" "${nic[@]}" |
		grep -v '^1\.\.' | sed -E "s/^((not )?ok) [0-9]+ - /\1 - $LOG: /" | tee "$boot_dir/out"
	! grep -q '^not ok' "$boot_dir/out" || tap_failed=1
	rm -f "$boot_dir/disk"
}

run ahci "mb.msi=1 mb.level=1" -machine q35 -device ahci,id=a -device ide-hd,drive=d,bus=a.0
run ide "mb.level=1" -machine pc -device ide-hd,drive=d
tap_end
