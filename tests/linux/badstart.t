#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Machines and boot files that cannot work: the hypervisor ends in one clear line and does nothing else.
# Each case has a machine, boot files and the line that must appear. Machines without what is needed:
# QEMU's CPU with bits switched off; Bochs's models of old CPUs, which lack more and more the older they are.
. "$(dirname "$0")/../lib/boot.sh"
cases=9
[ "$MACHINE" != vmx ] || cases=10
plan $((cases * 2))
export NIC=none
small=$boot_dir/small
head -c 4096 /dev/urandom >"$small"

# refused WHAT REGEX: one boot; the regex must appear, dom0 must not.
refused()
{
	LOG=bad-$(tr -cs 'a-z0-9' - <<<"${1,,}" | sed 's/-$//')
	boot_start "$LOG"
	boot_wait "$2" 30
	like "$1" "$(boot_text)" "$2"
	boot_text | grep -E "$2" | head -n 1 | sed 's/^/# /'
	like "$1: dom0 did not run" "$(boot_text | grep -c 'minibus-dom0: /init')" '^0$'
	boot_stop
}

case $MACHINE in
svm)
	CPU=max,-svm refused "CPU without SVM" 'ERROR: SVM: CPUID 80000001h does not offer it'
	CPU=max,-npt refused "CPU without nested paging" 'ERROR: SVM: no nested paging'
	CPU=max,-lm refused "CPU without long mode" 'this CPU has no 64-bit mode'
	;;
svm-bochs)
	export DOM0_INITRD=$small
	CPU=athlon64_venice refused "Athlon 64: no SVM" 'ERROR: SVM: CPUID 80000001h does not offer it'
	CPU=turion64_tyler refused "Turion 64: no nested paging" 'ERROR: SVM: no nested paging'
	CPU=p3_katmai refused "no long mode" 'this CPU has no 64-bit mode'
	;;
vmx)
	export DOM0_INITRD=$small
	CPU=p4_prescott_celeron_336 refused "Pentium 4: no VMX" 'ERROR: VMX: CPUID 1 does not offer it'
	CPU=core2_penryn_t9600 refused "Core 2: no EPT" 'ERROR: VMX: this CPU lacks EPT'
	CPU=corei5_lynnfield_750 refused "first Core i5: no unrestricted guest" \
		'ERROR: VMX: this CPU lacks unrestricted guest'
	CPU=p4_willamette refused "first Pentium 4: no long mode" 'this CPU has no 64-bit mode'
	;;
esac
MEM=48 DOM0_INITRD=$small HVARGS=dom0_mem=32M refused "too little RAM" "ERROR: .*"
HVARGS=dom0_mem=64G refused "dom0_mem larger than the machine" "ERROR: .*"
DOM0_KERNEL= refused "no dom0 module" '(no|missing).*(module|dom0)'
DOM0_KERNEL=$small refused "a dom0 kernel that is noise" 'ERROR: .*bzImage'
head -c 2000000 "$BUILD/dom0/vmlinuz" >"$boot_dir/cut"
DOM0_KERNEL=$boot_dir/cut refused "a dom0 kernel that is cut short" 'ERROR: .*truncated'
{ head -c 514 "$BUILD/dom0/vmlinuz"; printf 'XXXX'; tail -c +519 "$BUILD/dom0/vmlinuz"; } >"$boot_dir/magic"
DOM0_KERNEL=$boot_dir/magic refused "a dom0 kernel without its magic number" 'ERROR: .*HdrS'
tap_end
