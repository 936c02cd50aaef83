#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# NOT ON: vmx svm-bochs: no hypervisor in it, one machine is enough
# Both ends of vbus in one plain Linux kernel with four CPUs, joined by the loopback connector, under the kernel's
# own checks of its memory (poisoned objects and pages): see tests/linux/dom0/loop.sh. LOOP_MINUTES=10 (`make stress`)
# makes the parts that go by time so long; usually they take some seconds each.
. "$(dirname "$0")/../lib/boot.sh"
seconds=$((${LOOP_MINUTES:-0} * 60))
[ "$seconds" -gt 0 ] || seconds=16
export ROAD=direct SMP=4 MEM=1536
DOM0ARGS="slub_debug=FZPU page_poison=1 oops=panic mb.seconds=$seconds" dom0_test loop $((200 + seconds * 3)) -nic none
