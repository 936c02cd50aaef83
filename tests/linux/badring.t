#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FULL: svm-bochs: vbus's rules do not depend on the CPU: svm and vmx check them; 3 minutes here
# Guests that break the rules of vbus, beside an honest one: see tests/linux/dom0/badring.sh.
. "$(dirname "$0")/../lib/boot.sh"
dom0_test badring 400
