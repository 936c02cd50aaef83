# SPDX-License-Identifier: GPL-2.0-only
# SSE and AVX registers of processes keep what was put there: between processes of dom0, and between
# dom0 and a guest that share the CPUs (tests/progs/xstate.c).
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 3
rounds=$(cmdline_value mb.rounds 6000)

ok "processes of dom0" /tests/xstate "$rounds" 3
GUEST_VCPUS=2 guest_start g1 11
guest_ready g1 11
guest_sh 11 "xstate $rounds 3" >/tmp/guest &
ok "processes of dom0 beside a guest's" /tests/xstate "$rounds" 3
wait
like "processes of the guest" "$(cat /tmp/guest)" ' 0 wrong'
minibus destroy g1
tap_end
