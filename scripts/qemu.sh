#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Starts the test machine: QEMU's TCG with an AMD CPU that has SVM. Becomes the QEMU process, so the
# caller knows its process id. All settings come from the environment, arguments go to QEMU:
#   ROAD      kernel (QEMU loads the hypervisor by multiboot 1), bios or uefi (GRUB from the ISO),
#             direct (the stock kernel without the hypervisor, to compare with)
#   SMP, MEM  CPUs and MiB           CPU     QEMU CPU model (max)
#   HVARGS    hypervisor command line       DOM0ARGS   added to dom0's
#   ICOUNT=1  instructions as clock: repeatable counts, one thread
# Each CPU has a thread if QEMU can be cured of what scripts/qemu-ignne.c describes; else one is for all.
#   BUILD     build directory        HV, DOM0_KERNEL, DOM0_INITRD, ISO   files other than the built ones
set -eu
build=${BUILD:-build}
road=${ROAD:-kernel}
mem=${MEM:-2048}
kernel=${DOM0_KERNEL-$build/dom0/vmlinuz}
initrd=${DOM0_INITRD-$build/dom0/initrd}
hvargs=${HVARGS-dom0_mem=$((mem / 2))M}
dom0args="console=ttyS0 quiet loglevel=4 panic=-1 ${DOM0ARGS:-}"
doubled()	# QEMU separates modules by commas; a comma inside one is written twice
{
	printf %s "$1" | sed 's/,/,,/g'
}

case $road in
kernel)
	modules=
	[ -z "$kernel" ] || modules=$(doubled "$kernel $dom0args")
	[ -z "$kernel" ] || [ -z "$initrd" ] || modules=$modules,$(doubled "$initrd")
	set -- -kernel "${HV:-$build/minibus}" -append "$hvargs" ${modules:+-initrd "$modules"} "$@"
	;;
direct)
	set -- -kernel "$kernel" -initrd "$initrd" -append "$dom0args" "$@"
	;;
bios)
	set -- -boot d -cdrom "${ISO:-$build/minibus.iso}" "$@"
	;;
uefi)
	set -- -boot d -cdrom "${ISO:-$build/minibus.iso}" \
		-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
		-drive if=pflash,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd "$@"
	;;
*)
	echo "qemu.sh: ROAD=$road is none of kernel, bios, uefi, direct" >&2
	exit 2
	;;
esac

cure=$(realpath "$build")/qemu-ignne.so
if [ -n "${ICOUNT:-}" ]; then
	set -- -accel tcg,thread=single -icount shift=0,sleep=off "$@"
	SMP=1
elif [ -e "$cure" ] && LD_PRELOAD=$cure qemu-system-x86_64 -version 2>&1 | grep -q '^QEMU'; then
	set -- -accel tcg,thread=multi "$@"
	export LD_PRELOAD="$cure"
else
	echo "qemu.sh: one thread for all CPUs, because of the race that scripts/qemu-ignne.c describes" >&2
	set -- -accel tcg,thread=single "$@"
fi
exec qemu-system-x86_64 -cpu "${CPU:-max}" -smp "${SMP:-2}" -m "$mem" -no-reboot -display none \
	-nodefaults "$@"
