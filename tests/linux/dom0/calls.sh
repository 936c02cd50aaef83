# SPDX-License-Identifier: GPL-2.0-only
# A slow device model holds up neither calls of other vCPUs to other devices nor dom0's statistics, and a dead
# one no vCPU: its call ends with an error after 30 s, dom0 says which device it was, once, and the slot is
# used again when the model came back.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
plan 11
dev=/sys/kernel/config/vbus/devices/echo
bus=/sys/bus/vbus/devices

# call CPU N: a line for a shell in the guest: one call to device N (and one request) on that CPU
call()
{
	echo "if taskset $1 sh -c 'echo 1 >$bus/c1-echo$2/run' 2>/dev/null; then echo done-$2; else echo failed-$2; fi"
}

export GUEST_VCPUS=2
ok "a guest with two vCPUs" guest_start c1 51 'echo = 3;'
ok "is ready" guest_ready c1 51
is "a call of each vCPU" "$(guest_sh 51 "$(call 1 0)
$(call 2 1)" | xargs)" "done-0 done-1"
echo 10000 >$dev/c1-echo0/delay_ms
# The shell is on vCPU 1: while vCPU 0 waits in a call, only interrupts run on it.
guest_sh 51 "taskset -p 2 \$\$ >/dev/null
($(call 1 0)) &
sleep 2
$(call 2 1)
$(call 2 2)
wait" >/tmp/order &
shell=$!
sleep 4
ok "statistics of other devices do not wait for a slow one" timeout 3 cat $mb_debug/guests/c1/dev-c1-echo1
wait $shell
is "nor do another vCPU's calls to other devices" "$(xargs </tmp/order)" "done-1 done-2 done-0"

echo 36000 >$dev/c1-echo0/delay_ms
is "a call that takes longer than the limit fails" "$(guest_sh 51 "$(call 1 0)")" failed-0
is "its vCPU goes on" "$(guest_sh 51 'taskset 1 echo alive')" alive
i=0
until dmesg | grep -q 'does not answer' || [ $i -ge 20 ]; do
	sleep 1 # timers of half a minute may be some seconds late
	i=$((i + 1))
done
like "dom0 says whose fault it is" "$(dmesg | grep 'does not answer')" 'guest c1: echo c1-echo0 does not answer call 6'
echo 0 >$dev/c1-echo0/delay_ms
sleep 10
is "and the slot is used again" "$(guest_sh 51 "$(call 1 1)")" done-1
is "said once" "$(dmesg | grep -c 'does not answer')" 1
ok "destroyed" minibus destroy c1
tap_end
