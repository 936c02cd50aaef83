#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The bootable image: GRUB for BIOS and UEFI, the hypervisor, dom0's kernel and initial RAM disk.
# Usage: mkiso.sh OUT      environment: IMAGES, the directory of dom0's files (build); HVARGS and DOM0ARGS go to the menu's command lines, ENTRY picks
#                          the default entry, TIMEOUT the seconds it waits
set -eu
build=${BUILD:-build}
images=${IMAGES:-$build}
out=$1
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/boot/grub"
cp "$build/minibus" "$tree/boot/minibus"
cp "$images/dom0/vmlinuz" "$tree/boot/dom0-vmlinuz"
cp "$images/dom0/initrd" "$tree/boot/dom0-initrd"
sed -e "s|@HVARGS@|${HVARGS-dom0_mem=1024M}|" -e "s|@DOM0ARGS@|${DOM0ARGS:-}|" \
	-e "s|^set default=.*|set default=${ENTRY:-0}|" -e "s|^set timeout=.*|set timeout=${TIMEOUT:-3}|" \
	boot/grub/grub.cfg >"$tree/boot/grub/grub.cfg"
find "$tree" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
uuid=$(date -u -d "@${SOURCE_DATE_EPOCH:-0}" +%Y%m%d%H%M%S00)

# grub-mkrescue has no option for the serial number of the EFI system partition, which is the time.
mkdir "$tree.bin"
trap 'rm -rf "$tree" "$tree.bin"' EXIT
printf '#!/bin/sh\nexec %s -N 4d424953 "$@"\n' "$(command -v mformat)" >"$tree.bin/mformat"
chmod +x "$tree.bin/mformat"
PATH=$tree.bin:$PATH grub-mkrescue -o "$out.new" "$tree" -- -volid MINIBUS -volume_date uuid "$uuid" \
	-volume_date all_file_dates "=${SOURCE_DATE_EPOCH:-0}" \
	-boot_image any gpt_disk_guid=volume_date_uuid >"$out.log" 2>&1 || {
	cat "$out.log"
	exit 1
}
mv "$out.new" "$out"
