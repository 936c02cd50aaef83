#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All bare test guests, in one boot of dom0: see tests/linux/dom0/bare.sh. Each guest is a directory here.
. "$(dirname "$0")/../lib/boot.sh"
ls tests/guest/*/main.c >/dev/null 2>&1 || { echo "1..0 # SKIP there are no bare guests"; exit 0; }
dom0_test bare 400
