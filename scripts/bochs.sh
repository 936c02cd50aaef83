#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Starts the slow test machines: Bochs, an interpreter that is strict about VMX and SVM. Ends when the
# machine powers off. The serial line is on standard input and output, together with what the hypervisor
# writes to port 0xe9 (a character on the serial line costs ips/11520 instructions, on 0xe9 one). Whole
# lines are passed on, so that the two never mix; with INTERACTIVE=y each character as it comes.
# Settings, as far as they mean the same as in scripts/qemu.sh:
#   MACHINE   vmx (Intel) or svm-bochs (AMD)     CPU   Bochs's CPU model, or another text after "model="
#   CPUID     the line after "cpuid:" that CPU=bx_generic understands
#   ROAD      bios (GRUB by multiboot 1), uefi (the same by OVMF), direct (the kernel without the hypervisor)
#   SMP, MEM, HVARGS, DOM0ARGS, BUILD, HV, DOM0_KERNEL, DOM0_INITRD, ISO     as there; SMP is 1 here
#   DISK      a raw image on the second IDE channel      NIC   e1000 or none (which is the default)
#   IPS       instructions of a second (20 million)      BOCHS_LOG   where Bochs's own messages go
#   BOCHS=3.0 Debian 13's Bochs, fetched by `make bochs3`: posted interrupts, twice as fast, one CPU only
set -eu
build=${BUILD:-build}
machine=${MACHINE:-vmx}
mem=${MEM:-1536}
images=${IMAGES:-$build/cloud}
kernel=${DOM0_KERNEL-$images/dom0/vmlinuz}
initrd=${DOM0_INITRD-$images/dom0/initrd}
hvargs="console=e9 ${HVARGS-dom0_mem=$((mem / 3))M}"
# What costs the most where 100 million instructions take a second; mb.slow stretches time limits.
dom0args="console=ttyS0 quiet loglevel=4 panic=-1 $(cat "$(dirname "$0")/slow-cmdline") mb.slow=5 ${DOM0ARGS:-}"

die()
{
	echo "bochs.sh: $*" >&2
	exit 2
}

case $machine in
vmx) cpu=corei7_haswell_4770 ;;
svm-bochs) cpu=ryzen ;;
*) die "MACHINE=$machine is none of vmx, svm-bochs" ;;
esac
share=/usr/share/bochs
bochs=bochs
case ${BOCHS:-2.7} in
2.7) ;;
3.0)
	bochs=$(realpath "$build/bochs3/bochs") || die "make bochs3 fetches Bochs 3.0"
	share=$(dirname "$bochs")$share
	[ "${SMP:-1}" -eq 1 ] || die "Bochs 3.0 runs VMX guests wrongly on $SMP CPUs"
	;;
