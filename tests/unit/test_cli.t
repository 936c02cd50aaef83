#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The real `minibus` command against a made-up configfs in a temporary directory (fake_configfs.c):
# arguments, dry run, messages of bad files, the whole of create, its undoing, its exit status.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
minibus=$(realpath "${BUILD:-build}")/minibus-cli
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
if [ ! -x "$minibus" ] || ! gcc -shared -fPIC -D_GNU_SOURCE -o "$dir/fake.so" tests/unit/fake_configfs.c -ldl; then
	plan 1
	fail "build/minibus-cli and fake_configfs.c are built"
	tap_end
	exit
fi
export MINIBUS_CONFIGFS=$dir/vbus MINIBUS_SYSFS=$dir/sysfs MINIBUS_DEV=$dir/dev MINIBUS_DEBUGFS=$dir/debug
export MINIBUS_SYS=$dir/sys
mkdir -p "$dir"/vbus/{guests,devices/net,devices/echo,devices/console,devices/rng,devices/balloon} "$dir"/{sysfs,dev,debug/dom0,debug/guests/g,sys}

# A multiboot kernel of a few bytes and one network and two echo devices.
printf '.text\n.globl _start\n.long 0x1badb002,0,-0x1badb002\n_start: hlt\n' | as --32 -o "$dir/k.o" -
ld --no-warn-rwx-segments -m elf_i386 -N -Ttext 0x200000 -o "$dir/k.elf" "$dir/k.o"
printf 'name="g"; kernel="%s"; memory=64; net=["mac=52:54:00:11:22:33"]; echo=2;\n' "$dir/k.elf" >"$dir/g.conf"

run()		# run ARGS...: sets out (both streams) and status
{
	out=$(timeout 20 env LD_PRELOAD="$dir/fake.so" "$minibus" "$@" 2>&1 </dev/null)
	status=$?
}

# check WHAT STATUS REGEX ARGS...
check()
{
	local what=$1 want=$2 regex=$3
	shift 3
	run "$@"
	if [ "$status" -eq "$want" ] && grep -Eq -- "$regex" <<<"$out"; then
		pass "$what"
	else
		fail "$what" "status $status, said: $out"
	fi
}

clean()		# clean WHAT: nothing is left of any guest
{
	is "$1" "$(cd "$dir/vbus" && find guests devices -mindepth 1 | sort | tr '\n' ' ')" 'devices/balloon devices/console devices/echo devices/net devices/rng '
}

check "version" 0 '^minibus [0-9.]+ \(.*\), ABI 1\.0$' version
check "help" 0 '^usage: minibus' help
check "help of a command" 0 'dry-run' help create
check "COMMAND -h" 0 'dry-run' create -h
check "no command" 2 '^usage: minibus'
check "unknown command" 2 'frob: no such command' frob
check "a prefix that is not unique" 2 'could be create or console' c
check "a unique prefix" 0 '^minibus' v
check "unknown option" 2 'usage: minibus create' create -x
check "missing argument" 2 'usage: minibus destroy' destroy

check "dry run" 0 '"type": "multiboot"' create -n "$dir/g.conf"
check "dry run: override" 0 '"memory": 128' create -n "$dir/g.conf" memory=128
check "dry run: MAC address" 0 '52:54:00:11:22:33' create -n "$dir/g.conf"
check "unknown key" 0 "warning: unknown key 'vif': write net=" create -n "$dir/g.conf" vif=x
check "bad value" 1 "create g: vcpus=0: out of range" create -n "$dir/g.conf" vcpus=0
check "no such file" 1 "create /none: /none: No such file" create -n /none
check "no such kernel" 1 'create g: /none: No such file' create -n "$dir/g.conf" kernel=/none
check "a directory as kernel" 1 'not a regular file' create -n "$dir/g.conf" kernel=/
head -c 3000 /dev/urandom >"$dir/noise"
check "noise as kernel" 1 'neither bzImage nor PVH' create -n "$dir/g.conf" kernel="$dir/noise"
truncate -s 63M "$dir/big"
check "a ramdisk that does not fit" 1 'needs 66 MiB' create -n "$dir/g.conf" ramdisk="$dir/big"
truncate -s 65M "$dir/big"
check "a ramdisk larger than the guest" 1 '65 MiB, the guest has 64' create -n "$dir/g.conf" ramdisk="$dir/big"
linux=$(echo "${BUILD:-build}"/debian/boot/vmlinuz-*)
if [ -f "$linux" ]; then
	check "Debian's kernel, dry run" 0 '"type": "linux"' create -n "$dir/g.conf" kernel="$linux" memory=256
	check "Debian's kernel in too small a guest" 1 'set memory=' create -n "$dir/g.conf" kernel="$linux" memory=32
	head -c 1000000 "$linux" >"$dir/cut"
	check "Debian's kernel cut short" 1 'truncated' create -n "$dir/g.conf" kernel="$dir/cut" memory=256
