#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# `make run`: boots Minibus in QEMU and leaves the user at dom0's shell on the serial line.
# AUTO=1: runs the demonstration instead and exits 0 only if it printed its PASS line.
# Settings: see scripts/qemu.sh (ROAD, SMP, MEM, CPU, HVARGS, DOM0ARGS).
set -eu
here=$(dirname "$0")
build=${BUILD:-build}
road=${ROAD:-kernel}
nic="-nic user,model=e1000"
echo "run: road $road, ${SMP:-2} CPUs, ${MEM:-2048} MiB; emulated (TCG), so expect about 10 s to dom0's shell"

if [ -z "${AUTO:-}" ]; then
	echo "run: leave with 'poweroff' in dom0, or Ctrl-A X"
	exec "$here/qemu.sh" $nic -serial mon:stdio
fi

log=$build/logs/run-auto.log
mkdir -p "$build/logs"
start=$(date +%s)
DOM0ARGS="${DOM0ARGS:-} mb.auto=1" timeout "${TIMEOUT:-600}" "$here/qemu.sh" $nic -serial stdio \
	-monitor none </dev/null | tee "$log"
echo "run: $(($(date +%s) - start)) s from power-on to power-off"
grep -q '^minibus-demo: PASS' "$log" || {
	echo "run: FAILED: the demonstration did not print its PASS line (see $log)" >&2
	exit 1
}
