#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FULL: svm-bochs: disks do not depend on the vendor; vmx runs it on Bochs
# Disks of a guest, kept by files and block devices: see tests/linux/dom0/blk.sh, which runs in dom0.
. "$(dirname "$0")/../lib/boot.sh"
reduced mib 16 2 "Bochs moves 2 MiB a second"
reduced ops 2000 200 "same"
reduced cycles 20 3 "a plug takes seconds on Bochs"
DOM0ARGS="mb.mib=$mib mb.ops=$ops mb.cycles=$cycles" dom0_test blk 200
