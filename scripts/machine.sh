#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Starts a test machine with its serial line on standard input and output; becomes the program whose
# process id ends it. MACHINE chooses:
#   svm         QEMU's TCG, an AMD CPU; scripts/qemu.sh, default
#   vmx         Bochs, an Intel CPU; scripts/bochs.sh
#   svm-bochs   Bochs, an AMD CPU: a second opinion on SVM
# SMP, MEM, CPU, ROAD, HVARGS, DOM0ARGS mean the same to all (see those two for the rest). Here:
#   INTERACTIVE=y   a person is at the terminal
#   NIC             e1000 on a user network, or none (the default on Bochs: its kernel has no driver for it)
# Arguments go to QEMU; Bochs takes none.
set -eu
here=$(dirname "$0")
case ${MACHINE:-svm} in
svm)
	if [ -n "${INTERACTIVE:-}" ]; then
		set -- -serial mon:stdio "$@"
	else
		set -- -chardev stdio,id=serial,signal=off -serial chardev:serial -monitor none "$@"
	fi
	case ${NIC:-} in
	'') ;;
	none) set -- -nic none "$@" ;;
	*) set -- -nic "user,model=$NIC" "$@" ;;
	esac
	exec "$here/qemu.sh" "$@"
	;;
vmx | svm-bochs) exec "$here/bochs.sh" "$@" ;;
*)
	echo "machine.sh: MACHINE=$MACHINE is none of svm, vmx, svm-bochs" >&2
	exit 2
	;;
esac
