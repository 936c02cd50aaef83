#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The baseline: the same kernel, initrd and machine without the hypervisor, to /init and power-off.
set -eu
export ROAD=direct
DOM0ARGS="mb.stop=1 ${DOM0ARGS:-}" exec timeout "${TIMEOUT:-300}" "$(dirname "$0")/qemu.sh" \
	-serial stdio -monitor none "$@" </dev/null
