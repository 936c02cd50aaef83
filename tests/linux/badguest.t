#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Requests that dom0 must refuse, hypercalls from user processes: see tests/linux/dom0/badguest.sh.
. "$(dirname "$0")/../lib/boot.sh"
dom0_test badguest 150
