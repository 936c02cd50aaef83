#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Extended registers of processes in dom0 and in a guest beside it: see tests/linux/dom0/xstate.sh.
. "$(dirname "$0")/../lib/boot.sh"
reduced mb_rounds 6000 1500 "an interpreter"
DOM0ARGS="mb.rounds=$mb_rounds" dom0_test xstate 120