*) die "BOCHS=$BOCHS is none of 2.7, 3.0" ;;
esac
bios=$share/BIOS-bochs-latest
case ${ROAD:-bios} in
bios | kernel | direct) ;;
uefi) bios=/usr/share/ovmf/OVMF.fd ;;
*) die "ROAD=$ROAD is none of bios, uefi, direct" ;;
esac
[ $# -eq 0 ] || die "takes no arguments (got $*)"

umask 022
dir=$(mktemp -d "${TMPDIR:-/tmp}/minibus-bochs.XXXXXX")
pids=
cleanup()
{
	trap - EXIT INT TERM
	for p in $pids; do
		kill -KILL "$p" 2>/dev/null || :
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 143' INT TERM

# The image: GRUB with the few modules that are needed, no menu.
make_iso()
{
	# Only the second protocol tells where UEFI has the ACPI tables.
	[ "${ROAD:-}" = uefi ] && mb=2 || mb=
	{
		echo 'set timeout=0'
		echo 'menuentry minibus {'
		if [ "${ROAD:-}" = direct ]; then
			echo "linux /boot/vmlinuz $dom0args"
			echo 'initrd /boot/initrd'
		else
			echo "multiboot$mb /boot/minibus $hvargs"
			[ -z "$kernel" ] || echo "module$mb /boot/vmlinuz $dom0args"
			[ -z "$kernel" ] || [ -z "$initrd" ] || echo "module$mb /boot/initrd"
		fi
		echo '}'
	} >"$dir/grub.cfg"
	set -- "boot/grub/grub.cfg=$dir/grub.cfg" "boot/minibus=${HV:-$build/minibus}"
	[ -z "$kernel" ] || set -- "$@" "boot/vmlinuz=$kernel"
	[ -z "$initrd" ] || set -- "$@" "boot/initrd=$initrd"
	modules="multiboot multiboot2 linux iso9660 normal"
	if [ "${ROAD:-}" = uefi ]; then
		set -- -d /usr/lib/grub/x86_64-efi --install-modules="$modules part_gpt fat" "$@"
	else
		set -- -d /usr/lib/grub/i386-pc --install-modules="$modules biosdisk" "$@"
	fi
	grub-mkrescue --fonts= --locales= --themes= -o "$dir/boot.iso" "$@" >"$dir/iso.log" 2>&1 || {
		cat "$dir/iso.log" >&2
		die "cannot make the boot image"
	}
}

# Without "sound" the mixer's thread of 2.7 overflows a buffer of its own in some starts ("buffer overflow
# detected", SIGABRT), where the build machine has no sound.
config()
{
	[ -z "${CPUID:-}" ] || echo "cpuid: $CPUID"
	[ -z "${DISK:-}" ] || echo "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15"
	[ -z "${DISK:-}" ] || echo "ata1-master: type=disk, path=$DISK, mode=flat"
	[ "${NIC:-none}" = none ] || echo "$NIC: card=0, enabled=1, mac=52:54:00:12:34:56, ethmod=slirp"
	i=0
	while [ "$i" -lt "${SMP:-1}" ]; do	# a guest's triple fault is a "panic" of Bochs: go on
		reports="${reports:-}, cpu$i=report"
		i=$((i + 1))
	done
	cat <<-END
	config_interface: textconfig
	display_library: rfb, options="timeout=0"
	megs: $mem
	cpu: model=${CPU:-$cpu}, count=${SMP:-1}, ips=${IPS:-20000000}, quantum=32, reset_on_triple_fault=0
	romimage: file=$bios, options=fastboot
	vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
	boot: cdrom
	ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
	ata0-master: type=cdrom, path=${ISO:-$dir/boot.iso}, status=inserted
	com1: enabled=1, mode=term, dev=$dir/tty
	port_e9_hack: enabled=1
	sound: driver=dummy
	speaker: enabled=0
	log: $dir/bochs.log
	clock: sync=none
	panic: action=fatal$reports
	error: action=report
	info: action=ignore
	debug: action=ignore
	END
}

# One filter for each of the two outputs. Bochs's own text is left out.
if [ -n "${INTERACTIVE:-}" ]; then
	lines=cat terminal="STDIN,rawer,escape=0x1c!!STDOUT" cr='\r' patience=0.2
else
	lines='sed -u -e s/\r$//' terminal=STDIO cr='' patience=1000000
fi
e9_text()
{
	sed -u -E -e 's/\r$//; s/^(<bochs:[0-9]*> *)*//' \
		-e '/^(c$|=====|ALSA lib|Next at t=|Bochs is exiting|\[[A-Z]| *(Bochs x86|Built from|Timestamp:))/d' \
		-e '/^(\([0-9]*\)[. ]*\[|[0-9]+[a-z]\[)/d' -e "s/\$/$cr/"
}

# once: one run, both outputs kept in $dir as well. Two that start in the same tenth of a second may crash.
once()
{
	rm -f "$dir/raw" "$dir/tty" "$dir/e9" "$dir/e9.pipe" "$dir/com1" "$dir/commands"
	mkfifo "$dir/e9.pipe" "$dir/com1" "$dir/commands"
	tee "$dir/raw" <"$dir/e9.pipe" | e9_text | tee "$dir/e9.text" &
	texts=$!
	# A terminal, because 3.0 would hold back what it writes to a pipe.
	socat -u "PTY,link=$dir/e9,rawer" STDOUT >"$dir/e9.pipe" 2>>"$dir/socat.log" &
	e9=$!
	tee "$dir/com1.text" <"$dir/com1" | $lines &
	texts="$texts $!"
	socat -t "$patience" "PTY,link=$dir/tty,rawer" "$terminal" <&3 >"$dir/com1" 2>>"$dir/socat.log" &
	socat=$!
	yes c >"$dir/commands" 2>/dev/null &
	pids="$texts $e9 $socat $!"
	while [ ! -e "$dir/tty" ] || [ ! -e "$dir/e9" ]; do
		sleep 0.05
	done
	flock "${TMPDIR:-/tmp}/minibus-bochs.$(id -u).lock" sleep 0.5
	LC_ALL=C.UTF-8 setpriv --pdeathsig KILL "$bochs" -f "$dir/bochsrc" <"$dir/commands" >"$dir/e9" 2>&1 &
	emulator=$!
	pids="$pids $emulator"
	if [ -n "${INTERACTIVE:-}" ]; then
		wait "$socat" || :	# the user left, or Bochs closed the line
		kill "$emulator" 2>/dev/null || :
	fi
	status=0
	wait "$emulator" 2>/dev/null || status=$?
	# What is on the way arrives, then the two are told to stop: they would wait for another opener.
	size=
	until [ "$size" = "$(stat -c %s "$dir/raw" "$dir/com1.text")" ]; do
		size=$(stat -c %s "$dir/raw" "$dir/com1.text")
		sleep 1
	done
	kill "$socat" "$e9" 2>/dev/null || :
	wait "$socat" "$e9" 2>/dev/null || :
	for p in $texts; do
		wait "$p" 2>/dev/null || :
	done
}

[ -n "${ISO:-}" ] || make_iso
exec 3<&0
config >"$dir/bochsrc"
once
if [ ! -s "$dir/e9.text" ] && [ ! -s "$dir/com1.text" ]; then
	echo "bochs.sh: Bochs ended without any output; once more" >&2
	once
fi
[ -s "$dir/e9.text" ] || [ -s "$dir/com1.text" ] || tail -n 5 "$dir/raw" >&2
# Why a world switch was refused, and other last words; a power-off is one of them.
grep -aE 'VMFAIL|VMENTER|VMRUN|>>PANIC<<' "$dir/bochs.log" 2>/dev/null | grep -av 'soft power off' |
	tail -n 5 | sed 's/^/bochs: /'
[ -z "${BOCHS_LOG:-}" ] || tail -n 2000 "$dir/bochs.log" >"$BOCHS_LOG"
# A power-off ends Bochs with 1, like every "panic" of it; a crash with more. A person may just leave.
[ "$status" -le 128 ] || [ -n "${INTERACTIVE:-}" ] || exit "$status"
exit 0
