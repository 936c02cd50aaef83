#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FULL: svm-bochs: under SVM Bochs takes no interrupt exit while the guest has IF clear; spinning guests take minutes
# Guests that break the rules of vbus, beside an honest one: see tests/linux/dom0/badring.sh.
. "$(dirname "$0")/../lib/boot.sh"
dom0_test badring 400
