#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Guests with and without cr3_trace: exits for switches of address space, and what dom0 is told of them.
# See tests/linux/dom0/cr3.sh.
. "$(dirname "$0")/../lib/boot.sh"
reduced linux 2 0 "Linux guests whose exits are counted take a minute each on Bochs"
DOM0ARGS="mb.linux=$linux" dom0_test cr3 200
