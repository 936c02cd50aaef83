# SPDX-License-Identifier: GPL-2.0-only
# The small device classes with one guest: random bytes arrive at the rate that was set; consoles carry
# text both ways, whole however slow the reader, and tell of opening, closing, unplugging; a balloon gets
# what it asks for, gives it back when asked and when the guest's memory runs out.
. /tests/tap.sh
. /usr/lib/minibus/lib.sh
vbus=/sys/kernel/config/vbus
gbus=/sys/bus/vbus/devices
kib=$(cmdline_value mb.kib 1024)

guest()		# guest COMMAND: its output in the guest
{
	guest_sh 11 "$1"
}

# The guest's driver leaves and returns while somebody reads.
guest_driver_cycle()
{
	guest 'dd if=/dev/hwrng of=/dev/null bs=512 count=100000 2>/dev/null &
		for i in 1 2 3 4 5; do rmmod vrng && modprobe vrng || echo failed; done
		kill %1 2>/dev/null; dd if=/dev/hwrng bs=16 count=1 2>/dev/null | wc -c' >/tmp/cycle
	grep -qx 16 /tmp/cycle && ! grep -q failed /tmp/cycle
}

GUEST_MEM=320 GUEST_CMDLINE=console=vbc0
ok "a guest with an rng, a console of four ports, one of 16, a balloon" guest_start g1 11 \
	'rng = true; rng_rate = 65536; console = [ "ports=4", "ports=16" ]; balloon = true;'
ok "is ready" guest_ready g1 11

# ---- rng ----
rng=$vbus/devices/rng/g1-rng0
is "the guest's source of random bytes" "$(guest 'cat /sys/class/misc/hw_random/rng_current')" vrng.g1-rng0
first=$(guest 'dd if=/dev/hwrng bs=512 count=8 2>/dev/null | wc -c -')
is "4096 bytes come" "${first%% *}" 4096
sums=$(guest 'for i in 1 2 3 4; do dd if=/dev/hwrng bs=64 count=1 2>/dev/null | md5sum; done')
is "no two readings are alike" "$(echo "$sums" | sort -u | grep -c .)" 4
packed=$(guest 'dd if=/dev/hwrng bs=512 count=16 2>/dev/null | gzip -c | wc -c')
ok "they do not compress ($packed of 8192)" [ "$packed" -ge 8192 ]
echo 2048 >$rng/rate
guest 'dd if=/dev/hwrng of=/dev/null bs=512 count=8 2>/dev/null' >/dev/null	# empties the bucket
from=$(now_ms) gave=$(cat $rng/bytes)
guest 'dd if=/dev/hwrng of=/dev/null bs=512 count=12 2>/dev/null' >/dev/null
took=$(($(now_ms) - from)) gave=$(($(cat $rng/bytes) - gave))
# Never faster, however slow the machine: what the time allows, and one request more.
ok "the rate holds: $gave bytes in $took ms at 2048 a second" [ "$gave" -le $((took * 2048 / 1000 + 2048)) ]
ok "and they came" [ "$gave" -ge 6144 ]
like "a rate below 16 is refused" "$(echo 15 2>&1 >$rng/rate)" 'nvalid'
echo 16 >$rng/rate
guest 'dd if=/dev/hwrng of=/dev/null bs=512 count=1000 2>/tmp/reader; echo "ended $?" >/tmp/ended' >/dev/null &
reader=$!
sleep 2
rm $vbus/guests/g1/bus/rng0
wait $reader
is "unplugged, a reader that slept ends" "$(guest 'cat /tmp/ended')" 'ended 1'
like "with No such device" "$(guest 'cat /tmp/reader')" 'No such device'
is "and the source is gone" "$(guest "ls $gbus | grep -c rng")" 0
echo 65536 >$rng/rate
ln -s $rng $vbus/guests/g1/bus/rng0
guest "while [ ! -e $gbus/g1-rng0/driver ]; do usleep 100000; done" >/dev/null
n=$(guest 'dd if=/dev/hwrng bs=512 count=1 2>/dev/null | wc -c')
is "plugged again, it gives" "$n" 512
ok "the driver can go and come while bytes flow" guest_driver_cycle
like "in use, the class's module stays" "$(rmmod vbus_rng 2>&1)" 'unavailable|in use'

# ---- console ----
con=$vbus/devices/console/g1-con0
tty=/dev/minibus/g1-con0
tty_of()	# tty_of PORT: the guest's tty of a port of the first console
{
	guest "sed -n 's/^$1 //p' $gbus/g1-con0/ports"
}
is "four ports in the guest" "$(guest "grep -c vbc $gbus/g1-con0/ports")" 4
is "and sixteen of the other" "$(guest "grep -c vbc $gbus/g1-con1/ports")" 16
is "in dom0 too" "$(ls $tty.* /dev/minibus/g1-con1.* | wc -l)" 20
g1=$(tty_of 1) g2=$(tty_of 2)
guest 'echo "<0>spoken by the kernel" >/dev/kmsg' >/dev/null
like "the first port is the kernel's console if it is to be" "$(timeout "$(limit 2)" cat $tty.0)" 'spoken by the kernel'
guest "dmesg -n 1" >/dev/null	# nothing of it among what follows
# The same bytes can be made at both ends; all that a tty might take for a command is among them.
text="seq 1 400000 | tr '0123456789\n' '\000\377\021\023\003\004\032\177\033\200\r' | head -c $((kib * 1024))"
sum=$(sh -c "$text" | md5sum | cut -d' ' -f1)
note "port 1 is $g1, port 2 is $g2; $kib KiB each way"

