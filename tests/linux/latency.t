#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A probe of high priority under bulk load of low priority: see tests/linux/dom0/latency.sh, which runs in dom0.
# FULL: svm-bochs: what is tested is of vbus and both kernels; svm and vmx run it
. "$(dirname "$0")/../lib/boot.sh"
reduced probes 1000 50 "Bochs is 10 to 20 times slower"
DOM0ARGS="mb.probes=$probes" dom0_test latency 300
