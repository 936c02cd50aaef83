# SPDX-License-Identifier: GPL-2.0-only
# Prints exits and event counters, all vCPUs together, as "EXITS: scene domain reason count": of dom0 so
# far; with mb.pings=N also of dom0 and a guest while N pings went there and back.
. /usr/lib/minibus/lib.sh
pings=$(cmdline_value mb.pings 0)

# counters DIRECTORY: "name count" of all vCPUs together
counters()
{
	cat "$1"/vcpu* | awk '/^exit\./ { v[$1] += $2; s += $2 }
		/^cnt[.](inject_intr|eoi|pv_eoi|timer|kick|notify|ipi_sent) / { v[$1] += $2 }
		END { for (k in v) print k, v[k]; print "total", s }'
}

# show SCENE DOMAIN BEFORE: what has come since BEFORE (a file) was written
show()
{
	counters "$mb_debug/$2" | awk -v scene="$1" -v who="${2#guests/}" -v before="$3" '
		BEGIN { while ((getline line < before) > 0) { split(line, f, " "); old[f[1]] = f[2] } }
		$2 - old[$1] { printf "EXITS: %s %s %-18s %8d\n", scene, who, $1, $2 - old[$1] }'
}

show boot dom0 /dev/null
[ "$pings" -gt 0 ] || exit 0
guest_start ping 2
guest_ready ping 2 || exit 1
sleep "$(limit 1)"
counters "$mb_debug/dom0" >/tmp/exits.dom0
counters "$mb_debug/guests/ping" >/tmp/exits.guest
ping -q -c "$pings" -i 0.01 10.99.0.2 | grep packets | sed 's/^/EXITS: # /'
show ping dom0 /tmp/exits.dom0
show ping guests/ping /tmp/exits.guest
