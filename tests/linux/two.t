#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two guests at once on one bridge: see tests/linux/dom0/two.sh, which runs in dom0.
. "$(dirname "$0")/../lib/boot.sh"
reduced mib 64 4 "Bochs moves 2 MiB a second"
DOM0ARGS="mb.mib=$mib" dom0_test two 200
