#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FULL: svm-bochs: under SVM Bochs takes no interrupt exit while the guest has IF clear; spinning guests take minutes
# Requests that dom0 must refuse, hypercalls from user processes: see tests/linux/dom0/badguest.sh.
. "$(dirname "$0")/../lib/boot.sh"
dom0_test badguest 150
