#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Guests that break the rules of vbus, beside an honest one: see tests/linux/dom0/badring.sh.
. "$(dirname "$0")/../lib/boot.sh"
dom0_test badring 400
