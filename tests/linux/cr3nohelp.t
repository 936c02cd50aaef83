#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The same as cr3.t without the CPU's list of CR3 targets: then each switch of a traced guest exits.
# NOT ON: svm svm-bochs: SVM has no list of CR3 targets that could be switched off
. "$(dirname "$0")/../lib/boot.sh"
reduced linux 2 0 "Linux guests whose exits are counted take a minute each on Bochs"
HVARGS="dom0_mem=512M nohelp=cr3-targets" DOM0ARGS="mb.linux=$linux" LOG=cr3nohelp dom0_test cr3 200
