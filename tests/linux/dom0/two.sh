# SPDX-License-Identifier: GPL-2.0-only
# Two guests at once on one bridge reach each other, and not each other's memory or devices by accident:
# each sees its own name, address and MAC.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 12
mib=$(cmdline_value mb.mib 64)
ok "first guest" guest_start g1 11
ok "second guest" guest_start g2 12
ok "first is ready" guest_ready g1 11
ok "second is ready" guest_ready g2 12
is "both are listed as running" "$(minibus list | grep -c running)" 2
like "first has its own address" "$(guest_sh 11 'hostname; ip addr show eth0')" 'g1'
like "second has its own MAC" "$(guest_sh 12 'ip link show eth0')" '52:54:00:99:00:0c'
like "first pings second" "$(guest_sh 11 'ping -c 3 -W 10 10.99.0.12')" ' 0% packet loss'
like "second pings first" "$(guest_sh 12 'ping -c 3 -W 10 10.99.0.11')" ' 0% packet loss'
guest_sh 12 'transfer listen 5001' >/tmp/received &
sent=$(guest_sh 11 'transfer send 10.99.0.12 5001 '"$mib")
wait
like "$mib MiB of TCP are sent" "$sent" "^bytes $((mib * 1048576)) "
is "and arrive whole" "$(cat /tmp/received)" "$sent"
ok "both destroyed" minibus destroy -a
tap_end
