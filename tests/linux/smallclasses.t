#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FULL: svm-bochs: under SVM Bochs takes no interrupt exit while the guest has IF clear; spinning guests take minutes
# The small device classes in one boot: rng, console, balloon; see tests/linux/dom0/smallclasses.sh.
. "$(dirname "$0")/../lib/boot.sh"
reduced kib 1024 64 "Bochs moves little through a tty, byte by byte"
DOM0ARGS="mb.kib=$kib" dom0_test smallclasses 200
