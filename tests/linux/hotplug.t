#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Routes change and CPUs go and come under load: see tests/linux/dom0/hotplug.sh, which runs in dom0.
# FULL: svm-bochs: what is tested is of vbus and both kernels; svm and vmx run it
. "$(dirname "$0")/../lib/boot.sh"
reduced mib 16 4 "Bochs moves 2 MiB a second"
reduced requests 2000 200 "Bochs is 10 to 20 times slower"
DOM0ARGS="mb.mib=$mib mb.requests=$requests" dom0_test hotplug 300