# Guest to dom0. The guest's end is made raw; dom0's is raw by itself.
guest "stty -F /dev/$g1 raw -echo; stty -F /dev/$g2 raw -echo" >/dev/null
(head -c $((kib * 1024)) | md5sum | cut -d' ' -f1) <$tty.1 >/tmp/sum0 &
reader=$!
like "the guest makes the same text" "$(guest "$text | md5sum; ($text) >/dev/$g1")" "$sum"
wait $reader
is "port 1 to dom0: every byte" "$(cat /tmp/sum0)" "$sum"

# dom0 to the guest, both ports at once, one of them with a reader that sleeps.
guest "head -c $((kib * 1024)) </dev/$g1 | md5sum" >/tmp/sum0 &
reader0=$!
guest "(sleep 3; head -c $((kib * 1024))) </dev/$g2 | md5sum" >/tmp/sum1 &
reader1=$!
exec 8<>$tty.1 9<>$tty.2
sh -c "$text" >&8 &
writer0=$!
sh -c "$text" >&9 &
writer1=$!
wait $reader0
like "port 1 to the guest: every byte" "$(cat /tmp/sum0)" "$sum"
wait $reader1
like "port 2 with a reader that slept: every byte" "$(cat /tmp/sum1)" "$sum"
wait $writer0 $writer1

# A slow reader in dom0: the guest's writer waits, nothing is lost.
(sleep 3; head -c $((kib * 1024))) <&9 | md5sum | cut -d' ' -f1 >/tmp/sum1 &
reader1=$!
guest "($text) >/dev/$g2" >/dev/null
wait $reader1
is "port 2 to dom0 with a reader that slept: every byte" "$(cat /tmp/sum1)" "$sum"
is "nothing was lost" "$(grep -c 'port[12].lost 0' $mb_debug/guests/g1/dev-g1-con0)" 2
exec 8<&- 9<&-

# Opening and closing are seen at the other end.
exec 8<>$tty.1
guest "stty -F /dev/$g1 -clocal; cat /dev/$g1 >/dev/null 2>&1; echo gone >/tmp/hup; stty -F /dev/$g1 clocal" >/dev/null &
shell=$!
sleep 1
is "a guest's program has its port open" "$(guest 'cat /tmp/hup 2>/dev/null')" ''
exec 8<&-
wait $shell
is "and is hung up when dom0 closes" "$(guest 'cat /tmp/hup')" gone
stty -F $tty.3 -clocal
(timeout "$(limit 60)" cat $tty.3 >/tmp/port3; echo "ended $?" >/tmp/port3.end) &
waiter=$!
sleep 1
is "without carrier, dom0's open waits" "$(cat /tmp/port3.end 2>/dev/null)" ''
guest "(printf 'good morning\\n'; while [ ! -e /tmp/bye ]; do usleep 100000; done) >/dev/$(tty_of 3) &" >/dev/null
until [ -s /tmp/port3 ] || ! kill -0 $waiter; do sleep 0.2; done 2>/dev/null
guest "touch /tmp/bye" >/dev/null
wait $waiter
is "then what the guest wrote, and its close as end of file" "$(cat /tmp/port3 /tmp/port3.end | tr -d '\r' | tr '\n' ' ')" 'good morning ended 0 '
is "a window's size reaches the guest" "$(stty -F $tty.2 rows 43 cols 131; sleep 1; guest "stty -F /dev/$g2 size")" '43 131'
guest "echo while nobody listened >/dev/$g2" >/dev/null
like "what came while nobody listened is kept" "$(timeout "$(limit 2)" cat $tty.2)" 'while nobody listened'
guest "(while read -r line; do echo \"got \$line\"; done) </dev/$g1 >/dev/$g1 2>&1 &" >/dev/null
like "a shell is on the console: minibus console NAME:PORT" \
	"$(echo 'echo $((6 * 7)) is the answer' | minibus console -t "$(limit 3)" g1:0)" '42 is the answer'
like "a program on another port" "$(echo hello | minibus console -t "$(limit 2)" g1:1)" 'got hello'

