#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FULL: svm-bochs: what is tested is of dom0's kernel; svm and vmx run it
# Worker threads of device models: see tests/linux/dom0/workers.sh, which runs in dom0.
. "$(dirname "$0")/../lib/boot.sh"
reduced requests 3000 200 "Bochs is 10 to 20 times slower"
DOM0ARGS="mb.requests=$requests" dom0_test workers 150
