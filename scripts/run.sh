#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# `make run`: boots Minibus on the machine MACHINE names and leaves the user at dom0's shell on the serial
# line. AUTO=1: runs the demonstration instead and exits 0 only if it printed its PASS line.
# Settings: see scripts/machine.sh (MACHINE, ROAD, SMP, MEM, CPU, HVARGS, DOM0ARGS).
set -eu
here=$(dirname "$0")
build=${BUILD:-build}
export MACHINE="${MACHINE:-svm}"

if [ "$MACHINE" = svm ]; then
	export NIC=e1000
	speed="QEMU's TCG: about 10 s to dom0's shell" leave="Ctrl-A X" mib=256
else
	speed="Bochs: about 40 s to dom0's shell, a guest boots in a minute, a program starts in a blink or two"
	leave="Ctrl-\\" mib=${FULL:+256}
	mib=${mib:-8}
fi
echo "run: machine $MACHINE, ${SMP:-default} CPUs; $speed"

if [ -z "${AUTO:-}" ]; then
	echo "run: leave with 'poweroff' in dom0, or $leave"
	INTERACTIVE=y exec "$here/machine.sh"
fi

[ "$mib" = 256 ] || echo "run: the demonstration moves $mib MiB each way instead of 256, because Bochs is slow"
log=$build/logs/run-auto.$MACHINE.log
mkdir -p "$build/logs"
start=$(date +%s)
DOM0ARGS="${DOM0ARGS:-} mb.auto=1 mb.mib=$mib" timeout "${TIMEOUT:-1800}" "$here/machine.sh" </dev/null | tee "$log"
echo "run: $(($(date +%s) - start)) s from power-on to power-off"
grep -q '^minibus-demo: PASS' "$log" || {
	echo "run: FAILED: the demonstration did not print its PASS line (see $log)" >&2
	exit 1
}