# The plug is drawn while both ends are in use, and put in again.
stty -F $tty.1 clocal
exec 8<>$tty.1
stty -F $tty.1 -clocal
(cat <&8 >/dev/null; echo gone >/tmp/unplugged) &
holder=$!
guest "cat /dev/$g1 >/dev/null; echo gone >/tmp/unplugged" >/dev/null &
shell=$!
like "no other number of ports while plugged" "$(echo 5 2>&1 >$con/ports)" 'busy'
sleep 1
rm $vbus/guests/g1/bus/con0
wait $shell $holder
is "unplugged, the guest's program ends" "$(guest 'cat /tmp/unplugged')" gone
is "and dom0's, without local line" "$(cat /tmp/unplugged)" gone
exec 8<&-
stty -F $tty.1 clocal
is "the guest's ttys are gone" "$(guest "ls /dev/$g1 2>&1 | grep -c 'No such'")" 1
ok "another number of ports while free" sh -c "echo 2 >$con/ports && [ -e $tty.1 ] && [ ! -e $tty.2 ]"
ln -s $con $vbus/guests/g1/bus/con0
guest "while [ ! -e $gbus/g1-con0/ports ]; do usleep 100000; done" >/dev/null
g1=$(tty_of 1)
guest "echo back again >/dev/$g1" >/dev/null
like "plugged again, it speaks" "$(timeout "$(limit 2)" cat $tty.1)" 'back again'
is "dom0's console driver cannot go meanwhile" "$(rmmod vbus_console 2>/dev/null || echo kept)" kept

# ---- balloon ----
bal=$vbus/devices/balloon/g1-bal0
until_is()	# until_is FILE WANT SECONDS
{
	tries=$(($(limit "$3") * 5))
	while [ "$(cat "$1")" != "$2" ] && [ $tries -gt 0 ]; do
		tries=$((tries - 1))
		sleep 0.2
	done
	[ "$(cat "$1")" = "$2" ]
}
total()		# MemTotal of the guest in KiB
{
	guest "sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"
}
is "a new balloon wants nothing and has nothing" "$(cat $bal/target $bal/given $bal/period $bal/stats | tr '\n' ' ')" '0 0 0 '
before=$(total)
echo 101 >$bal/target
ok "101 MiB are lent" until_is $bal/given 101 20
is "the guest has so much less" "$(total)" $((before - 101 * 1024))
echo 30 >$bal/target
ok "all but 30 are taken back" until_is $bal/given 30 20
is "the guest has them again" "$(total)" $((before - 30 * 1024))
echo 1 >$bal/period
sleep 2
i=0
until grep -q total $bal/stats || [ $i -gt 100 ]; do i=$((i + 1)); sleep 0.2; done
note "$(cat $bal/stats)"
stat() { sed -n "s/^$1 //p" $bal/stats; }
is "statistics: total" $(($(stat total) / 1024)) $((before - 30 * 1024))
ok "free and available are less, and not nothing" [ $(($(stat free) > 0 && $(stat free) < $(stat total) && $(stat available) > 0 && $(stat available) < $(stat total))) = 1 ]
ok "page faults were counted" [ "$(stat minor_faults)" -gt 1000 ]
is "a period of a day is refused" "$(echo 86400 2>/dev/null >$bal/period || echo refused)" refused
# Memory runs out: the guest takes back rather than die.
echo 60 >$bal/target
ok "60 MiB are lent" until_is $bal/given 60 20
guest 'mkdir -p /tmp/full; mount -t tmpfs -o size=95% full /tmp/full
	avail=$(sed -n "s/^MemAvailable: *\([0-9]*\) kB/\1/p" /proc/meminfo)
	dd if=/dev/zero of=/tmp/full/f bs=1M count=$((avail / 1024 + 20)) 2>/tmp/dd; echo "dd $?"' >/tmp/oom
i=0
until [ "$(stat oom)" -gt 0 ] || [ $i -gt 50 ]; do i=$((i + 1)); sleep 0.2; done
note "$(cat /tmp/oom), taken back: $(stat oom) bytes; lent: $(cat $bal/given) MiB"
like "memory ran out, and nobody had to die" "$(cat /tmp/oom)" 'dd 0'
ok "the balloon gave it" [ "$(stat oom)" -gt 0 ]
ok "so less is lent than wanted" [ "$(cat $bal/given)" -lt 60 ]
guest 'rm /tmp/full/f; umount /tmp/full' >/dev/null
rm $vbus/guests/g1/bus/bal0
is "unplugged: the guest has all" "$(total)" "$before"
echo 40 >$bal/target
ln -s $bal $vbus/guests/g1/bus/bal0
ok "plugged with a target: 40 MiB are lent" until_is $bal/given 40 20
guest 'rmmod vballoon' >/dev/null
is "the driver goes: the guest has all" "$(total)" "$before"
is "and nothing is given" "$(cat $bal/given)" 0
guest 'modprobe vballoon' >/dev/null
ok "it comes back: 40 MiB again" until_is $bal/given 40 20

ok "destroyed" minibus destroy g1
is "with the nodes in dom0" "$(ls /dev/minibus | grep -c con)" 0
ok "then the classes' modules can go" rmmod vbus_rng vbus_console vbus_balloon
is "no warning in dom0's log" "$(dmesg | grep -Ec 'WARNING|BUG:|Oops|Call Trace')" 0
plan $tap_n
tap_end
