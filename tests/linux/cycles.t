#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 200 create/destroy cycles: see tests/linux/dom0/cycles.sh, which runs in dom0.
# FULL: svm-bochs: what is counted does not depend on the emulator; svm and vmx count it
. "$(dirname "$0")/../lib/boot.sh"
reduced cycles "${CYCLES:-200}" 12 "a guest takes seconds to boot on Bochs"
DOM0ARGS="mb.cycles=$cycles" dom0_test cycles 500
