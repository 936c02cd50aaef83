#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Machines and boot files that cannot work: the hypervisor ends in one clear line and does nothing else.
# Each case has a machine, boot files and the line that must appear.
. "$(dirname "$0")/../lib/boot.sh"
plan 18
small=$boot_dir/small
head -c 4096 /dev/urandom >"$small"

# refused WHAT REGEX: one boot; the regex must appear, dom0 must not.
refused()
{
	LOG=bad-$(tr -cs 'a-z0-9' - <<<"${1,,}" | sed 's/-$//')
	boot_start "$LOG" -nic none
	boot_wait "$2" 60
	like "$1" "$(boot_text)" "$2"
	boot_text | grep -E "$2" | head -n 1 | sed 's/^/# /'
	like "$1: dom0 did not run" "$(boot_text | grep -c 'minibus-dom0: /init')" '^0$'
	boot_stop
}

CPU=max,-svm refused "CPU without SVM" '(SVM|AMD-V).*(not|no |missing|lack)|(no|without) SVM'
CPU=max,-npt refused "CPU without nested paging" '(NPT|[Nn]ested paging)'
CPU=max,-lm refused "CPU without long mode" '(64-bit|long mode)'
MEM=48 DOM0_INITRD=$small HVARGS=dom0_mem=32M refused "too little RAM" "ERROR: .*"
HVARGS=dom0_mem=64G refused "dom0_mem larger than the machine" "ERROR: .*"
DOM0_KERNEL= refused "no dom0 module" '(no|missing).*(module|dom0)'
DOM0_KERNEL=$small refused "a dom0 kernel that is noise" 'ERROR: .*bzImage'
head -c 2000000 "$BUILD/dom0/vmlinuz" >"$boot_dir/cut"
DOM0_KERNEL=$boot_dir/cut refused "a dom0 kernel that is cut short" 'ERROR: .*truncated'
{ head -c 514 "$BUILD/dom0/vmlinuz"; printf 'XXXX'; tail -c +519 "$BUILD/dom0/vmlinuz"; } >"$boot_dir/magic"
DOM0_KERNEL=$boot_dir/magic refused "a dom0 kernel without its magic number" 'ERROR: .*HdrS'
tap_end
