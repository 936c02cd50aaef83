#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FULL: svm-bochs: what is tested is of vbus and both kernels; svm and vmx run it
# The network device in all its features: see tests/linux/dom0/net.sh, which runs in dom0.
. "$(dirname "$0")/../lib/boot.sh"
reduced mib 32 2 "Bochs moves 2 MiB a second"
[ -z "${FULL:-}" ] || [ "$MACHINE" != svm ] || mib=1024
[ "$MACHINE" = svm ] || echo "# reduced: no ethtool, iperf3, tc, VXLAN, macvlan: they are not in the small images"
DOM0ARGS="mb.mib=$mib" dom0_test net 400
