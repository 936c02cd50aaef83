#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How guests end, and that each end is reported as what it was: see tests/linux/dom0/ends.sh.
. "$(dirname "$0")/../lib/boot.sh"
dom0_test ends 150
