# SPDX-License-Identifier: GPL-2.0-only
# dom0 on its CPUs with a guest: what every road and every number of CPUs must reach.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 7
cpus=$(sed -n 's/^.*mb.cpus=\([0-9]*\).*$/\1/p' /proc/cmdline)
is "dom0 runs on ${cpus:-all} CPUs" "$(nproc)" "${cpus:-$(nproc)}"
like "the hypervisor is there" "$(minibus info)" .
ok "every CPU has taken local timer interrupts" awk '
	/^ *LOC:/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) if ($i == 0) exit 1; found = 1 }
	END { exit !found }' /proc/interrupts
ok "a guest is created" guest_start g1 11
ok "it reaches its shell" guest_ready g1 11
ok "ping" ping -c 3 -i 0.2 -W 10 10.99.0.11
ok "destroyed" minibus destroy g1
tap_end