else
	for i in 1 2 3; do skip "Debian's kernel ($i)" "not downloaded"; done
fi

MINIBUS_CONFIGFS=/none check "no Minibus: create" 1 "no Minibus here; run 'minibus doctor'" create "$dir/g.conf"
MINIBUS_CONFIGFS=/none check "no Minibus: list" 1 "no Minibus here" list
check "doctor names what is missing" 1 'FAIL  not under Minibus: boot' doctor

check "create" 0 '^$' create "$dir/g.conf"
is "memory, vcpus, state" "$(cat "$dir"/vbus/guests/g/{memory,vcpus,state} | tr '\n' ' ')" '641running '
like "entry" "$(cat "$dir/vbus/guests/g/entry")" '^mode=flat32 rip=0x20000c rsp=0x0 rax=0x2badb002 rbx=0x1000 '
is "the kernel is in the guest's memory" "$(od -An -tx4 -j 0x200000 -N 4 "$dir/dev/g.memory" | tr -d ' ')" 1badb002
is "the RSDP too" "$(dd if="$dir/dev/g.memory" bs=1 skip=$((0xe0000)) count=7 2>/dev/null)" 'RSD PTR'
is "devices are linked" "$(cd "$dir/vbus/guests/g/bus" && echo *)" 'echo0 echo1 eth0'
is "the network device's MAC address" "$(cat "$dir/vbus/devices/net/g-eth0/mac")" 52:54:00:11:22:33
check "a running name is refused" 1 'create g: a guest of this name exists \(state running\)' create "$dir/g.conf"
is "... and nothing of it touched" "$(cd "$dir/vbus/guests/g/bus" && echo *)" 'echo0 echo1 eth0'
check "list" 0 '^g +7 +64 +1 +.* running$' list
check "list as JSON" 0 '"state": "running"' list -j
check "pause" 0 '^$' pause g
is "... changes the state" "$(cat "$dir/vbus/guests/g/state")" paused
check "unpause" 0 '^$' unp g
check "pause of an unknown guest" 1 'pause h: no such guest' pause h
printf 'hello from g\n' >"$dir/dev/g.console"
check "console with a timeout" 0 'hello from g' console -t 0.3 g
timeout 20 env LD_PRELOAD="$dir/fake.so" "$minibus" console g </dev/null >/dev/full 2>"$dir/err"
is "console into a full disk fails" $? 1
like "... and says so" "$(cat "$dir/err")" 'console g: standard output: No space'
if command -v script >/dev/null; then
	out=$({ sleep 0.5; printf 'x\035'; sleep 0.5; } | timeout 20 script -qec "
		stty -g >$dir/before; '$minibus' console g; stty -g >$dir/after" /dev/null)
	like "console on a terminal, left by Ctrl-]" "$out" 'hello from g'
	is "... and the terminal is as before" "$(cat "$dir/after")" "$(cat "$dir/before")"
else
	for i in 1 2; do skip "console on a terminal ($i)" "script(1) is not installed"; done
fi
check "destroy" 0 '^$' destroy g
clean "... leaves nothing"
check "destroy of an unknown guest" 1 'destroy g: no such guest' destroy g
check "destroy of a path" 1 'no such guest' destroy ../guests

check "create with console, rng, balloon" 0 '^$' create "$dir/g.conf" echo=0 'console=["ports=4",""]' rng=true rng_rate=999 balloon=1
is "... links them" "$(cd "$dir/vbus/guests/g/bus" && echo *)" 'bal0 con0 con1 eth0 rng0'
is "... and sets them up" "$(cd "$dir/vbus/devices" && cat console/g-con0/ports console/g-con1/ports rng/g-rng0/rate | tr '\n' ' ')" '41 999'
printf 'port 0 of con0\n' >"$dir/dev/g-con0.0"
printf 'port 3 of con1\n' >"$dir/dev/g-con1.3"
check "console NAME:PORT" 0 'port 0 of con0' console -t 0.3 g:0
check "console NAME:DEVICE.PORT" 0 'port 3 of con1' console -t 0.3 g:con1.3
check "a port that is not there" 1 'g-con0.7: No such file' console -t 0.3 g:7
check "a device that is not there" 1 'no console device con9' console -t 0.3 g:con9.0
check "a device that is no console" 1 'no console device eth0' console -t 0.3 g:eth0.0
check "no port at all" 1 "'x' is no port" console -t 0.3 g:x
rm "$dir"/dev/g-con*
check "destroy of it" 0 '^$' destroy g
clean "... leaves nothing"

for what in memory vcpus build entry mac start; do
	FAKE_FAIL=$what check "create fails at $what" 1 "create g: .*$what.*(Invalid|not enough memory)" create "$dir/g.conf"
	clean "... and leaves nothing"
done
check "a bridge that is not there" 1 'is there a bridge\?' create "$dir/g.conf" net=bridge=none0
clean "... leaves nothing"
mkdir "$dir/vbus/devices/echo/g-echo1"
check "a device that is left over" 1 'g-echo1: File exists; it is left over' create "$dir/g.conf"
is "... is not taken away" "$(cd "$dir/vbus/devices" && echo */*)" 'echo/g-echo1'
rmdir "$dir/vbus/devices/echo/g-echo1" "$dir/vbus/devices/net"
check "a device class that is not there" 1 'modprobe vbus_net' create "$dir/g.conf"
mkdir "$dir/vbus/devices/net"

check "create -p" 0 '^$' create -p "$dir/g.conf"
is "... does not start" "$(cat "$dir/vbus/guests/g/state")" built
check "... unpause does" 0 '^$' unpause g
is "... and it runs" "$(cat "$dir/vbus/guests/g/state")" running
run destroy -a
clean "destroy -a leaves nothing"

export FAKE_TEXT=$'booting\nKernel panic: no init\n'
FAKE_END='crash' check "a guest that dies at once, -c: its text" 11 'Kernel panic: no init' create -c "$dir/g.conf"
like "... and the reason" "$out" 'guest g ended: crash'
check "it stays to be looked at" 0 'shutdown: crash' list
run destroy g
FAKE_END='killed: bad cr3 0x1' check "without -c: its last lines" 0 '\| Kernel panic: no init' create "$dir/g.conf"
like "... and the reason" "$out" 'guest g ended: killed: bad cr3 0x1'
run destroy g
FAKE_END=poweroff check "-w: poweroff destroys" 0 'ended: poweroff' create -w "$dir/g.conf"
clean "... leaves nothing"
FAKE_END='triple fault' check "-w: a triple fault is a crash: kept" 12 'ended: triple fault' create -w "$dir/g.conf"
run destroy g
FAKE_END=reboot check "-w: no restart of a guest that ends at once" 10 'so it is not restarted' create -w "$dir/g.conf"
run destroy g
FAKE_END=reboot check "-w: on_reboot=destroy" 10 'ended: reboot' create -w "$dir/g.conf" on_reboot=destroy
clean "... leaves nothing"
env LD_PRELOAD="$dir/fake.so" "$minibus" create -w "$dir/g.conf" &
pid=$!
for i in $(seq 50); do
	grep -q running "$dir/vbus/guests/g/state" 2>/dev/null && break
	sleep 0.1
done
kill -TERM $pid
wait $pid
is "-w: SIGTERM ends with 128 + 15" $? 143
clean "... and destroys the guest"

printf 'run_ns 2500000000\nexit.cpuid 12\nexit.io 0\n' >"$dir/debug/dom0/vcpu0"
check "stats" 0 'exit.cpuid +12' stats dom0
check "stats as JSON, zeros included" 0 '"exit.io": 0' stats -j dom0
check "stats of an unknown guest" 1 'stats x: .*No such file' stats x
mkdir -p "$dir/debug/guests/g"
printf 'switches 7\ntarget=0x5000\ncr3=0x5000 ns=1500000000\ncr3=0x6000 ns=2000000000\n' >"$dir/debug/guests/g/cr3.vcpu0"
check "trace" 0 '^ +1\.500000 0x0000000000005000$' trace g
check "trace names what goes unseen" 0 '^ +unseen +0x0000000000005000$' trace g
check "trace as JSON" 0 '"cr3": "0x6000"' trace -j g
check "trace of what is not traced" 1 'trace dom0: no trace: .*cr3_trace=1' trace dom0
check "its files do not disturb stats" 0 'switches +7$' stats g
check "list adds the run time up" 0 '^dom0 .* 2\.5  privileged$' list
echo 0.1.0 >"$dir/sysfs/version"
echo 1073741824 >"$dir/sysfs/memory_free"
check "info" 0 'memory_free +1024 MiB' info
echo "nrips flush-asid" >"$dir/sysfs/hw_help"
echo >"$dir/sysfs/hw_help_off"
check "info names the hardware's help in use" 0 '^hw_help +nrips flush-asid$' info
check "info says that nothing is switched off" 0 '^hw_help_off +none$' info
echo 0 >"$dir/sysfs/domid"
check "doctor takes the module's word where CPUID is native" 1 'ok    under Minibus' doctor
check "info as JSON" 0 '"memory_free": 1073741824' info -j
printf 'log line\n' >"$dir/dev/log"
check "dmesg" 0 '^log line$' dmesg
echo "1..$tap_n"
tap_end
