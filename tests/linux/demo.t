#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `make run AUTO=1` in all its steps, timed; and the interactive road: dom0's prompt after three lines
# of hint, the demo guest running.
. "$(dirname "$0")/../lib/boot.sh"
plan 6
start=$SECONDS
AUTO=1 scripts/run.sh >"$boot_dir/out" 2>&1
is "make run AUTO=1 exits 0" $? 0
note "$((SECONDS - start)) s"
reduced mib 256 8 "Bochs moves 2 MiB a second"
out=$(tr -d '\r' <"$boot_dir/out")
like "it passed" "$out" '^minibus-demo: PASS'
like "$mib MiB from dom0 to the guest" "$out" "^dom0 -> guest: $mib MiB in"
like "$mib MiB from the guest to dom0" "$out" "^guest -> dom0: $mib MiB in"
[ "$MACHINE" != svm ] || export NIC=e1000
boot_start interactive
ok "the user gets a hint" boot_wait 'minibus list .*minibus console demo' 60
sleep 2
boot_send 'minibus list; echo done-$((1 + 1))'
boot_wait 'done-2' 30
like "and a prompt where the demo guest runs" "$(boot_text)" '^demo .*running'
note "$((SECONDS - boot_since)) s"
boot_send 'poweroff -f'
boot_end 60
tap_end
