#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls of several vCPUs at once, slow and dead device models: see tests/linux/dom0/calls.sh, which runs in dom0.
# FULL: svm-bochs: what is tested is vbus's; svm and vmx test it
. "$(dirname "$0")/../lib/boot.sh"
dom0_test calls 200
