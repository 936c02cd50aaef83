# SPDX-License-Identifier: GPL-2.0-only
# Prints dom0's exits by reason so far, all vCPUs together: "EXITS: reason count".
. /usr/lib/minibus/lib.sh
cat $mb_debug/dom0/vcpu* | awk '/^exit\./ { v[$1] += $2; s += $2 }
	END { for (k in v) if (v[k]) printf "EXITS: %-16s %8d\n", k, v[k]; printf "EXITS: %-16s %8d\n", "total", s }'
