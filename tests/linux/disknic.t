#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dom0's real devices on two machines: q35 with AHCI by MSI and an e1000 by a level-triggered line, i440fx
# with IDE by edge lines and an e1000 by a level-triggered one. See tests/linux/dom0/disknic.sh.
# On Bochs: an i440fx with IDE; the e1000 too with FULL=1, which boots the standard kernel for its driver.
. "$(dirname "$0")/../lib/boot.sh"
plan 20
reduced mib 100 8 "Bochs's disk moves some MiB a second"

run()		# run LABEL DOM0ARGS QEMU ARGUMENT...
{
	export LOG=disknic-$1 DOM0ARGS="mb.mib=$mib $2"
	shift 2
	truncate -s 512M "$boot_dir/disk"
	dom0_test disknic 200 "$@" |
		grep -v '^1\.\.' | sed -E "s/^((not )?ok) [0-9]+ - /\1 - $LOG: /" | tee "$boot_dir/out"
	! grep -q '^not ok' "$boot_dir/out" || tap_failed=1
	rm -f "$boot_dir/disk"
}

if [ "$MACHINE" = svm ]; then
	nic=(-netdev "user,id=n,guestfwd=tcp:10.0.2.100:7-cmd:cat" -device e1000,netdev=n)
	drive=(-drive "file=$boot_dir/disk,format=raw,if=none,id=d")
	run ahci "mb.msi=1 mb.level=1 mb.echo=1" -machine q35 "${drive[@]}" -device ahci,id=a \
		-device ide-hd,drive=d,bus=a.0 "${nic[@]}"
	run ide "mb.level=1 mb.echo=1" -machine pc "${drive[@]}" -device ide-hd,drive=d "${nic[@]}"
else
	for i in $(seq 10); do
		skip "disknic-ahci: result $i" "Bochs has no AHCI and no MSI"
	done
	export DISK=$boot_dir/disk
	if [ -n "${FULL:-}" ]; then
		IMAGES=$BUILD NIC=e1000 run ide "mb.level=1"
	else
		run ide mb.nonic=1
	fi
fi
tap_end
